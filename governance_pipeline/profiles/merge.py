"""Merges profiles of disjoint sets of rows into the profile of all of them.

Merging is associative and commutative. What cannot be known from the parts is left out rather than
guessed: the exact number of different values is known where all values are, else estimated from
sketches, else unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeVar

from governance_pipeline.errors import UsageError
from governance_pipeline.profiles.grid import Shut, aligned, of_histogram
from governance_pipeline.profiles.instants import parse
from governance_pipeline.profiles.merge_clusters import merge_clusters
from governance_pipeline.profiles.partition import Slice
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Sketch
from governance_pipeline.profiles.sketch import estimate
from governance_pipeline.profiles.sketch import merged as merged_sketches

T = TypeVar("T")


def merge_histograms(
    a: Histogram, b: Histogram, a_shut: Shut | None = None, b_shut: Shut | None = None
) -> Histogram:
    """Counts added bin by bin, on the grid that both resolve; see :func:`grid.aligned`."""
    if of_histogram(a) != of_histogram(b):
        a, b = aligned(a, b, a_shut, b_shut)
    return _stacked((a, b))


def _shut(column: ColumnProfile) -> Shut | None:
    """Whether finite values lie below and above the histogram's bins; None where only its counts tell.

    Infinities lie outside of any bins, and keep none from being added.
    """
    histogram, least, most = column.histogram, column.minimum, column.maximum
    if histogram is None:
        return None
    if histogram.underflow + histogram.overflow == column.infinities:
        return False, False
    if isinstance(least, (int, float)) and isinstance(most, (int, float)):
        grid = of_histogram(histogram)
        return least < grid.low, most >= grid.high
    return None


def merge_columns(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    """One column of both sets of rows.

    Raises:
        UsageError: they are not the same column, or differ in type.
    """
    if (a.name, a.kind, a.engine_type) != (b.name, b.kind, b.engine_type):
        raise UsageError(
            f"the column '{a.name}' ({a.engine_type}) cannot be merged with '{b.name}' ({b.engine_type})",
            hint="merge profiles of one schema only",
        )
    _, mean, variance = _pooled(_moments_of(a), _moments_of(b))
    categories, other = _summed((a, b))
    sketch = _sketch(a, b)
    both = replace(
        a,
        rows=a.rows + b.rows,
        nulls=a.nulls + b.nulls,
        nans=a.nans + b.nans,
        infinities=a.infinities + b.infinities,
        minimum=_bound((a.minimum, b.minimum), min),
        maximum=_bound((a.maximum, b.maximum), max),
        mean=mean,
        variance=variance,
        histogram=_either(
            a.histogram, b.histogram, lambda mine, theirs: merge_histograms(mine, theirs, _shut(a), _shut(b))
        ),
        categories=categories,
        other=other,
        sketch=sketch,
    )
    return replace(both, distinct=distinct(both), clusters=merge_clusters(a, b, both))


def merge_all(slices: Sequence[Slice], names: Collection[str] | None = None) -> Slice | None:
    """The slice of all; None of none. Slices without rows change nothing and are passed over.

    Args:
        names: of these columns only; None for all.
    """
    filled = [one for one in slices if one.rows] or list(slices[:1])
    if not filled:
        return None
    first, *rest = filled
    wanted = [n for n in first.columns if (names is None or n in names) and all(n in s.columns for s in rest)]
    return Slice(
        rows=sum(one.rows for one in filled),
        columns={name: merge_many([one.columns[name] for one in filled]) for name in wanted},
        subjects=reduce(merged_sketches, (one.subjects for one in filled)),
        rows_without_subject=sum(one.rows_without_subject for one in filled),
        unmeasured=reduce(_reasons, (one.unmeasured for one in filled)),
    )


def merge_many(columns: Sequence[ColumnProfile]) -> ColumnProfile:
    """One column of all sets of rows: what :func:`merge_columns` gives pair by pair, in one go where all
    histograms are on one grid.

    Raises:
        UsageError: they are not the same column, or differ in type.
    """
    first, *rest = columns
    grids = {of_histogram(one.histogram) for one in columns if one.histogram}
    alike = all((one.kind, one.engine_type) == (first.kind, first.engine_type) for one in rest)
    if not rest or not alike or len(grids) > 1 or any(one.clusters for one in columns):
        return reduce(merge_columns, columns)
    moments = reduce(_pooled, map(_moments_of, columns))
    histograms = [one.histogram for one in columns if one.histogram]
    sketches = [one.sketch for one in columns if one.present]
    categories, other = _summed(columns)
    both = replace(
        first,
        rows=sum(one.rows for one in columns),
        nulls=sum(one.nulls for one in columns),
        nans=sum(one.nans for one in columns),
        infinities=sum(one.infinities for one in columns),
        minimum=_bound((one.minimum for one in columns), min),
        maximum=_bound((one.maximum for one in columns), max),
        mean=moments[1],
        variance=moments[2],
        histogram=_stacked(histograms) if histograms else None,
        categories=categories,
        other=other,
        sketch=reduce(merged_sketches, sketches) if sketches else first.sketch,
    )
    return replace(both, distinct=distinct(both))


def _stacked(histograms: Sequence[Histogram]) -> Histogram:
    """Histograms on one grid, added."""
    return replace(
        histograms[0],
        counts=tuple(map(sum, zip(*(one.counts for one in histograms), strict=True))),
        underflow=sum(one.underflow for one in histograms),
        overflow=sum(one.overflow for one in histograms),
    )


def distinct(column: ColumnProfile) -> int | None:
    """How many different values a column has, as far as its profile tells."""
    if column.present == 0:
        return 0
    if column.categories and column.complete:
        return len(column.categories)
    return min(estimate(column.sketch), column.present) if column.sketch else None


def _sketch(a: ColumnProfile, b: ColumnProfile) -> Sketch | None:
    if a.present == 0 or b.present == 0:
        return b.sketch if a.present == 0 else a.sketch
    return merged_sketches(a.sketch, b.sketch)


_Moments = tuple[int, float | None, float | None]


def _moments_of(column: ColumnProfile) -> _Moments:
    """Finite values, their mean and their variance."""
    return column.present - column.infinities, column.mean, column.variance


def _pooled(a: _Moments, b: _Moments) -> _Moments:
    """Mean and variance by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances" (1979), equation 2.1.
    """
    (n_a, mean_a, variance_a), (n_b, mean_b, variance_b) = a, b
    if n_a == 0 or n_b == 0:
        return b if n_a == 0 else a
    n = n_a + n_b
    if mean_a is None or mean_b is None:
        return n, None, None
    delta = mean_b - mean_a
    squares = (variance_a or 0.0) * (n_a - 1) + (variance_b or 0.0) * (n_b - 1)
    squares += delta * delta * n_a * n_b / n
    return n, mean_a + delta * n_b / n, squares / (n - 1)


def _summed(columns: Sequence[ColumnProfile]) -> tuple[dict[str, int], int]:
    """Counts by value; a number keeps them only while every value's count is known."""
    if columns[0].kind == "number" and not all(one.complete for one in columns):
        return {}, 0
    summed: Counter[str] = Counter()
    for one in columns:
        summed.update(one.categories)
    ordered = sorted(summed.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered), sum(one.other for one in columns)


def _bound(values: Iterable[float | str | None], choose: Callable[..., float | str]) -> float | str | None:
    """The outer of two bounds: numbers by size, times by the instant their text means."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return choose(known, key=lambda value: (parse(value), value) if isinstance(value, str) else value)


def _either(a: T | None, b: T | None, join: Callable[[T, T], T]) -> T | None:
    if a is None or b is None:
        return b if a is None else a
    return join(a, b)


def _reasons(a: Mapping[str, str], b: Mapping[str, str]) -> dict[str, str]:
    """Why a part could not be measured; of two reasons the first by alphabet, whatever the order."""
    both = sorted([*a.items(), *b.items()], reverse=True)
    return dict(reversed(dict(both).items()))
