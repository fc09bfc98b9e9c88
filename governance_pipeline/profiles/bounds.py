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
from governance_pipeline.profiles.unpivot import together
from governance_pipeline.profiles.window import Window, by_segment, segment


@dataclass(frozen=True, slots=True)
class Bound:
    """One column: values that are not null (None where a statement to come tells), and the smallest and
    largest of numbers (as floats) and of times (as text). A float's may be NaN or infinite.
    """

    filled: int | None
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
    if window.of_files and not window.segments.dated:
        return {0: _from_statistics(session, window, specs)}
    found: dict[int, Bounds] = {}
    most = together(session.dialect)
    for start in range(0, max(1, len(specs)), most):
        some = specs[start : start + most]
        statement = _statement(session.dialect, tuple(some), many=window.segments.many, counted=True)
        for number, rows, *values in session.rows(window.over(some, statement)):
            following = iter(values)
            columns = {spec.name: _bound(spec, int(next(following)), following) for spec in some}
            found.setdefault(int(number), Bounds(int(rows), {})).columns.update(columns)
    return found


def _from_statistics(session: Session, window: Window, specs: Sequence[ColumnSpec]) -> Bounds:
    """Of Parquet files' footers. Of numbers and text, which other statements group in any case, the filled
    values are not counted: a footer tells how many there are only where none is null.
    """
    statement = _statement(session.dialect, tuple(specs), many=False, counted=False)
    _, rows, *values = session.rows(window.over(specs, statement))[0]
    counted = [spec for spec in specs if spec.kind not in ("number", "category", "boolean")]
    filled = _filled(session, window, counted) if rows else dict.fromkeys((s.name for s in counted), 0)
    following = iter(values)
    return Bounds(int(rows), {spec.name: _bound(spec, filled.get(spec.name), following) for spec in specs})


def _filled(session: Session, window: Window, specs: Sequence[ColumnSpec]) -> dict[str, int]:
    """Each in a SELECT of its own: DuckDB answers those of columns without nulls from the footer, and only
    if nothing beside them has to be read.
    """
    if not specs:
        return {}
    selects = [
        sql.select([sql.labelled(sql.number(position), "i"), sql.count(spec.value)], sql.window_name())
        for position, spec in enumerate(specs)
    ]
    body = sql.union([sql.render(select, session.dialect) for select in selects], session.dialect)
    return {specs[int(place)].name: int(count) for place, count in session.rows(window.over(specs, body))}


def _bound(spec: ColumnSpec, filled: int | None, values: Iterator[Any]) -> Bound:
    if spec.kind == "number":
        return Bound(filled, _float(next(values)), _float(next(values)))
    if spec.kind == "time":
        return Bound(filled, next(values), next(values))
    return Bound(filled)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


@lru_cache(maxsize=1024)
def _statement(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool, counted: bool) -> str:
    parts = [segment(many=many), sql.count()]
    for spec in specs:
        parts += [sql.count(spec.value)] if counted else []
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
