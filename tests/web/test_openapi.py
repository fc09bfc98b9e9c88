"""The OpenAPI document is true: Schemathesis finds no difference between it and the application.

``GOVERNANCE_FUZZ_CASES`` is the number of cases at random for each operation, beside the some thousands that
Schemathesis derives from the document itself.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.store.open import open_store
from governance_pipeline.web.app import application
from governance_pipeline.web.routes import routes
from tests.tiny import tiny_project
from tests.web.serving import listening, serving

CASES = int(os.environ.get("GOVERNANCE_FUZZ_CASES", "40"))
LIMIT_SECONDS = 120 + CASES
TOLD = re.compile(r"(\d+) generated, (?:(\d+) found|\d+ passed)")
ITSELF = {"/api/v1/openapi.json"}


def documented(port: int) -> dict:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/api/v1/openapi.json")
    try:
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_every_route_is_in_the_document_and_nothing_else(tmp_path: Path):
    root = tiny_project(tmp_path / "shop")
    store = open_project_store(open_project(root))
    with listening(application(routes(root, store), "k")) as port:
        found = documented(port)
    store.close()
    answered = {
        (route.path, method.lower())
        for route in application(routes(root, store), "k").routes
        for method in route.methods
        if method != "OPTIONS"
    }
    described = {(path, method) for path, item in found["paths"].items() for method in item}
    assert described == answered
    for path, item in found["paths"].items():
        for operation in item.values():
            open_to_all = path in ITSELF | {"/health"}
            assert ("security" not in operation) == open_to_all, path
            assert ("401" in operation["responses"]) == (not open_to_all), path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    opened = open_store(url if request.param == "sqlite" else request.getfixturevalue("postgres_store_url"))
    yield opened
    opened.close()


def schemathesis(port: int, folder: Path, *options: str) -> tuple[int, str]:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/api/v1/openapi.json",
        "--header", "Authorization: Bearer k", "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(CASES), "--seed", "4", "--continue-on-failure", "--no-color",
        "--generation-allow-x00", "false",  # no schema can rule them out in keys
        "--generation-database", "none", *options,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(LIMIT_SECONDS + 60)
def test_the_receiver_is_as_its_document_says(store, tmp_path: Path):
    with serving(store, "k") as port:
        code, told = schemathesis(port, tmp_path, "--include-path", "/api/v1/lineage")
    assert code == 0, told[-6000:]
    found = TOLD.search(told)
    assert found is not None, told[-2000:]
    print(found.group())  # noqa: T201 - the count is what a long run is for
    assert int(found.group(1)) > 3000 + CASES


@pytest.mark.timeout(LIMIT_SECONDS + 240)
def test_all_other_routes_are_as_their_document_says(shop: Path, tmp_path: Path):
    store = open_project_store(open_project(shop))
    with listening(application(routes(shop, store), "k")) as port:
        code, told = schemathesis(
            port, tmp_path, "--exclude-path", "/api/v1/lineage",
            "--exclude-checks", "positive_data_acceptance",  # no schema knows which names there are
        )  # fmt: skip
    store.close()
    assert code == 0, told[-6000:]
    assert TOLD.search(told) is not None, told[-2000:]
