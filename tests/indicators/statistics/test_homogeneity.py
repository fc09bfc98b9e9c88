from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, ks_2samp

from governance_pipeline.indicators.statistics.homogeneity import (
    change_p_value,
    chi_square_fit_p_value,
    chi_square_p_value,
    ks_p_value,
)

counts = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=2, max_size=20)


@given(counts)
def test_chi_square_equals_scipy_on_the_two_way_table(pairs):
    then, now = zip(*pairs, strict=True)
    expected = chi2_contingency(np.array([then, now]), correction=False).pvalue
    assert chi_square_p_value(then, now) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(counts)
def test_the_fit_test_equals_scipy_with_expectations_from_the_reference(pairs):
    then, now = (np.array(part) for part in zip(*pairs, strict=True))
    expected = chisquare(now, then / then.sum() * now.sum()).pvalue
    assert chi_square_fit_p_value(then, now) == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_one_category_cannot_have_changed_and_an_unknown_one_cannot_be_explained():
    assert chi_square_p_value([5], [9]) == chi_square_fit_p_value([5], [9]) == 1.0
    assert chi_square_fit_p_value([5, 0], [4, 1]) == 0.0


@pytest.mark.parametrize("sizes", [(300, 80), (10_001, 40), (30_000, 20_000)])
def test_the_ks_p_value_equals_scipy_for_small_and_large_samples(sizes):
    rng = np.random.default_rng(3)
    samples = [
        rng.integers(0, 50, size) + rng.integers(0, 2, size) * shift for shift, size in enumerate(sizes)
    ]
    then, now = (np.bincount(sample, minlength=60) for sample in samples)
    assert ks_p_value(then, now) == pytest.approx(ks_2samp(*samples).pvalue, rel=1e-9)


NOTHING_CHANGED = {
    "even": np.full(22, 1 / 22),
    "skewed": 0.6 ** np.arange(22) / (0.6 ** np.arange(22)).sum(),
    "almost constant": np.array([0.998, 0.0005, 0.0005, 0.001]),
    "rare categories": np.r_[0.5, np.full(200, 0.0025)],
    "two values": np.array([0.7, 0.3]),
}


@pytest.mark.parametrize("shares", NOTHING_CHANGED.values(), ids=NOTHING_CHANGED)
@pytest.mark.parametrize(("then", "now"), [(2000, 50), (2000, 500), (100_000, 200), (500, 50_000)])
def test_p_values_are_honest_where_nothing_changed(shares, then, now):
    """5 % of null samples may fall under 0.05 and 1 per mille under 0.001, also with nearly empty bins.

    Bounds are four standard errors above: 2,000 samples, so 0.05 + 4 x 0.0049 and 0.001 + 4 x 0.0007.
    """
    rng = np.random.default_rng(11)
    samples = zip(rng.multinomial(then, shares, 2000), rng.multinomial(now, shares, 2000), strict=True)
    found = np.array([change_p_value(*pair) for pair in samples])
    assert (found <= 0.05).mean() <= 0.07
    assert (found <= 0.001).mean() <= 0.004


def test_values_never_seen_before_are_found_though_the_reference_is_a_thousand_times_larger():
    """Joining the new bin with its neighbour would hide ten rows of two hundred: all the chi-square
    test would see is one bin. By hand: ten rows of the new value, each with chance 1/501 to be in the
    smaller sample, is (1/501)^10 = 1e-27.
    """
    assert change_p_value([100_000, 0], [190, 10]) < 1e-25


def test_p_values_stay_probabilities_at_the_extremes():
    assert change_p_value([10**6, 0, 0], [0, 0, 10**6]) == 0.0
    assert change_p_value([1], [1]) == 1.0
    assert change_p_value([1, 0], [0, 1]) == 1.0


def test_equal_sizes_that_hardly_differ_are_certainly_no_change():
    for size in range(2, 140):
        assert ks_p_value([0, size], [1, size - 1]) > 0.999
