"""The area under the ROC curve from binned scores, with its interval and what binning may hide."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile

Counts = npt.NDArray[np.float64]
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Auc:
    """An area under the ROC curve.

    Attributes:
        value: with scores of one bin taken as ties.
        sampling: 95 % interval of that value.
        blur: the area of the raw scores lies within ``value`` plus or minus this, for certain: half of the
            pairs whose two scores share a bin may be in either order.
    """

    value: float
    sampling: tuple[float, float]
    blur: float

    @property
    def interval(self) -> tuple[float, float]:
        """The sampling interval, widened by what binning may hide."""
        low, high = self.sampling
        return max(0.0, low - self.blur), min(1.0, high + self.blur)


def auc(favourable: Counts, unfavourable: Counts) -> Auc | None:
    """From the counts of scores per bin, lowest bin first; None where one kind of outcome is missing.

    The interval is DeLong's, on the logit scale; where everything is ranked right (or wrong) and DeLong's
    variance is 0, the score interval with Hanley and McNeil's variance. Source: DeLong, DeLong &
    Clarke-Pearson (1988), Biometrics 44, 837-845; Hanley & McNeil (1982), Radiology 143, 29-36;
    Newcombe (2006), Statist. Med. 25, 559-573, method 5.
    """
    positives, negatives = float(favourable.sum()), float(unfavourable.sum())
    if not positives or not negatives:
        return None
    below = (np.cumsum(unfavourable) - unfavourable / 2) / negatives
    above = 1 - (np.cumsum(favourable) - favourable / 2) / positives
    value = float((favourable * below).sum() / positives)
    blur = float((favourable * unfavourable).sum() / (2 * positives * negatives))
    parts = (_spread(below, favourable, value) / positives, _spread(above, unfavourable, value) / negatives)
    if sum(parts) > 0 and 0 < value < 1:
        return Auc(value, _on_logit(value, parts, (positives - 1, negatives - 1)), blur)
    return Auc(value, _by_score(value, positives, negatives), blur)


def _spread(placement: Counts, counts: Counts, mean: float) -> float:
    """Variance of the placements, each as often as ``counts`` says."""
    total = float(counts.sum())
    return float((counts * (placement - mean) ** 2).sum()) / (total - 1) if total > 1 else 0.0


def _on_logit(value: float, parts: tuple[float, float], freedom: tuple[float, float]) -> tuple[float, float]:
    """By Student's distribution with Satterthwaite's (1946) degrees of freedom: a variance that rests on
    few favourable scores is itself uncertain.
    """
    from scipy.special import stdtrit

    variance = sum(parts)
    degrees = variance**2 / sum(part**2 / (free or 1) for part, free in zip(parts, freedom, strict=True))
    middle = math.log(value / (1 - value))
    factor = float(stdtrit(degrees, (1 + CONFIDENCE) / 2))
    reach = factor * math.sqrt(variance) / (value * (1 - value))
    return _logistic(middle - reach), _logistic(middle + reach)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def hanley_mcneil(value: float, positives: float, negatives: float) -> float:
    """Variance of an area, for scores of which one kind's are exponential in the other's (1982)."""
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    ways = (positives - 1) * (first - value**2) + (negatives - 1) * (second - value**2)
    return (value * (1 - value) + ways) / (positives * negatives)


def _by_score(value: float, positives: float, negatives: float) -> tuple[float, float]:
    """All areas that a test with their own variance does not reject."""
    square = quantile(CONFIDENCE) ** 2

    def kept(area: float) -> bool:
        return (value - area) ** 2 <= square * hanley_mcneil(area, positives, negatives)

    return _edge(kept, value, 0.0), _edge(kept, value, 1.0)


def _edge(kept: Callable[[float], bool], inside: float, outside: float) -> float:
    if inside == outside:
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if kept(middle) else (inside, middle)
    return inside
