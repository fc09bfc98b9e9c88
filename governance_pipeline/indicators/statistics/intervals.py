"""Intervals and p-values for proportions and for the population stability index."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from governance_pipeline.indicators.statistics.distances import (
    HALDANE,
    Counts,
    paired,
    psi_contributions,
    smoothed,
)
from governance_pipeline.indicators.statistics.homogeneity import LEAST_EXPECTED

CONFIDENCE = 0.95


def quantile(confidence: float) -> float:
    """Standard normal deviate that leaves (1 - confidence) / 2 in each tail."""
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion. Source: Wilson (1927), J. Am. Statist. Assoc. 22.

    Raises ValueError where there is no proportion: n = 0, or successes outside 0 to n.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a proportion")
    z = quantile(confidence)
    share = successes / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Where nobody or everybody succeeded, the limit is 0 or 1 exactly, which floats miss by 1e-17.
    low = 0.0 if successes == 0 else (centre - reach) / scale
    high = 1.0 if successes == n else (centre + reach) / scale
    return low, high


def newcombe(
    successes: int, n: int, reference_successes: int, reference_n: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the difference of two proportions (first minus reference), hybrid score method.

    Covers near its nominal level from n = 11 on and with 0 or n successes, where Wald's interval
    covers 79 %. Source: Newcombe (1998), Statist. Med. 17, 873-890, method 10.
    """
    low, high = wilson(successes, n, confidence)
    reference_low, reference_high = wilson(reference_successes, reference_n, confidence)
    share, reference = successes / n, reference_successes / reference_n
    difference = share - reference
    down = math.hypot(share - low, reference_high - reference)
    up = math.hypot(high - share, reference - reference_low)
    return max(-1.0, difference - down), min(1.0, difference + up)


def two_proportion_p_value(successes: int, n: int, reference_successes: int, reference_n: int) -> float:
    """Two-sided p-value that two proportions are equal: the score test with pooled variance.

    Where a cell expects fewer than five, Fisher's exact test, because the score test then finds
    differences that are not there (Cochran 1954). Source: Pearson (1900); Fisher (1935).
    """
    for part, whole in ((successes, n), (reference_successes, reference_n)):
        if whole < 1 or not 0 <= part <= whole:
            raise ValueError(f"{part} of {whole} is not a proportion")
    total, hits = n + reference_n, successes + reference_successes
    if hits in (0, total):
        return 1.0
    if min(n, reference_n) * min(hits, total - hits) / total < LEAST_EXPECTED:
        from scipy.stats import fisher_exact

        table = [[successes, n - successes], [reference_successes, reference_n - reference_successes]]
        return min(1.0, float(fisher_exact(table).pvalue))
    pooled = hits / total
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / reference_n))
    return math.erfc(abs(successes / n - reference_successes / reference_n) / error / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class PsiEffect:
    """The population stability index as an effect, freed from what chance alone adds.

    Attributes:
        value: the index less ``chance``, at least 0: what is estimated.
        low: lower end of the interval of the true index; 0 where no drift is compatible.
        high: upper end.
        observed: the index as counted (half a row added to each bin).
        chance: what the index is on average when nothing drifted.
    """

    value: float
    low: float
    high: float
    observed: float
    chance: float


def psi_effect(reference: Counts, current: Counts, confidence: float = CONFIDENCE) -> PsiEffect:
    """Estimate and interval of the true population stability index between two samples.

    With no drift, index / s with s = 1/n + 1/m follows a chi-square distribution with k - 1 degrees
    of freedom (Yurdakul & Naranjo 2020, J. Risk Model Validation 14; Jeffreys' divergence is locally
    Pearson's chi-square): its mean (k-1)s is what chance adds, so it is taken off. With drift the
    distribution is the noncentral one with variance 2(k-1)s^2 + 4 s index. The interval is the set of
    indices that a normal test with this variance does not reject (a score interval, closed form). A
    strong drift spreads more than the local approximation says; then 4 s is raised to the variance
    of the delta method (multinomial sampling of both). Bins that expect less than one row count as
    that part of a degree of freedom.

    By simulation the lower end lies above a true index of 0.05 or more in at most 5 % of samples
    from 200 rows on; above about 1 the estimate is biased towards smaller drift, never towards more.
    """
    then, now = paired(reference, current)
    scale = float(1 / then.sum() + 1 / now.sum())
    observed = float(psi_contributions(then, now, pseudocount=HALDANE).sum())
    expected = (then + now) * min(then.sum(), now.sum()) / (then.sum() + now.sum())
    degrees = max(0.0, float(np.minimum(expected, 1.0).sum()) - 1)
    chance = degrees * scale
    estimate = observed - chance

    square = quantile(confidence) ** 2
    spread = max(4 * scale, _delta_variance(then, now) / observed if observed > 0 else 0.0)
    still = 2 * square * degrees * scale**2
    middle = estimate + square * spread / 2
    root = math.sqrt(max(0.0, middle**2 - estimate**2 + still))
    low = 0.0 if estimate <= 0 or estimate**2 <= still else max(0.0, middle - root)
    high = max(0.0, middle + root)
    value = max(0.0, estimate)
    return PsiEffect(value, min(low, value), max(high, value), observed, chance)


def _delta_variance(reference: Counts, current: Counts) -> float:
    """Variance of the index by the delta method, over multinomial sampling of both samples."""
    then, now = paired(reference, current)
    p, q = smoothed(then, now, HALDANE)
    used = (p > 0) & (q > 0)
    p, q = p[used], q[used]
    variance = 0.0
    for share, other, n in ((p, q, then.sum()), (q, p, now.sum())):
        slope = np.log(share / other) + 1 - other / share
        variance += float((share * slope**2).sum() - (share * slope).sum() ** 2) / float(n)
    return variance
