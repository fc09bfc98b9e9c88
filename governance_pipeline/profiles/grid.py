"""Histogram bins on dyadic grids: every edge is a whole number times a power of two.

The bin of a value is ``floor(value * 2**-exponent)``. Scaling by a power of two and rounding down are
exact in IEEE 754 arithmetic, so a value falls into the same bin on every engine, to the last bit (but for
values nearer to zero than a bin divided by 1e308, which count as zero). Bins
of one exponent are unions of bins of any smaller one, so two histograms can always be brought onto a
common grid, exactly (:func:`aligned`): profiles merge whatever grids they were taken on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from governance_pipeline.profiles.profile import Histogram, edge

BINS = 250
"""Most bins of a grid; with one code each for below, above and nothing they fit into a byte."""

SMALLEST, LARGEST = -1022, 1023
"""Exponents whose power of two and its inverse are both doubles."""

LARGEST_MODERATE = 1e140
"""Squares of larger values, summed over 1e20 rows, pass the largest double."""

_CENTRAL = 0.95
"""The part of the rows that a grid must resolve; the rest may lie below and above it."""

_ROOMY = 4
"""A grid is zoomed where the central rows need less than this fraction of it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """``bins`` bins of width ``2**exponent``; the first begins at ``first * 2**exponent``."""

    exponent: int
    first: int
    bins: int

    @property
    def low(self) -> float:
        return edge(self.first, self.exponent)

    @property
    def high(self) -> float:
        return edge(self.first + self.bins, self.exponent)

    @property
    def middle(self) -> float:
        return edge(2 * self.first + self.bins, self.exponent - 1)

    def covers(self, minimum: float, maximum: float) -> bool:
        """Whether every value from ``minimum`` to ``maximum`` has a bin."""
        return self.low <= minimum and maximum < self.high


def covering(minimum: float, maximum: float, *, whole: bool = False, bins: int = BINS) -> Grid:
    """The finest grid of at most ``bins`` bins from the smallest to the largest finite value.

    Args:
        whole: the values are whole numbers: no bin needs to be narrower than 1.
    """
    exponent = _exponent(minimum, maximum, bins)
    if whole:
        exponent = max(exponent, 0)
    while True:
        exponent = min(max(exponent, SMALLEST), LARGEST)
        first, last = (math.floor(math.ldexp(value, -exponent)) for value in (minimum, maximum))
        if last - first < bins or exponent == LARGEST:
            return Grid(exponent, first, last - first + 1)
        exponent += 1


def _exponent(minimum: float, maximum: float, bins: int) -> int:
    """A first guess, never too coarse: the width that ``bins`` bins would have."""
    half = maximum / 2 - minimum / 2  # the difference itself may pass the largest float
    if half > 0:
        return math.frexp(half / bins)[1]
    return math.frexp(max(abs(maximum), 1.0))[1] - 1 - int(math.log2(bins))


def of_histogram(histogram: Histogram) -> Grid:
    """The grid a histogram was counted on."""
    return Grid(histogram.exponent, histogram.first, len(histogram.counts))


def zoomed(histogram: Histogram, *, whole: bool = False) -> Grid | None:
    """A finer grid over the central rows, where they crowd into a small part of this one; else None.

    Rows outside the new grid are counted below and above it, a fortieth of all on either side.
    """
    total = histogram.total
    if not total or (whole and histogram.exponent <= 0) or histogram.exponent <= SMALLEST:
        return None
    tail = total * (1 - _CENTRAL) / 2
    first = _passes(histogram.underflow, histogram.counts, tail)
    last = len(histogram.counts) - 1 - _passes(histogram.overflow, histogram.counts[::-1], tail)
    if (last - first + 1) * _ROOMY > len(histogram.counts):
        return None
    low = edge(histogram.first + first, histogram.exponent)
    high = edge(histogram.first + last + 1, histogram.exponent)
    finer = covering(low, math.nextafter(high, -math.inf), whole=whole)
    return finer if finer.exponent < histogram.exponent else None


def _passes(outside: int, counts: tuple[int, ...], tail: float) -> int:
    """The first bin with which more than ``tail`` rows are gathered."""
    gathered = outside
    for position, count in enumerate(counts):
        gathered += count
        if gathered > tail:
            return position
    return len(counts) - 1


LOST = Histogram(0, 0, ())
"""What is left, besides the number of rows, where two histograms share no bin."""


Shut = tuple[bool, bool]
"""Whether finite values lie below, and above, a histogram's bins: if so, no bin can be added there."""


def aligned(
    a: Histogram, b: Histogram, a_shut: Shut | None = None, b_shut: Shut | None = None
) -> tuple[Histogram, Histogram]:
    """Both on the finest grid of at most ``BINS`` bins that both resolve, exactly.

    A histogram resolves everything below it too where no finite value lies there, and likewise above. Where
    the two share no bin, both become :data:`LOST`, with all their rows as underflow.

    Args:
        a_shut, b_shut: None where whatever lies outside counts as finite.
    """
    both = ((a, a_shut or _counted_outside(a)), (b, b_shut or _counted_outside(b)))
    exponent, lost = max(a.exponent, b.exponent), not (a.counts and b.counts)
    while True:
        first, end = _common(both, exponent)
        if end - first <= BINS or exponent == LARGEST:
            break
        exponent = min(LARGEST, exponent + max(1, ((end - first) // BINS).bit_length() - 1))
    if lost or end <= first:
        return replace(LOST, underflow=a.total), replace(LOST, underflow=b.total)
    grid = Grid(exponent, first, end - first)
    return onto(a, grid), onto(b, grid)


def _counted_outside(histogram: Histogram) -> Shut:
    return histogram.underflow > 0, histogram.overflow > 0


def _common(both: Sequence[tuple[Histogram, Shut]], exponent: int) -> tuple[int, int]:
    """The bins of width ``2**exponent`` that both resolve: [first, end)."""
    firsts = [(shut, _up(one.first, exponent - one.exponent, shut=shut)) for one, (shut, _) in both]
    ends = [
        (shut, -_up(-one.first - len(one.counts), exponent - one.exponent, shut=shut))
        for one, (_, shut) in both
    ]
    shut_firsts, shut_ends = ([place for shut, place in found if shut] for found in (firsts, ends))
    return (
        max(shut_firsts) if shut_firsts else min(place for _, place in firsts),
        min(shut_ends) if shut_ends else max(place for _, place in ends),
    )


def _up(position: int, step: int, *, shut: bool) -> int:
    """A bin's position on a coarser grid: the next that lies wholly inside, or, where nothing lies
    outside, the one that it is part of.
    """
    return -((-position) >> step) if shut else position >> step


def onto(histogram: Histogram, grid: Grid) -> Histogram:
    """The histogram on a grid that it resolves: no finer, and whose range lies inside its own."""
    step = grid.exponent - histogram.exponent
    counts = [0] * grid.bins
    below, above = histogram.underflow, histogram.overflow
    for position, count in enumerate(histogram.counts, histogram.first):
        place = (position >> step) - grid.first
        if place < 0:
            below += count
        elif place >= grid.bins:
            above += count
        else:
            counts[place] += count
    return Histogram(grid.exponent, grid.first, tuple(counts), below, above)
