from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, norm

from governance_pipeline.indicators.statistics.effects import psi_cut, psi_effect, psi_effects


def moved(shift, bins=20):
    """Shares of a standard normal on its own quantiles, and of one moved by ``shift``; nothing missing."""
    edges = norm.ppf(np.arange(1, bins) / bins)
    return np.r_[np.full(bins, 1 / bins), 0.0], np.r_[np.diff(np.r_[0, norm.cdf(edges - shift), 1]), 0.0]


@pytest.mark.parametrize("shift", [0.1, 0.2, 0.5])
@pytest.mark.parametrize(("then", "now"), [(5000, 200), (5000, 1000), (100_000, 100_000)])
def test_the_lower_end_lies_above_the_truth_in_at_most_5_percent_where_the_order_is_used(shift, then, now):
    p, q = moved(shift)
    used = (p > 0) & (q > 0)
    truth = float(((p - q)[used] * np.log(p[used] / q[used])).sum())
    rng = np.random.default_rng(101)
    samples = (rng.multinomial(then, p, 4000).astype(float), rng.multinomial(now, q, 4000).astype(float))
    effects = psi_effects(*samples, ordered=True)
    assert (effects.low > truth).mean() <= 0.05
    assert (effects.low <= effects.value).all()
    assert (effects.value <= effects.high).all()


def test_the_order_tells_more_of_a_shift_by_a_fifth_than_twenty_bins_do():
    p, q = moved(0.2)
    rng = np.random.default_rng(103)
    samples = (rng.multinomial(5000, p, 2000).astype(float), rng.multinomial(1000, q, 2000).astype(float))
    told = [(psi_effects(*samples, ordered=ordered).low > 0.005).mean() for ordered in (False, True)]
    assert told[0] < 0.86
    assert told[1] > 0.9


def test_missing_values_are_no_end_of_the_order():
    """Half of the rows lose their value, at random: the ranks of the rest have not moved."""
    then, now = [0, 250, 250, 250, 250, 0], [0, 125, 125, 125, 125, 500]
    plain, ordered = psi_effect(then, now), psi_effect(then, now, ordered=True)
    assert ordered.low <= plain.low
    assert ordered.low > 0.9 * plain.low, "all that is lost is the error given to the question of order"


@pytest.mark.parametrize("rows", [50, 200, 1000, 10_000, 1_000_000])
@pytest.mark.parametrize("shape", ["even", "tails"])
def test_at_most_two_in_a_thousand_unchanged_columns_pass_the_999_cut(rows, shape):
    """One is expected; of 10,000 at most 20 (BARS)."""
    shares = np.full(20, 0.05)
    if shape == "tails":
        shares = np.diff(np.r_[0.0, norm.cdf(np.linspace(-3.5, 3.5, 19)), 1.0])
    rng = np.random.default_rng(rows)
    for then in (5000, rows):
        samples = (
            rng.multinomial(then, shares, 10_000).astype(float),
            rng.multinomial(rows, shares, 10_000).astype(float),
        )
        over = psi_effects(*samples, ordered=False).observed > psi_cut(*samples)
        assert over.sum() <= 20


def test_the_cut_is_yurdakuls_and_naranjos():
    counts = np.full((1, 10), 400.0)
    expected = chi2.ppf(0.999, 9) * (1 / 4000 + 1 / 2000)
    assert psi_cut(counts, counts / 2)[0] == pytest.approx(expected)
