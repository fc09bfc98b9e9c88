"""Counts, bounds and moments of every column of the window, in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import histogram_call, histogram_from_call
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.spark_counts import distinct_counts

EXACT_ROWS = 100_000  # distinct values of larger tables are estimated where the engine can
_MODERATE = 1e140  # squares of larger values, summed over 1e20 rows, pass the largest double
Edges = tuple[float, ...]
Asked = tuple[tuple[ColumnSpec, Edges | None], ...]

TOO_LARGE = "its values are too large for a mean and a variance"


def column_statistics(
    session: Session, window: str, specs: Sequence[ColumnSpec], edges: Mapping[str, Edges], *, table_rows: int
) -> tuple[int, dict[str, ColumnProfile], dict[str, str]]:
    """Rows of the window, a profile of each column still without categories, and what failed.

    On DuckDB the histograms on given edges come from the same pass.

    Raises:
        StatementFailed: the engine cannot read the columns together; try fewer.
    """
    asked = tuple((spec, edges.get(spec.name) if session.dialect == "duckdb" else None) for spec in specs)
    exact = table_rows <= EXACT_ROWS
    statement = _statement(session.dialect, asked, exact=exact)
    values = iter(session.rows(sql.over_window(window, statement))[0])
    rows = int(next(values))
    unmeasured: dict[str, str] = {}
    profiles = {}
    for spec, own in asked:
        profile, complete = _read(spec, session.dialect, own, rows, lambda: next(values), exact=exact)
        profiles[spec.name] = profile
        if not complete:
            unmeasured[spec.name] = TOO_LARGE
    if session.dialect == "spark":
        apart = [spec for spec in specs if spec.countable and (exact or spec.exact)]
        for name, count in distinct_counts(session, window, apart).items():
            profiles[name] = replace(profiles[name], distinct=count)
    return rows, profiles, unmeasured


@lru_cache(maxsize=1024)
def _statement(dialect: str, asked: Asked, *, exact: bool) -> str:
    """One aggregate over ``w``. Cached: night after night a table asks the same."""
    parts = [sql.count()]
    derived: list[exp.Expression] = []
    for spec, edges in asked:
        parts.append(sql.count(spec.value))
        derived.append(spec.value)
        if spec.kind == "number":
            derived += _derived(dialect, spec)
            parts += _number_parts(spec, edges)
        elif spec.kind == "time":
            bounds = (sql.lowest(spec.value), sql.highest(spec.value))
            parts += [sql.time_text(bound, dialect, zoned=spec.type.zoned) for bound in bounds]
        elif spec.kind == "boolean":
            parts.append(sql.count_where(spec.value))
        if _has_distinct(spec, dialect, exact=exact):
            parts.append(_distinct(dialect, spec, exact=exact))
    rows = sql.select(derived or [sql.number(1)], sql.window_name()).subquery("g", copy=False)
    return sql.render(sql.select(parts, rows), dialect)


def _derived(dialect: str, spec: ColumnSpec) -> list[exp.Expression]:
    """Of a number: its double; of one that may be odd also its double unless NaN, unless not finite,
    and unless too large to be squared.
    """
    double = [spec.double] if spec.double != spec.value else []
    if not spec.floating:
        return double
    return [
        *double,
        sql.labelled(sql.when(sql.not_nan(spec.double, dialect), spec.double), f"n{spec.label}"),
        sql.labelled(sql.when(sql.finite(spec.double), spec.double), f"f{spec.label}"),
        sql.labelled(sql.when(sql.within(spec.double, _MODERATE), spec.double), f"m{spec.label}"),
    ]


def _number_parts(spec: ColumnSpec, edges: Edges | None) -> list[exp.Expression]:
    counted = finite = moderate = spec.double
    parts: list[exp.Expression] = []
    if spec.floating:
        counted, finite, moderate = (sql.own(f"{mark}{spec.label}") for mark in "nfm")
        parts += [sql.count(counted), sql.count(finite)]
    parts += [
        sql.lowest(finite),
        sql.highest(finite.copy()),
        exp.Avg(this=moderate.copy()),
        exp.Variance(this=moderate.copy()),
    ]
    if edges:
        parts.append(histogram_call(counted.copy(), edges))
    return parts


def _has_distinct(spec: ColumnSpec, dialect: str, *, exact: bool) -> bool:
    """Large tables' floats go without: nearly all differ, and counting them doubles the scan.

    Spark counts exactly in a statement of its own.
    """
    if dialect == "spark" and (exact or spec.exact):
        return False
    return spec.countable and (exact or spec.exact or not spec.floating)


def _distinct(dialect: str, spec: ColumnSpec, *, exact: bool) -> exp.Expression:
    value = sql.own(f"n{spec.label}") if spec.kind == "number" and spec.floating else spec.value
    if exact or spec.exact or dialect not in sql.APPROXIMATE_DISTINCT:
        return sql.count(value, distinct=True)
    return sql.approximate_distinct(value, dialect)


def _read(
    spec: ColumnSpec,
    dialect: str,
    edges: Edges | None,
    rows: int,
    following: Callable[[], Any],
    *,
    exact: bool,
) -> tuple[ColumnProfile, bool]:
    """One column's values in the order :func:`_statement` asked for them; False without moments."""
    filled = int(following())
    known: dict[str, Any] = {}
    complete = True
    if spec.kind == "number":
        counted, finite = filled, filled
        if spec.floating:
            counted, finite = int(following()), int(following())
        low, high, mean, variance = (_number(following()) for _ in range(4))
        complete = not spec.floating or max(abs(low or 0.0), abs(high or 0.0)) <= _MODERATE
        known = {
            "nans": filled - counted,
            "infinities": counted - finite,
            "minimum": low,
            "maximum": high,
            "mean": mean if complete else None,
            "variance": variance if complete else None,
        }
        if edges:
            known["histogram"] = histogram_from_call(following(), edges)
    elif spec.kind == "time":
        known = {"minimum": following(), "maximum": following()}
    elif spec.kind == "boolean":
        true = int(following())
        known["categories"] = {text: n for text, n in (("true", true), ("false", filled - true)) if n}
    if _has_distinct(spec, dialect, exact=exact):
        known["distinct"] = min(int(following()), filled)
    profile = ColumnProfile(
        name=spec.name, kind=spec.kind, engine_type=spec.type.name, rows=rows, nulls=rows - filled, **known
    )
    return profile, complete


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
