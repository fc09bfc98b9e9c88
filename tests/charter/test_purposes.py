"""The playbook's purposes: mistakes are found with file and line, and words mean what the rule says."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from governance_pipeline.charter import dpv
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.purposes import TCF_PURPOSES, Purpose, chain, ledger_words
from tests.charter.projects import change, complaints, line_of, new_project, write

SHARED = Path(__file__).parents[3] / "shared" / "data" / "consent"
NEEDS_SHARED = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared vocabularies are not here")

PURPOSES = """\
purposes:
  marketing:
    title: Marketing
    dpv: dpv:Marketing
  mailing:
    title: Letters and mails
    parent: marketing
    covered_by_parent: true
    dpv: dpv:DirectMarketing
  model_training:
    title: Training of models
    description: We let programs learn from what happened.
    written: [ml]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = new_project(tmp_path / "project")
    write(root, "playbook/purposes.yaml", PURPOSES)
    return root


def test_purposes_are_read_and_contracts_may_use_them(project: Path) -> None:
    assert complaints(project) == []
    loaded = load_project(project)
    assert loaded.playbook.purposes["mailing"].parent == "marketing"
    (use,) = loaded.contracts["lending.snapshot"].purposes
    assert use.line == line_of(project, "datasets/snapshot.odcs.yaml", "{purpose: model_training")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("parent: marketing", "parent: marketting", "'marketting' is no purpose of this playbook"),
        ("  marketing:\n", "  marketing:\n    parent: mailing\n", "'mailing' is, by its parents, wider than"),
        ("    parent: marketing\n", "", "'mailing' is covered by its parent, and has none"),
        ("[ml]", "[ml, mailing]", "the word 'mailing' means both 'mailing' and 'model_training'"),
        ("dpv:DirectMarketing", "dpv:DirectMarketting", "did you mean 'dpv:DirectMarketing'?"),
        ("dpv:DirectMarketing", "dpv:FraudPreventionAndDetection", "is no kind of dpv:Marketing"),
        ("[ml]", "[ml]\n    dpv: dpv:TargetedAdvertising", "'model_training' is not part of 'marketing'"),
        ("[ml]", "[ml]\n    tcf: 12", "purposes.yaml:14:"),
    ],
)
def test_a_mistake_in_the_purposes_is_named_with_its_line(
    project: Path, old: str, new: str, said: str
) -> None:
    change(project, "playbook/purposes.yaml", old, new)
    found = complaints(project)
    assert any(said in one for one in found), found
    assert all(one.startswith("playbook/purposes.yaml:") for one in found)


def test_a_contract_uses_no_purpose_that_the_playbook_does_not_have(project: Path) -> None:
    change(project, "datasets/snapshot.odcs.yaml", "purpose: model_training", "purpose: model_trainings")
    line = line_of(project, "datasets/snapshot.odcs.yaml", "model_trainings")
    found = [one for one in complaints(project) if one.startswith("datasets/")]
    assert found[0].startswith(f"datasets/snapshot.odcs.yaml:{line}:")
    assert "is no purpose of the playbook" in found[0]
    assert "did you mean 'model_training'?" in found[0]


def test_what_purposes_ask_for_the_ledger_can_tell(project: Path) -> None:
    change(project, "playbook/purposes.yaml", "[ml]", "[ml]\n    notices: [v3]")
    (found,) = complaints(project)
    line = line_of(project, "playbook/purposes.yaml", "notices")
    assert found.startswith(f"playbook/purposes.yaml:{line}:")
    assert "'model_training' asks for notices, but the consent ledger has no column for them" in found


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("  notice: gone\n", "'gone' is no column of lending.consents"),
        ("  tcf: {column: status}\n", "no purpose of the playbook has a number of theirs"),
        ("  tcf: {column: status}\n  columns: {status: marketing}\n", "purposes or TC strings, not both"),
        ("  columns: {gone: marketing}\n", "'gone' is no column of lending.consents"),
        ("  guardians: {minor: status, consent: gone}\n", "'gone' is no column of lending.consents"),
        ("  jurisdictions: [EU]\n", "no column says a record's jurisdiction"),
        ("  bases: {Vertrag: contrct}\n", "did you mean 'contract'?"),
        ("  tcf: {column: status, vendor: 70000}\n", "governance.yaml:"),
    ],
)
def test_a_mapping_of_the_ledger_is_checked(project: Path, mapping: str, said: str) -> None:
    change(
        project, "governance.yaml", "  dataset: lending.consents\n", f"  dataset: lending.consents\n{mapping}"
    )
    found = complaints(project)
    assert any(said in one for one in found), found
    assert all(one.startswith("governance.yaml:") for one in found)


def test_a_ledger_needs_no_columns_that_its_mapping_says_it_has_not(project: Path) -> None:
    mapping = "  basis: null\n  status: null\n  valid_to: null\n"
    change(
        project, "governance.yaml", "  dataset: lending.consents\n", f"  dataset: lending.consents\n{mapping}"
    )
    for column in ("basis", "status", "valid_to"):
        change(project, "datasets/consents.odcs.yaml", f"      - {{name: {column}}}\n", "")
    assert complaints(project) == []


def test_without_purposes_in_the_playbook_a_contract_may_use_any(tmp_path: Path) -> None:
    root = new_project(tmp_path / "project")
    change(root, "datasets/snapshot.odcs.yaml", "purpose: model_training", "purpose: whatever")
    assert not [one for one in complaints(root) if "of the playbook" in one]


def test_by_default_a_wider_purpose_takes_and_does_not_give() -> None:
    words = ledger_words({"a": Purpose(title="A"), "b": Purpose(title="B", parent="a")})
    assert {(line.word, line.purpose, line.gives) for line in words} == {
        ("a", "a", True),
        ("a", "b", False),
        ("b", "b", True),
    }


def test_a_circle_of_parents_ends() -> None:
    round_about = {"a": Purpose(title="A", parent="b"), "b": Purpose(title="B", parent="a")}
    assert chain("a", round_about) == ("a", "b")


@NEEDS_SHARED
def test_the_vocabulary_is_that_of_the_w3c() -> None:
    with gzip.open(SHARED / "dpv.csv.gz", "rt", encoding="utf-8") as lines:
        rows = {row["term"]: row for row in csv.DictReader(lines)}
    purposes = {term for term, row in rows.items() if row["dpvtype"] == f"{dpv.NAMESPACE}Purpose"}
    assert set(dpv.broader()) == purposes | {"Purpose"}
    assert all("Purpose" in dpv.wider_than(term) for term in purposes)
    for term in purposes:
        above = {f"{dpv.NAMESPACE}{wide}" for wide in dpv.broader()[term]}
        assert (
            above == set(rows[term]["hasbroader"].split(";")) or term == "RightsFulfilment"
        )  # an obligation


@NEEDS_SHARED
def test_the_numbers_are_those_of_the_vendor_list() -> None:
    with gzip.open(SHARED / "v2.2_vendor-list-v17.json.gz", "rt", encoding="utf-8") as text:
        listed = json.load(text)["purposes"]
    assert {int(number): one["name"] for number, one in listed.items()} == TCF_PURPOSES
