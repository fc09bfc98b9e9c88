"""Counts by cluster bucket of two columns, added bucket by bucket; see ``ColumnProfile.clusters``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from governance_pipeline.profiles.grid import Grid, of_histogram, onto
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Profile

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


def with_values(column: ColumnProfile, values: Collection[str]) -> ColumnProfile:
    """The column with these of its values told apart, and all others counted together."""
    kept = {value: count for value, count in column.categories.items() if value in values}
    made = replace(column, categories=kept, other=column.present - sum(kept.values()))
    return replace(made, clusters=_laid_out(column, made))


def without_clusters(profile: Profile) -> Profile:
    """The profile as it is kept of a night: the counts by cluster are kept with the days they are of."""
    if not any(column.clusters for column in profile.columns.values()):
        return profile
    columns = {name: replace(column, clusters=()) for name, column in profile.columns.items()}
    return replace(profile, columns=columns)


def _laid_out(column: ColumnProfile, made: ColumnProfile) -> Rows:
    """The column's rows in the bins of ``made``: ranges on its grid, categories in its order."""
    if made.histogram is not None:
        grid = of_histogram(made.histogram)
        return tuple(_on_grid(column.histogram, row, grid) for row in column.clusters)
    own = {value: place for place, value in enumerate(column.categories)}
    places = [own.get(value) for value in made.categories]
    return tuple(_by_value(row, places) for row in column.clusters)


def _by_value(row: tuple[int, ...], places: Sequence[int | None]) -> tuple[int, ...]:
    *counts, missing = row
    kept = [0 if place is None else counts[place] for place in places]
    return (*kept, sum(counts) - sum(kept), missing)


def _on_grid(histogram: Histogram | None, row: tuple[int, ...], grid: Grid) -> tuple[int, ...]:
    """Underflow, bins, overflow and missing on ``grid``; without a histogram all are missing."""
    if histogram is None:
        return (*[0] * (grid.bins + 2), sum(row))
    if of_histogram(histogram) == grid:
        return row
    below, *counts, above, missing = row
    if not grid.bins:  # no bin is shared: see grid.LOST
        return (sum(row) - missing, 0, missing)
    found = onto(Histogram(histogram.exponent, histogram.first, tuple(counts), below, above), grid)
    return (found.underflow, *found.counts, found.overflow, missing)
