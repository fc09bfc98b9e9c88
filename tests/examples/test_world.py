"""What lands night by night: whole and in its place, the same for the same seed."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.lending.generator.nights import Nights, contract_holidays
from examples.lending.generator.population import draw_applications
from examples.lending.generator.records import read_loanapp, usable_records
from examples.lending.generator.world import LendingWorld
from governance_pipeline.charter.loader import load_project
from governance_pipeline.errors import UsageError
from tests.examples.conftest import LAST_NIGHT, SEED

DAILY = {
    "applicants": "recorded_at",
    "applications": "applied_at",
    "incomes": "recorded_at",
    "properties": "recorded_at",
    "consents": "recorded_at",
    "applicant_features": "feature_time",
    "property_features": "feature_time",
    "scored_applications": "scored_at",
}
WORKING_DAYS = {"decisions": "decided_at", "loan_performance": "reported_at"}
HOLIDAYS = {date(2026, 10, 12), date(2026, 11, 11)}  # Columbus Day, Veterans Day; 5 U.S.C. 6103
CONTRACT = Path(__file__).parents[2] / "examples" / "lending" / "datasets" / "decisions.odcs.yaml"


def _nights(lender):
    return range(1, lender.world.nights + 1)


def _digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("dataset", DAILY)
def test_a_daily_dataset_has_a_file_for_every_night(lender, dataset):
    names = {path.stem for path in lender.files(dataset)}
    first = 1 if dataset != "incomes" else 41 - 43  # the purge ran for the last time on night 41
    assert {str(lender.world.date(night)) for night in range(first, 61)} <= names


@pytest.mark.parametrize("dataset", WORKING_DAYS)
def test_a_working_day_dataset_has_a_file_for_every_working_day_and_no_other(lender, dataset):
    names = {path.stem for path in lender.files(dataset)}
    for night in _nights(lender):
        day = lender.world.date(night)
        works = day.weekday() < 5 and day not in HOLIDAYS
        assert (str(day) in names) == works, day


@pytest.mark.parametrize("dataset", [*DAILY, *WORKING_DAYS])
def test_the_rows_of_a_file_are_dated_on_its_local_day(lender, dataset):
    instant = (DAILY | WORKING_DAYS)[dataset]
    for path in lender.files(dataset):
        if "_to_" in path.stem:
            continue
        local = pd.read_parquet(path)[instant].dt.tz_convert("America/New_York").dt.date
        assert set(local) == {date.fromisoformat(path.stem)}


@pytest.mark.parametrize("dataset", DAILY)
def test_a_night_that_is_not_a_fault_is_hardly_old_at_its_end(lender, dataset):
    rows = lender.rows(dataset, DAILY[dataset])
    newest = rows[rows["night"].between(1, 60)].groupby("night")[DAILY[dataset]].max()
    midnights = [
        pd.Timestamp(lender.world.date(night + 1), tz="America/New_York") for night in _nights(lender)
    ]
    assert (pd.Series(midnights, newest.index) - newest).max() < timedelta(hours=3)


def test_a_night_has_150_to_250_applications_and_fewer_on_sundays(lender):
    rows = lender.rows("applications", "applied_at")
    count = rows[rows["night"].between(1, 60)].groupby("night").size()
    assert count.between(150, 250).all()
    weekday = pd.Index([lender.world.date(night).weekday() for night in count.index])
    assert count[weekday < 5].mean() > count[weekday == 6].mean() + 30


@pytest.mark.parametrize("dataset", [*DAILY, *WORKING_DAYS, "bureau_scores", "training_snapshot"])
def test_each_file_has_the_columns_of_the_contract_in_their_order(lender, dataset):
    contract = load_project(lender.root).contract(f"lending.{dataset}")
    promised = [column.name for column in contract.columns]
    assert all(pq.read_schema(path).names == promised for path in lender.files(dataset))


def test_the_job_gives_the_ratios_of_the_study_back(lender):
    """Obligations were made from the study's ratio and income; the job divides them again."""
    features = lender.rows("applicant_features", "feature_time").query("night < 24")
    published = read_loanapp()["obrat"].round(6).unique()
    assert set(features["debt_ratio"].round(6)) <= set(published)


def test_every_decision_reaches_the_prediction_it_is_about(lender):
    scored = lender.rows("scored_applications", "scored_at")
    decisions = lender.rows("decisions", "decided_at")
    action = decisions.set_index("application_id")["action"]
    expected = scored["application_id"].map(action)
    assert (expected.isna() == scored["approved"].isna()).all()
    known = scored["approved"].notna()
    assert ((expected == "approved") == (scored["approved"] == 1))[known].all()
    waiting = scored.loc[~known, "night"]
    assert waiting.min() >= 60 - 7  # three days, a weekend and a holiday at most


def test_persons_return_rarely(lender):
    rows = lender.rows("applications", "applied_at")
    again = rows["subject_id"].duplicated().mean()
    assert 0 < again < 0.01


def test_no_key_stands_twice(lender):
    contracts = load_project(lender.root).contracts.values()
    for contract in contracts:
        rows = pd.concat([pd.read_parquet(path) for path in lender.files(contract.dataset.partition(".")[2])])
        assert not rows.duplicated(list(contract.primary_key)).any(), contract.dataset


def test_the_snapshot_holds_only_persons_who_had_agreed(lender):
    snapshot = pd.read_parquet(lender.files("training_snapshot")[0])
    consents = lender.rows("consents", "recorded_at").query("night < -28 and purpose == 'model_training'")
    assert set(snapshot["subject_id"]) <= set(consents["subject_id"])
    refused = lender.rows("applicants", "recorded_at").query("night < -40")
    assert 0.75 < refused["subject_id"].isin(snapshot["subject_id"]).mean() < 0.85


def test_the_registry_records_the_bytes_of_the_artefacts_and_of_the_snapshot(lender):
    registry = yaml.safe_load((lender.root / "registry" / "mortgage_approval.yaml").read_text())
    for version in registry["versions"]:
        content = (lender.root / "registry" / version["artefact"]).read_bytes()
        assert version["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        [file] = lender.files(version["snapshot"].removeprefix("lending."))
        assert version["snapshot_digest"] == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert len({version["digest"] for version in registry["versions"]}) == 2


def test_the_published_coefficients_are_those_of_the_fitted_model(lender):
    """Scores in the files equal scikit-learn's own, refitted here on the same snapshot."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from examples.lending.generator.model import FEATURES

    snapshot = pd.read_parquet(lender.files("training_snapshot")[0])
    scaler = StandardScaler().fit(snapshot[list(FEATURES)].astype(float))
    fitted = LogisticRegression(max_iter=1000).fit(
        scaler.transform(snapshot[list(FEATURES)].astype(float)), snapshot["approved"]
    )
    both = lender.rows("applicant_features", "feature_time").query("night == 5")
    both = both.merge(lender.rows("property_features", "feature_time"), on="application_id")
    both = both.merge(lender.rows("scored_applications", "scored_at"), on="application_id")
    expected = fitted.predict_proba(scaler.transform(both[list(FEATURES)].astype(float)))[:, 1]
    assert both["score"].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_the_same_seed_gives_the_same_files_also_from_another_process(lender, tmp_path):
    """The first nights again, the second by an object that knows nothing of the first."""
    root = tmp_path / "again"
    first = LendingWorld(root, seed=SEED, last_night=LAST_NIGHT)
    first.prepare()
    first.land(1)
    first.close()
    second = LendingWorld(root, seed=SEED, last_night=LAST_NIGHT)
    second.land(2)
    second.close()
    kept = _digests(lender.root)
    later = {"registry/mortgage_approval.yaml", "sql/applicant_features.sql"}  # changed by later nights
    made = {name: digest for name, digest in _digests(root).items() if name not in later}
    purged = {name for name in made if name.startswith("data/incomes/") and name not in kept}
    waiting = {f"data/scored_applications/{first.date(day)}.parquet" for day in range(-9, 3)}  # for decisions
    same = made.keys() - purged - waiting
    assert len(same) > 40
    assert {name: made[name] for name in same} == {name: kept[name] for name in same}


def test_landing_a_night_again_changes_nothing(tmp_path):
    world = LendingWorld(tmp_path / "lender", seed=SEED, nights=2, last_night=LAST_NIGHT)
    world.prepare()
    world.land(1)
    before = _digests(tmp_path / "lender")
    world.land(1)
    assert _digests(tmp_path / "lender") == before
    world.close()


def test_another_seed_gives_other_applications():
    records, nights = usable_records(), Nights(LAST_NIGHT, 60, frozenset())
    one, same, other = (
        draw_applications(records, nights, np.random.default_rng(seed)) for seed in (SEED, SEED, SEED + 1)
    )
    assert one.equals(same)
    assert not one["loan_amount_k"].head(50).equals(other["loan_amount_k"].head(50))


def test_a_folder_with_files_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        LendingWorld(tmp_path, seed=1, last_night=LAST_NIGHT).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("night", [0, 61, -3])
def test_a_night_outside_the_sample_is_refused(tmp_path, night):
    with pytest.raises(UsageError, match="no night"):
        LendingWorld(tmp_path, seed=1, last_night=LAST_NIGHT).land(night)


def test_a_night_cannot_land_before_the_project_is_prepared(tmp_path):
    with pytest.raises(UsageError, match="not a prepared"):
        LendingWorld(tmp_path / "nothing", seed=1, last_night=LAST_NIGHT).land(1)


@settings(max_examples=25)
@given(st.dates(date(2025, 6, 1), date(2030, 6, 1)))
def test_whatever_the_last_night_every_working_day_has_decisions_and_reports(last_night):
    nights = Nights(last_night, 60, contract_holidays(CONTRACT))
    days = pd.Series(range(-95, 61)).to_numpy()
    for delay in (3, 33):  # of decisions and of the servicer, after the application
        landed = set(nights.working_day_from(days + delay).tolist())
        for day in range(-50, 61):
            when = nights.date(day)
            works = when.weekday() < 5 and when not in nights.holidays
            assert (day in landed) == works


def test_the_contracts_own_queries_find_nothing(lender):
    contracts = load_project(lender.root).contracts.values()
    asked = [(contract, rule) for contract in contracts for rule in contract.rules if rule.query]
    assert asked
    for contract, rule in asked:
        name = contract.dataset.partition(".")[2]
        table = f"read_parquet('{lender.root}/data/{name}/*.parquet')"
        (found,) = duckdb.sql(rule.query.replace("${table}", table)).fetchone()
        assert found == 0, rule.id
