"""Counts by cluster bucket of two columns, added bucket by bucket; see ``ColumnProfile.clusters``."""

from __future__ import annotations

from governance_pipeline.profiles.grid import Grid, of_histogram, onto
from governance_pipeline.profiles.profile import ColumnProfile, Histogram

Rows = tuple[tuple[int, ...], ...]


def merge_clusters(a: ColumnProfile, b: ColumnProfile, merged: ColumnProfile) -> Rows:
    """In the bins of ``merged``. A side without rows adds none; otherwise both must have been counted."""
    if not (a.rows and b.rows):
        return _laid_out(b if a.rows == 0 else a, merged)
    first, second = _laid_out(a, merged), _laid_out(b, merged)
    if len(first) != len(second):
        return ()
    return tuple(
        tuple(x + y for x, y in zip(mine, theirs, strict=True))
        for mine, theirs in zip(first, second, strict=True)
    )


def _laid_out(column: ColumnProfile, merged: ColumnProfile) -> Rows:
    """The column's rows in the bins of ``merged``: ranges on its grid, categories in its order."""
    if merged.histogram is not None:
        grid = of_histogram(merged.histogram)
        return tuple(_on_grid(column.histogram, row, grid) for row in column.clusters)
    places = [list(column.categories).index(v) if v in column.categories else -1 for v in merged.categories]
    return tuple(
        (*(row[place] if place >= 0 else 0 for place in places), row[-2], row[-1]) for row in column.clusters
    )


def _on_grid(histogram: Histogram | None, row: tuple[int, ...], grid: Grid) -> tuple[int, ...]:
    """Underflow, bins, overflow and missing on ``grid``; without a histogram all are missing."""
    if histogram is None:
        return (*[0] * (grid.bins + 2), sum(row))
    if of_histogram(histogram) == grid:
        return row
    below, *counts, above, missing = row
    found = onto(Histogram(histogram.exponent, histogram.first, tuple(counts), below, above), grid)
    return (found.underflow, *found.counts, found.overflow, missing)
