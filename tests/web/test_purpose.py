"""The purpose check over HTTP: a job that only looks at the status is never let through by mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.web.purpose import purpose_route
from tests.tiny import tiny_project
from tests.web.serving import serving

PATH = "/api/v1/consent/check"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    root = tiny_project(tmp_path / "shop")
    store = open_project_store(open_project(root))
    try:
        with serving(store, "k", [purpose_route(root, store)]) as found:
            yield found
    finally:
        store.close()


def ask(port: int, query: str, key: str = "k") -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", f"{PATH}?{query}", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_allows_refuses_and_names_the_clause(port: int) -> None:
    status, body = ask(port, "dataset=shop.people&purpose=credit")
    assert (status, body["allowed"], body["rulings"][0]["code"]) == (200, True, "purpose_listed")
    assert body["rulings"][0]["clause"].startswith("datasets/people.odcs.yaml:")
    status, body = ask(port, "dataset=shop.people&dataset=shop.features&purpose=credit")
    assert (status, body["allowed"]) == (403, False)
    assert ask(port, "dataset=shop.features&purpose=model_training")[0] == 403  # no night yet


def test_without_the_key_nothing_is_answered(port: int) -> None:
    assert ask(port, "dataset=shop.people&purpose=credit", key="wrong")[0] == 401


POISON = ["", "purpose=credit", "dataset=shop.people", "dataset=shop.people&purpose=credit&purpose=x",
          "dataset=shop.people&purpose=credit&extra=1", "dataset=shop.gone&purpose=credit",
          "dataset=shop.people&purpose=credit&consumer=nobody", "&".join(["dataset=shop.people"] * 101)
          + "&purpose=credit", f"dataset={quote(chr(0))}&purpose=credit", "dataset=%ff&purpose=credit",
          f"dataset={quote('../../etc/passwd')}&purpose=credit"]  # fmt: skip


@pytest.mark.parametrize("query", POISON)
def test_a_question_that_makes_no_sense_is_400(port: int, query: str) -> None:
    assert ask(port, query)[0] == 400


@pytest.mark.parametrize(
    "purpose", ["CREDIT", "credit ", "credi", "%00", "%F0%9F%92%A5", "'%20OR%201=1", "NaN"]
)
def test_a_purpose_in_other_letters_is_another_purpose(port: int, purpose: str) -> None:
    assert ask(port, f"dataset=shop.people&purpose={purpose.replace(' ', '%20')}")[0] == 403
