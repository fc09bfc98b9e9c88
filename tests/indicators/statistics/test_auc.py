from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.auc import auc, hanley_mcneil
from tests.indicators.statistics.published import table


def binned(scores, outcomes, bins=256):
    places = np.minimum((scores * bins).astype(int), bins - 1)
    return tuple(np.bincount(places[outcomes == label], minlength=bins).astype(float) for label in (1, 0))


def test_the_area_of_binned_scores_is_scikit_learns_and_the_raw_one_lies_within_the_blur():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    for size, bins in ((60, 8), (500, 32), (20_000, 256)):
        scores = rng.beta(2, 3, size)
        outcomes = (rng.random(size) < scores).astype(int)
        found = auc(*binned(scores, outcomes, bins))
        tied = np.floor(scores * bins)
        assert found.value == pytest.approx(roc_auc_score(outcomes, tied), abs=1e-12)
        assert abs(found.value - roc_auc_score(outcomes, scores)) <= found.blur
        assert found.blur < 1.2 / bins


def test_real_credit_decisions_by_the_logit_of_german_credit_have_scikit_learns_area():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    frame = table("fairness/german_data_credit.csv.gz")
    numbers = frame.select_dtypes("number")
    label = numbers.columns[-1]
    outcomes = (numbers[label] == numbers[label].max()).astype(int).to_numpy()
    features = numbers.drop(columns=label).to_numpy(float)
    features = (features - features.mean(0)) / features.std(0)
    scores = LogisticRegression(max_iter=1000).fit(features, outcomes).predict_proba(features)[:, 1]
    found = auc(*binned(scores, outcomes))
    assert abs(found.value - roc_auc_score(outcomes, scores)) <= found.blur < 0.006


def test_delongs_variance_is_that_of_the_placements_of_a_hand_sized_example():
    """Favourable scores in bins 2, 3, 3; unfavourable ones in 1, 2: 1 + .5, 2 and 2 pairs won of 6.

    Placements of the favourable: .75, 1, 1, of variance 1/48; of the unfavourable: 1, 5/6, of variance 1/72.
    """
    from scipy.stats import t

    found = auc(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0]))
    assert found.value == pytest.approx(5.5 / 6)
    variance = (1 / 48) / 3 + (1 / 72) / 2
    logit = np.log(found.value / (1 - found.value))
    degrees = variance**2 / ((1 / 144) ** 2 / 2 + (1 / 144) ** 2 / 1)
    reach = t.ppf(0.975, degrees) * np.sqrt(variance) / (found.value * (1 - found.value))
    assert found.sampling == pytest.approx(tuple(1 / (1 + np.exp(-(logit + s * reach))) for s in (-1, 1)))
    assert found.blur == pytest.approx(1 / 12)


def test_hanley_and_mcneils_variance_is_that_of_exponential_scores():
    """Of which favourable ones are four times as long on average: the area is 4 / 5."""
    rng = np.random.default_rng(1)
    up, down = rng.exponential(4, (4000, 40)), rng.exponential(1, (4000, 60))
    areas = (up[:, :, None] > down[:, None, :]).mean(axis=(1, 2))
    assert areas.mean() == pytest.approx(0.8, abs=2e-3)
    assert hanley_mcneil(0.8, 40, 60) == pytest.approx(areas.var(), rel=0.06)


def test_a_perfect_ranking_is_not_certain():
    found = auc(np.array([0.0, 20.0]), np.array([30.0, 0.0]))
    assert (found.value, found.sampling[1]) == (1.0, 1.0)
    assert 0.8 < found.sampling[0] < 0.95
    assert auc(np.array([20.0, 0.0]), np.array([0.0, 30.0])).sampling[0] == 0.0


def test_one_kind_of_outcome_has_no_area():
    assert auc(np.array([3.0, 1.0]), np.zeros(2)) is None


@pytest.mark.parametrize(
    ("positives", "negatives", "shift"), [(11, 11, 1.0), (30, 100, 1.0), (200, 200, 0.5)]
)
def test_its_interval_covers_about_95_percent(positives, negatives, shift):
    from statistics import NormalDist

    truth = NormalDist().cdf(shift / np.sqrt(2))
    rng = np.random.default_rng(positives)
    held, runs = 0, 1500
    for _ in range(runs):
        up, down = rng.normal(shift, 1, positives), rng.normal(0, 1, negatives)
        places = [np.clip(((x + 6) * 20).astype(int), 0, 255) for x in (up, down)]
        counts = [np.bincount(place, minlength=256).astype(float) for place in places]
        low, high = auc(*counts).sampling
        held += low <= truth <= high
    assert 0.935 <= held / runs <= 0.98
