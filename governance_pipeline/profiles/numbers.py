"""Histograms and moments of all numbers of a window, in one pass.

Each column is grouped by its bin's number, with the count, the sum and the sum of squares of the
values' distances to the middle of the grid in every group: from these few hundred rows follow the
histogram, the mean and the variance. Distances to the middle rather than values, because sums of squares of
values far from zero lose the variance to rounding.

The common case is fast: a value outside the grid has no bin's number, which costs nothing to say. Only
columns in which that happens (NaN, infinities, values below or above the grid, values whose squares
overflow) are asked about again, by :func:`_odd`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.grid import LARGEST_MODERATE, Grid
from governance_pipeline.profiles.profile import Histogram
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.window import Window, by_segment, segment

_UTINYINT = exp.DataType(this=exp.DataType.Type.UTINYINT)
_SMALLINT = exp.DataType(this=exp.DataType.Type.SMALLINT)
_FAR = 1e4  # squared deviations between mean and middle beyond which rounding costs more than 1e-10

Key = tuple[int, str]


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


@dataclass(slots=True)
class Numbers:
    """One column in one segment.

    Attributes:
        complete: False where the values are too large for a mean and a variance.
    """

    histogram: Histogram
    nans: int = 0
    infinities: int = 0
    mean: float | None = None
    variance: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    complete: bool = True


@dataclass(slots=True)
class _Sums:
    """What a segment's groups add up to. ``outside`` counts rows without a bin, NaN among them."""

    counts: dict[int, int] = field(default_factory=dict)
    outside: int = 0
    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, code: int | None, count: int, total: float, squares: float) -> None:
        if code is None:
            self.outside += count
        else:
            self.counts[code] = self.counts.get(code, 0) + count
        self.n += count
        self.total += total
        self.squares += squares


def numbers(
    session: Session, window: Window, asked: Sequence[Asked], filled: Mapping[Key, int]
) -> dict[Key, Numbers]:
    """By (segment, column); where a column has no value in a segment there is no entry.

    Args:
        filled: how many values each is known to have. Where the fast statement finds another number,
            the column is counted with every guard.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    tame = tuple(one for one in asked if not one.wild)
    sums = _summed(session, window, tame)
    grids = {one.spec.name: one.grid for one in tame}
    odd = {one.spec.name for one in asked if one.wild}
    odd |= {name for (_, name), found in sums.items() if _is_odd(found)}
    odd |= {key[1] for key, count in filled.items() if count != (sums[key].n if key in sums else 0)}
    done = {key: _plain(found, grids[key[1]]) for key, found in sums.items() if key[1] not in odd}
    return done | _odd(session, window, [one for one in asked if one.spec.name in odd])


def _summed(session: Session, window: Window, asked: tuple[Asked, ...]) -> dict[Key, _Sums]:
    sums: dict[Key, _Sums] = defaultdict(_Sums)
    if asked:
        statement = _statement(session.dialect, asked, many=window.segments.many)
        for column, number, code, count, total, squares in session.rows(
            window.over([one.spec for one in asked], statement)
        ):
            key = int(number), asked[int(column)].spec.name
            sums[key].add(None if code is None else int(code), int(count), float(total), float(squares))
    return sums


def _is_odd(sums: _Sums) -> bool:
    """Whether the fast sums do not tell enough: something lies outside, is not finite, or is far off."""
    if sums.outside or not (math.isfinite(sums.total) and math.isfinite(sums.squares)):
        return True
    mean, spread = sums.total / sums.n, _variance(sums)
    return sums.n > 1 and spread > 0 and mean * mean > _FAR * spread


def _variance(sums: _Sums) -> float:
    if sums.n < 2:  # noqa: PLR2004  one value has no variance
        return 0.0
    return max(0.0, (sums.squares - sums.total * sums.total / sums.n) / (sums.n - 1))


def _plain(sums: _Sums, grid: Grid) -> Numbers:
    return Numbers(
        histogram=_histogram(grid, lambda code: sums.counts.get(code, 0)),
        mean=grid.middle + sums.total / sums.n,
        variance=_variance(sums) if sums.n > 1 else None,
    )


def _histogram(grid: Grid, count: Callable[[int], int]) -> Histogram:
    """Codes are 1 for the first bin to ``bins`` for the last, 0 below and ``bins + 1`` above."""
    counts = tuple(count(code) for code in range(1, grid.bins + 1))
    return Histogram(grid.exponent, grid.first, counts, count(0), count(grid.bins + 1))


@lru_cache(maxsize=512)
def _statement(dialect: str, asked: tuple[Asked, ...], *, many: bool) -> str:
    selects = [_select(dialect, one, place, many=many) for place, one in enumerate(asked)]
    return " UNION ALL ".join(sql.render(select, dialect) for select in selects)


def _select(dialect: str, asked: Asked, place: int, *, many: bool) -> exp.Select:
    value, middle = asked.spec.double, asked.grid.middle
    distance = exp.Sub(this=value.copy(), expression=sql.double(middle)) if middle else value.copy()
    inner = [sql.labelled(distance, "d"), sql.labelled(_code(dialect, asked), "b")]
    inner += [sql.own("s")] if many else []
    rows = sql.select(inner, sql.window_name()).where(sql.present(value), copy=False)
    counted = sql.select(
        [
            sql.labelled(sql.number(place), "i"),
            sql.labelled(segment(many=many), "s"),
            sql.own("b"),
            sql.count(),
            exp.Sum(this=sql.own("d")),
            exp.Sum(this=exp.Mul(this=sql.own("d"), expression=sql.own("d"))),
        ],
        rows.subquery("x", copy=False),
    )
    return by_segment(counted, sql.own("b"), many=many)


def _code(dialect: str, asked: Asked) -> exp.Expression:
    """The bin's number as a byte; null (or, where values may lie outside, 0 or bins + 1) outside.

    DuckDB groups by a byte without hashing. NaN ends as null or above, with a sum that is NaN.
    """
    grid = asked.grid
    place = exp.Sub(this=_floor(asked), expression=sql.double(float(grid.first - 1)))
    inside: exp.Expression = sql.cast(place, _SMALLINT)
    if dialect == "duckdb":
        inside = exp.TryCast(this=place, to=_UTINYINT.copy())
        if asked.covered:
            return inside
    value = asked.spec.double
    return exp.Case(
        ifs=[
            exp.If(this=sql.less(value, sql.double(grid.low)), true=sql.number(0)),
            exp.If(this=sql.less(value.copy(), sql.double(grid.high)), true=inside),
        ],
        default=sql.number(grid.bins + 1),
    )


def _floor(asked: Asked) -> exp.Expression:
    scaled = exp.Mul(this=asked.spec.double, expression=sql.double(math.ldexp(1.0, -asked.grid.exponent)))
    return exp.Floor(this=exp.Paren(this=scaled))


def finite_ranges(
    session: Session, window: Window, specs: Sequence[ColumnSpec]
) -> dict[str, tuple[float, float]]:
    """The smallest and the largest finite value of columns that also hold others; (0, 0) where a column
    holds nothing else.
    """
    if not specs:
        return {}
    parts = [
        edge(sql.when(sql.finite(spec.double, session.dialect), spec.double))
        for spec in specs
        for edge in (sql.lowest, sql.highest)
    ]
    body = sql.render(sql.select(parts, sql.window_name()), session.dialect)
    row = [None if value is None else float(value) for value in session.rows(window.over(specs, body))[0]]
    pairs = zip(specs, row[::2], row[1::2], strict=True)
    return {spec.name: (low or 0.0, high or 0.0) for spec, low, high in pairs}


def _odd(session: Session, window: Window, asked: Sequence[Asked]) -> dict[Key, Numbers]:
    """Columns counted with every guard: NaN and infinities apart, moments by the engine's own functions
    over the values whose squares a double can hold.
    """
    if not asked:
        return {}
    many, specs = window.segments.many, [one.spec for one in asked]
    found: dict[Key, dict[str, Any]] = {}
    for number, *values in session.rows(
        window.over(specs, _guarded(session.dialect, tuple(asked), many=many))
    ):
        following = iter(values)
        for one in asked:
            found[int(number), one.spec.name] = {name: next(following) for name in _GUARDED}
    counts: dict[Key, dict[int, int]] = defaultdict(dict)
    for place, number, code, count in session.rows(
        window.over(specs, _coded(session.dialect, tuple(asked), many=many))
    ):
        counts[int(number), asked[int(place)].spec.name][int(code)] = int(count)
    grids = {one.spec.name: one.grid for one in asked}
    return {
        key: _guarded_numbers(values, counts[key], grids[key[1]])
        for key, values in found.items()
        if values["filled"]
    }


_GUARDED = ("filled", "counted", "finite", "minimum", "maximum", "mean", "variance")


def _guarded_numbers(values: Mapping[str, Any], counts: Mapping[int, int], grid: Grid) -> Numbers:
    low, high, mean, variance = (
        None if values[name] is None else float(values[name])
        for name in ("minimum", "maximum", "mean", "variance")
    )
    complete = max(abs(low or 0.0), abs(high or 0.0)) <= LARGEST_MODERATE
    return Numbers(
        histogram=_histogram(grid, lambda code: counts.get(code, 0)),
        nans=int(values["filled"]) - int(values["counted"]),
        infinities=int(values["counted"]) - int(values["finite"]),
        mean=mean if complete else None,
        variance=variance if complete else None,
        minimum=low,
        maximum=high,
        complete=complete,
    )


@lru_cache(maxsize=512)
def _guarded(dialect: str, asked: tuple[Asked, ...], *, many: bool) -> str:
    parts = [segment(many=many)]
    derived: list[exp.Expression] = [sql.own("s")] if many else []
    for one in asked:
        value, label = one.spec.double, one.spec.label
        derived += [
            sql.labelled(value, f"a{label}"),
            sql.labelled(sql.when(sql.not_nan(value.copy(), dialect), value.copy()), f"n{label}"),
            sql.labelled(sql.when(sql.finite(value.copy(), dialect), value.copy()), f"f{label}"),
            sql.labelled(
                sql.when(sql.within(value.copy(), LARGEST_MODERATE, dialect), value.copy()), f"m{label}"
            ),
        ]
        filled, counted, finite, moderate = (sql.own(f"{mark}{label}") for mark in "anfm")
        parts += [
            sql.count(filled),
            sql.count(counted),
            sql.count(finite),
            sql.lowest(finite.copy()),
            sql.highest(finite.copy()),
            exp.Avg(this=moderate),
            exp.Variance(this=moderate.copy()),
        ]
    rows = sql.select(derived, sql.window_name()).subquery("x", copy=False)
    return sql.render(by_segment(sql.select(parts, rows), many=many), dialect)


@lru_cache(maxsize=512)
def _coded(dialect: str, asked: tuple[Asked, ...], *, many: bool) -> str:
    """Counts by bin, below and above included, NaN left out."""
    selects = []
    for place, one in enumerate(asked):
        code = _code(dialect, Asked(one.spec, one.grid, covered=False))
        inner = [sql.labelled(code, "b"), *([sql.own("s")] if many else [])]
        rows = sql.select(inner, sql.window_name()).where(sql.not_nan(one.spec.double, dialect), copy=False)
        counted = sql.select(
            [
                sql.labelled(sql.number(place), "i"),
                sql.labelled(segment(many=many), "s"),
                sql.own("b"),
                sql.count(),
            ],
            rows.subquery("x", copy=False),
        )
        selects.append(sql.render(by_segment(counted, sql.own("b"), many=many), dialect))
    return " UNION ALL ".join(selects)
