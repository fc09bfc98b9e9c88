"""How much one column says about another, from a table of counts: mutual information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile

Table = Sequence[Sequence[int]]
"""Rows by bin of the one column and value of the other."""


@dataclass(frozen=True, slots=True)
class Association:
    """What a feature says about a target.

    Attributes:
        information: mutual information in nats as counted, freed from nothing.
        chance: what chance alone adds to it on average, (r - 1)(c - 1) / 2n.
        entropy: the target's entropy in nats: how much there is to be known.
        share: of the target's entropy, what the feature tells: (information - chance) / entropy,
            from 0 (nothing) to 1 (everything). Also called Theil's U.
        interval: of the true share.
        n: rows.
    """

    information: float
    chance: float
    entropy: float
    share: float
    interval: tuple[float, float]
    n: int


def association(table: Table, confidence: float = CONFIDENCE) -> Association | None:
    """Mutual information of rows and columns; None where the columns hold a single value or no row.

    The bias is that of Miller and Madow: where nothing is told, 2n times the information follows a
    chi-square distribution with (r - 1)(c - 1) degrees of freedom (Wilks 1938), whose mean is taken off.
    The interval is the set of shares that a normal test does not reject, with the variance of the
    noncentral chi-square distribution, or of the delta method where that is larger, as for the population
    stability index (:func:`~governance_pipeline.indicators.statistics.intervals.psi_effect`).
    Sources: Miller (1955), Note on the bias of information estimates; Theil (1970), Am. J. Sociol. 76.
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != len("rc") or not counts.sum():
        return None
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    if columns < 2:  # noqa: PLR2004 - one value leaves nothing to be told
        return None
    n = float(counts.sum())
    joint = counts / n
    by_row, by_column = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        pointwise = np.where(joint > 0, np.log(joint / (by_row * by_column)), 0.0)
    information = max(0.0, float((joint * pointwise).sum()))
    surprise = -np.log(by_column)
    entropy = float((by_column * surprise).sum())
    degrees = (rows - 1) * (columns - 1)
    chance = min(information, degrees / (2 * n))
    share = min(1.0, (information - chance) / entropy)
    slope = (pointwise - (information / entropy) * surprise) / entropy
    delta = float((joint * slope**2).sum() - (joint * slope).sum() ** 2) / n
    low, high = _interval(share, information / entropy, degrees / (2 * (n * entropy) ** 2),
                          2 / (n * entropy), delta, confidence)  # fmt: skip
    return Association(information, chance, entropy, share, (low, high), int(n))


def _interval(
    share: float, raw: float, still: float, slope: float, delta: float, confidence: float
) -> tuple[float, float]:
    """Shares s with (share - s)^2 <= z^2 (still + slope s): a quadratic in s."""
    square = quantile(confidence) ** 2
    slope = max(slope, delta / raw if raw > 0 else 0.0)
    middle = share + square * slope / 2
    root = math.sqrt(max(0.0, middle**2 - share**2 + square * still))
    low = 0.0 if share**2 <= square * still else max(0.0, middle - root)
    return min(low, share), min(1.0, max(middle + root, share))


def contributions(table: Table) -> list[float]:
    """What each row (bin) adds to the mutual information, in nats; their sum is all of it."""
    counts = np.asarray(table, dtype=float)
    joint = counts / counts.sum()
    by_row, by_column = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(joint > 0, joint * np.log(joint / (by_row * by_column)), 0.0)
    return [float(part) for part in parts.sum(axis=1)]
