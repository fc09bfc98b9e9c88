"""The area and the information from counts, against scikit-learn on raw rows of real data."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score, roc_auc_score

from governance_pipeline.indicators.statistics.association import association, contributions
from governance_pipeline.indicators.statistics.separation import interval, separation
from tests.indicators.statistics import published

ADULT = [
    "age", "workclass", "fnlwgt", "education", "years", "marital", "occupation", "relationship", "race",
    "sex", "gain", "loss", "hours", "country", "income",
]  # fmt: skip


def adult() -> pd.DataFrame:
    return published.table("fairness/adult.data.gz", names=ADULT, skipinitialspace=True)


def compas() -> pd.DataFrame:
    return published.table("fairness/compas-scores-two-years.nopii.csv.gz")


def german() -> pd.DataFrame:
    return published.table("fairness/german_data_credit.csv.gz")


REAL = [
    pytest.param(adult, "relationship", "sex", "Female", id="adult-relationship-sex"),
    pytest.param(adult, "occupation", "sex", "Female", id="adult-occupation-sex"),
    pytest.param(adult, "country", "race", "Asian-Pac-Islander", id="adult-country-race"),
    pytest.param(compas, "priors_count", "race", "African-American", id="compas-priors-race"),
    pytest.param(compas, "age_cat", "two_year_recid", 1, id="compas-age-label"),
    pytest.param(german, "housing", "sex", "female", id="german-housing-sex"),
    pytest.param(german, "checking-account", "class-label", 1, id="german-account-label"),
]


def dealt(frame: pd.DataFrame) -> np.ndarray:
    return np.array([int(hashlib.md5(str(i).encode()).hexdigest()[:2], 16) % 5 for i in range(len(frame))])


def counted(frame: pd.DataFrame, feature: str, inside: np.ndarray, folds: np.ndarray):
    names = frame[feature].astype(str).to_numpy()
    bins = sorted(set(names))

    def counts(rows: np.ndarray) -> list[list[int]]:
        return [[int((rows & (folds == fold) & (names == one)).sum()) for one in bins] for fold in range(5)]

    return counts(inside), counts(~inside)


def by_rows(frame: pd.DataFrame, feature: str, inside: np.ndarray, folds: np.ndarray) -> float:
    """The same cross-validation on raw rows, each fold's area by scikit-learn."""
    names = frame[feature].astype(str)
    areas, weights = [], []
    for fold in range(5):
        test, train = folds == fold, folds != fold
        base = inside[train].mean()
        learned = pd.Series(inside[train]).groupby(names[train].to_numpy()).agg(["sum", "count"])
        score = (learned["sum"] + base) / (learned["count"] + 1)
        scores = names[test].map(score).fillna(base)
        areas.append(roc_auc_score(inside[test], scores))
        weights.append(inside[test].sum() * (~inside[test]).sum())
    return float(np.average(areas, weights=weights))


@pytest.mark.parametrize(("data", "feature", "target", "value"), REAL)
def test_the_cross_validated_area_is_that_of_scikit_learn_on_raw_rows(data, feature, target, value):
    frame = data()
    inside, folds = (frame[target] == value).to_numpy(), dealt(frame)
    found = separation(*counted(frame, feature, inside, folds))
    assert found is not None
    assert found.auc == pytest.approx(by_rows(frame, feature, inside, folds), abs=1e-9)
    assert (found.inside, found.outside) == (inside.sum(), (~inside).sum())
    assert found.interval[0] < found.auc < found.interval[1]


@pytest.mark.parametrize(("data", "feature", "target", "value"), REAL)
def test_mutual_information_is_that_of_scikit_learn(data, feature, target, value):
    frame = data()[[feature, target]].astype(str)
    found = association(pd.crosstab(frame[feature], frame[target]).to_numpy().tolist())
    assert found is not None
    entropy = mutual_info_score(frame[target], frame[target])
    assert found.information == pytest.approx(mutual_info_score(frame[feature], frame[target]), abs=1e-9)
    assert found.entropy == pytest.approx(entropy, abs=1e-9)
    assert 0 <= found.interval[0] <= found.share <= found.interval[1] <= 1
    assert found.share <= found.information / entropy
    parts = contributions(pd.crosstab(frame[feature], frame[target]).to_numpy().tolist())
    assert sum(parts) == pytest.approx(found.information, abs=1e-9)


def test_a_memorised_value_of_every_row_is_worth_nothing_where_it_is_tried():
    """A key tells everything where it was learned (information 1) and nothing on other rows (area 0.5)."""
    frame = pd.DataFrame({"id": range(400), "race": ["a", "b"] * 200})
    inside, folds = (frame["race"] == "a").to_numpy(), dealt(frame)
    found = separation(*counted(frame, "id", inside, folds))
    assert found is not None
    assert found.auc == pytest.approx(0.5)
    assert mutual_info_score(frame["id"], frame["race"]) == pytest.approx(math.log(2))
    told = association(pd.crosstab(frame["id"], frame["race"]).to_numpy().tolist())
    assert told is not None
    assert told.share == pytest.approx(1 - 399 / 800 / math.log(2))  # Miller and Madow: (r-1)(c-1) / 2n


def test_a_copy_tells_everything_and_a_constant_nothing():
    copy, constant = [[0, 20]] * 5, [[20, 0]] * 5
    whole = separation(copy, constant)
    assert whole is not None
    assert whole.auc == 1.0
    assert whole.interval[1] == 1.0
    assert 0.9 < whole.interval[0] < 1
    nothing = separation([[20]] * 5, [[30]] * 5)
    assert nothing is not None
    assert nothing.auc == 0.5
    assert separation([[0]] * 5, [[30]] * 5) is None
    only_one_fold = separation([[20], [0], [0], [0], [0]], [[20]] * 5)
    assert only_one_fold is None  # nothing of the group was left to learn from
    told = association([[50, 0], [0, 50]])
    assert told is not None
    assert told.share == pytest.approx(1 - 1 / 200 / math.log(2))
    assert association([[50, 0], [40, 0]]) is None
    assert association([]) is None


@pytest.mark.parametrize(("shift", "most"), [(0.5, 0.03), (1.0, 0.03), (2.0, 0.03)])
def test_the_lower_end_seldom_lies_above_the_best_that_can_be_told(shift: float, most: float):
    """1,000 seeded samples of 60 against 300 rows in 8 bins; the best area is that of the true ratio."""
    rng = np.random.default_rng(5)
    inside = np.exp(shift * np.arange(8) / 4)
    inside, outside = inside / inside.sum(), np.full(8, 1 / 8)
    best = sum(
        inside[i] * outside[j] * (1.0 if inside[i] > inside[j] else 0.5 if i == j else 0.0)
        for i in range(8)
        for j in range(8)
    )
    above = 0
    for _ in range(1000):
        dealt_in = rng.multinomial(60, np.repeat(inside / 5, 5)).reshape(8, 5).T
        dealt_out = rng.multinomial(300, np.repeat(outside / 5, 5)).reshape(8, 5).T
        found = separation(dealt_in.tolist(), dealt_out.tolist())
        assert found is not None
        above += found.interval[0] > best
    assert above / 1000 <= most


def test_the_interval_of_the_information_covers_as_promised():
    """1,500 seeded tables each of no, little and much information: 93 % or more hold the true share."""
    rng = np.random.default_rng(7)
    for shift in (0.0, 0.5, 1.5):
        inside = np.exp(shift * np.arange(8) / 4)
        joint = np.column_stack([0.2 * inside / inside.sum(), np.full(8, 0.8 / 8)])
        by_column = joint.sum(axis=0)
        entropy = -(by_column * np.log(by_column)).sum()
        true = (joint * np.log(joint / (joint.sum(axis=1, keepdims=True) * by_column))).sum() / entropy
        held = 0
        for _ in range(1500):
            found = association(rng.multinomial(400, joint.ravel()).reshape(8, 2).tolist())
            assert found is not None
            held += found.interval[0] - 1e-12 <= true <= found.interval[1]
        assert held / 1500 >= 0.93, shift


def test_the_interval_of_the_area_is_newcombes():
    """Newcombe (2006) part 2, method 5: the ends solve |A - a| = z sqrt(V(A)), checked by putting them in."""
    low, high = interval(0.8, 40, 60)
    for end in (low, high):
        extra = (40 + 60) / 2 - 1
        spread = 1 + extra * (1 - end) / (2 - end) + extra * end / (1 + end)
        assert abs(end - 0.8) == pytest.approx(
            1.959964 * math.sqrt(end * (1 - end) * spread / 2400), rel=1e-5
        )


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=5, max_size=5), st.data())
def test_areas_lie_between_nothing_and_all_and_ends_around_them(inside, data):
    outside = data.draw(
        st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=5, max_size=5)
    )
    found = separation(inside, outside)
    if found is not None:
        assert 0 <= found.interval[0] <= found.auc <= found.interval[1] <= 1
        assert 0 <= found.p_value(0.7) <= 1
