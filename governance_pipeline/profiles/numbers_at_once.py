"""Numbers of all columns counted in one pass, and their moments in another: for engines that read whole rows.

Every value becomes a row with the number of its bin, counted from its column's first number on, and these are
grouped. Sums of the values would double the cost there: they are asked for without groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import Asked, Key, Shape, Sums, code_of, distance_of, square
from governance_pipeline.profiles.distinct import HASHES
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.unpivot import each
from governance_pipeline.profiles.window import Window, by_segment, segment

_CODES = 256
"""Numbers that each column has for its bins: more than any grid's, and those below and above it."""


def summed(session: Session, window: Window, asked: tuple[Asked, ...]) -> Mapping[Key, Sums]:
    """By (segment, column), where there is a value. None may be NaN.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    found: dict[Key, Sums] = defaultdict(Sums)
    for key, code, count, hashed in counted(session, window, asked):
        found[key].counts[code] += count
        if hashed is not None:
            found[key].hashes.append(hashed)
    statement = _filled(_sums(session.dialect, _shapes(asked), many=window.segments.many), session, asked)
    for number, *values in session.rows(window.over([one.spec for one in asked], statement)):
        for one, n, total, squares in zip(asked, values[::3], values[1::3], values[2::3], strict=True):
            if n:
                sums = found[int(number), one.spec.name]
                sums.n, sums.total, sums.squares = int(n), float(total), float(squares)
    return found


def counted(
    session: Session, window: Window, asked: tuple[Asked, ...], *, guarded: bool = False
) -> Iterator[tuple[Key, int, int, int | None]]:
    """(segment, column), code of a bin, values in it, and the hash of the one whole number that it holds.

    Args:
        guarded: leave NaN out; else there must be none. Nothing is hashed.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    shape = _counts(session.dialect, _shapes(asked), many=window.segments.many, guarded=guarded)
    statement = window.over([one.spec for one in asked], _filled(shape, session, asked))
    for number, place, count, hashed in session.rows(statement):
        if place is not None:
            column, code = divmod(int(place), _CODES)
            key = int(number), asked[column].spec.name
            yield key, code, int(count), None if hashed is None else int(hashed)


def _shapes(asked: tuple[Asked, ...]) -> tuple[Shape, ...]:
    return tuple(one.shape for one in asked)


def _filled(shape: str, session: Session, asked: tuple[Asked, ...]) -> str:
    """The statement's shape is kept; the figures, which differ from night to night, are put into it."""
    return sql.filled(shape, [one.figures(session.dialect) for one in asked])


@lru_cache(maxsize=256)
def _counts(dialect: str, shapes: tuple[Shape, ...], *, many: bool, guarded: bool) -> str:
    """Segment, number of the bin, count, hash of an exact bin; the number is null for what has no bin."""
    places = [_place(dialect, shape, column, guarded=guarded) for column, shape in enumerate(shapes)]
    segments = [sql.own("s")] if many else []
    rows = sql.select([each(places, "b", dialect), *segments], sql.window_name())
    groups = sql.select(
        [sql.own("b"), *[key.copy() for key in segments], sql.labelled(sql.count(), "n")],
        rows.subquery("x", copy=False),
    )
    hashed = sql.cast(exp.Null(), sql.BIGINT) if guarded else _hashed(dialect, shapes)
    counts = sql.select(
        [segment(many=many), *map(sql.own, "bn"), hashed],
        by_segment(groups, sql.own("b"), many=many).subquery("y", copy=False),
    )
    return sql.render(counts, dialect)


def _place(dialect: str, shape: Shape, column: int, *, guarded: bool) -> exp.Expression:
    code = code_of(shape.spec, sql.figure(column))
    if guarded:
        code = sql.when(sql.not_nan(shape.spec.double, dialect), code)
    return exp.Add(this=sql.number(column * _CODES), expression=code)


def _hashed(dialect: str, shapes: tuple[Shape, ...]) -> exp.Expression:
    """The hash of the value that a bin holds, where it holds but one."""
    ifs = []
    for column, shape in enumerate(shapes):
        if shape.exact:
            assert shape.spec.integer is not None
            start = sql.number(column * _CODES)
            place = exp.Paren(this=exp.Sub(this=sql.own("b"), expression=start))
            before = exp.Paren(this=exp.Sub(this=sql.figure(column)("first"), expression=sql.double(1.0)))
            value = sql.cast(exp.Add(this=place, expression=before), shape.spec.integer)
            mine = sql.less(sql.own("b"), sql.number((column + 1) * _CODES))
            ifs.append(
                exp.If(
                    this=sql.both(sql.at_least(sql.own("b"), start.copy()), mine), true=HASHES[dialect](value)
                )
            )
    return exp.Case(ifs=ifs) if ifs else sql.cast(exp.Null(), sql.BIGINT)


@lru_cache(maxsize=256)
def _sums(dialect: str, shapes: tuple[Shape, ...], *, many: bool) -> str:
    """Segment; of each column the count, the sum and the sum of squares."""
    parts = [segment(many=many)]
    for column, shape in enumerate(shapes):
        distance = distance_of(shape, sql.figure(column))
        parts += [
            sql.count(distance),
            exp.Sum(this=distance.copy()),
            exp.Sum(this=square(exp.Paren(this=distance.copy()), dialect)),
        ]
    return sql.render(by_segment(sql.select(parts, sql.window_name()), many=many), dialect)
