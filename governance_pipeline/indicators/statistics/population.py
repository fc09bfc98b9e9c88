"""A dataset's groups beside those of the population it should stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from governance_pipeline.indicators.statistics.homogeneity import LEAST_EXPECTED
from governance_pipeline.indicators.statistics.intervals import size_interval, wilson


@dataclass(frozen=True, slots=True)
class AgainstDeclared:
    """A share as counted beside the declared one, which is taken as known.

    Attributes:
        difference: counted less declared; ``interval`` Wilson's (1927), less declared.
        p_value: that the share is the declared one.
    """

    share: float
    declared: float
    n: int
    interval: tuple[float, float]
    p_value: float

    @property
    def difference(self) -> float:
        return self.share - self.declared

    @property
    def size(self) -> float:
        return abs(self.difference)

    @property
    def size_interval(self) -> tuple[float, float]:
        return size_interval(self.interval)


def against_declared(count: int, n: int, declared: float) -> AgainstDeclared:
    """``count`` of ``n`` beside a declared share.

    The p-value is the score test's; where fewer than five are expected on either side, the exact binomial
    one. Raises ValueError where there is no proportion.
    """
    low, high = wilson(count, n)
    return AgainstDeclared(
        count / n, declared, n, (low - declared, high - declared), _p_value(count, n, declared)
    )


def _p_value(count: int, n: int, declared: float) -> float:
    if n * min(declared, 1 - declared) < LEAST_EXPECTED:
        from scipy.stats import binomtest

        return float(binomtest(count, n, declared).pvalue)
    error = math.sqrt(declared * (1 - declared) / n)
    return math.erfc(abs(count / n - declared) / error / math.sqrt(2))


def chi_square(counts: Mapping[str, int], declared: Mapping[str, float]) -> tuple[float, float]:
    """Pearson's (1900) statistic and p-value that ``counts`` were drawn with the ``declared`` shares.

    A group that nobody declared makes the statistic infinite, which is its right value.
    """
    n = sum(counts.values())
    statistic = 0.0
    for group in {*counts, *declared}:
        expected = n * declared.get(group, 0.0)
        seen = counts.get(group, 0)
        if expected:
            statistic += (seen - expected) ** 2 / expected
        elif seen:
            return math.inf, 0.0
    from scipy.special import chdtrc

    degrees = len(declared) - 1
    return statistic, float(chdtrc(degrees, statistic)) if degrees else 1.0
