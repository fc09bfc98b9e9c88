"""The gap between a group and the reference group, and whether it may be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from governance_pipeline.indicators.statistics.calibration import CalibrationGap, Scored
from governance_pipeline.indicators.statistics.groups import Metric, Tally
from governance_pipeline.indicators.statistics.intervals import (
    CONFIDENCE,
    newcombe,
    size_interval,
    two_proportion_p_value,
)
from governance_pipeline.indicators.statistics.rates import Rates
from governance_pipeline.indicators.statistics.ratios import koopman, shortfall

FOUR_FIFTHS = 0.8
"""A selection rate below four fifths of another's is evidence of adverse impact (29 CFR 1607.4 D)."""

ODDS: tuple[Metric, Metric] = ("true_positive_rate", "false_positive_rate")
"""The two rates of which equalized odds take the worse gap (Hardt, Price & Srebro 2016)."""


class Found(Protocol):
    """What every comparison of a group with the reference group yields.

    Attributes:
        n: what the group's side rests on.
        size: the gap without its sign; ``interval`` its 95 % interval.
        p_value: that there is no gap.
    """

    @property
    def n(self) -> int: ...
    @property
    def size(self) -> float: ...
    @property
    def interval(self) -> tuple[float, float]: ...
    @property
    def p_value(self) -> float: ...
    def details(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Gap:
    """One group's rate against the reference group's.

    Attributes:
        n, reference_n: what the rates are shares of.
        difference_interval: 95 % interval of rate - reference_rate, by Newcombe.
        p_value: that both rates are equal.
        ratio_interval: 95 % interval of rate / reference_rate, by Koopman; given where the policy
            compares by ratio, and the size is then what the smaller rate lacks of the larger one.
    """

    rate: float
    reference_rate: float
    n: int
    reference_n: int
    difference_interval: tuple[float, float]
    p_value: float
    ratio_interval: tuple[float, float] | None = None

    @property
    def size(self) -> float:
        """The gap without its sign."""
        if self.ratio_interval is None:
            return abs(self.rate - self.reference_rate)
        low, high = sorted((self.rate, self.reference_rate))
        return 1 - low / high if high else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the size: its first end is the one that lies nearest to no gap."""
        if self.ratio_interval is None:
            return size_interval(self.difference_interval)
        low, high = self.ratio_interval
        ends = sorted((shortfall(low), shortfall(high)))
        return (0.0 if low <= 1 <= high else ends[0]), ends[1]

    def details(self) -> dict[str, Any]:
        ratio = self.ratio_interval
        shown = (
            {}
            if ratio is None
            else {"ratio_interval": [end if math.isfinite(end) else None for end in ratio]}
        )
        return {
            "rate": self.rate,
            "reference_rate": self.reference_rate,
            "difference": self.rate - self.reference_rate,
            "difference_interval": list(self.difference_interval),
            "reference_n": self.reference_n,
            "p_value": self.p_value,
            **shown,
        }


@dataclass(frozen=True, slots=True)
class OddsGap:
    """Equalized odds: the worse of the gaps in true and false positive rate.

    Both gaps come with intervals of 97.5 %, so that 95 % hold for the two together (Bonferroni).
    """

    true_positive: Gap
    false_positive: Gap

    @property
    def _both(self) -> tuple[Gap, Gap]:
        return self.true_positive, self.false_positive

    @property
    def n(self) -> int:
        return min(gap.n for gap in self._both)

    @property
    def size(self) -> float:
        return max(gap.size for gap in self._both)

    @property
    def interval(self) -> tuple[float, float]:
        low, high = zip(*(gap.interval for gap in self._both), strict=True)
        return max(low), max(high)

    @property
    def p_value(self) -> float:
        return min(1.0, 2 * min(gap.p_value for gap in self._both))

    def details(self) -> dict[str, Any]:
        return {
            "true_positive_gap": self.true_positive.size,
            "false_positive_gap": self.false_positive.size,
            "reference_n": min(gap.reference_n for gap in self._both),
            "p_value": self.p_value,
        }


def gap(
    metric: Metric,
    rates: tuple[Rates, Rates],
    tallies: tuple[Tally, Tally],
    *,
    by_ratio: bool = False,
    confidence: float = CONFIDENCE,
) -> Gap | None:
    """The gap between the first and the second (reference) group; None where either has no rate."""
    rate, reference_rate = rates[0][metric], rates[1][metric]
    if rate is None or reference_rate is None:
        return None
    hits, n = tallies[0].share(metric)
    reference_hits, reference_n = tallies[1].share(metric)
    counts = (hits, n, reference_hits, reference_n)
    return Gap(
        rate=rate,
        reference_rate=reference_rate,
        n=n,
        reference_n=reference_n,
        difference_interval=newcombe(*counts, confidence),
        p_value=two_proportion_p_value(*counts),
        ratio_interval=koopman(*counts, confidence) if by_ratio else None,
    )


def odds_gap(
    rates: tuple[Rates, Rates], tallies: tuple[Tally, Tally], *, by_ratio: bool = False
) -> OddsGap | None:
    """Equalized odds; None where one of the four rates does not exist or rests on too few."""
    half = 1 - (1 - CONFIDENCE) / len(ODDS)
    parts = [gap(metric, rates, tallies, by_ratio=by_ratio, confidence=half) for metric in ODDS]
    true_positive, false_positive = parts
    if true_positive is None or false_positive is None:
        return None
    return OddsGap(true_positive, false_positive)


def calibration_gap(
    group: Scored | None, reference: Scored | None, least: int, k: int
) -> CalibrationGap | None:
    """The gap in calibration; None where either side has fewer than ``least`` scored outcomes, or one
    kind of outcome is so rare that to tell its share would point at people.
    """
    for side in (group, reference):
        if side is None or side.n < least:
            return None
        if 0 < side.favourable < k or 0 < side.n - side.favourable < k:
            return None
    assert group is not None
    assert reference is not None
    return CalibrationGap(group, reference)


def tellable(tally: Tally, metric: Metric, k: int) -> bool:
    """Whether the number of decisions behind a rate may be told.

    The size of a group is shown, and with it one of "favourable" and "unfavourable outcome" gives the
    other away, so where either is small neither is told.
    """
    if metric in ODDS:
        return not (0 < tally.positives < k or 0 < tally.negatives < k)
    return not 0 < tally.share(metric)[1] < k


def large_enough(rates: Rates, tally: Tally, least: int, k: int) -> dict[Metric, float | None]:
    """A group's rates, without those that rest on too few decisions."""
    return {
        metric: rate if tally.share(metric)[1] >= least and tellable(tally, metric, k) else None
        for metric, rate in rates.items()
    }


def beside(metric: Metric, rates: Rates, reference: Rates) -> dict[str, Any]:
    """What readers know beside the gap: the four-fifths ratio, or equalized odds against the
    reference (the larger of the gaps in true and false positive rate).
    """
    if metric == "selection_rate":
        return _four_fifths(rates[metric], reference[metric])
    if metric not in ODDS:
        return {}
    gaps: list[float] = []
    for name in ODDS:
        mine, other = rates[name], reference[name]
        if mine is None or other is None:
            return {"equalized_odds_gap": None}
        gaps.append(abs(mine - other))
    return {"equalized_odds_gap": max(gaps)}


def _four_fifths(rate: float | None, reference: float | None) -> dict[str, Any]:
    if rate is None or reference is None:
        return {"ratio": None, "four_fifths_met": None}
    larger = max(rate, reference)
    return {
        "ratio": rate / reference if reference else None,
        "four_fifths_met": min(rate, reference) >= FOUR_FIFTHS * larger,
    }
