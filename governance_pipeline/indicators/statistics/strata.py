"""Is a gap between two groups still there among like with like? Gaps within strata, put together.

A gap that turns round within strata is Simpson's paradox: the groups differ in where they apply, not in
how they are treated there (Bickel, Hammel & O'Connell 1975, Science 187, on admissions to Berkeley).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile

Share = tuple[int, int]
"""How many, of how many."""


@dataclass(frozen=True, slots=True)
class WithinStrata:
    """The gap of two groups within strata.

    Attributes:
        difference: common difference (group less reference) over the strata.
        interval: its 95 % interval.
        against: strata whose own difference has the other sign than the crude one; ``compared`` all
            strata in which both groups are.
        crude: the difference over all strata together.
    """

    difference: float
    interval: tuple[float, float]
    crude: float
    against: tuple[str, ...]
    compared: int

    @property
    def reverses(self) -> bool:
        """Whether the common difference has the other sign than the crude one."""
        return self.difference * self.crude < 0


def within_strata(shares: Mapping[str, tuple[Share, Share]]) -> WithinStrata | None:
    """The common difference by Mantel and Haenszel with Greenland and Robins' weights.

    Args:
        shares: by stratum, (group's, reference group's) share.

    Returns:
        None where no stratum holds both groups. The interval is Sato's, which is right both for few
        large strata and for many small ones. Source: Greenland & Robins (1985), Biometrics 41, 55-68;
        Sato (1989), Biometrics 45, 1323-1324.
    """
    both = {name: pair for name, pair in shares.items() if pair[0][1] and pair[1][1]}
    if not both:
        return None
    weight = top = p_sum = q_sum = 0.0
    against: list[str] = []
    crude = _crude(both)
    for name, ((hits, n), (other_hits, other_n)) in both.items():
        total = n + other_n
        own = hits / n - other_hits / other_n
        weight += n * other_n / total
        top += own * n * other_n / total
        p_sum += (other_n**2 * hits - n**2 * other_hits + n * other_n * (other_n - n) / 2) / total**2
        q_sum += (hits * (other_n - other_hits) + other_hits * (n - hits)) / (2 * total)
        if own * crude < 0:
            against.append(name)
    common = top / weight
    error = math.sqrt(max(0.0, common * p_sum + q_sum)) / weight
    reach = quantile(CONFIDENCE) * error
    interval = (max(-1.0, common - reach), min(1.0, common + reach))
    return WithinStrata(common, interval, crude, tuple(sorted(against)), len(both))


def _crude(both: Mapping[str, tuple[Share, Share]]) -> float:
    hits, n = (sum(pair[0][place] for pair in both.values()) for place in (0, 1))
    other_hits, other_n = (sum(pair[1][place] for pair in both.values()) for place in (0, 1))
    return hits / n - other_hits / other_n
