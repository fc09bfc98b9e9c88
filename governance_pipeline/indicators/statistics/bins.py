"""Two profiles of one column, laid side by side on the same bins.

Numbers are compared on the edges of the training snapshot's histogram, with everything below and
above as two more bins; text and yes/no values by value. "No value" (null or NaN) is always a bin of
its own, the last, so that a column that goes missing drifts like any other.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from itertools import pairwise

from governance_pipeline.indicators.statistics.words import ranges
from governance_pipeline.profiles.grid import aligned
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, edge

MISSING = "no value"
OTHER = "rarer values"
ANY = "any value"

GROUPS = 20
"""Bins that numbers are compared in, besides those below and above."""

LEAST_INSIDE = 0.5
"""Where fewer of the training rows lie in the ranges that both sides resolve, there is nothing to compare."""

_LARGEST = sys.float_info.max
_ROOM = 1.5  # a group may hold that many times its share before it is cut earlier


@dataclass(frozen=True, slots=True)
class PairedBins:
    """Counts of one column then and now on the same bins; the last bin is "no value".

    Attributes:
        positions: the value each bin but the last stands for (its middle), None for unordered bins.
        exact: False where only present against missing could be compared.
        edges: of the bins of numbers.
        values: of the bins of text, without "rarer values" and "no value".
    """

    labels: tuple[str, ...]
    reference: tuple[int, ...]
    current: tuple[int, ...]
    positions: tuple[float, ...] | None = None
    exact: bool = True
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        return self.positions is not None

    def of(self, column: ColumnProfile) -> tuple[int, ...]:
        """The counts of another profile of the column on these bins, e.g. of one day. Rows whose place
        is not known are left out.
        """
        if self.edges:
            counts = None if column.histogram is None else _on_edges(column.histogram, self.edges)
            return (*(counts or [0] * (len(self.labels) - 1)), _missing(column))
        if self.values:
            known = [column.categories.get(value, 0) for value in self.values]
            return (*known, column.present - sum(known), _missing(column))
        return (column.present, _missing(column))

    def by_cluster(self, column: ColumnProfile) -> tuple[tuple[int, ...], ...]:
        """The column's counts by cluster on these bins; none where they were not counted so."""
        return tuple(self._of_cluster(column, row) for row in column.clusters)

    def _of_cluster(self, column: ColumnProfile, row: tuple[int, ...]) -> tuple[int, ...]:
        part = replace(column, rows=sum(row), nulls=row[-1], nans=0)
        if column.histogram is not None and len(row) == len(column.histogram.counts) + 3:
            under, *counts, over, _ = row
            own = replace(column.histogram, counts=tuple(counts), underflow=under, overflow=over)
            return self.of(replace(part, histogram=own))
        return self.of(replace(part, categories=dict(zip(column.categories, row, strict=False))))


def pair(reference: ColumnProfile, current: ColumnProfile) -> PairedBins | None:
    """Both columns on common bins; None where their histograms share no edges.

    A column without any value on one side, and one whose values are not summarised (dates and other
    types), is compared by present against missing alone.
    """
    if not (reference.present and current.present):
        return _presence(reference, current, exact=True)
    if reference.histogram is not None and current.histogram is not None:
        return _numbers(reference, current, reference.histogram, current.histogram)
    if reference.categories and current.categories:
        return _categories(reference, current)
    return _presence(reference, current, exact=False)


def _missing(column: ColumnProfile) -> int:
    return column.nulls + column.nans


def _presence(reference: ColumnProfile, current: ColumnProfile, *, exact: bool) -> PairedBins:
    return PairedBins(
        labels=(ANY, MISSING),
        reference=(reference.present, _missing(reference)),
        current=(current.present, _missing(current)),
        exact=exact,
    )


def _numbers(
    reference: ColumnProfile, current: ColumnProfile, then: Histogram, now: Histogram
) -> PairedBins | None:
    then, now = aligned(then, now)
    if sum(then.counts) < LEAST_INSIDE * then.total:
        return None
    groups = _even_groups(then)
    edges = tuple(edge(then.first + start, then.exponent) for start in groups[:-1])
    edges = (*edges, edge(then.first + groups[-1], then.exponent))
    return PairedBins(
        labels=(*ranges(edges), MISSING),
        reference=(*_grouped(then, groups), _missing(reference)),
        current=(*_grouped(now, groups), _missing(current)),
        positions=_positions(edges, reference, current),
        edges=edges,
    )


def _even_groups(histogram: Histogram) -> list[int]:
    """Where to cut the bins so that each group holds about a ``GROUPS``-th of the rows: bins of equal width
    see nothing of what happens where most rows crowd, and a thousand bins see chance everywhere.
    """
    share = histogram.total / GROUPS
    cuts, held = [0], 0
    for position, count in enumerate(histogram.counts):
        if held and held + count > share * _ROOM:
            cuts.append(position)
            held = 0
        held += count
        if held >= share:
            cuts.append(position + 1)
            held = 0
    if cuts[-1] != len(histogram.counts):
        cuts.append(len(histogram.counts))
    return cuts


def _grouped(histogram: Histogram, cuts: list[int]) -> tuple[int, ...]:
    """Counts below, in each group, and above."""
    inner = (sum(histogram.counts[start:end]) for start, end in pairwise(cuts))
    return (histogram.underflow, *inner, histogram.overflow)


def _on_edges(histogram: Histogram, edges: tuple[float, ...]) -> tuple[int, ...] | None:
    """Counts below, between and above ``edges``; None where the histogram does not resolve them."""
    size = len(histogram.counts)
    own = {edge(histogram.first + step, histogram.exponent): float(step) for step in (0, size)}
    places = [
        own[value]
        if math.isinf(value) and value in own  # an end of the grid that no double reaches
        else math.ldexp(value, -histogram.exponent) - histogram.first
        for value in edges
    ]
    if any(not place.is_integer() for place in places):
        return None
    if (histogram.underflow and places[0] < 0) or (histogram.overflow and places[-1] > size):
        return None
    cuts = [min(max(int(place), 0), size) for place in places]
    return (
        histogram.underflow + sum(histogram.counts[: cuts[0]]),
        *(sum(histogram.counts[start:end]) for start, end in pairwise(cuts)),
        histogram.overflow + sum(histogram.counts[cuts[-1] :]),
    )


def _positions(
    edges: tuple[float, ...], reference: ColumnProfile, current: ColumnProfile
) -> tuple[float, ...]:
    """Each bin's middle; the outer bins reach to the smallest and largest value seen."""
    lows = [column.minimum for column in (reference, current) if isinstance(column.minimum, (int, float))]
    highs = [column.maximum for column in (reference, current) if isinstance(column.maximum, (int, float))]
    full = [
        min(max(place, -_LARGEST), _LARGEST)
        for place in (min([*lows, edges[0]]), *edges, max([*highs, edges[-1]]))
    ]
    return tuple(low / 2 + high / 2 for low, high in pairwise(full))  # the sum may pass the largest double


def _categories(reference: ColumnProfile, current: ColumnProfile) -> PairedBins:
    """By value. A profile lists its most frequent values only, so a value that one side may have
    counted under "other" is moved there on both sides: its count on that side is not known.
    """
    then, now = dict(reference.categories), dict(current.categories)
    then_other, now_other = reference.other, current.other
    if current.other:
        for value in [value for value in then if value not in now]:
            then_other += then.pop(value)
    if reference.other:
        for value in [value for value in now if value not in then]:
            now_other += now.pop(value)
    values = sorted(then.keys() | now.keys(), key=lambda value: (-then.get(value, 0), value))
    return PairedBins(
        labels=(*(f"'{value}'" for value in values), OTHER, MISSING),
        reference=(*(then.get(value, 0) for value in values), then_other, _missing(reference)),
        current=(*(now.get(value, 0) for value in values), now_other, _missing(current)),
        values=tuple(values),
    )
