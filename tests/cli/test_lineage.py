"""governance lineage trace and impact: of now, and of a past night."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command
from tests.tiny import night


def test_trace_prints_a_tree_and_then_a_story_with_its_evidence(governance: Command, shop: Path):
    told = governance("lineage", "trace", "model:approval", "--project", shop)
    assert told.code == 0
    tree, _, story = told.out.partition("The story")
    assert tree.startswith("What approval comes from\nmodel:approval\n")
    assert "  dataset:shop.people" in tree
    assert "answers for shop.people (declared in datasets/people.odcs.yaml:" in story


def test_a_past_night_is_told_as_it_was(governance: Command, shop: Path):
    contract = shop / "datasets" / "people.odcs.yaml"
    now = ("lineage", "trace", "dataset:shop.people", "--project", shop, "--format", "json")
    before = governance(*now).json
    assert {step["kind"] for step in before["steps"]} <= {"feeds"}
    contract.write_text(contract.read_text().replace("name: data-team", "name: privacy-office"))
    changed = governance(*now).json
    past = governance(*now, "--as-of", night(2)).json
    assert past["as_of"] == str(night(2))
    assert past["story"] == before["story"]
    assert changed["story"] != before["story"]


def test_a_night_that_is_not_recorded_is_an_error_that_names_the_last_one(governance: Command, shop: Path):
    done = governance("lineage", "trace", "model:approval", "--as-of", "2020-01-01", "--project", shop)
    assert done.code == 2
    assert f"the last recorded night is {night(2)}" in done.err.replace("\n", " ")


def test_impact_names_owners_and_risk(governance: Command, shop: Path):
    done = governance("lineage", "impact", "dataset:shop.people", "--project", shop)
    assert done.code == 0
    assert "model:approval" in done.out
    assert "owner " in done.out
    assert "of 100" in done.out


def test_mermaid_is_all_that_is_printed(governance: Command, shop: Path):
    for verb, node in (("trace", "model:approval"), ("impact", "dataset:shop.people")):
        drawn = governance("lineage", verb, node, "--project", shop, "--mermaid").out
        assert drawn.startswith("flowchart LR\n")
        assert '[("shop.people")]' in drawn
        assert "{{" in drawn


def test_impact_of_a_change_says_what_it_would_do(governance: Command, shop: Path, tmp_path: Path):
    dropped = governance("lineage", "impact", "column:shop.people#income", "--drop", "--project", shop)
    assert dropped.code == 0
    assert "If shop.people#income is dropped" in dropped.out
    assert "breaks" in dropped.out
    sql = tmp_path / "new.sql"
    sql.write_text("SELECT 1 AS nothing_that_was_there")
    made = ("lineage", "impact", "dataset:shop.features", "--sql", sql, "--project", shop)
    assert "is no longer made" in governance(*made).out
    assert governance(*made, "--drop").code == 2
    assert governance(*made[:4], tmp_path / "absent.sql", "--project", shop).code == 2


def test_gaps_are_told_and_leave_with_1(governance: Command, shop: Path):
    people = shop / "datasets" / "people.odcs.yaml"
    personal = "logicalTypeOptions: {minimum: 0}, customProperties: [{property: personal, value: true}]}"
    people.write_text(people.read_text().replace("logicalTypeOptions: {minimum: 0}}", personal))
    done = governance("lineage", "gaps", "--project", shop)
    assert done.code == 1
    assert "lost label" in done.out


def test_diff_tells_what_changed_since_the_last_night(governance: Command, shop: Path):
    same = governance("lineage", "diff", "--project", shop)
    assert (same.code, same.out.strip()) == (0, f"the lineage is as it was on the night of {night(2)}")
    people = shop / "datasets" / "people.odcs.yaml"
    people.write_text(people.read_text().replace("name: data-team", "name: privacy-office"))
    changed = governance("lineage", "diff", "--project", shop)
    assert "privacy-office answers for shop.people" in " ".join(changed.out.split())
    since = governance("lineage", "diff", "--since", "2019-01-01", "--project", shop)
    assert since.code == 2


def test_diff_since_a_review_asks_for_one_that_is_approved(governance: Command, shop: Path):
    refused = governance("lineage", "diff", "--since-review", "approval", "--project", shop)
    assert refused.code == 2
    assert "no review of approval is approved" in refused.err
    both = governance("lineage", "diff", "--since-review", "approval", "--since", night(1), "--project", shop)
    assert both.code == 2
