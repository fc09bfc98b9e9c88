"""Which bin of a grid a number falls into, as SQL, and what is counted of a column of numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.profile import Histogram, Sketch

_SMALLINT = exp.DataType(this=exp.DataType.Type.SMALLINT)

_EXACT = 2.0**53
"""Up to here every whole number is a double."""

_SQUARES_PASS_AWAY = 1e-150  # numbers below it have squares that are no doubles, which is an error to some
_LENIENT = frozenset({"duckdb", "spark", "databricks"})

Key = tuple[int, str]
"""Segment and column."""

_NEAR = 8
"""Widths of a grid between zero and the values up to which sums of their squares keep twelve digits."""


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a question that decides what its SQL looks like, whatever the figures in it.

    Attributes:
        far: values are reckoned from the middle of the grid.
        covered: no value is known to lie outside the grid.
        exact: each bin holds one whole number, which is the bin's place.
    """

    spec: ColumnSpec
    far: bool
    covered: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One column to count.

    Attributes:
        covered: every value is known to have a bin, but for NaN.
        wild: values that are not finite, or whose squares overflow, are known to be there.
    """

    spec: ColumnSpec
    grid: Grid
    covered: bool
    wild: bool = False

    @property
    def exact(self) -> bool:
        """Whether each bin holds one whole number, so that the histogram counts by value."""
        small = max(abs(self.grid.low), abs(self.grid.high)) <= _EXACT
        return self.spec.integer is not None and self.grid.exponent == 0 and small

    @property
    def middle(self) -> float:
        """What values are reckoned from: zero, unless it is so far off that squares would lose digits."""
        grid = self.grid
        return grid.middle if abs(grid.middle) > _NEAR * (grid.high - grid.low) else 0.0

    @property
    def shape(self) -> Shape:
        return Shape(self.spec, bool(self.middle), self.covered, self.exact)

    def figures(self, dialect: str) -> dict[str, str]:
        """What is put into the SQL of the shape, rendered."""
        doubles = {**doubles_of(self.grid), "middle": self.middle}
        found = {name: _double(value, dialect) for name, value in doubles.items()}
        return found | {"above": str(self.grid.bins + 1)}


@lru_cache(maxsize=4096)
def _double(value: float, dialect: str) -> str:
    return sql.render(sql.double(value), dialect)


@dataclass(slots=True)
class Numbers:
    """One column in one segment.

    Attributes:
        filled: values that are not null.
        complete: False where the values are too large for a mean and a variance.
        exact: each bin of the histogram counts one whole number, and nothing lies outside.
        sketch: of the different values, where ``exact``.
    """

    histogram: Histogram
    filled: int
    nans: int = 0
    infinities: int = 0
    mean: float | None = None
    variance: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    complete: bool = True
    exact: bool = False
    sketch: Sketch | None = None


@dataclass(slots=True)
class Sums:
    """What the values of one column in one segment add up to.

    Attributes:
        counts: values by the code of their bin: see :func:`code_of`.
        hashes: of the different values, where each bin holds one whole number.
        n, total, squares: values, their sum and the sum of their squares, reckoned from ``Asked.middle``.
    """

    counts: Counter[int] = field(default_factory=Counter)
    hashes: list[int] = field(default_factory=list)
    n: int = 0
    total: float = 0.0
    squares: float = 0.0


def histogram_of(grid: Grid, counts: Mapping[int, int]) -> Histogram:
    """Codes are 1 for the first bin to ``bins`` for the last, 0 below and ``bins + 1`` above."""
    inside = tuple(counts.get(code, 0) for code in range(1, grid.bins + 1))
    return Histogram(grid.exponent, grid.first, inside, counts.get(0, 0), counts.get(grid.bins + 1, 0))


def doubles_of(grid: Grid) -> dict[str, float]:
    """The figures of a grid that :func:`place_of` and :func:`code_of` ask for."""
    return {
        "scale": math.ldexp(1.0, -grid.exponent),
        "first": float(grid.first),
        "end": float(grid.first + grid.bins),
        "low": grid.low,
        "high": grid.high,
    }


def place_of(spec: ColumnSpec, figure: sql.Figure) -> exp.Expression:
    """The place of a value's bin on the number line, as a double; NaN and infinities stay what they are.

    To group by it costs DuckDB no more than by a byte; to compare each value with the grid's ends, as
    :func:`code_of` does, costs as much as all else together.
    """
    return exp.Floor(this=exp.Paren(this=exp.Mul(this=spec.double, expression=figure("scale"))))


def distance_of(shape: Shape, figure: sql.Figure) -> exp.Expression:
    """What is summed of a value: itself, or how far it is from the middle of the grid."""
    value = shape.spec.double
    return exp.Sub(this=value, expression=figure("middle")) if shape.far else value


def square(value: exp.Expression, dialect: str) -> exp.Expression:
    """Its square; of numbers so small that their squares pass away nothing, where that is an error."""
    squared = exp.Mul(this=value, expression=value.copy())
    if dialect in _LENIENT:
        return squared
    near = sql.less(exp.Abs(this=value.copy()), sql.double(_SQUARES_PASS_AWAY))
    return sql.either(near, sql.double(0.0), squared)


def code_of(spec: ColumnSpec, figure: sql.Figure) -> exp.Expression:
    """On any engine: the bin's number in the grid, 0 below it and ``bins + 1`` above, null where the
    value is. NaN ends as one of the two, with a sum that is NaN.
    """
    value = spec.double
    first = exp.Sub(this=place_of(spec, figure), expression=figure("first"))
    # first - 1 need not be a double, so 1 is added after the difference is taken
    inside = sql.cast(exp.Add(this=first, expression=sql.double(1.0)), _SMALLINT)
    return exp.Case(
        ifs=[
            exp.If(this=sql.less(value, figure("low")), true=sql.number(0)),
            exp.If(this=sql.less(value.copy(), figure("high")), true=inside),
            exp.If(this=sql.present(value.copy()), true=figure("above")),
        ]
    )


def code_at(dialect: str, grid: Grid, place: Any) -> int:
    """The code of :func:`code_of`, where DuckDB told the place on the number line. NaN may end anywhere."""
    if dialect != "duckdb":
        return int(place)
    if not place >= grid.first:
        return 0
    return int(place) - grid.first + 1 if place < grid.first + grid.bins else grid.bins + 1
