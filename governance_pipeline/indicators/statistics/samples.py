"""A column's two samples, ready to be compared: what season and clusters do to them taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from governance_pipeline.indicators.statistics.bins import PairedBins
from governance_pipeline.indicators.statistics.clusters import (
    LEAST_CLUSTERS,
    cluster_noise,
    effective_clusters,
)
from governance_pipeline.indicators.statistics.distances import Array
from governance_pipeline.indicators.statistics.noise import Effect, Noise, squeezed
from governance_pipeline.indicators.statistics.seasons import Weekdays, day_noise, same_weekdays
from governance_pipeline.profiles.profile import ColumnProfile

Slices = Mapping[date, ColumnProfile]
"""One column's rows of single days."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Counts (1, bins) then and now with what is known of their noise.

    Attributes:
        reference: then; where days are known, with the window's mix of weekdays.
        cluster_noise, day_noise: None where rows are taken for independent in that respect.
        clusters: how many clusters of equal size would tell as much, None without clusters.
        weekdays: whether each weekday is compared with the same weekday.
    """

    bins: PairedBins
    reference: Array
    current: Array
    cluster_noise: Noise | None = None
    day_noise: Noise | None = None
    clusters: float | None = None
    weekdays: bool = False

    @property
    def noises(self) -> tuple[Noise | None, ...]:
        """Each must agree to what is said; at least one."""
        found = tuple(noise for noise in (self.cluster_noise, self.day_noise) if noise is not None)
        return found or (None,)

    @property
    def too_few_clusters(self) -> bool:
        return self.clusters is not None and self.clusters < LEAST_CLUSTERS


def samples(
    bins: PairedBins,
    then: ColumnProfile,
    now: ColumnProfile,
    days_then: Slices | None = None,
    days_now: Slices | None = None,
) -> Samples:
    """The two sides of ``bins``, which are those of ``then`` and ``now``.

    Args:
        days_then: the days of the training data, where they are known.
        days_now: the days of the window, where they are known.
    """
    found = Samples(bins, _array(bins.reference), _array(bins.current))
    if days_then and days_now:
        found = _by_day(found, days_then, days_now)
    return _by_cluster(found, then, now) if now.clusters else found


def column_days(days: Mapping[date, Mapping[str, ColumnProfile]], column: str) -> dict[date, ColumnProfile]:
    """One column's days."""
    return {day: columns[column] for day, columns in days.items() if column in columns}


def in_window(days: Slices, night: date, length: int) -> Slices:
    """The days of the window of ``length`` days that ends with ``night``."""
    first = night - timedelta(days=length - 1)
    return {day: column for day, column in days.items() if first <= day <= night}


def drawn_together(found: Sequence[Samples]) -> list[Samples]:
    """The columns of one table, with the ranks' noise :func:`squeezed` over all of them."""
    by_cluster = _squeezed([one.cluster_noise for one in found])
    by_day = _squeezed([one.day_noise for one in found])
    return [
        replace(one, cluster_noise=cluster, day_noise=day)
        for one, cluster, day in zip(found, by_cluster, by_day, strict=True)
    ]


def _squeezed(noises: Sequence[Noise | None]) -> list[Noise | None]:
    known = [noise.location for noise in noises if noise is not None]
    if not known:
        return list(noises)
    together = squeezed(Effect.joined(known))
    places = iter(range(len(known)))

    def drawn(noise: Noise | None) -> Noise | None:
        if noise is None:
            return None
        place = next(places)
        return replace(noise, location=together.of(np.arange(len(known)) == place))

    return [drawn(noise) for noise in noises]


def _by_day(found: Samples, then: Slices, now: Slices) -> Samples:
    before, before_weekdays = _stack(found.bins, then)
    after, after_weekdays = _stack(found.bins, now)
    if not (before.sum() and after.sum()):
        return found
    rows = after.sum(axis=2)
    by_weekday = np.zeros((1, 7))
    for place, weekday in enumerate(after_weekdays):
        by_weekday[0, weekday] += rows[0, place]
    reference = same_weekdays(before, before_weekdays, by_weekday)
    known = day_noise(before, before_weekdays, ordered=found.bins.ordered)
    noise = None if known is None else known.of_difference(before.sum(axis=2), rows)
    return replace(found, reference=reference, day_noise=noise, weekdays=True)


def _by_cluster(found: Samples, then: ColumnProfile, now: ColumnProfile) -> Samples:
    rows_then, rows_now = found.bins.by_cluster(then), found.bins.by_cluster(now)
    after = np.asarray([rows_now], dtype=np.float64)
    before = np.asarray([rows_then], dtype=np.float64) if len(rows_then) == len(rows_now) else None
    sides = [after] if before is None else [after, before]
    return replace(
        found,
        cluster_noise=cluster_noise(before, after, ordered=found.bins.ordered),
        clusters=float(effective_clusters(sides)[0]),
    )


def _array(counts: Sequence[int]) -> Array:
    return np.asarray([counts], dtype=np.float64)


def _stack(bins: PairedBins, days: Slices) -> tuple[Array, Weekdays]:
    counts = [bins.of(days[day]) for day in sorted(days)]
    return np.asarray([counts], dtype=np.float64), np.asarray([day.weekday() for day in sorted(days)])
