"""Could two samples come from the same distribution? P-values from counts on the same bins.

A p-value never decides alone here (BARS: per-feature p < 0.05 is not a decision); it feeds the
false-discovery control of :mod:`multiplicity`, beside an effect's interval.
"""

from __future__ import annotations

import math

import numpy as np

from governance_pipeline.indicators.statistics.distances import (
    Array,
    Counts,
    kolmogorov_smirnov,
    paired,
    shares,
)

LEAST_EXPECTED = 5.0
"""Expected rows per cell from which the chi-square distribution fits (Cochran 1954)."""

KS_EXACT_LIMIT = 10_000
"""Larger samples use the asymptotic distribution; scipy's own limit, so that p-values agree."""


def chi_square_p_value(reference: Counts, current: Counts) -> float:
    """Pearson's chi-square test that both samples have the same shares; bins empty in both do not count.

    One bin has nothing that could differ: 1.0. Source: Pearson (1900); for two samples Fisher (1922).
    """
    then, now = paired(reference, current)
    used = (then + now) > 0
    then, now = then[used], now[used]
    pooled = (then + now) / (then.sum() + now.sum())
    statistic = sum(
        float(((seen - pooled * seen.sum()) ** 2 / (pooled * seen.sum())).sum()) for seen in (then, now)
    )
    return _chi_square_tail(statistic, len(then) - 1)


def chi_square_fit_p_value(reference: Counts, current: Counts) -> float:
    """Chi-square test of the current counts against the reference's shares taken as known.

    This is Evidently's ``chisquare``. It ignores that the reference is a sample too, so it finds
    drift too often; decisions use :func:`change_p_value`. With one category Evidently gives NaN,
    we give 1.0: nothing differs. A category that the reference never had gives 0.0 in both.
    """
    then, now = paired(reference, current)
    used = (then + now) > 0
    expected, observed = shares(then)[used] * now.sum(), now[used]
    if (expected == 0).any():
        return 0.0
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return _chi_square_tail(statistic, len(observed) - 1)


def _chi_square_tail(statistic: float, degrees: int) -> float:
    if degrees < 1:
        return 1.0
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))


def ks_p_value(reference: Counts, current: Counts) -> float:
    """Two-sided p-value of the two-sample Kolmogorov-Smirnov test on ordered bins.

    Equal to ``scipy.stats.ks_2samp`` when every distinct value is a bin; on wider bins it is too
    large, never too small. Source: Smirnov (1948); Hodges (1958) for small samples.
    """
    then, now = paired(reference, current)
    n, m = int(then.sum()), int(now.sum())
    if max(n, m) <= KS_EXACT_LIMIT:
        from scipy.stats import ks_2samp

        bins = np.arange(len(then))
        return float(ks_2samp(np.repeat(bins, then.astype(int)), np.repeat(bins, now.astype(int))).pvalue)
    from scipy.stats import kstwo

    return float(kstwo.sf(kolmogorov_smirnov(then, now), np.round(n * m / (n + m))))


def change_p_value(reference: Counts, current: Counts) -> float:
    """The p-value drift is judged by: a chi-square test that stays honest where bins are nearly empty.

    Bins that expect fewer than five rows are joined with their neighbour before the chi-square test
    (Cochran 1954). Joining could hide values that were never seen before, so each such bin is also
    asked on its own whether the smaller sample has too many of its rows (binomial tail, which bounds
    the exact hypergeometric one; Hoeffding 1963), and the smallest answer counts, times the number
    of questions asked (Bonferroni).
    """
    then, now = paired(reference, current)
    used = (then + now) > 0
    then, now = then[used], now[used]
    expected = (then + now) * min(then.sum(), now.sum()) / (then.sum() + now.sum())
    joined = chi_square_p_value(*_joined(then, now, expected))
    rare = expected < LEAST_EXPECTED
    if not rare.any():
        return joined
    small, large = (then, now) if then.sum() <= now.sum() else (now, then)
    alone = _rarest_excess(small[rare], large[rare], float(small.sum() / (then.sum() + now.sum())))
    return min(1.0, 2 * min(joined, alone))


def _joined(then: Array, now: Array, expected: Array) -> tuple[Array, Array]:
    """Neighbouring bins added up until each expects enough rows; what is left joins the last."""
    starts, waiting = [0], 0.0
    for index, rows in enumerate(expected):
        waiting += float(rows)
        if waiting >= LEAST_EXPECTED and index + 1 < len(expected):
            starts.append(index + 1)
            waiting = 0.0
    if len(starts) > 1 and waiting < LEAST_EXPECTED:
        starts.pop()
    return np.add.reduceat(then, starts), np.add.reduceat(now, starts)


def _rarest_excess(small: Array, large: Array, share: float) -> float:
    """Bonferroni-corrected smallest P(at least as many of a bin's rows in the smaller sample)."""
    from scipy.special import bdtrc

    tails = [
        float(bdtrc(seen - 1, int(seen + other), share))
        for seen, other in zip(small, large, strict=True)
        if seen > 0
    ]
    smallest = min(tails, default=1.0)
    return 1.0 if math.isnan(smallest) else min(1.0, smallest * len(small))
