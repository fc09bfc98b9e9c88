"""The sample is a governance project: its files load, agree with each other and with the README."""

from __future__ import annotations

import importlib.resources
import json
import re
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from jsonschema.validators import validator_for

from examples.lending.generator.faults import FAULTS
from examples.lending.generator.model import FEATURES
from governance_pipeline.catalog.registry_file import read_versions
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.people import Function
from governance_pipeline.lineage.build import build
from governance_pipeline.reviews.service import own_work
from governance_pipeline.vocabulary.review import ModelVersion

TEMPLATE = Path(__file__).parents[2] / "examples" / "lending"


@pytest.fixture(scope="module")
def project():
    return load_project(TEMPLATE)


@pytest.mark.parametrize("path", sorted((TEMPLATE / "datasets").glob("*.yaml")), ids=lambda path: path.name)
def test_each_contract_is_valid_against_the_official_odcs_schema(path):
    schema = importlib.resources.files("open_data_contract_standard") / "schema.json"
    official = json.loads(schema.read_text(encoding="utf-8"))
    contract = yaml.load(path.read_text(encoding="utf-8"), _TextDates)
    assert [error.message for error in validator_for(official)(official).iter_errors(contract)] == []


class _TextDates(yaml.SafeLoader):
    """YAML as JSON Schema sees it: dates are text."""


_TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def test_the_template_is_a_project_without_mistakes(project):
    assert len(project.contracts) == 12
    assert list(project.models) == ["mortgage_approval"]


def test_the_prepared_project_is_one_too_and_its_registry_reads(lender):
    found = load_project(lender.root)
    reading = read_versions(found.model("mortgage_approval"), lender.root)
    assert reading.problems == ()
    assert [version.version for version in reading.versions] == ["1", "2"]


def test_every_function_is_held_by_somebody(project):
    held = {function for person in project.charter.people for function in person.functions}
    assert held == set(Function)


def test_for_each_function_that_may_be_asked_somebody_judges_no_work_of_their_own(project):
    """Until Victor Dumont leaves and after: owners of the model and of any of its inputs are refused."""
    policy = project.playbook.reviews
    asked = {need.function for need in policy.by_tier["critical"]} | {
        need.function for needs in policy.by_indicator.values() for need in needs
    }
    graph = build(project, ()).graph
    version = ModelVersion(
        "mortgage_approval", "2", "candidate", "sha256:0", datetime(2026, 3, 1, tzinfo=UTC),
        registered_by="priya.raman", trained_by="tomas.lindqvist",
    )  # fmt: skip
    for day in (date(2026, 12, 31), date(2027, 1, 1)):
        interested = own_work(project, graph, "mortgage_approval", version, day)
        for function in asked:
            holders = {person.id for person in project.charter.holders(function, day)}
            assert holders - set(interested), function


def test_every_column_that_is_made_traces_to_a_source_and_all_sql_is_understood(project):
    graph = build(project, ())
    assert graph.not_understood == ()
    made = ("feature_view", "training_snapshot", "predictions")
    for contract in project.contracts.values():
        if contract.kind not in made:
            continue
        fed = {edge.target.name for edge in graph.graph.edges if edge.target.kind == "column"}
        assert {f"{contract.dataset}#{column.name}" for column in contract.columns} <= fed


def test_the_snapshot_names_the_features_as_the_feature_views_do(project):
    model = project.model("mortgage_approval")
    assert tuple(feature.name for feature in model.features) == FEATURES
    snapshot = project.contract("lending.training_snapshot")
    assert all(snapshot.column(name) for name in FEATURES)


def test_both_working_day_contracts_list_the_same_days(project):
    calendars = {project.contract(f"lending.{name}").calendar for name in ("decisions", "loan_performance")}
    assert len(calendars) == 1
    assert calendars.pop().workdays == (1, 2, 3, 4, 5)


def test_the_readme_lists_the_faults_as_they_are_planted():
    text = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in text.splitlines()
        if re.match(r"\| .*\| `(dataset|model|version):", line)
    ]
    assert rows == [
        (f.title, f"`{f.entity}`", f.indicator, str(f.first_night), str(f.within_nights), f.owner)
        for f in FAULTS
    ]


def test_each_fault_is_in_something_else_and_its_recipient_exists(project):
    assert len({fault.entity for fault in FAULTS}) == len(FAULTS) == 9
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        assert project.charter.person(fault.owner) or project.charter.team(fault.owner)
        assert fault.last_night <= 60


def test_faults_begin_at_least_four_nights_apart():
    nights = [fault.first_night for fault in FAULTS]
    assert all(later - earlier >= 4 for earlier, later in pairwise(nights))
