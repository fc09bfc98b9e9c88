"""Columns counted by hashed cluster and bin, in one pass over the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import code_at, code_of, doubles_of, place_of
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.profile import MAX_CLUSTERS
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.text import as_text
from governance_pipeline.profiles.values import WITHOUT_GROUPING_SETS
from governance_pipeline.profiles.window import Window, by_segment, segment

_DIGITS = "0123456789abcdef"
_EXACT = 2.0**53  # up to here every whole number is a double

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """One column to count.

    Attributes:
        grid: its bins; None where it is counted by value, or by presence alone.
        values: the values that are told apart; all others are counted as one.
    """

    spec: ColumnSpec
    grid: Grid | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows of one bucket in one bin of a column.

    Attributes:
        code: None for null and NaN; of bins as :func:`bins.code_of` says.
        value: the value, where it is one of those that are told apart.
    """

    bucket: int
    code: int | None
    value: str | None
    rows: int


def count(
    session: Session, window: Window, by: ColumnSpec, asked: Sequence[Counted]
) -> dict[Key, list[Cell]]:
    """By (segment, column).

    Args:
        by: the column that says which rows belong together.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    together = session.dialect not in WITHOUT_GROUPING_SETS
    cells: dict[Key, list[Cell]] = defaultdict(list)
    for some in [asked] if together else [[one] for one in asked]:
        for key, cell in _cells(session, window, by, some):
            cells[key].append(cell)
    return cells


def _cells(
    session: Session, window: Window, by: ColumnSpec, asked: Sequence[Counted]
) -> list[tuple[Key, Cell]]:
    # under a label of its own, and as what its type says even where it identifies a row
    cluster = replace(by, label="g", kind=by.type.kind)
    columns = [*(one.spec for one in asked), cluster]
    statement = sql.render(
        _statement(cluster, asked, session.dialect, many=window.segments.many), session.dialect
    )
    found = []
    for column, number, bucket, place, value, rows in session.rows(window.over(columns, statement)):
        one = asked[int(column)]
        code = None if place is None else code_at(session.dialect, one.grid, place) if one.grid else 1
        told = as_text(value if one.spec.kind == "category" else _boolean(value))
        found.append(((int(number), one.spec.name), Cell(int(bucket), code, told, int(rows))))
    return found


def _boolean(text: str | None) -> bool | None:
    return None if text is None else str(text).lower() in ("true", "t", "1")


def bucket_of(value: exp.Expression) -> exp.Expression:
    """The bucket of a text: the first eight bits of its MD5, which every engine has, modulo 64."""
    hashed = exp.MD5(this=exp.Coalesce(this=value, expressions=[exp.Literal.string("")]))
    first, second = (_digit(hashed.copy(), place) for place in (1, 2))
    upper = exp.Mod(this=exp.Paren(this=first), expression=sql.number(MAX_CLUSTERS // len(_DIGITS)))
    return exp.Add(
        this=exp.Mul(this=exp.Paren(this=upper), expression=sql.number(len(_DIGITS))),
        expression=exp.Paren(this=second),
    )


def _digit(hashed: exp.Expression, place: int) -> exp.Expression:
    digit = exp.Substring(this=hashed, start=sql.number(place), length=sql.number(1))
    found = exp.StrPosition(this=exp.Literal.string(_DIGITS), substr=digit)
    return exp.Sub(this=found, expression=sql.number(1))


def spelling(spec: ColumnSpec, dialect: str) -> exp.Expression:
    """A cluster's value as text, the same on every engine: 7, 7.0 and decimal 7.00 are all ``7``."""
    if spec.kind == "time":
        return sql.time_text(spec.value, dialect, zoned=spec.type.zoned)
    if spec.kind != "number" or spec.integer is not None:
        return sql.text_of(spec.value)
    rounded = sql.equal(exp.Floor(this=spec.double), spec.double)
    whole = sql.both(rounded, sql.less(exp.Abs(this=spec.double), sql.double(_EXACT)))
    digits = sql.text_of(sql.cast(spec.double, sql.BIGINT))
    return sql.either(whole, digits, sql.text_of(spec.value))


def _statement(cluster: ColumnSpec, asked: Sequence[Counted], dialect: str, *, many: bool) -> exp.Select:
    """Position, segment, bucket, place, value, count."""
    segments = [sql.own("s")] if many else []
    keys = [sql.own(f"b{at}") for at in range(len(asked))]
    rows = sql.select(
        [
            sql.labelled(bucket_of(spelling(cluster, dialect)), "g"),
            *[sql.labelled(_key(one, dialect), f"b{at}") for at, one in enumerate(asked)],
            *segments,
        ],
        sql.window_name(),
    )
    counted = sql.select(
        [
            sql.labelled(_position(keys), "i"),
            sql.own("g"),
            *[key.copy() for key in segments],
            *[key.copy() for key in keys],
            sql.labelled(sql.count(), "n"),
        ],
        rows.subquery("x", copy=False),
    )
    counted.set("group", _groups(keys, many=many))
    places = [_place(one, key, dialect) for one, key in zip(asked, keys, strict=True)]
    values = [_told(one, key) for one, key in zip(asked, keys, strict=True)]
    told = sql.select(
        [
            sql.own("i"),
            sql.own("g"),
            *[key.copy() for key in segments],
            sql.labelled(_chosen(places, sql.DOUBLE), "b"),
            sql.labelled(_chosen(values, sql.TEXT), "t"),
            sql.own("n"),
        ],
        counted.subquery("y", copy=False),
    )
    summed = sql.select(
        [
            sql.own("i"),
            sql.labelled(segment(many=many), "s"),
            *map(sql.own, "gbt"),
            sql.labelled(exp.Sum(this=sql.own("n")), "n"),
        ],
        told.subquery("z", copy=False),
    )
    return by_segment(summed, *map(sql.own, "igbt"), many=many)


def _position(keys: Sequence[exp.Expression]) -> exp.Expression:
    """Which of the keys a group is of."""
    if len(keys) == 1:
        return sql.number(0)
    ifs = [
        exp.If(this=sql.equal(exp.Grouping(expressions=[key.copy()]), sql.number(0)), true=sql.number(at))
        for at, key in enumerate(keys)
    ]
    return exp.Case(ifs=ifs)


def _groups(keys: Sequence[exp.Expression], *, many: bool) -> exp.Group:
    """By bucket, segment and each key: one pass over the rows, whatever the number of columns."""
    sets = [[sql.own("g"), *([sql.own("s")] if many else []), key.copy()] for key in keys]
    if len(sets) == 1:
        return exp.Group(expressions=sets[0])
    tuples = [exp.Tuple(expressions=one) for one in sets]
    return exp.Group(grouping_sets=[exp.GroupingSets(expressions=tuples)])


def _figures(grid: Grid) -> sql.Figure:
    doubles = doubles_of(grid)
    return lambda name: sql.number(grid.bins + 1) if name == "above" else sql.double(doubles[name])


def _key(one: Counted, dialect: str) -> exp.Expression:
    """What a column's rows are grouped by: null where there is no value."""
    spec = one.spec
    number = spec.kind == "number"
    there = sql.not_nan(spec.double, dialect) if number and spec.floating else sql.present(spec.value)
    if one.grid is not None:
        if dialect == "duckdb":
            return place_of(spec, _figures(one.grid))
        return sql.when(there, code_of(spec, _figures(one.grid)))
    return spec.value if one.values else sql.when(there, sql.number(1))


def _place(one: Counted, key: exp.Expression, dialect: str) -> exp.Expression:
    """Where a group lies, as a double; null where it has no value."""
    if one.grid is None or dialect != "duckdb":
        return sql.when(sql.present(key.copy()), sql.double(1.0) if one.values else sql.cast(key, sql.DOUBLE))
    first, end = (sql.double(doubles_of(one.grid)[name]) for name in ("first", "end"))
    nan = sql.is_nan(key.copy(), dialect)
    assert nan is not None
    return exp.Case(
        ifs=[
            exp.If(this=nan, true=exp.Null()),
            exp.If(this=sql.less(key.copy(), first), true=sql.double("-inf")),
            exp.If(this=sql.at_least(key.copy(), end), true=sql.double("inf")),
        ],
        default=key.copy(),
    )


def _told(one: Counted, key: exp.Expression) -> exp.Expression | None:
    """The value of a group, where it is one of those that are told apart."""
    if not one.values:
        return None
    if one.spec.kind != "category":
        return sql.text_of(key)
    literals = [exp.Literal.string(value) for value in one.values]
    return sql.when(exp.In(this=key.copy(), expressions=literals), key.copy())


def _chosen(parts: Sequence[exp.Expression | None], type_: exp.DataType) -> exp.Expression:
    """The part that belongs to a group's column; null where that has none."""
    ifs = [
        exp.If(this=sql.equal(sql.own("i"), sql.number(at)), true=part)
        for at, part in enumerate(parts)
        if part is not None
    ]
    return sql.cast(exp.Case(ifs=ifs) if ifs else exp.Null(), type_)
