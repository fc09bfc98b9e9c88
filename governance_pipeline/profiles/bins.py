"""Histogram bins: their edges, and the SQL that counts values in them exactly as numpy would.

Bins are half-open, [lo, hi), the last one closed; comparisons alone decide, no arithmetic on the
values, so that nothing overflows and a value on an edge falls where the edge says, on every engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.profile import Histogram


def own_edges(minimum: float, maximum: float, bins: int) -> tuple[float, ...]:
    """``bins`` equal-width bins from the smallest to the largest finite value.

    A constant gets a single bin around it. Bins narrower than the floats between them are merged.
    """
    if minimum == maximum:
        half = max(0.5, abs(minimum) * 1e-6)
        return (max(minimum - half, -sql.LARGEST), min(maximum + half, sql.LARGEST))
    width = maximum / bins - minimum / bins  # the difference itself may pass the largest float
    inner = (minimum + step * width for step in range(1, bins))
    return (minimum, *sorted({edge for edge in inner if minimum < edge < maximum}), maximum)


def bounds(edges: Sequence[float]) -> list[float]:
    """Lower bounds of the bins and of the overflow: the last edge itself belongs to the last bin."""
    return [*edges[:-1], math.nextafter(edges[-1], math.inf)]


def bin_of(value: exp.Expression, edges: Sequence[float]) -> exp.Expression:
    """The bin's number by binary search: -1 for underflow, len(edges)-1 for overflow. Not for NaN."""
    starts = bounds(edges)

    def search(low: int, high: int) -> exp.Expression:
        if low == high:
            return sql.number(low)
        middle = (low + high + 1) // 2
        below = sql.less(value.copy(), sql.double(starts[middle]))
        return sql.either(below, search(low, middle - 1), search(middle, high))

    return search(-1, len(starts) - 1)


def histogram_call(value: exp.Expression, edges: Sequence[float]) -> exp.Expression:
    """DuckDB's ``histogram(value, bounds)``, one pass for all columns. ``value`` is never NaN.

    Its bins are (lo, hi]; on negated values and bounds they become the [lo, hi) we want.
    """
    negated = [-start for start in reversed(bounds(edges))]
    listed = sql.cast(exp.Literal.string(repr(negated)), exp.DataType.build("DOUBLE[]", dialect="duckdb"))
    return exp.Anonymous(this="histogram", expressions=[exp.Neg(this=value), listed])


def histogram_from_call(found: Mapping[float, int] | None, edges: Sequence[float]) -> Histogram:
    """Read the map that :func:`histogram_call` returns; null for a column without values."""
    found = found or {}
    starts = bounds(edges)
    return Histogram(
        edges=tuple(edges),
        counts=tuple(int(found.get(-start, 0)) for start in starts[:-1]),
        underflow=int(found.get(math.inf, 0)),
        overflow=int(found.get(-starts[-1], 0)),
    )


def histogram_from_bins(found: Mapping[int, int], edges: Sequence[float]) -> Histogram:
    """Read counts by the numbers of :func:`bin_of`."""
    last = len(edges) - 1
    return Histogram(
        edges=tuple(edges),
        counts=tuple(int(found.get(number, 0)) for number in range(last)),
        underflow=int(found.get(-1, 0)),
        overflow=int(found.get(last, 0)),
    )
