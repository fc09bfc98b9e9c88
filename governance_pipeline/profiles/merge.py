"""Merges profiles of disjoint sets of rows into the profile of all of them.

Merging is associative and commutative. What cannot be known from the parts (how many subjects or
different values they share) is left out rather than guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from governance_pipeline.errors import UsageError
from governance_pipeline.profiles.instants import parse
from governance_pipeline.profiles.merge_groups import merge_group_tables
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Profile

_ACROSS = "it cannot be known from the parts that this profile was merged from"
T = TypeVar("T")


def merge_histograms(a: Histogram, b: Histogram, column: str) -> Histogram:
    """Counts added bin by bin.

    Raises:
        UsageError: the edges differ; the message names the column.
    """
    if a.edges != b.edges:
        raise UsageError(
            f"the two histograms of the column '{column}' have different edges",
            hint="scan both parts with the edges of one baseline",
        )
    return Histogram(
        a.edges,
        tuple(x + y for x, y in zip(a.counts, b.counts, strict=True)),
        a.underflow + b.underflow,
        a.overflow + b.overflow,
    )


def merge_columns(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    """One column of both sets of rows.

    Raises:
        UsageError: they are not the same column, differ in type, or in their histograms' edges.
    """
    if (a.name, a.kind, a.engine_type) != (b.name, b.kind, b.engine_type):
        raise UsageError(
            f"the column '{a.name}' ({a.engine_type}) cannot be merged with '{b.name}' ({b.engine_type})",
            hint="merge profiles of one schema only",
        )
    mean, variance = _moments(a, b)
    categories, other = _categories(a, b)
    merged = replace(
        a,
        rows=a.rows + b.rows,
        nulls=a.nulls + b.nulls,
        nans=a.nans + b.nans,
        infinities=a.infinities + b.infinities,
        minimum=_bound((a.minimum, b.minimum), min),
        maximum=_bound((a.maximum, b.maximum), max),
        mean=mean,
        variance=variance,
        histogram=_either(a.histogram, b.histogram, lambda x, y: merge_histograms(x, y, a.name)),
        categories=categories,
        other=other,
    )
    return replace(merged, distinct=_distinct(a, b, merged), clusters=_clusters(a, b, merged))


def merge(a: Profile, b: Profile) -> Profile:
    """The profile of both sets of rows of one dataset on one night.

    Consent, rules, and the counts of subjects and duplicate keys are left out and named in
    ``unmeasured``.

    Raises:
        UsageError: they are not of one dataset, night, window and schema.
    """
    for name in ("dataset", "night", "as_of", "window_start", "schema"):
        if getattr(a, name) != getattr(b, name):
            raise UsageError(
                f"two profiles of {a.dataset} and {b.dataset} differ in their {name.replace('_', ' ')}",
                hint="merge profiles of one dataset, night, window and schema only",
            )
    both = [name for name in a.columns if name in b.columns]
    lost = dict.fromkeys(("consent", "subjects", "duplicate_keys"), _ACROSS)
    return replace(
        a,
        rows=a.rows + b.rows,
        window_rows=a.window_rows + b.window_rows,
        columns={name: merge_columns(a.columns[name], b.columns[name]) for name in both},
        watermark=_either(a.watermark, b.watermark, max),
        oldest=_either(a.oldest, b.oldest, min),
        future_rows=a.future_rows + b.future_rows,
        furthest=_either(a.furthest, b.furthest, max),
        tonight_rows=a.tonight_rows + b.tonight_rows,
        undated_rows=a.undated_rows + b.undated_rows,
        duplicate_keys=0,
        subjects=None,
        rows_without_subject=a.rows_without_subject + b.rows_without_subject,
        consent=(),
        groups=merge_group_tables(a.groups, b.groups),
        rules=(),
        windows={},
        unmeasured={**_reasons(a, b), **lost},
        source_state="+".join(sorted(filter(None, (a.source_state + "+" + b.source_state).split("+")))),
    )


def _moments(a: ColumnProfile, b: ColumnProfile) -> tuple[float | None, float | None]:
    """Mean and variance by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances" (1979), equation 2.1.
    """
    n_a, n_b = a.present - a.infinities, b.present - b.infinities
    if n_a == 0 or n_b == 0:
        known = b if n_a == 0 else a
        return known.mean, known.variance
    if a.mean is None or b.mean is None:
        return None, None
    n, delta = n_a + n_b, b.mean - a.mean
    squares = (a.variance or 0.0) * (n_a - 1) + (b.variance or 0.0) * (n_b - 1)
    squares += delta * delta * n_a * n_b / n
    return a.mean + delta * n_b / n, squares / (n - 1)


def _categories(a: ColumnProfile, b: ColumnProfile) -> tuple[dict[str, int], int]:
    """Counts by value; a number keeps them only while every value's count is known."""
    if a.kind == "number" and not (_complete(a) and _complete(b)):
        return {}, 0
    summed = Counter(a.categories) + Counter(b.categories)
    ordered = sorted(summed.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered), a.other + b.other


def _complete(column: ColumnProfile) -> bool:
    return sum(column.categories.values()) == column.present


def _distinct(a: ColumnProfile, b: ColumnProfile, merged: ColumnProfile) -> int | None:
    if a.present == 0 or b.present == 0:
        return b.distinct if a.present == 0 else a.distinct
    return len(merged.categories) if merged.categories and _complete(merged) else None


def _clusters(a: ColumnProfile, b: ColumnProfile, merged: ColumnProfile) -> tuple[tuple[int, ...], ...]:
    """Bucket by bucket. A side without rows adds none; otherwise both must have been counted by cluster."""
    if not (a.rows and b.rows):
        return _laid_out(b if a.rows == 0 else a, merged)
    first, second = _laid_out(a, merged), _laid_out(b, merged)
    if len(first) != len(second):
        return ()
    return tuple(
        tuple(x + y for x, y in zip(mine, theirs, strict=True))
        for mine, theirs in zip(first, second, strict=True)
    )


def _laid_out(column: ColumnProfile, merged: ColumnProfile) -> tuple[tuple[int, ...], ...]:
    """The column's clusters in the bins of ``merged``: categories in its order, ranges as they are."""
    if merged.histogram is not None:
        bins = len(merged.histogram.counts) + 3  # below, above and missing
        if column.histogram is None:  # nothing but missing values, which are the last bin
            return tuple((*[0] * (bins - 1), sum(row)) for row in column.clusters)
        return column.clusters
    places = [list(column.categories).index(v) if v in column.categories else -1 for v in merged.categories]
    return tuple(
        (*(row[place] if place >= 0 else 0 for place in places), row[-2], row[-1]) for row in column.clusters
    )


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


def _reasons(a: Profile, b: Profile) -> dict[str, str]:
    """Why a part could not be measured; of two reasons the first by alphabet, whatever the order."""
    both = sorted([*a.unmeasured.items(), *b.unmeasured.items()], reverse=True)
    return dict(reversed(dict(both).items()))
