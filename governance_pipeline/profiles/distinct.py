"""Distinct-count sketches of all columns of a window that have them, in one statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.profile import Sketch
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.sketch import REGISTERS, REMAINDER_BITS, of_minima
from governance_pipeline.profiles.unpivot import UNPIVOTS, each_numbered
from governance_pipeline.profiles.window import Window, by_segment, segment


def _duckdb(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="hash", expressions=[value])


def _postgres(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="hashtextextended", expressions=[sql.text_of(value), sql.number(0)])


def _spark(value: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="xxhash64", expressions=[value])


HASHES: Mapping[str, Callable[[exp.Expression], exp.Expression]] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "spark": _spark,
}
"""Each engine's own 64-bit hash function; engines without one here have no sketches."""


def hashed_by(dialect: str) -> str:
    """The hash function's name. DuckDB's may change with its version."""
    if dialect != "duckdb":
        return dialect
    import duckdb

    return f"duckdb {duckdb.__version__}"


@dataclass(frozen=True, slots=True)
class Different:
    """How many different values one column has in one segment, and how many values that are not null."""

    sketch: Sketch
    filled: int


def sketches(
    session: Session, window: Window, specs: Sequence[ColumnSpec]
) -> dict[tuple[int, str], Different]:
    """By (segment, column), of the columns that hold a value there.

    Raises:
        StatementFailed: the engine cannot hash the columns together; try fewer.
    """
    if not specs or session.dialect not in HASHES:
        return {}
    minima: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    filled: Counter[tuple[int, str]] = Counter()
    statement = _statement(session.dialect, tuple(specs), many=window.segments.many)
    for column, number, register, remainder, count in session.rows(window.over(specs, statement)):
        key = int(number), specs[int(column)].name
        minima[key][int(register)] = int(remainder)
        filled[key] += int(count)
    by = hashed_by(session.dialect)
    return {key: Different(of_minima(by, found), filled[key]) for key, found in minima.items()}


@lru_cache(maxsize=512)
def _statement(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    """Position, segment, register, its smallest remainder, and the number of values."""
    segments = [sql.own("s")] if many else []
    hash_of = HASHES[dialect]
    if dialect in UNPIVOTS:
        present = [sql.when(sql.present(one.value), hash_of(one.value)) for one in specs]  # Spark hashes null
        every = sql.select([*each_numbered(present, "i", "h", dialect), *segments], sql.window_name())
        rows = sql.select([exp.Star()], every.subquery("e", copy=False))
        rows = rows.where(sql.present(sql.own("h")), copy=False)
        return sql.render(_smallest(rows, sql.own("i"), dialect, many=many), dialect)
    selects = []
    for place, spec in enumerate(specs):
        rows = sql.select(
            [sql.labelled(hash_of(spec.value), "h"), *[key.copy() for key in segments]], sql.window_name()
        ).where(sql.present(spec.value), copy=False)
        selects.append(sql.render(_smallest(rows, sql.number(place), dialect, many=many), dialect))
    return sql.union(selects, dialect)


def _smallest(rows: exp.Select, position: exp.Expression, dialect: str, *, many: bool) -> exp.Select:
    register = _bits(sql.own("h"), REMAINDER_BITS, dialect)
    remainder = exp.BitwiseAnd(this=sql.own("h"), expression=sql.number((1 << REMAINDER_BITS) - 1))
    smallest = sql.select(
        [
            sql.labelled(position, "i"),
            sql.labelled(segment(many=many), "s"),
            sql.labelled(register, "r"),
            sql.lowest(remainder),
            sql.count(),
        ],
        rows.subquery("x", copy=False),
    )
    keys = [position.copy()] if isinstance(position, exp.Column) else []
    return by_segment(smallest, *keys, sql.own("r"), many=many)


def _bits(hashed: exp.Expression, shift: int, dialect: str) -> exp.Expression:
    """The upper bits as a small number, whether the engine's hash has a sign or not."""
    shifted = exp.BitwiseRightShift(this=hashed, expression=sql.number(shift))
    register = exp.Paren(
        this=exp.BitwiseAnd(this=exp.Paren(this=shifted), expression=sql.number(REGISTERS - 1))
    )
    small = exp.DataType.Type.SMALLINT if dialect == "duckdb" else exp.DataType.Type.INT
    return sql.cast(register, exp.DataType(this=small))
