from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact, norm

from governance_pipeline.indicators.statistics.effects import psi_effect
from governance_pipeline.indicators.statistics.intervals import (
    newcombe,
    quantile,
    two_proportion_p_value,
    wilson,
)

NEWCOMBE_TABLE_2 = [  # Newcombe (1998), Statist. Med. 17, 873-890, table II, method 10
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]
WILSON_TABLE = [  # Newcombe (1998), Statist. Med. 17, 857-872, table I, method 3
    ((81, 263), (0.2553, 0.3662)),
    ((15, 148), (0.0624, 0.1605)),
    ((0, 20), (0.0, 0.1611)),
    ((1, 29), (0.0061, 0.1718)),
]


@pytest.mark.parametrize(("counts", "interval"), NEWCOMBE_TABLE_2)
def test_the_difference_of_proportions_has_newcombes_published_interval(counts, interval):
    assert newcombe(*counts) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize(("counts", "interval"), WILSON_TABLE)
def test_a_proportion_has_wilsons_published_interval(counts, interval):
    assert wilson(*counts) == pytest.approx(interval, abs=5e-5)


@st.composite
def proportions(draw):
    n, m = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
    return draw(st.integers(0, n)), n, draw(st.integers(0, m)), m


@given(proportions())
def test_a_proportions_interval_equals_scipy(counts):
    hits, n, _, _ = counts
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(proportions())
def test_an_interval_holds_its_difference_and_turns_around_with_it(counts):
    hits, n, other, m = counts
    low, high = newcombe(*counts)
    assert low - 1e-12 <= hits / n - other / m <= high + 1e-12
    assert newcombe(other, m, hits, n) == pytest.approx((-high, -low), abs=1e-12)


def wald(hits, n, other, m):
    p, q = hits / n, other / m
    reach = 1.96 * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return p - q - reach, p - q + reach


def covered(interval, n, m, rng, draws=4000):
    """Share of intervals that hold the true difference, over groups with rates between 5 and 95 %."""
    rates = rng.uniform(0.05, 0.95, (draws, 2))
    hits = rng.binomial((n, m), rates)
    held = [
        low <= p - q <= high
        for (p, q), (low, high) in zip(rates, (interval(int(a), n, int(b), m) for a, b in hits), strict=True)
    ]
    return float(np.mean(held))


@pytest.mark.parametrize("n", [11, 30, 100, 1000, 10_000])
def test_newcombes_interval_covers_94_to_96_percent(n):
    """One percentage point either side, and two standard errors (0.7) for the 4,000 draws."""
    assert 0.933 <= covered(newcombe, n, n, np.random.default_rng(n)) <= 0.967
    assert 0.933 <= covered(newcombe, n, 20 * n, np.random.default_rng(n + 1)) <= 0.967


def test_the_coverage_test_would_notice_walds_interval():
    assert covered(wald, 11, 220, np.random.default_rng(11)) < 0.92


@given(proportions())
def test_the_p_value_is_the_score_test_or_fishers_where_cells_are_small(counts):
    hits, n, other, m = counts
    found = two_proportion_p_value(*counts)
    total, good = n + m, hits + other
    if good in (0, total):
        assert found == 1.0
    elif min(n, m) * min(good, total - good) / total < 5:
        assert found == pytest.approx(fisher_exact([[hits, n - hits], [other, m - other]]).pvalue, rel=1e-9)
    else:
        pooled = good / total
        z = (hits / n - other / m) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        assert found == pytest.approx(2 * norm.sf(abs(z)), rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("counts", [(1, 0, 1, 2), (3, 2, 1, 2), (-1, 2, 1, 2), (1, 2, 0, 0)])
def test_no_rows_or_impossible_counts_have_no_proportion(counts):
    for found in (newcombe, two_proportion_p_value):
        with pytest.raises(ValueError, match="not a proportion"):
            found(*counts)


@pytest.mark.parametrize("confidence", [0, 1, -1, 95, math.nan])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="confidence"):
        quantile(confidence)


def normal_shift(shift, bins=20):
    """Shares of a standard normal on its own quantiles, and of one moved by ``shift``."""
    edges = norm.ppf(np.arange(1, bins) / bins)
    now = np.diff(np.r_[0, norm.cdf(edges - shift), 1])
    return np.full(bins, 1 / bins), now


def true_index(p, q):
    return float(((p - q) * np.log(p / q)).sum())


@pytest.mark.parametrize("shift", [0.25, 0.5, 1.0])
@pytest.mark.parametrize(("then", "now"), [(5000, 200), (1000, 500), (5000, 1000), (1_000_000, 1_000_000)])
def test_the_lower_end_of_the_index_lies_above_the_truth_in_at_most_5_percent(shift, then, now):
    """Nominally 2.5 % above; 5 % is promised, and 1 % is two standard errors of 2,000 samples."""
    p, q = normal_shift(shift)
    rng = np.random.default_rng(17)
    samples = zip(rng.multinomial(then, p, 2000), rng.multinomial(now, q, 2000), strict=True)
    effects = [psi_effect(*pair) for pair in samples]
    truth = true_index(p, q)
    assert np.mean([effect.low > truth for effect in effects]) <= 0.06
    assert np.mean([effect.low <= truth <= effect.high for effect in effects]) >= 0.92


def test_what_chance_adds_is_taken_off():
    """20 bins, 5,000 and 200 rows, no drift: the index is 19 x (1/5000 + 1/200) = 0.0988 on average,
    which looks like drift; what is estimated is nothing.
    """
    p, _ = normal_shift(0)
    rng = np.random.default_rng(19)
    samples = list(zip(rng.multinomial(5000, p, 1000), rng.multinomial(200, p, 1000), strict=True))
    effects = [psi_effect(*pair) for pair in samples]
    assert effects[0].chance == pytest.approx(19 * (1 / 5000 + 1 / 200), rel=1e-9)
    assert np.mean([effect.observed for effect in effects]) == pytest.approx(0.0988, rel=0.1)
    assert np.mean([effect.value for effect in effects]) < 0.02
    assert np.mean([effect.low > 0.05 for effect in effects]) == 0


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=25).filter(
        lambda pairs: any(a for a, _ in pairs) and any(b for _, b in pairs)
    )
)
def test_the_index_lies_in_its_interval_and_nothing_is_negative_or_infinite(pairs):
    effect = psi_effect(*zip(*pairs, strict=True))
    assert 0 <= effect.low <= effect.value <= effect.high < math.inf
    assert effect.observed >= 0 <= effect.chance
