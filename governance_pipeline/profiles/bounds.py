"""Rows, filled values and bounds of every column, by segment: the cheapest statement of a scan.

It holds nothing but counts, minima and maxima, so that an engine can answer it from its own statistics
(DuckDB reads only a Parquet file's footer). What it says of a float may miss NaN for that reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.window import Window, by_segment, segment


@dataclass(frozen=True, slots=True)
class Bound:
    """One column: values that are not null, and the smallest and largest of numbers (as floats) and of
    times (as text). A float's may be NaN or infinite.
    """

    filled: int
    minimum: float | str | None = None
    maximum: float | str | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """One segment."""

    rows: int
    columns: dict[str, Bound]


def bounds(session: Session, window: Window, specs: Sequence[ColumnSpec]) -> dict[int, Bounds]:
    """By segment; segments without a row are missing, but for the only one of an undivided table.

    Raises:
        StatementFailed: the engine cannot read the columns together; try fewer.
    """
    statement = _statement(session.dialect, tuple(specs), many=window.segments.many)
    found = {}
    for number, rows, *values in session.rows(window.over(specs, statement)):
        following = iter(values)
        found[int(number)] = Bounds(int(rows), {spec.name: _bound(spec, following) for spec in specs})
    return found


def _bound(spec: ColumnSpec, values: Iterator[Any]) -> Bound:
    filled = int(next(values))
    if spec.kind == "number":
        return Bound(filled, _float(next(values)), _float(next(values)))
    if spec.kind == "time":
        return Bound(filled, next(values), next(values))
    return Bound(filled)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


@lru_cache(maxsize=1024)
def _statement(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    parts = [segment(many=many), sql.count()]
    for spec in specs:
        parts.append(sql.count(spec.value))
        if spec.kind == "number":
            value = spec.value if dialect == "duckdb" else spec.double  # DuckDB's statistics know no cast
            parts += [sql.lowest(value), sql.highest(value.copy())]
        elif spec.kind == "time":
            ends = (sql.lowest(spec.value), sql.highest(spec.value))
            parts += [sql.time_text(end, dialect, zoned=spec.type.zoned) for end in ends]
    query = sql.select(parts, sql.window_name())
    return sql.render(by_segment(query, many=many), dialect)


@dataclass(frozen=True, slots=True)
class Span:
    """A relation's rows by event time: how many, how many dated, the first and the last instant."""

    rows: int
    dated: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None


def span(session: Session, relation: exp.Expression, moment: TimeColumn | None) -> Span:
    """Raises StatementFailed where the relation cannot be read."""
    parts = [sql.count()]
    if moment is not None:
        parts += [
            sql.count(moment.value()),
            sql.text_of(sql.lowest(moment.value())),
            sql.text_of(sql.highest(moment.value())),
        ]
    row = session.rows(sql.render(sql.select(parts, relation.copy()), session.dialect))[0]
    if moment is None:
        return Span(int(row[0]))
    return Span(int(row[0]), int(row[1]), moment.read(row[2]), moment.read(row[3]))
