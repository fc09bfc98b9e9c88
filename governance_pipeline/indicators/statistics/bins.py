"""Two profiles of one column, laid side by side on the same bins.

Numbers are compared on the edges of the training snapshot's histogram, with everything below and
above as two more bins; text and yes/no values by value. "No value" (null or NaN) is always a bin of
its own, the last, so that a column that goes missing drifts like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from governance_pipeline.indicators.statistics.words import ranges
from governance_pipeline.profiles.profile import ColumnProfile, Histogram

MISSING = "no value"
OTHER = "rarer values"
ANY = "any value"

LEAST_EDGES = 2
"""Fewer common edges leave nothing but below and above, which says too little."""


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
            if column.histogram is None or not set(self.edges) <= set(column.histogram.edges):
                return (*[0] * (len(self.labels) - 1), _missing(column))
            return (*_on_edges(column.histogram, self.edges), _missing(column))
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
            return self.of(
                replace(part, histogram=Histogram(column.histogram.edges, tuple(counts), under, over))
            )
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
    edges = _common_edges(then, now)
    if len(edges) < LEAST_EDGES:
        return None
    return PairedBins(
        labels=(*ranges(edges), MISSING),
        reference=(*_on_edges(then, edges), _missing(reference)),
        current=(*_on_edges(now, edges), _missing(current)),
        positions=_positions(edges, reference, current),
        edges=edges,
    )


def _common_edges(then: Histogram, now: Histogram) -> tuple[float, ...]:
    """Edges both have. A last edge counts only if it is the last of both: a histogram's last bin is
    closed, so the rows that lie exactly on it would change sides.
    """
    if then.edges == now.edges:
        return then.edges
    last = {then.edges[-1], now.edges[-1]}
    lost = last if len(last) > 1 else set()
    return tuple(sorted((set(then.edges) & set(now.edges)) - lost))


def _on_edges(histogram: Histogram, edges: tuple[float, ...]) -> tuple[int, ...]:
    """Counts below, between and above ``edges``, which are some of the histogram's own."""
    counts = [0] * (len(edges) + 1)
    counts[0] += histogram.underflow
    counts[-1] += histogram.overflow
    place = 0
    for start, rows in zip(histogram.edges, histogram.counts, strict=False):
        while place < len(edges) and edges[place] <= start:
            place += 1
        # The last of the histogram's own edges closes its last bin; nothing of it lies above.
        counts[place] += rows
    return tuple(counts)


def _positions(
    edges: tuple[float, ...], reference: ColumnProfile, current: ColumnProfile
) -> tuple[float, ...]:
    """Each bin's middle; the outer bins reach to the smallest and largest value seen."""
    lows = [column.minimum for column in (reference, current) if isinstance(column.minimum, (int, float))]
    highs = [column.maximum for column in (reference, current) if isinstance(column.maximum, (int, float))]
    full = (min([*lows, edges[0]]), *edges, max([*highs, edges[-1]]))
    return tuple((low + high) / 2 for low, high in pairwise(full))


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
