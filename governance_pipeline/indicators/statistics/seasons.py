"""Days are not alike: Sundays differ from Mondays, and one Monday from the next.

The first is taken out by comparing each weekday with the same weekday. The second is noise: how much the
days of the training data differ from one another, weekday by weekday, says how much a few days of now may
differ from all of them although nothing changed. Both work on counts by day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from governance_pipeline.indicators.statistics.clusters import directions
from governance_pipeline.indicators.statistics.distances import Array
from governance_pipeline.indicators.statistics.location import SMALLEST, midranks
from governance_pipeline.indicators.statistics.noise import Effect, Noise

LEAST_DAYS = 7.0
"""Degrees of freedom below which the days of the training data say nothing about how days differ."""

Weekdays = npt.NDArray[np.int64]


def same_weekdays(reference: Array, reference_days: Weekdays, rows_now: Array) -> Array:
    """The training data as it would look with today's mix of weekdays.

    Args:
        reference: counts (columns, days, bins) of the training data.
        reference_days: each day's weekday, 0 to 6.
        rows_now: rows (columns, 7) of the window, by weekday.

    Returns:
        Counts (columns, bins): the weekdays' shares, each weighted with its part of the window, times
        the rows that a sample without weights would need to say as much (Kish 1965, Survey Sampling).
        A weekday that the training data has not is stood in for by all of its days. Empty where either
        side has no row.
    """
    by_weekday = np.stack([reference[:, reference_days == day].sum(axis=1) for day in range(7)], axis=1)
    everything = by_weekday.sum(axis=1, keepdims=True)
    known = by_weekday.sum(axis=2, keepdims=True) > 0
    strata = np.where(known, by_weekday, everything)
    rows = strata.sum(axis=2)
    weight = rows_now / np.maximum(rows_now.sum(axis=1, keepdims=True), 1.0)
    share = (weight[:, :, None] * strata / np.maximum(rows, 1.0)[:, :, None]).sum(axis=1)
    squares = (weight**2 / np.maximum(rows, 1.0)).sum(axis=1)
    worth = np.minimum(1 / np.maximum(squares, SMALLEST), everything.sum(axis=(1, 2)))
    counts: Array = share * worth[:, None]
    return counts


@dataclass(frozen=True, slots=True)
class DayNoise:
    """Design effects of a day of the training data, one entry per column.

    Attributes:
        bins: of each bin (columns, bins).
        overall, location, concentration: as in :class:`Noise`.
        size: rows of a day they were found at.
        degrees: days less weekdays.
    """

    bins: Array
    overall: Array
    location: Array
    concentration: Array
    size: Array
    degrees: float

    def of_difference(self, then: Array, now: Array) -> Noise:
        """The noise of the difference of two samples.

        What lasts a day weighs more the more rows a day has: a design effect is 1 + (rows - 1) times
        the correlation within a day (Kish 1965).

        Args:
            then: rows (columns, days) of the training data's days.
            now: rows (columns, days) of the window's days.
        """
        n, m = np.maximum(then.sum(axis=1), 1.0), np.maximum(now.sum(axis=1), 1.0)
        size = (np.maximum(_typical(then) - 1, 0.0) / n + np.maximum(_typical(now) - 1, 0.0) / m) / (
            1 / n + 1 / m
        )
        grown = size / np.maximum(self.size - 1, 1.0)
        wide = np.broadcast_to(grown[:, None], self.bins.shape)
        known = np.full(len(n), self.degrees)
        return Noise(
            Effect(self.bins, wide, np.full(self.bins.shape, self.degrees), least=1.0),
            Effect(self.overall, grown, known, least=1.0),
            Effect(self.location, grown, known, least=1.0),
            self.concentration,
        )


def day_noise(reference: Array, reference_days: Weekdays, *, ordered: bool) -> DayNoise | None:
    """How the days of the training data differ from the other days of their weekday.

    This is the distribution of the difference between one split of the training data and the rest,
    from which any window's follows by its size (one-way analysis of variance by weekday; Fisher 1925).

    Args:
        reference: counts (columns, days, bins).
        reference_days: each day's weekday, 0 to 6.
        ordered: the bins have an order, and the last of them holds missing values.

    Returns:
        None where there are too few days of a weekday to compare them.
    """
    degrees = float(len(reference_days) - len(np.unique(reference_days)))
    if degrees < LEAST_DAYS:
        return None
    rows = reference.sum(axis=2)
    all_of_weekday, shares = _by_weekday(reference, reference_days)
    moved = reference - rows[:, :, None] * shares
    free = (rows * (1 - rows / np.maximum(all_of_weekday, 1.0))).sum(axis=1)
    pooled = reference.sum(axis=1) / np.maximum(rows.sum(axis=1), 1.0)[:, None]
    factor = np.where(free > 0, 1 / np.maximum(free, SMALLEST), 0.0)
    bins, overall, concentration = directions(moved, pooled, factor)
    location = _location(reference, moved, factor) if ordered else overall
    return DayNoise(bins, overall, location, concentration, _typical(rows), degrees)


def _typical(rows: Array) -> Array:
    """The size of the day that a row belongs to, on average over rows."""
    size: Array = (rows**2).sum(axis=1) / np.maximum(rows.sum(axis=1), 1.0)
    return size


def _by_weekday(counts: Array, days: Weekdays) -> tuple[Array, Array]:
    """For each day, the rows (columns, days) and the shares (columns, days, bins) of its weekday."""
    total = np.zeros(counts.shape[:2])
    shares = np.zeros(counts.shape)
    for weekday in np.unique(days):
        chosen = days == weekday
        together = counts[:, chosen].sum(axis=1)
        rows = together.sum(axis=1)
        total[:, chosen] = rows[:, None]
        shares[:, chosen] = (together / np.maximum(rows, 1.0)[:, None])[:, None, :]
    return total, shares


def _location(counts: Array, moved: Array, factor: Array) -> Array:
    present = counts[:, :, :-1].sum(axis=1)
    share = present / np.maximum(present.sum(axis=1, keepdims=True), 1.0)
    score = midranks(share)
    centred = score - (share * score).sum(axis=1, keepdims=True)
    variance = (share * centred**2).sum(axis=1)
    spread = (np.einsum("fdb,fb->fd", moved[:, :, :-1], centred) ** 2).sum(axis=1) * factor
    return np.where(variance > SMALLEST, spread / np.maximum(variance, SMALLEST), 1.0)
