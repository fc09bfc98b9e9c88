"""Questions about lineage over HTTP: the command line's answers, and the same refusals for everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.web.lineage import lineage_routes
from tests.cli.conftest import Command
from tests.cli.test_outputs import complaints
from tests.web.clients import Client, client
from tests.web.serving import serving

AT = "/api/v1/lineage"
KEY = {"Authorization": "Bearer k"}


@pytest.fixture
def asking(shop: Path) -> Iterator[Client]:
    store = open_project_store(open_project(shop))
    try:
        with serving(store, "k", lineage_routes(shop, store)) as port, client(port) as found:
            yield found
    finally:
        store.close()


SAME = [
    ("lineage", "trace?node=model:approval", ("trace", "model:approval")),
    (
        "lineage",
        "trace?node=version:approval/1&as_of=2026-03-02",
        ("trace", "version:approval/1", "--as-of", "2026-03-02"),
    ),
    ("lineage-impact", "impact?node=dataset:shop.people", ("impact", "dataset:shop.people")),
    (
        "lineage-change",
        "impact?node=column:shop.people%23income&change=drop",
        ("impact", "column:shop.people#income", "--drop"),
    ),
    (
        "lineage-change",
        "impact?node=column:shop.people%23income&change=retype&type=string",
        ("impact", "column:shop.people#income", "--retype", "string"),
    ),
    (
        "lineage-change",
        "impact?node=column:shop.people%23income&change=retype&type=number",
        ("impact", "column:shop.people#income", "--retype", "number"),
    ),
    (
        "lineage-change",
        "impact?node=dataset:shop.people&change=stop&as_of=2026-03-02",
        ("impact", "dataset:shop.people", "--stop", "--as-of", "2026-03-02"),
    ),
    ("lineage-gaps", "gaps", ("gaps",)),
    ("lineage-diff", "diff?since=2026-03-02", ("diff", "--since", "2026-03-02")),
    ("lineage-diff", "diff?as_of=2026-03-03", ("diff", "--as-of", "2026-03-03")),
]


def test_the_answers_are_those_of_the_command_line(asking: Client, governance: Command, shop: Path):
    for schema, asked, words in SAME:
        status, answer = asking.get(f"{AT}/{asked}", **KEY)
        assert status == 200, (asked, answer)
        assert answer == governance("lineage", *words, "-p", shop, "-f", "json").json, asked
        assert complaints(schema, answer) == [], asked


REFUSED = [
    ("trace", 400),
    ("trace?node=", 400),
    ("trace?node=shop.people", 400),
    ("trace?node=nonsense", 400),
    ("trace?node=dataset:shop.gone", 404),
    (f"trace?node={quote('dataset:a' + chr(0))}", 404),
    ("trace?node=dataset:%ff", 404),
    (f"trace?node=dataset:{'x' * 5000}", 404),
    (f"trace?node={quote('dataset:../../etc/passwd')}", 404),
    ("trace?node=model:approval&node=model:approval", 400),
    ("trace?node=model:approval&as_of=yesterday", 400),
    ("trace?node=model:approval&as_of=20260302", 400),
    ("trace?node=model:approval&as_of=2026-13-01", 400),
    ("trace?node=model:approval&as_of=1999-01-01", 404),
    ("trace?node=model:approval&upstream=no", 400),
    ("impact?node=dataset:shop.people&change=burn", 400),
    ("impact?node=dataset:shop.people&change=sql", 400),
    ("impact?node=dataset:shop.people&change=retype", 400),
    ("impact?node=dataset:shop.people&type=string", 400),
    ("impact?node=dataset:shop.people&change=retype&type=string", 400),
    ("gaps?as_of=0001-01-01", 404),
    ("gaps?node=model:approval", 400),
    ("diff?since=2026-03-02&since_review=approval", 400),
    ("diff?since_review=nobody", 404),
    ("diff?since=9999-12-31", 404),
    ("diff?as_of=0001-01-01", 404),
]


@pytest.mark.xdist_group("asked over HTTP")
def test_what_cannot_be_answered_is_refused(asking: Client):
    for asked, expected in REFUSED:
        status, told = asking.get(f"{AT}/{asked}", **KEY)
        assert (status, sorted(told)) == (expected, ["code", "message"]), (asked, told)


@pytest.mark.parametrize(
    ("node", "sql"),
    [
        ("dataset:shop.features", "SELECT subject_id, recorded_at FROM shop.people"),
        ("column:shop.features#ratio", "recorded_at"),
        ("dataset:shop.features", "SELECT FROM WHERE"),
    ],
)
def test_new_sql_is_answered_as_the_command_line_answers_a_file(
    asking: Client, governance: Command, shop: Path, tmp_path: Path, node: str, sql: str
):
    file = tmp_path / "the new SQL"
    file.write_text(sql)
    told = governance("lineage", "impact", node, "--sql", file, "-p", shop, "-f", "json").json
    status, answer = asking.post(json.dumps({"node": node, "sql": sql}).encode(), f"{AT}/impact/sql", **KEY)
    assert (status, answer) == (200, told)
    assert complaints("lineage-change", answer) == []
    if "FROM shop" in sql:
        assert {one["column"]: one["dropped"] for one in answer["columns"]}["ratio"]
        assert any(one["effect"] == "breaks" for one in answer["consequences"]), answer
        past = {"node": node, "sql": sql, "as_of": "2026-03-02"}
        assert asking.post(json.dumps(past).encode(), f"{AT}/impact/sql", **KEY)[1]["as_of"] == "2026-03-02"


UNFIT = [
    ({}, 400, "$.node is missing"),
    ({"node": "dataset:shop.features"}, 400, "$.sql is missing"),
    ({"node": "dataset:shop.features", "sql": " "}, 400, "$.sql is empty"),
    ({"node": "dataset:shop.features", "sql": "x" * 200_001}, 400, "longer than 200,000"),
    ({"node": "dataset:shop.features", "sql": 7}, 400, "$.sql is a number"),
    ({"node": "dataset:shop.features", "sql": "a\x00"}, 400, "NUL"),
    ({"node": "dataset:shop.features", "sql": "x", "drop": True}, 400, "other keys"),
    ({"node": "dataset:shop.features", "sql": "x", "as_of": ""}, 400, "as_of is not a day"),
    ({"node": "dataset:shop.features", "sql": "x", "as_of": "1999-01-01"}, 404, ""),
    ({"node": "dataset:shop.gone", "sql": "x"}, 404, "shop.gone"),
    ({"node": "model:approval", "sql": "x"}, 400, ""),
    ([], 400, "is an array"),
]


@pytest.mark.xdist_group("asked over HTTP")
def test_a_question_about_sql_that_is_not_right_is_refused_with_the_place(asking: Client):
    for question, expected, why in UNFIT:
        status, told = asking.post(json.dumps(question).encode(), f"{AT}/impact/sql", **KEY)
        assert (status, sorted(told)) == (expected, ["code", "message"]), (question, told)
        assert why in told["message"]
    assert asking.post(b"{", f"{AT}/impact/sql", **KEY)[0] == 400
    assert asking.post(b"{}", f"{AT}/impact/sql")[0] == 401


def test_nothing_is_said_without_the_key(asking: Client):
    for question in ("trace?node=model:approval", "impact?node=model:approval", "gaps", "diff"):
        status, told = asking.get(f"{AT}/{question}")
        assert (status, told["code"]) == (401, "unauthorized")


def test_files_that_are_wrong_are_no_answer(asking: Client, shop: Path):
    charter = shop / "charter.yaml"
    charter.write_text("people: [")
    assert asking.get(f"{AT}/gaps", **KEY)[0] == 503
