"""Which columns of many look near-identical, from their profiles alone, without comparing all with all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from governance_pipeline.profiles.profile import ColumnProfile, Histogram

RATIO = 1.05
"""Width of a block: columns whose standard deviations differ by more are no twins."""

NEIGHBOURS = 10
"""Candidates looked at for each column: the nearest. Bounds the work where very many are alike."""

REACH = 0.06
"""Standard deviations by which the quantiles of candidates may differ."""

TELLING = 4.0
"""Columns with fewer values in effect (the exponential of the entropy) are alike by chance."""

LEAST_VALUES = 3

_POSITIONS = np.linspace(0.02, 0.98, 13)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two columns compared.

    Attributes:
        similarity: 1 less the largest difference of those below; 1 for equal profiles.
        distribution: largest difference of the cumulative shares; of categories the total variation.
        missing: difference of the shares without a value.
        mean, deviation: differences in standard deviations; 0 for categories.
        extremes: the larger difference of the smallest and of the largest values, of the whole range.
    """

    similarity: float
    distribution: float
    missing: float
    mean: float = 0.0
    deviation: float = 0.0
    extremes: float = 0.0


def comparable(column: ColumnProfile, least: int) -> bool:
    """Whether a column has enough values of a kind that can be compared."""
    return column.present >= least and (_is_number(column) or (column.kind == "category" and _named(column)))


def alike(first: ColumnProfile, second: ColumnProfile, least: float = 0.0) -> Likeness | None:
    """How alike two columns are; None where they are of different kinds, hold too few different values
    for their likeness to say anything, or are less alike than ``least``.
    """
    missing = abs(_missing(first) - _missing(second))
    if missing > 1 - least:
        return None
    if _is_number(first) and _is_number(second):
        return _numbers(first, second, missing, least)
    if first.kind == second.kind == "category" and _named(first) and _named(second):
        return _categories(first, second, missing)
    return None


def candidates(columns: Sequence[ColumnProfile]) -> set[tuple[int, int]]:
    """Pairs of places that may be alike: of numbers those of like deviation and quantiles, of text those
    with the same most frequent values. Each column is in at most :data:`NEIGHBOURS` pairs of its own.
    """
    numbers = [place for place, column in enumerate(columns) if _is_number(column)]
    named = [place for place, column in enumerate(columns) if column.kind == "category" and _named(column)]
    return {*_near_numbers(columns, numbers), *_near_categories(columns, named)}


def _near_numbers(columns: Sequence[ColumnProfile], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    from scipy.spatial import KDTree

    blocks = _grouped(places, lambda place: math.floor(math.log(_deviation(columns[place]), RATIO)))
    points = {place: _quantiles(columns[place].histogram) for place in places}
    for block in blocks:
        members = [*blocks[block], *blocks.get(block + 1, ())]
        scaled = np.array([points[place] for place in members]) / RATIO**block
        count = min(NEIGHBOURS + 1, len(members))
        distances, near = KDTree(scaled).query(scaled, k=[*range(1, count + 1)], p=math.inf)
        for row, place in enumerate(members):
            for distance, other in zip(distances[row], near[row], strict=True):
                if distance <= REACH and members[other] != place:
                    yield _pair(place, members[other])


def _near_categories(columns: Sequence[ColumnProfile], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    def frequent(place: int) -> frozenset[str]:
        counts = columns[place].categories
        return frozenset(sorted(counts, key=lambda name: (-counts[name], name))[:LEAST_VALUES])

    def share(place: int) -> float:
        return max(columns[place].categories.values()) / columns[place].present

    for members in (
        *_grouped(places, frequent).values(),
        *_grouped(places, lambda place: frozenset(columns[place].categories)).values(),
    ):
        ordered = sorted(members, key=lambda place: (share(place), place))
        for at, place in enumerate(ordered):
            for other in ordered[at + 1 : at + 1 + NEIGHBOURS]:
                yield _pair(place, other)


def _grouped(places: Iterable[int], key: Callable[[int], T]) -> dict[T, list[int]]:
    found: dict[T, list[int]] = defaultdict(list)
    for place in places:
        found[key(place)].append(place)
    return dict(found)


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _numbers(first: ColumnProfile, second: ColumnProfile, missing: float, least: float) -> Likeness | None:
    deviation = max(_deviation(first), _deviation(second))
    means = abs((first.mean or 0.0) - (second.mean or 0.0)) / deviation
    spread = abs(_deviation(first) - _deviation(second)) / deviation
    extremes = _extremes(first, second)
    if max(means, spread, extremes) > 1 - least:  # what is cheap first
        return None
    one, other = first.histogram, second.histogram
    assert one is not None
    assert other is not None
    same = tuple(one.edges) == tuple(other.edges) and one == other
    if not _telling(_shares(one), _shares(other), same=same):
        return None
    at = np.array(sorted({*one.edges, *other.edges}))
    distribution = float(np.abs(_cumulative(one, at) - _cumulative(other, at)).max())
    worst = max(distribution, missing, means, spread, extremes)
    return Likeness(max(0.0, 1 - worst), distribution, missing, means, spread, extremes)


def _extremes(first: ColumnProfile, second: ColumnProfile) -> float:
    lows = [float(column.minimum or 0.0) for column in (first, second)]
    highs = [float(column.maximum or 0.0) for column in (first, second)]
    whole = max(highs) - min(lows)
    return max(abs(lows[0] - lows[1]), abs(highs[0] - highs[1])) / whole if 0 < whole < math.inf else 0.0


def _categories(first: ColumnProfile, second: ColumnProfile, missing: float) -> Likeness | None:
    names = sorted(first.categories.keys() | second.categories.keys())
    one = np.array([*(first.categories.get(name, 0) for name in names), first.other]) / first.present
    other = np.array([*(second.categories.get(name, 0) for name in names), second.other]) / second.present
    same = first.categories == second.categories and first.other == second.other
    if not _telling(one, other, same=same):
        return None
    distribution = float(np.abs(one - other).sum() / 2)
    return Likeness(max(0.0, 1 - max(distribution, missing)), distribution, missing)


def _telling(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], *, same: bool) -> bool:
    """Whether likeness would say something: enough values in effect; three with equal counts will do."""
    if same and np.count_nonzero(one) >= LEAST_VALUES:
        return True
    return min(_effective(one), _effective(other)) >= TELLING


def _effective(shares: npt.NDArray[np.float64]) -> float:
    held = shares[shares > 0]
    return float(np.exp(-(held * np.log(held)).sum()))


def _shares(histogram: Histogram) -> npt.NDArray[np.float64]:
    return np.array([histogram.underflow, *histogram.counts, histogram.overflow]) / histogram.total


def _cumulative(histogram: Histogram, at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The share of values below each point, with values spread evenly within a bin."""
    steps = np.cumsum([histogram.underflow, *histogram.counts]) / histogram.total
    found: npt.NDArray[np.float64] = np.interp(at, histogram.edges, steps)
    return found


def _quantiles(histogram: Histogram | None) -> npt.NDArray[np.float64]:
    assert histogram is not None
    steps = np.cumsum([histogram.underflow, *histogram.counts]) / histogram.total
    found: npt.NDArray[np.float64] = np.interp(_POSITIONS, steps, histogram.edges)
    return found


def _is_number(column: ColumnProfile) -> bool:
    return (
        column.kind == "number"
        and column.histogram is not None
        and column.histogram.total > 0
        and column.mean is not None
        and math.isfinite(column.mean)
        and 0 < (column.variance or 0.0) < math.inf
    )


def _named(column: ColumnProfile) -> bool:
    """Whether most of the rows are in categories that are named."""
    return bool(column.categories) and column.other * 2 <= column.present


def _deviation(column: ColumnProfile) -> float:
    return math.sqrt(column.variance or 0.0)


def _missing(column: ColumnProfile) -> float:
    return (column.nulls + column.nans) / column.rows if column.rows else 0.0
