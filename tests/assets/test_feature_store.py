"""The sample project as Dagster shows it: names, owners, tags, schema, lineage."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from assets.location import build_definitions
from assets.owners import owner_words, owners
from governance_pipeline.testing import a_charter, a_contract, a_small_project
from tests.assets.snapshot import SNAPSHOT, as_text, described
from tests.assets.support import NOW, assets_of, checks_of, deps_of, lending


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return lending(tmp_path_factory.mktemp("lending") / "project")


@pytest.fixture(scope="module")
def defs(project):
    return build_definitions(project, now=NOW)


@pytest.fixture(scope="module")
def assets(defs):
    return assets_of(defs)


def test_the_definitions_are_those_of_the_snapshot(defs):
    """Renew with ``python -m tests.assets.snapshot`` and read the difference before you commit it."""
    assert as_text(described(defs)) == SNAPSHOT.read_text(encoding="utf-8")


def test_a_source_table_reaches_the_model_through_a_training_snapshot_and_its_versions(assets):
    """The road every reviewer asks for, edge by edge."""
    road = [
        "lending/bureau_scores",
        "lending/applicant_features",
        "lending/training_snapshot",
        "models/mortgage_approval/version 2",
        "models/mortgage_approval",
        "lending/scored_applications",
    ]
    for source, target in pairwise(road):
        assert source in deps_of(assets[target]), f"{source} -> {target}"


def test_consents_are_upstream_of_what_was_trained_on_them(assets):
    assert "lending/consents" in deps_of(assets["lending/training_snapshot"])


def test_sources_have_nothing_upstream(assets):
    for name in ("applicants", "applications", "bureau_scores", "incomes", "properties", "consents"):
        assert not deps_of(assets[f"lending/{name}"])


def test_owners_are_people_by_mail_and_teams_by_name(assets):
    assert list(assets["lending/bureau_scores"].owners) == ["ruth.kowalski@harbour-lending.example"]
    assert list(assets["lending/applicant_features"].owners) == ["team:feature_engineering"]
    assert list(assets["models/mortgage_approval"].owners) == ["team:credit_modelling"]


def test_an_owner_who_has_left_is_not_shown_as_owner_and_the_steward_is_named(project):
    later = NOW.replace(year=2027)  # the template lets Victor Dumont leave at the end of 2026
    spec = assets_of(build_definitions(project, now=later))["lending/properties"]
    assert not spec.owners
    assert spec.metadata["owner"] == "Victor Dumont (has left)"
    assert spec.metadata["answered for by"].startswith("Daniel Weiss")


def test_a_team_whose_members_have_all_left_owns_nothing():
    charter = a_charter()
    gone = charter.model_copy(
        update={"people": tuple(p.model_copy(update={"until": date(2026, 1, 1)}) for p in charter.people)}
    )
    assert owners(charter, "data-team", date(2026, 3, 4)) == ["team:data-team"]
    assert owners(gone, "data-team", date(2026, 3, 4)) == []
    assert owner_words(gone, "data-team", date(2026, 3, 4)) == "Data team (has left)"


def test_personal_sensitive_and_vendor_data_can_be_filtered_by_tag(assets):
    assert {"personal_data", "from_vendor"} <= set(assets["lending/bureau_scores"].tags)
    assert "sensitive_attributes" in assets["lending/applicants"].tags
    assert "from_vendor" not in assets["lending/incomes"].tags
    assert assets["models/mortgage_approval"].tags["risk_tier"] == "critical"


def test_columns_have_type_meaning_and_whether_they_are_personal(assets):
    schema = assets["lending/bureau_scores"].metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert columns["consumer_score"].type == "integer"
    assert columns["consumer_score"].description.startswith("Consumer payment history")
    assert "personal" in columns["subject_id"].tags
    assert not columns["subject_id"].constraints.nullable
    assert columns["report_id"].constraints.unique


def test_column_lineage_is_there_for_dagster_and_for_people(assets):
    metadata = assets["lending/applicant_features"].metadata
    deps = metadata["dagster/column_lineage"].deps_by_column
    assert {dep.asset_key.to_user_string() for dep in deps["debt_ratio"]} == {"lending/incomes"}
    assert any(dep.asset_key.path[-1] == "bureau_scores" for dep in deps["consumer_score"])
    assert "lending.bureau\\_scores.consumer\\_score" in metadata["columns come from"].value


def test_a_model_says_which_tables_it_traces_back_to_and_who_answers_for_them(assets):
    traced = assets["models/mortgage_approval"].metadata["traces back to"].value
    assert "| lending.bureau\\_scores | source | Ruth Kowalski |" in traced


def test_a_version_says_who_registered_it_and_what_it_was_trained_on(assets):
    metadata = assets["models/mortgage_approval/version 2"].metadata
    assert metadata["trained on"] == "lending.training_snapshot"
    assert metadata["registered by"] == "Priya Raman"
    assert metadata["registered"] == "2026-02-03 12:00 UTC"
    assert metadata["metric auc_on_snapshot"] == pytest.approx(0.82)


def test_a_version_that_the_registry_cannot_vouch_for_is_told_on_its_model(tmp_path):
    project = lending(tmp_path / "project")
    (tmp_path / "project" / "registry" / "2.joblib").write_bytes(b"something else")
    assets = assets_of(build_definitions(project, now=NOW))
    assert "models/mortgage_approval/version 2" not in assets
    assert "version 2" in assets["models/mortgage_approval"].metadata["registry problems"]


def test_checks_stand_on_the_tables_and_models_themselves(defs):
    checks = checks_of(defs)
    assert {("lending/bureau_scores", "recency"), ("models/mortgage_approval", "bias")} <= checks
    assert ("lending/training_snapshot", "consent") in checks
    assert not any(asset.startswith("governance/") for asset, _ in checks)


def test_a_table_that_is_read_but_has_no_contract_is_shown_as_such(tmp_path):
    contract = a_contract(upstream=("lending.unknown",))
    project = a_small_project(tmp_path)
    project = replace(project, contracts={**project.contracts, contract.dataset: contract})
    assets = assets_of(build_definitions(project, now=NOW))
    assert assets["lending/unknown"].group_name == "without_contract"
    assert "nobody answers for it" in (assets["lending/unknown"].description or "")
    assert "lending/unknown" in deps_of(assets["lending/incomes"])


def test_a_dataset_named_like_one_of_our_own_groups_is_set_apart(tmp_path):
    project = a_small_project(tmp_path)
    odd = {name: a_contract(dataset=name) for name in ("governance.risk", "models.mortgage_approval")}
    assets = assets_of(build_definitions(replace(project, contracts={**project.contracts, **odd}), now=NOW))
    assert {"datasets/governance/risk", "governance/risk", "datasets/models/mortgage_approval"} <= set(assets)
