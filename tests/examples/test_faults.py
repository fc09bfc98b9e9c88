"""Each planted fault starts on its night and not before, and nothing else moves.

Numbers are worked out here from the files with pandas, not with the project's own indicators.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from examples.lending.generator.faults import FAULTS
from examples.lending.generator.model import FEATURES

FIRST = {fault.name: fault.first_night for fault in FAULTS}
LATEST = {fault.name: fault.last_night for fault in FAULTS}
APPLICANT = FEATURES[:7]
HOME = FEATURES[7:]
GROUPS = ["race", "sex", "marital_status"]


def _psi(expected: pd.Series, actual: pd.Series) -> float:
    """Population stability index on 20 equal-width bins of the expected values; half a row for none."""
    before, now = expected.to_numpy(float), actual.to_numpy(float)
    edges = np.linspace(before.min(), before.max(), 21)[1:-1]
    counts = [np.bincount(np.searchsorted(edges, values), minlength=20) for values in (before, now)]
    p, q = ((count + 0.5) / (count.sum() + 10) for count in counts)
    return float(((q - p) * np.log(q / p)).sum())


@pytest.fixture(scope="module")
def snapshot(lender):
    return pd.read_parquet(lender.files("training_snapshot")[0])


@pytest.fixture(scope="module")
def psi_by_night(lender, snapshot):
    """PSI of each feature over the seven nights that end with each night."""
    views = {
        **dict.fromkeys(APPLICANT, lender.rows("applicant_features", "feature_time")),
        **dict.fromkeys(HOME, lender.rows("property_features", "feature_time")),
    }
    return pd.DataFrame(
        {
            name: [
                _psi(snapshot[name], rows.loc[rows["night"].between(n - 6, n), name]) for n in range(1, 61)
            ]
            for name, rows in views.items()
        },
        index=range(1, 61),
    )


@pytest.fixture(scope="module")
def scored(lender):
    return lender.rows("scored_applications", "scored_at")


def test_the_bureau_delivers_every_night_until_it_stops(lender):
    rows = lender.rows("bureau_scores", "pulled_at")
    assert sorted(rows.loc[rows["night"] >= 1, "night"].unique()) == list(
        range(1, FIRST["vendor_feed_stops"])
    )


def test_features_go_on_without_the_bureau(lender):
    features = lender.rows("applicant_features", "feature_time")
    applications = lender.rows("applications", "applied_at")
    assert set(features["application_id"]) == set(applications["application_id"])
    assert not features.isna().any(axis=None)


def _coverage(lender, snapshot, night):
    """The share of the snapshot's persons with a consent that is neither withdrawn nor expired."""
    end = pd.Timestamp(lender.world.date(night + 1), tz="America/New_York")
    ledger = lender.rows("consents", "recorded_at").query("purpose == 'model_training'")
    known = ledger[ledger["recorded_at"] < end]
    gone = set(known.loc[known["status"] == "withdrawn", "subject_id"])
    good = known[(known["status"] == "given") & (known["valid_to"] > end)]
    people = set(snapshot["subject_id"])
    return len(people & set(good["subject_id"]) - gone) / len(people)


def test_consent_to_training_falls_below_its_bound_in_time(lender, snapshot):
    first = FIRST["consent_ends"]
    assert _coverage(lender, snapshot, 1) == _coverage(lender, snapshot, first - 1) == 1.0
    assert _coverage(lender, snapshot, first) < 0.99
    assert _coverage(lender, snapshot, LATEST["consent_ends"]) < 0.95
    assert 0.90 < _coverage(lender, snapshot, 60) < 0.93  # 6 % withdrawn and 2.5 % expired


def test_consents_expire_as_well_as_being_withdrawn(lender, snapshot):
    end = pd.Timestamp(lender.world.date(61), tz="America/New_York")
    ledger = lender.rows("consents", "recorded_at").query("purpose == 'model_training'")
    ledger = ledger[ledger["subject_id"].isin(snapshot["subject_id"])]
    expired = ledger[ledger["valid_to"] < end]
    expires_on = (expired["valid_to"] - pd.Timestamp(lender.world.date(1), tz="America/New_York")).dt.days + 1
    assert set(expires_on) == {18, 19, 20, 21, 22}


def test_nobody_withdraws_from_the_decision_itself(lender):
    ledger = lender.rows("consents", "recorded_at")
    withdrawn = ledger[ledger["status"] == "withdrawn"]
    assert set(withdrawn["purpose"]) == {"model_training"}
    assert withdrawn["night"].min() == FIRST["consent_ends"]


def test_the_debt_ratio_changes_its_unit_overnight(lender, psi_by_night):
    features = lender.rows("applicant_features", "feature_time")
    mean = features.groupby("night")["debt_ratio"].mean()
    first = FIRST["unit_changes"]
    assert mean.loc[: first - 1].between(30, 36).all()
    assert mean.loc[first:60].between(0.30, 0.36).all()
    assert psi_by_night.loc[first - 1, "debt_ratio"] < 0.05
    assert psi_by_night.loc[first : first + 1, "debt_ratio"].min() > 0.3  # for two nights: it persists


def test_loans_grow_slowly_and_are_found_in_time(lender, psi_by_night):
    rows = lender.rows("property_features", "feature_time")
    mean = rows.groupby("night")["loan_to_value"].mean()
    first, latest = FIRST["loans_grow"], LATEST["loans_grow"]
    assert psi_by_night.loc[: first - 1, "loan_to_value"].max() < 0.03
    assert psi_by_night.loc[: first + 4, "loan_to_value"].max() < 0.1  # slow: not seen for five nights
    assert psi_by_night.loc[latest - 1 : 60, "loan_to_value"].min() > 0.3
    assert mean.loc[first + 14 : 60].mean() - mean.loc[: first - 1].mean() == pytest.approx(0.09, abs=0.01)


def test_no_other_feature_ever_moves(psi_by_night):
    clean = psi_by_night.drop(columns=["debt_ratio", "loan_to_value"])
    assert clean.max(axis=None) < 0.04  # chance alone gives about 20 bins / 1,400 rows = 0.014


def _gaps(scored, night, columns, only_approved):
    """Gap of each group's approval rate to the reference over 28 nights."""
    window = scored[scored["night"].between(night - 27, night)]
    window = window[window["approved"] == 1] if only_approved else window
    rate = window.groupby(columns)["prediction"].mean()
    reference = tuple({"race": "white", "sex": "male", "marital_status": "married"}[c] for c in columns)
    return (rate - rate.loc[reference if len(columns) > 1 else reference[0]]).abs()


PAIRS = [
    ["race"],
    ["sex"],
    ["marital_status"],
    ["race", "sex"],
    ["race", "marital_status"],
    ["sex", "marital_status"],
]


@pytest.mark.parametrize("columns", PAIRS, ids="-".join)
@pytest.mark.parametrize("only_approved", [False, True])
def test_no_group_is_far_from_its_reference_before_the_cut_off_tightens(scored, columns, only_approved):
    for night in range(1, FIRST["cut_off_tightens"]):
        assert _gaps(scored, night, columns, only_approved).max() < 0.1


def test_the_gap_of_black_applicants_opens_in_time(scored):
    before = _gaps(scored, FIRST["cut_off_tightens"] - 1, ["race"], only_approved=False)
    after = _gaps(scored, LATEST["cut_off_tightens"], ["race"], only_approved=False)
    assert before["black"] < 0.1
    assert after["black"] > 0.25
    assert after["hispanic"] < 0.1


def test_other_groups_stay_close_when_the_cut_off_tightens(scored):
    for columns in (["sex"], ["marital_status"], ["sex", "marital_status"]):
        assert _gaps(scored, 60, columns, only_approved=False).max() < 0.1


def test_every_pair_of_groups_is_large_enough_to_judge(scored):
    for night in (1, 20, 40, 60):
        window = scored[scored["night"].between(night - 27, night)]
        for columns in PAIRS:
            assert window.groupby(columns).size().min() >= 100
            assert window.groupby([*columns, "approved"]).size().min() >= 11


def test_dependents_turn_from_numbers_to_text_with_gaps(lender):
    for path in lender.files("applications"):
        if "_to_" in path.stem:
            continue
        rows = pd.read_parquet(path)
        night = (pd.Timestamp(path.stem) - pd.Timestamp(lender.world.date(1))).days + 1
        if night < FIRST["type_changes"]:
            assert rows["dependents"].dtype == "int64"
        else:
            assert set(rows["dependents"].dropna()) == {"0", "1", "2", "3+"}
            assert 0.45 < rows["dependents"].isna().mean() < 0.75


def test_incomes_are_purged_in_time_until_the_purge_stops(lender):
    first, latest = FIRST["purge_stops"], LATEST["purge_stops"]
    assert max(lender.oldest_income[night] for night in range(1, first)) < 44.1
    assert lender.oldest_income[first] < 45
    assert lender.oldest_income[latest] > 46  # more than a day beyond the 45 days of the contract


def test_the_owner_of_the_properties_is_gone_on_the_night_planted(lender):
    charter = yaml.safe_load((lender.root / "charter.yaml").read_text(encoding="utf-8"))
    person = next(person for person in charter["people"] if person["id"] == "victor.dumont")
    assert person["until"] == lender.world.date(FIRST["owner_leaves"] - 1)


def test_version_2_is_registered_on_its_night(lender):
    registry = yaml.safe_load(
        (lender.root / "registry" / "mortgage_approval.yaml").read_text(encoding="utf-8")
    )
    second = next(version for version in registry["versions"] if version["version"] == "2")
    at = pd.Timestamp(second["registered_at"]).tz_convert("America/New_York")
    assert at.date() == lender.world.date(FIRST["version_2"])
    assert second["stage"] == "candidate"
