"""Intervals and p-values for proportions."""

from __future__ import annotations

import math
from statistics import NormalDist

from governance_pipeline.indicators.statistics.homogeneity import LEAST_EXPECTED

CONFIDENCE = 0.95
_EQUALLY_LIKELY = 1e-7  # two tables are equally likely where rounding alone tells them apart, as R has it


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
    return wilson_of_share(successes / n, n, confidence)


def wilson_of_share(share: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The same for a share that is worth ``n`` independent trials, which need not be whole."""
    z = quantile(confidence)
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Where nobody or everybody succeeded, the limit is 0 or 1 exactly, which floats miss by 1e-17.
    low = 0.0 if share <= 0 else (centre - reach) / scale
    high = 1.0 if share >= 1 else (centre + reach) / scale
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


def size_interval(difference: tuple[float, float]) -> tuple[float, float]:
    """The interval of a difference's size: its first end is the one that lies nearest to none."""
    low, high = difference
    if low <= 0 <= high:
        return 0.0, max(-low, high)
    return min(abs(low), abs(high)), max(abs(low), abs(high))


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
        return _fisher(successes, n, hits, total)
    pooled = hits / total
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / reference_n))
    return math.erfc(abs(successes / n - reference_successes / reference_n) / error / math.sqrt(2))


def _fisher(successes: int, n: int, hits: int, total: int) -> float:
    """Fisher's exact test, two-sided: the probability, with these margins, of every table that is not
    likelier than this one. A night asks for hundreds, and scipy's ``fisher_exact`` takes a millisecond each.
    """
    import numpy as np
    from scipy.special import gammaln

    counts = np.arange(max(0, hits + n - total), min(n, hits) + 1)
    cells = (counts, n - counts, hits - counts, total - n - hits + counts)
    logs = -sum(gammaln(cell + 1) for cell in cells)
    weights = np.exp(logs - logs.max())
    own = weights[successes - counts[0]] * (1 + _EQUALLY_LIKELY)
    return min(1.0, float(weights[weights <= own].sum() / weights.sum()))
