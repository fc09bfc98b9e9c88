from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import ks_2samp, wasserstein_distance

from governance_pipeline.indicators.statistics.distances import (
    HALDANE,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    psi_contributions,
    total_variation,
    wasserstein,
    wasserstein_normed,
)

ALL = (psi, jensen_shannon, hellinger, total_variation, kolmogorov_smirnov)


@st.composite
def pairs(draw):
    bins = draw(st.integers(1, 30))
    counts = st.lists(st.integers(0, 200), min_size=bins, max_size=bins).filter(any)
    return draw(counts), draw(counts)


def test_psi_of_a_moved_tenth_is_what_the_formula_gives_by_hand():
    # (0.5 - 0.4) ln(0.5 / 0.4) + (0.5 - 0.6) ln(0.5 / 0.6) = 0.1 ln 1.25 + 0.1 ln 1.2 = 0.1 ln 1.5
    assert psi([50, 50], [40, 60]) == pytest.approx(0.1 * math.log(1.5), rel=1e-12)


def test_an_empty_bin_counts_as_a_ten_thousandth_unless_shares_are_that_small_anyway():
    assert psi([100, 0], [50, 50]) == pytest.approx(
        0.5 * math.log(2) + (0.5 - 1e-4) * math.log(5000), rel=1e-9
    )
    # The smallest share is 1 in 20,000, half of 0.0001: a millionth of it stands for zero.
    reference, current = [19_999, 1, 0], [19_999, 0, 1]
    tiny = 1 / 20_000 / 10**6
    assert psi(reference, current) == pytest.approx(2 * (1 / 20_000 - tiny) * math.log(10**6), rel=1e-9)


def test_half_a_row_is_added_to_bins_that_either_sample_fills():
    by_hand = psi([10.5, 0.5], [5.5, 5.5])
    assert psi([10, 0, 0], [5, 5, 0], pseudocount=HALDANE) == pytest.approx(by_hand, rel=1e-12)


def test_distances_of_disjoint_distributions_reach_their_ends():
    apart = ([3, 0], [0, 7])
    assert jensen_shannon(*apart) == pytest.approx(math.sqrt(math.log(2)))
    assert jensen_shannon(*apart, base=2) == pytest.approx(1)
    assert hellinger(*apart) == total_variation(*apart) == kolmogorov_smirnov(*apart) == 1
    assert wasserstein(*apart, [0.33, 33.0]) == pytest.approx(32.67)


@given(pairs(), st.integers(1, 50))
def test_a_distribution_has_no_distance_to_a_multiple_of_itself(pair, factor):
    counts = np.array(pair[0])
    for found in ALL:
        assert found(counts, counts * factor) == pytest.approx(0, abs=2e-8)
    assert wasserstein(counts, counts * factor, range(len(counts))) == pytest.approx(0, abs=1e-9)


@given(pairs())
def test_distances_are_symmetric_finite_and_never_negative(pair):
    for found in ALL:
        one, other = found(*pair), found(*pair[::-1])
        assert math.isfinite(one)
        assert one >= 0
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


@given(pairs())
def test_contributions_add_up_to_the_index_and_none_is_negative(pair):
    parts = psi_contributions(*pair, pseudocount=HALDANE)
    assert (parts >= 0).all()
    assert parts.sum() == pytest.approx(psi(*pair, pseudocount=HALDANE), rel=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of its p-value, which is not looked at
@given(pairs())
def test_values_equal_scipy_on_the_rows_the_counts_stand_for(pair):
    then, now = pair
    positions = np.arange(len(then)) * 1.5 - 4
    rows = np.repeat(positions, then), np.repeat(positions, now)

    assert wasserstein(then, now, positions) == pytest.approx(wasserstein_distance(*rows), rel=1e-9, abs=1e-9)
    assert kolmogorov_smirnov(then, now) == pytest.approx(ks_2samp(*rows).statistic, abs=1e-12)
    expected = distance.jensenshannon(np.array(then) / sum(then), np.array(now) / sum(now))
    assert jensen_shannon(then, now) == pytest.approx(expected, rel=1e-6, abs=3e-8)


def test_a_constant_reference_does_not_divide_by_zero():
    assert wasserstein_normed([5, 0], [0, 5], [0.0, 2.0], deviation=0.0) == pytest.approx(2000)


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        ([1, 2], [1, 2, 3]),
        ([[1, 2]], [[1, 2]]),
        ([1, -1], [1, 1]),
        ([1, math.nan], [1, 1]),
        ([1, math.inf], [1, 1]),
        ([0, 0], [1, 1]),
        ([1, 1], [0, 0]),
        ([], []),
    ],
)
def test_what_is_no_pair_of_distributions_is_refused_rather_than_called_equal(reference, current):
    for found in ALL:
        with pytest.raises(ValueError, match=r"counts|distribution"):
            found(reference, current)


@pytest.mark.parametrize("positions", [[1.0], [2.0, 1.0], [0.0, math.nan]])
def test_wasserstein_needs_one_ascending_position_per_bin(positions):
    with pytest.raises(ValueError, match="positions"):
        wasserstein([1, 2], [2, 1], positions)
