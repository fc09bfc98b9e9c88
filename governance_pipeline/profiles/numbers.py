"""Histograms and moments of all numbers of a window, in one statement.

Each column is grouped by its bin's number, with the count, the sum and the sum of squares of the values
in every group: from these few hundred rows follow the histogram, the mean and the variance. Values far
from zero are reckoned from the middle of the grid, because sums of their squares lose the variance to
rounding.

The common case is fast: DuckDB groups by the bin's place on the number line, and only the groups, not the
values, are compared with the grid's ends. Columns with NaN, infinities or values whose squares overflow are
asked about again, by :mod:`governance_pipeline.profiles.odd_numbers`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import Asked, Numbers, Shape, code_at, code_of, histogram_of, place_of
from governance_pipeline.profiles.distinct import HASHES, hashed_by
from governance_pipeline.profiles.odd_numbers import odd_numbers
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.sketch import of_hashes
from governance_pipeline.profiles.window import Window, by_segment, segment

_FAR = 1e4  # squared deviations between mean and middle beyond which rounding costs more than 1e-10
_SQUARES_PASS_AWAY = 1e-150  # numbers below it have squares that are no doubles, which is an error to some
_LENIENT = frozenset({"duckdb", "spark", "databricks"})

Key = tuple[int, str]


@dataclass(slots=True)
class _Sums:
    """What a segment's groups add up to."""

    counts: Counter[int] = field(default_factory=Counter)
    hashes: list[int] = field(default_factory=list)
    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, code: int, count: int, total: float, squares: float) -> None:
        self.counts[code] += count
        self.n += count
        self.total += total
        self.squares += squares


def numbers(session: Session, window: Window, asked: Sequence[Asked]) -> dict[Key, Numbers]:
    """By (segment, column); where a column has no value in a segment there is no entry.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    tame = tuple(one for one in asked if not one.wild)
    sums = _summed(session, window, tame)
    by_name = {one.spec.name: one for one in asked}
    odd = {one.spec.name for one in asked if one.wild}
    odd |= {name for (_, name), found in sums.items() if _is_odd(found)}
    done = {
        key: _plain(session.dialect, found, by_name[key[1]])
        for key, found in sums.items()
        if key[1] not in odd
    }
    return done | odd_numbers(session, window, [one for one in asked if one.spec.name in odd])


def _summed(session: Session, window: Window, asked: tuple[Asked, ...]) -> Mapping[Key, _Sums]:
    sums: dict[Key, _Sums] = defaultdict(_Sums)
    if not asked:
        return sums
    statement = _statement(session.dialect, asked, many=window.segments.many)
    for column, number, place, count, total, squares, hashed in session.rows(
        window.over([one.spec for one in asked], statement)
    ):
        if count:
            one = asked[int(column)]
            found = sums[int(number), one.spec.name]
            found.add(code_at(session.dialect, one.grid, place), int(count), float(total), float(squares))
            if hashed is not None:
                found.hashes.append(int(hashed))
    return sums


def _is_odd(sums: _Sums) -> bool:
    """Whether the fast sums do not tell enough: something is not finite, or all is far off."""
    if not (math.isfinite(sums.total) and math.isfinite(sums.squares)):
        return True
    mean, spread = sums.total / sums.n, _variance(sums)
    return sums.n > 1 and spread > 0 and mean * mean > _FAR * spread


def _variance(sums: _Sums) -> float:
    if sums.n < 2:  # noqa: PLR2004  one value has no variance
        return 0.0
    return max(0.0, (sums.squares - sums.total * sums.total / sums.n) / (sums.n - 1))


def _plain(dialect: str, sums: _Sums, asked: Asked) -> Numbers:
    exact = asked.exact and not (sums.counts[0] or sums.counts[asked.grid.bins + 1])
    return Numbers(
        histogram=histogram_of(asked.grid, sums.counts),
        filled=sums.n,
        mean=asked.middle + sums.total / sums.n,
        variance=_variance(sums) if sums.n > 1 else None,
        exact=exact,
        sketch=of_hashes(hashed_by(dialect), sums.hashes) if exact and dialect in HASHES else None,
    )


def _statement(dialect: str, asked: tuple[Asked, ...], *, many: bool) -> str:
    """One SELECT a column: position, segment, bin, count, sum, sum of squares, hash of an exact bin.

    The statement's shape is kept; the figures, which differ from night to night, are put into it.
    """
    shape = _shape(dialect, tuple(one.shape for one in asked), many=many)
    return sql.filled(shape, [one.figures(dialect) for one in asked])


@lru_cache(maxsize=256)
def _shape(dialect: str, asked: tuple[Shape, ...], *, many: bool) -> str:
    selects = [_select(dialect, one, position, many=many) for position, one in enumerate(asked)]
    return sql.union([sql.render(select, dialect) for select in selects], dialect)


def _select(dialect: str, shape: Shape, position: int, *, many: bool) -> exp.Select:
    figure = sql.figure(position)
    value, own_place = shape.spec.double, dialect == "duckdb"
    distance = exp.Sub(this=value, expression=figure("middle")) if shape.far else value
    place = place_of(shape.spec, figure) if own_place else code_of(shape.spec, figure)
    segments = [sql.own("s")] if many else []
    rows = sql.select([sql.labelled(distance, "d"), sql.labelled(place, "b"), *segments], sql.window_name())
    groups = sql.select(
        [
            sql.own("b"),
            *[key.copy() for key in segments],
            sql.labelled(sql.count(sql.own("d")), "n"),
            sql.labelled(exp.Sum(this=sql.own("d")), "t"),
            sql.labelled(exp.Sum(this=_square(sql.own("d"), dialect)), "q"),
        ],
        rows.subquery("x", copy=False),
    )
    groups = by_segment(groups, sql.own("b"), many=many)
    if own_place and not shape.covered:
        groups = _clamped(groups, figure, many=many)
    return sql.select(
        [
            sql.labelled(sql.number(position), "i"),
            sql.labelled(segment(many=many), "s"),
            *map(sql.own, "bntq"),
            sql.labelled(_hashed(dialect, shape, figure), "h"),
        ],
        groups.subquery("y", copy=False),
    )


def _clamped(groups: exp.Select, figure: sql.Figure, *, many: bool) -> exp.Select:
    """All groups below the grid as one, and all above it: values far off may have a group each."""
    place = exp.Case(
        ifs=[
            exp.If(this=sql.less(sql.own("b"), figure("first")), true=sql.double("-inf")),
            exp.If(this=sql.at_least(sql.own("b"), figure("end")), true=sql.double("inf")),
        ],
        default=sql.own("b"),
    )
    segments = [sql.own("s")] if many else []
    parts = sql.select(
        [sql.labelled(place, "b"), *segments, *map(sql.own, "ntq")], groups.subquery("w2", copy=False)
    )
    sums = [sql.labelled(exp.Sum(this=sql.own(name)), name) for name in "ntq"]
    clamped = sql.select(
        [sql.own("b"), *[key.copy() for key in segments], *sums], parts.subquery("z", copy=False)
    )
    return by_segment(clamped, sql.own("b"), many=many)


def _square(value: exp.Expression, dialect: str) -> exp.Expression:
    """Its square; of numbers so small that their squares pass away nothing, where that is an error."""
    square = exp.Mul(this=value, expression=value.copy())
    if dialect in _LENIENT:
        return square
    near = sql.less(exp.Abs(this=value.copy()), sql.double(_SQUARES_PASS_AWAY))
    return sql.either(near, sql.double(0.0), square)


def _hashed(dialect: str, shape: Shape, figure: sql.Figure) -> exp.Expression:
    """The hash of the value that a bin holds, where it holds but one."""
    if not shape.exact or dialect not in HASHES:
        return sql.cast(exp.Null(), sql.BIGINT)
    place: exp.Expression = sql.own("b")
    if dialect != "duckdb":
        before = exp.Sub(this=figure("first"), expression=sql.double(1.0))
        place = exp.Paren(this=exp.Add(this=place, expression=exp.Paren(this=before)))
    integer = shape.spec.integer
    assert integer is not None
    value = exp.TryCast(this=place, to=integer.copy()) if dialect == "duckdb" else sql.cast(place, integer)
    return HASHES[dialect](value)
