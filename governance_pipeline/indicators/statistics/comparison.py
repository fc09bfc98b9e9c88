"""Everything that is worth saying about one column then and now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from governance_pipeline.indicators.statistics.bins import PairedBins
from governance_pipeline.indicators.statistics.distances import (
    HALDANE,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    psi_contributions,
    total_variation,
    wasserstein,
)
from governance_pipeline.indicators.statistics.effects import PsiEffect, psi_cut, psi_effects
from governance_pipeline.indicators.statistics.homogeneity import change_p_values
from governance_pipeline.indicators.statistics.samples import Samples
from governance_pipeline.profiles.profile import ColumnProfile

MINIMUM_GROUP = 11
"""Fewer rows than this are not shown by value (DESIGN, law 5)."""

WORTH_TELLING = 0.05
"""Standard deviations below which a mean that moved explains nothing."""

TOO_FAR = 1e300
"""Values beyond have distances that no double holds."""

SHOWN = 8
"""Bins named in the details; the rest carry little."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column compared.

    Attributes:
        samples: the counts that were judged, with their noise; ``bins`` hold them as they were counted.
        cut: the index that chance alone passes in one of a thousand columns without drift.
        jensen_shannon: natural logarithm.
        kolmogorov_smirnov, wasserstein: None where the values have no order; missing values left out.
        psi_evidently: the index with Evidently's rule for empty bins, for who compares tools.
    """

    bins: PairedBins
    samples: Samples
    effect: PsiEffect
    p_value: float
    cut: float
    jensen_shannon: float
    hellinger: float
    total_variation: float
    psi_evidently: float
    mean_then: float | None
    mean_now: float | None
    deviation_then: float | None
    missing_then: float
    missing_now: float
    kolmogorov_smirnov: float | None = None
    wasserstein: float | None = None
    wasserstein_deviations: float | None = None

    @property
    def mean_moved(self) -> bool:
        """Whether the mean moved by an amount worth telling: a twentieth of a standard deviation."""
        if self.mean_then is None or self.mean_now is None:
            return False
        return abs(self.mean_now - self.mean_then) > WORTH_TELLING * (self.deviation_then or 0.0)

    def details(self) -> dict[str, Any]:
        """The numbers as JSON, six significant digits: more would be noise."""
        numbers = {
            "psi_observed": self.effect.observed,
            "psi_by_chance": self.effect.chance,
            "psi_cut": self.cut,
            "psi_evidently": self.psi_evidently,
            "jensen_shannon": self.jensen_shannon,
            "hellinger": self.hellinger,
            "total_variation": self.total_variation,
            "kolmogorov_smirnov": self.kolmogorov_smirnov,
            "wasserstein": self.wasserstein,
            "wasserstein_deviations": self.wasserstein_deviations,
            "clusters": self.samples.clusters,
        }
        rounded = {name: None if value is None else float(f"{value:.6g}") for name, value in numbers.items()}
        return {
            **rounded,
            "p_value": self.p_value,
            "same_weekdays": self.samples.weekdays,
            "bins": carriers(self.bins),
        }


def carriers(bins: PairedBins) -> list[dict[str, Any]]:
    """The bins that carry a drift, the largest part first.

    A value that fewer than eleven rows hold then and now is not named, and a count under eleven
    is not shown, nor the part of the drift from which it could be worked out.
    """
    parts = psi_contributions(bins.reference, bins.current, pseudocount=HALDANE)
    then, now = sum(bins.reference), sum(bins.current)
    shown: list[dict[str, Any]] = []
    for index in sorted(range(len(parts)), key=lambda place: -parts[place]):
        before, after = bins.reference[index], bins.current[index]
        if max(before, after) < MINIMUM_GROUP:
            continue
        small = 0 < before < MINIMUM_GROUP or 0 < after < MINIMUM_GROUP
        shown.append(
            {
                "label": bins.labels[index],
                "share_then": _shown(before, then),
                "share_now": _shown(after, now),
                "psi": None if small else round(float(parts[index]), 4),
            }
        )
    return shown[:SHOWN]


def _shown(count: int, total: int) -> float | None:
    return None if 0 < count < MINIMUM_GROUP else round(count / total, 4)


def compare(judged: Samples, then: ColumnProfile, now: ColumnProfile) -> Comparison:
    """All distances between the two samples, which are of ``then`` and ``now``.

    Effect and p-value take season and clusters into account; the distances are of the rows as counted.
    """
    bins = judged.bins
    return Comparison(
        bins=bins,
        samples=judged,
        effect=_effect(judged),
        p_value=_p_value(judged),
        cut=float(psi_cut(judged.reference, judged.current)[0]),
        jensen_shannon=jensen_shannon(bins.reference, bins.current),
        hellinger=hellinger(bins.reference, bins.current),
        total_variation=total_variation(bins.reference, bins.current),
        psi_evidently=psi(bins.reference, bins.current),
        mean_then=mean(then),
        mean_now=mean(now),
        deviation_then=_deviation(then),
        missing_then=bins.reference[-1] / sum(bins.reference),
        missing_now=bins.current[-1] / sum(bins.current),
        **_ordered(bins, then, now),
    )


def _p_value(judged: Samples) -> float:
    """The largest under any of the noises."""
    ordered = judged.bins.ordered
    return max(
        float(change_p_values(judged.reference, judged.current, ordered=ordered, noise=noise)[0])
        for noise in judged.noises
    )


def _effect(judged: Samples) -> PsiEffect:
    """With the widest interval under any of the noises."""
    ordered = judged.bins.ordered
    found = [
        psi_effects(judged.reference, judged.current, ordered=ordered, noise=noise).of(0)
        for noise in judged.noises
    ]
    widest = min(found, key=lambda effect: effect.low)
    return replace(widest, high=max(effect.high for effect in found))


def mean(column: ColumnProfile) -> float | None:
    """The column's mean; None where there is none, or where so few rows hold a value that it would
    give one of them away.
    """
    if column.mean is None or not math.isfinite(column.mean) or column.present < MINIMUM_GROUP:
        return None
    return column.mean


def _deviation(column: ColumnProfile) -> float | None:
    return math.sqrt(column.variance) if column.variance and math.isfinite(column.variance) else None


def _ordered(bins: PairedBins, then: ColumnProfile, now: ColumnProfile) -> dict[str, float | None]:
    """Distances that need an order, over the rows that hold a value."""
    before, after = bins.reference[:-1], bins.current[:-1]
    if bins.positions is None or not (sum(before) and sum(after)):
        return {}
    if max(map(abs, bins.positions)) > TOO_FAR:
        return {"kolmogorov_smirnov": kolmogorov_smirnov(before, after)}
    moved = wasserstein(before, after, bins.positions)
    then_mean, now_mean = mean(then), mean(now)
    if then_mean is not None and now_mean is not None:
        # The distance is never below the difference of the means; the outermost bins, which have
        # no middle, can make the estimate from bins smaller than that.
        moved = max(moved, abs(now_mean - then_mean))
    deviation = _deviation(then)
    return {
        "kolmogorov_smirnov": kolmogorov_smirnov(before, after),
        "wasserstein": moved,
        "wasserstein_deviations": moved / deviation if deviation else None,
    }
