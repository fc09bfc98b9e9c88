from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm

from governance_pipeline.indicators.statistics.distances import HALDANE, psi
from governance_pipeline.indicators.statistics.location import Location
from governance_pipeline.indicators.statistics.noise import Noise

counts = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=12).filter(
    lambda pairs: sum(a for a, _ in pairs) > 1 and sum(b for _, b in pairs) > 1
)


def located(then, now):
    return Location.of(np.array([then], float), np.array([now], float))


def p_value(found, bins=2):
    return float(found.p_values(Noise.none(1, bins))[0])


@given(counts)
def test_the_statistic_equals_mann_and_whitneys_with_ties(pairs):
    then, now = zip(*pairs, strict=True)
    found = located(then, now)
    if sum(a + b > 0 for a, b in pairs) < 2:
        assert (found.z[0], p_value(found)) == (0, 1)
        return
    bins = np.arange(len(then))
    oracle = mannwhitneyu(
        np.repeat(bins, now), np.repeat(bins, then), use_continuity=False, method="asymptotic"
    )
    assert 2 * norm.sf(abs(found.z[0])) == pytest.approx(oracle.pvalue, rel=1e-9)


@given(counts)
def test_the_square_of_the_shift_is_never_above_the_index(pairs):
    """Cauchy and Schwarz; the index with half a row in each bin, and the shift of the same counts."""
    used = [(a + HALDANE, b + HALDANE) for a, b in pairs if a + b]
    then, now = zip(*used, strict=True)
    assert located(then, now).shift[0] ** 2 <= psi(then, now) * (1 + 1e-9) + 1e-12


def test_a_normal_variable_moved_by_a_fifth_moves_its_ranks_by_as_much():
    """P(X < Y) = Phi(d / sqrt 2); ranks have standard deviation 1 / sqrt 12 (0.995 of d on 200 bins)."""
    edges = norm.ppf(np.arange(1, 200) / 200)
    then, now = (np.diff(np.r_[0, norm.cdf(edges - d), 1]) * 1e6 for d in (0.0, 0.2))
    expected = (norm.cdf(0.2 / np.sqrt(2)) - 0.5) * np.sqrt(12)
    assert located(then, now).shift[0] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("then", "now"), [((5, 0), (7, 0)), ((0, 0), (3, 4)), ((3, 4), (0, 0))])
def test_where_nothing_can_move_nothing_is_claimed(then, now):
    found = located(then, now)
    assert (found.shift[0], found.error[0], found.z[0], p_value(found)) == (0, 0, 0, 1)


def test_the_error_covers_the_shift_that_there_is():
    """5,000 and 300 rows, moved by half a standard deviation: 95 % of intervals hold the true shift."""
    edges = norm.ppf(np.arange(1, 20) / 20)
    p, q = (np.diff(np.r_[0, norm.cdf(edges - d), 1]) for d in (0.0, 0.5))
    truth = located(p * 1e6, q * 1e6).shift[0]
    rng = np.random.default_rng(31)
    found = Location.of(
        rng.multinomial(5000, p, 4000).astype(float), rng.multinomial(300, q, 4000).astype(float)
    )
    held = np.abs(found.shift - truth) <= 1.96 * found.error
    assert 0.94 <= held.mean() <= 0.97


@pytest.mark.parametrize("shares", [(0.99, 0.01), (0.7, 0.2, 0.1), (0.5, 0.3, 0.1, 0.06, 0.04)])
def test_lopsided_columns_have_honest_tails(shares):
    """A hundred rows against 5,000, of which 1 % hold the other value: the normal tail is off by a factor
    of 30 at 1 in 10,000. Bounds are four standard errors above, of 200,000 draws.
    """
    rng = np.random.default_rng(37)
    then = rng.multinomial(5000, shares, 200_000).astype(float)
    now = rng.multinomial(100, shares, 200_000).astype(float)
    found = Location.of(then, now).p_values(Noise.none(200_000, len(shares)))
    assert (found <= 1e-3).mean() <= 1e-3 + 4 * (1e-3 / 200_000) ** 0.5
    assert (found <= 1e-4).mean() <= 1e-4 + 4 * (1e-4 / 200_000) ** 0.5
