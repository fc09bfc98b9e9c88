"""Cuts numbers at given edges by comparisons alone: a value on an edge falls alike on every engine."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlglot import exp

from governance_pipeline.profiles import sql


def bin_of(value: exp.Expression, edges: Sequence[float]) -> exp.Expression:
    """The number of the value's bin, [edges[i], edges[i+1]), the last one closed, by binary search: -1 below
    the first edge, len(edges) - 1 above the last. Not for NaN.
    """
    starts = [*edges[:-1], math.nextafter(edges[-1], math.inf)]

    def search(low: int, high: int) -> exp.Expression:
        if low == high:
            return sql.number(low)
        middle = (low + high + 1) // 2
        below = sql.less(value.copy(), sql.double(starts[middle]))
        return sql.either(below, search(low, middle - 1), search(middle, high))

    return search(-1, len(starts) - 1)
