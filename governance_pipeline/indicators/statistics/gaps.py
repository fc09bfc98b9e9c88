"""The gap between a group and the reference group by one rate, and whether it may be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from governance_pipeline.indicators.statistics.groups import Metric, Tally
from governance_pipeline.indicators.statistics.intervals import newcombe, two_proportion_p_value
from governance_pipeline.indicators.statistics.rates import Rates

FOUR_FIFTHS = 0.8
"""A selection rate below four fifths of another's is evidence of adverse impact (29 CFR 1607.4 D)."""

_BY_OUTCOME: tuple[Metric, ...] = ("true_positive_rate", "false_positive_rate")


@dataclass(frozen=True, slots=True)
class Gap:
    """One group's rate against the reference group's.

    Attributes:
        n, reference_n: what the rates are shares of.
        difference_interval: 95 % interval of rate - reference_rate, by Newcombe.
        p_value: that both rates are equal.
    """

    rate: float
    reference_rate: float
    n: int
    reference_n: int
    difference_interval: tuple[float, float]
    p_value: float

    @property
    def size(self) -> float:
        """The gap without its sign."""
        return abs(self.rate - self.reference_rate)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the size: its first end is the one that lies nearest to no gap."""
        low, high = self.difference_interval
        if low <= 0 <= high:
            return 0.0, max(-low, high)
        return min(abs(low), abs(high)), max(abs(low), abs(high))

    def details(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "reference_rate": self.reference_rate,
            "difference": self.rate - self.reference_rate,
            "difference_interval": list(self.difference_interval),
            "reference_n": self.reference_n,
            "p_value": self.p_value,
        }


def gap(metric: Metric, rates: tuple[Rates, Rates], tallies: tuple[Tally, Tally]) -> Gap | None:
    """The gap between the first and the second (reference) group; None where either has no rate."""
    rate, reference_rate = rates[0][metric], rates[1][metric]
    if rate is None or reference_rate is None:
        return None
    hits, n = tallies[0].share(metric)
    reference_hits, reference_n = tallies[1].share(metric)
    return Gap(
        rate=rate,
        reference_rate=reference_rate,
        n=n,
        reference_n=reference_n,
        difference_interval=newcombe(hits, n, reference_hits, reference_n),
        p_value=two_proportion_p_value(hits, n, reference_hits, reference_n),
    )


def tellable(tally: Tally, metric: Metric, k: int) -> bool:
    """Whether the number of decisions behind a rate may be told.

    The size of a group is shown, and with it one of "favourable" and "unfavourable outcome" gives the
    other away, so where either is small neither is told.
    """
    if metric in _BY_OUTCOME:
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
    if metric not in _BY_OUTCOME:
        return {}
    gaps: list[float] = []
    for name in _BY_OUTCOME:
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
