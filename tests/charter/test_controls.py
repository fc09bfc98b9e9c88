"""The registry of controls: complete, in our words, and every entry says where it is from."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from governance_pipeline.charter.controls import controls, find_control, frameworks
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.errors import ProjectInvalid
from governance_pipeline.reports.controls.support import KINDS

SHARED = Path(__file__).parents[3] / "shared"
EXAMPLE = Path(__file__).parents[2] / "examples" / "lending"


def published(name: str) -> str:
    file = SHARED / "data" / "documents" / "frameworks" / name
    if not file.exists():
        pytest.skip(f"{name} is not in the shared documents")
    return file.read_text()


def ids(framework: str) -> set[str]:
    return {one.id for one in controls().values() if one.framework == framework}


def test_each_framework_has_as_many_controls_as_it_has():
    """NIST AI 100-1 has 72 subcategories, Annex A of ISO/IEC 42001 has 38 controls."""
    counts = Counter(one.framework for one in controls().values())
    assert (counts["NIST-AI-RMF-1.0"], counts["ISO42001"]) == (72, 38)
    assert set(counts) == set(frameworks())


def test_each_entry_says_of_which_edition_it_is_since_when_and_where_from():
    for one in controls().values():
        assert one.title, one.name
        assert one.edition, one.name
        assert one.source.startswith("https://"), one.name
        assert date(2011, 1, 1) <= one.applies_from <= date(2028, 12, 31), one.name
        assert one.verified_on is None or one.verified_on >= date(2026, 7, 1), one.name


def test_each_entry_names_kinds_of_evidence_that_there_are():
    named = {kind for one in controls().values() for kind in one.supported_by}
    assert named <= KINDS
    assert named >= KINDS, "a kind of evidence that speaks for nothing"
    assert all(one.supported_by for one in controls().values())


def test_identifiers_of_nist_are_those_that_are_published():
    told = json.loads(published("evidentia__us-federal__nist-ai-rmf-1.0.json"))
    assert ids("NIST-AI-RMF-1.0") == {one["id"].replace("-", " ", 1) for one in told["controls"]}


def test_identifiers_of_iso_are_those_that_are_published():
    listed = re.findall(r"^  (A-[\d-]+):", published("finos__iso-42001.yml"), re.MULTILINE)
    there = {one.replace("-", ".") for one in listed}
    assert there <= ids("ISO42001")
    unverified = {o.id for o in controls().values() if o.framework == "ISO42001" and o.verified_on is None}
    assert unverified == ids("ISO42001") - there, "what was not compared with a source says so"


def test_articles_are_those_that_are_published():
    acts = re.findall(r"-a(\d+):", published("finos__eu-ai-act.yml"))
    assert {int(one.removeprefix("Art. ")) for one in ids("EU-AI-Act")} <= set(map(int, acts))
    told = json.loads(published("evidentia__international__eu-gdpr.json"))
    assert ids("GDPR") <= {one["id"].removeprefix("GDPR.").replace(".", ". ") for one in told["obligations"]}


def test_nothing_of_the_research_is_lost():
    file = SHARED / "reference" / "controls.json"
    if not file.exists():
        pytest.skip("the researched start is not in the shared folder")
    for one in json.loads(file.read_text()):
        if one["framework"] in ("NIST-AI-RMF-1.0", "ISO42001"):
            assert one["id"] in ids(one["framework"])
        elif one["framework"] in ("EU-AI-Act", "GDPR"):
            first = re.match(r"Art\. \d+", one["id"])
            assert first is not None
            assert first[0] in ids(one["framework"]), one["id"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("GDPR Art. 7(3)", "GDPR Art. 7"),
        ("EU-AI-ACT Art. 10", "EU-AI-Act Art. 10"),
        ("gdpr  art. 5(1)(b)", "GDPR Art. 5"),
        ("ISO42001 A.6.2.6", "ISO42001 A.6.2.6"),
        ("SR-26-2 monitoring", "SR-26-2 monitoring"),
    ],
)
def test_a_control_is_found_as_people_write_it(written: str, name: str):
    assert find_control(written) == controls()[name]


@pytest.mark.parametrize(
    "written", ["GDPR Art. 99", "GDPR", "", "ISO42001 A.1.1", "GDPR Art. 7 and more", "(1)"]
)
def test_what_is_no_control_is_none(written: str):
    assert find_control(written) is None


def test_an_unknown_control_in_a_playbook_fails_with_its_place(tmp_path: Path):
    create_project(tmp_path / "p", "p", date(2026, 1, 1))
    file = tmp_path / "p" / "playbook" / "playbook.yaml"
    text = file.read_text()
    assert "EU-AI-Act Art. 10" in text
    file.write_text(text.replace("EU-AI-Act Art. 10", "EU-AI-Act Art. 100", 1))
    line = file.read_text()[: file.read_text().index("Art. 100")].count("\n") + 1
    with pytest.raises(
        ProjectInvalid, match=rf"playbook\.yaml:{line}:.*'EU-AI-Act Art. 100' is no control"
    ) as error:
        load_project(tmp_path / "p")
    assert "EU-AI-Act Art. 10" in str(error.value), "the nearest is named"
    assert "GDPR" not in str(error.value), "of the framework that was meant"


def test_the_sample_and_the_template_name_controls_that_there_are(tmp_path: Path):
    create_project(tmp_path / "p", "p", date(2026, 1, 1))
    for project in (load_project(tmp_path / "p"), load_project(EXAMPLE)):
        named = [one for clause in project.playbook.clauses.values() for one in clause.controls]
        assert named
        assert all(find_control(one) for one in named)
