"""How well a feature tells one group of rows from the rest: a cross-validated AUC, from counts alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile

Folds = Sequence[Sequence[int]]
"""Rows by fold and bin."""

_STEPS = 60
"""Halvings of an interval of length one: beyond the resolution of a float."""


@dataclass(frozen=True, slots=True)
class Separation:
    """The area under the curve: how often, of a row of the group and one of the rest, the feature names
    the right one. 0.5 is guessing, 1 never errs.

    Attributes:
        inside, outside: rows of the group, and of the rest.
    """

    auc: float
    interval: tuple[float, float]
    inside: int
    outside: int

    def p_value(self, bound: float) -> float:
        """One-sided: that the true area is at most ``bound``. With no bound of sense left (0 or 1) it is
        decided by comparison alone.
        """
        if not 0 < bound < 1:
            return float(self.auc <= bound)
        spread = math.sqrt(variance(bound, self.inside, self.outside))
        return 0.5 * math.erfc((self.auc - bound) / spread / math.sqrt(2))


def separation(inside: Folds, outside: Folds, confidence: float = CONFIDENCE) -> Separation | None:
    """Learn how likely the group is in each bin on all folds but one, try it on that one, for each.

    The area is that of each fold on its own, weighted by its pairs, for scores that were learned on
    different folds are not on one scale. Ties count half. None where no fold has rows of both kinds, or
    nothing was left to learn from.

    The interval is that of Newcombe's method 5 for all rows (2006, Statist. Med. 25, 559-573), which
    holds up to the ends of the scale. Source of the area: Bamber (1975), J. Math. Psychol. 12.
    """
    group, rest = np.asarray(inside, dtype=float), np.asarray(outside, dtype=float)
    weights, areas = [], []
    for fold in range(len(group)):
        likely = _learned(group.sum(axis=0) - group[fold], rest.sum(axis=0) - rest[fold])
        pairs = group[fold].sum() * rest[fold].sum()
        if pairs and likely is not None:
            weights.append(pairs)
            areas.append(area(likely, group[fold], rest[fold]))
    if not weights:
        return None
    auc = float(np.average(areas, weights=weights))
    ins, outs = int(group.sum()), int(rest.sum())
    return Separation(auc, interval(auc, ins, outs, confidence), ins, outs)


def _learned(group: npt.NDArray[np.float64], rest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """The group's share in each bin; a bin with few rows leans to the share of all by one row's weight."""
    if not (group.sum() and rest.sum()):
        return None
    overall = group.sum() / (group.sum() + rest.sum())
    shares: npt.NDArray[np.float64] = (group + overall) / (group + rest + 1)
    return shares


def area(
    scores: npt.NDArray[np.float64], group: npt.NDArray[np.float64], rest: npt.NDArray[np.float64]
) -> float:
    """Share of pairs in which the group's row scores higher, ties half: Mann and Whitney's statistic."""
    levels, place = np.unique(scores, return_inverse=True)
    high, low = np.zeros(len(levels)), np.zeros(len(levels))
    np.add.at(high, place, group)
    np.add.at(low, place, rest)
    below = np.concatenate(([0.0], np.cumsum(low)[:-1]))
    return float((high * (below + low / 2)).sum() / (high.sum() * low.sum()))


def variance(auc: float, inside: int, outside: int) -> float:
    """Of the area, after Hanley and McNeil (1982), with Newcombe's mean of both sizes in both terms."""
    extra = (inside + outside) / 2 - 1
    spread = 1 + extra * (1 - auc) / (2 - auc) + extra * auc / (1 + auc)
    return auc * (1 - auc) * spread / (inside * outside)


def interval(auc: float, inside: int, outside: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The areas that a test with the variance at that area does not reject."""
    z = quantile(confidence)

    def end(other: float) -> float:
        near, far = auc, other
        for _ in range(_STEPS):
            middle = (near + far) / 2
            if abs(auc - middle) <= z * math.sqrt(variance(middle, inside, outside)):
                near = middle
            else:
                far = middle
        return near

    return end(0.0), end(1.0)
