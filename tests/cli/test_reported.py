"""gate and check in the formats of other tools: the same verdict, at lines that exist."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from governance_pipeline.bootstrap import open_project
from governance_pipeline.reports.findings.places import Places
from tests.bad_input.test_store import closed_port
from tests.cli.conftest import Command
from tests.reports.findings.formats import read_junit, read_sarif, shown
from tests.tiny import change

GATE = ("gate", "approval", "2")
CHECK = ("check", "shop.people", "--date", "2026-03-03")


def line_of(root: Path, result: dict[str, Any]) -> str:
    place = result["locations"][0]["physicalLocation"]
    file = root / unquote(place["artifactLocation"]["uri"])
    return file.read_text(encoding="utf-8").splitlines()[place["region"]["startLine"] - 1]


@pytest.mark.parametrize("verb", [GATE, CHECK], ids=lambda words: words[0])
def test_the_verdict_is_the_same_in_every_format(governance: Command, shop: Path, verb: tuple[str, ...]):
    done = {name: governance(*verb, "-p", shop, "-f", name) for name in ("table", "json", "junit", "sarif")}
    assert {one.code for one in done.values()} == {1}
    run, answer = read_sarif(done["sarif"].out), done["json"].json
    said = [one["sentence"] for one in (answer["report"]["reasons"] if verb is GATE else answer)]
    told = [shown(one["message"]["text"]) for one in run["results"] if one["level"] == "error"]
    assert all(any(sentence in text for sentence in said) for text in told)
    assert len(told) == (len(said) if verb is GATE else sum(one["outcome"] != "pass" for one in answer))
    cases = list(read_junit(done["junit"].out).iter("testcase"))
    assert [case.attrib["name"].partition(":")[0] for case in cases] == [f"P-{n}" for n in range(1, 10)]
    assert any(case.find("failure") is not None for case in cases)


def test_findings_point_to_the_contract_and_to_the_clause(governance: Command, shop: Path):
    run = read_sarif(governance(*GATE, "-p", shop, "-f", "sarif").out)
    lines = {one["ruleId"]: line_of(shop, one) for one in run["results"]}
    assert "name: people" in lines["recency_not_run"]
    assert "P-9" in lines["review_not_approved"]


def test_a_column_or_a_rule_is_pointed_to_where_it_stands(governance: Command, shop: Path):
    change(shop, "datasets/people.odcs.yaml", "{minimum: 0}", "{minimum: 50}")
    (shop / "data" / "people" / "2026-03-03.parquet").unlink()
    run = read_sarif(
        governance("check", "shop.people", "--date", "2026-03-02", "-p", shop, "-f", "sarif").out
    )
    found = {one["ruleId"]: line_of(shop, one) for one in run["results"]}
    assert "name: income" in found["quality_fail"]


@pytest.mark.parametrize(
    ("facet", "says"),
    [
        ("income", "name: income"),
        ("income@approval", "name: income"),
        ("credit", "purpose: credit"),
        ("", "name: people"),
        ("people.income.logicalTypeOptions", "name: people"),
    ],
)
def test_a_part_of_a_dataset_has_its_own_line(shop: Path, facet: str, says: str):
    place = Places(open_project(shop)).of_entity("shop.people", facet)
    assert place is not None
    assert says in (shop / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]


def test_in_a_folder_of_a_repository_paths_begin_at_its_root(governance: Command, shop: Path, tmp_path: Path):
    inside = Path(shutil.copytree(shop, tmp_path / "repository" / "ml" / "governance"))
    (tmp_path / "repository" / ".git").mkdir()
    run = read_sarif(governance(*GATE, "-p", inside, "-f", "sarif").out)
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]}
    assert "ml/governance/datasets/people.odcs.yaml" in uris


def test_an_accepted_finding_is_suppressed_and_named_with_its_review(governance: Command, shop: Path):
    listed = governance("review", "list", "-p", shop, "-f", "json").json
    review = next(one["review"] for one in listed if one["milestone"]["version"] == "2")
    eligible = governance("review", "show", review, "-p", shop, "-f", "json").json["eligible"]
    for function, people in eligible.items():
        words = ("--as", people[0], "--function", function, "--verdict", "approve", "--reason", "Read.")
        assert governance("review", "decide", review, *words, "-p", shop).code == 0
    done = governance(*GATE, "-p", shop, "-f", "sarif")
    results = read_sarif(done.out)["results"]
    assert done.code == 0
    assert results
    assert {one["level"] for one in results} == {"note"}
    assert all(review in str(one["suppressions"]) for one in results)
    assert read_junit(governance(*GATE, "-p", shop, "-f", "junit").out).attrib["failures"] == "0"


@pytest.mark.parametrize("output", ["junit", "sarif", "markdown"])
def test_an_error_is_a_document_too_and_keeps_its_exit_code(
    governance: Command, shop: Path, tmp_path: Path, output: str
):
    missing = governance("gate", "approval", "9", "-p", shop, "-f", output)
    change(
        shop,
        "governance.yaml",
        "name: shop\n",
        f"name: shop\nstore: postgresql://a@127.0.0.1:{closed_port()}/x\n",
    )
    dead = governance(*GATE, "-p", shop, "-f", output)
    nowhere = governance(*CHECK, "-p", tmp_path / "none", "-f", output)
    for done, code in ((missing, 2), (dead, 3), (nowhere, 2)):
        assert done.code == code
        if output == "junit":
            assert read_junit(done.out).attrib["errors"] == "1"
        elif output == "sarif":
            assert read_sarif(done.out)["invocations"][0]["executionSuccessful"] is False
        else:
            assert "No verdict could be reached" in done.out


def test_what_reports_loads_nothing_heavy_and_says_the_same_twice(governance: Command, shop: Path):
    for output in ("junit", "sarif", "markdown"):
        first = governance(*GATE, "-p", shop, "-f", output).out
        assert governance(*GATE, "-p", shop, "-f", output).out == first
