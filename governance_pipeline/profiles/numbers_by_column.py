"""Numbers counted by a SELECT for each column: for DuckDB, which keeps columns apart, and others.

Each column is grouped by its bin, with the count, the sum and the sum of squares of the values in every
group. DuckDB groups by the bin's place on the number line, and only the groups, not the values, are compared
with the grid's ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import (
    Asked,
    Key,
    Shape,
    Sums,
    code_at,
    code_of,
    distance_of,
    place_of,
    square,
)
from governance_pipeline.profiles.distinct import HASHES
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.window import Window, by_segment, segment


def summed(session: Session, window: Window, asked: tuple[Asked, ...]) -> Mapping[Key, Sums]:
    """By (segment, column), where there is a value. NaN shows in the sums only.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    sums: dict[Key, Sums] = defaultdict(Sums)
    statement = _statement(session.dialect, asked, many=window.segments.many)
    for column, number, place, count, total, squares, hashed in session.rows(
        window.over([one.spec for one in asked], statement)
    ):
        if count:
            one = asked[int(column)]
            found = sums[int(number), one.spec.name]
            found.counts[code_at(session.dialect, one.grid, place)] += int(count)
            found.n += int(count)
            found.total += float(total)
            found.squares += float(squares)
            if hashed is not None:
                found.hashes.append(int(hashed))
    return sums


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
    figure, own_place = sql.figure(position), dialect == "duckdb"
    place = place_of(shape.spec, figure) if own_place else code_of(shape.spec, figure)
    segments = [sql.own("s")] if many else []
    rows = sql.select(
        [sql.labelled(distance_of(shape, figure), "d"), sql.labelled(place, "b"), *segments],
        sql.window_name(),
    )
    groups = sql.select(
        [
            sql.own("b"),
            *[key.copy() for key in segments],
            sql.labelled(sql.count(sql.own("d")), "n"),
            sql.labelled(exp.Sum(this=sql.own("d")), "t"),
            sql.labelled(exp.Sum(this=square(sql.own("d"), dialect)), "q"),
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
            sql.labelled(_hashed(dialect, shape), "h"),
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


def _hashed(dialect: str, shape: Shape) -> exp.Expression:
    """The hash of the value that a bin holds, where it holds but one. Only DuckDB, of those here, hashes."""
    if not shape.exact or dialect != "duckdb":
        return sql.cast(exp.Null(), sql.BIGINT)
    integer = shape.spec.integer
    assert integer is not None
    return HASHES[dialect](exp.TryCast(this=sql.own("b"), to=integer.copy()))
