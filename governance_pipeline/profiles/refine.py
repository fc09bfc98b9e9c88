"""Edges for a baseline's histograms: about as many rows in every bin, whatever the values' spread.

Equal-width bins fail on skewed columns: one extreme value puts all others into a single bin, where no
drift of theirs is seen. Instead of asking an engine for quantiles, which differ per engine, crowded
bins are split and the baseline is scanned again; in the end sparse neighbours are joined.
"""

from __future__ import annotations

import math
from dataclasses import replace

from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Profile

MAX_PARTS = 16
"""Parts a crowded bin is split into at once: four rounds tell apart a 65,536th of the range."""

ROUNDS = 4


def split_crowded(histogram: Histogram, bins: int) -> tuple[float, ...] | None:
    """Edges with every bin that holds more than two shares of ``1/bins`` split, None where none does.

    A bin that only holds one repeated value is split until its width is at the floats' resolution or
    the caller stops; splitting it further would gain nothing and harms nothing.
    """
    total = histogram.total
    if total == 0:
        return None
    edges: list[float] = [histogram.edges[0]]
    for low, high, count in zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False):
        parts = min(MAX_PARTS, math.ceil(count * bins / total)) if count * bins > 2 * total else 1
        width = high / parts - low / parts
        inner = (low + step * width for step in range(1, parts))
        edges.extend(edge for edge in inner if edges[-1] < edge < high)
        edges.append(high)
    return tuple(edges) if len(edges) > len(histogram.edges) else None


def join_sparse(histogram: Histogram, bins: int) -> Histogram:
    """The histogram with neighbours joined until each bin holds about ``1/bins`` of the rows.

    Its edges are a subset of the old ones, so its counts are exact sums.
    """
    share = histogram.total / bins
    edges: list[float] = [histogram.edges[0]]
    counts: list[int] = []
    held = 0
    for low, high, count in zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False):
        if held and held + count > 1.5 * share:
            edges.append(low)
            counts.append(held)
            held = 0
        held += count
        if held >= share or high == histogram.edges[-1]:
            edges.append(high)
            counts.append(held)
            held = 0
    return replace(histogram, edges=tuple(edges), counts=tuple(counts))


def crowded_columns(profile: Profile, bins: int) -> dict[str, tuple[float, ...]]:
    """New edges for every column with a crowded bin."""
    found = {
        name: split_crowded(column.histogram, bins)
        for name, column in profile.columns.items()
        if column.histogram is not None
    }
    return {name: edges for name, edges in found.items() if edges is not None}


def current_edges(profile: Profile) -> dict[str, tuple[float, ...]]:
    """The edges every histogram of ``profile`` has."""
    return {name: c.histogram.edges for name, c in profile.columns.items() if c.histogram is not None}


def joined(profile: Profile, bins: int) -> Profile:
    """The profile with :func:`join_sparse` applied to all its histograms."""

    def of(column: ColumnProfile) -> ColumnProfile:
        if column.histogram is None:
            return column
        return replace(column, histogram=join_sparse(column.histogram, bins))

    return replace(profile, columns={name: of(column) for name, column in profile.columns.items()})
