"""Counts, bounds and moments of every column of the window, in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import histogram_call, histogram_from_call
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.profiles.session import Session

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
    statement = _statement(session.dialect, asked, exact=table_rows <= EXACT_ROWS)
    values = iter(session.rows(sql.over_window(window, statement))[0])
    rows = int(next(values))
    unmeasured: dict[str, str] = {}
    profiles = {}
    for spec, own in asked:
        profile, complete = _read(spec, own, rows, lambda: next(values))
        profiles[spec.name] = profile
        if not complete:
            unmeasured[spec.name] = TOO_LARGE
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
            derived += _derived(spec)
            parts += _number_parts(dialect, spec, edges)
        elif spec.kind == "time":
            parts += [sql.text_of(sql.lowest(spec.value)), sql.text_of(sql.highest(spec.value))]
        elif spec.kind == "boolean":
            parts.append(sql.count_where(spec.value))
        if spec.countable:
            parts.append(_distinct(dialect, spec, exact=exact))
    rows = sql.select(derived or [sql.number(1)], sql.window_name()).subquery("g", copy=False)
    return sql.render(sql.select(parts, rows), dialect)


def _derived(spec: ColumnSpec) -> list[exp.Expression]:
    """Of a float: its finite value, and its value if it is moderate; else null."""
    if not spec.floating:
        return [spec.double] if spec.double != spec.value else []
    moderate = sql.both(
        sql.at_least(spec.double, sql.double(-_MODERATE)), sql.at_most(spec.double, sql.double(_MODERATE))
    )
    own = [spec.double] if spec.double != spec.value else []
    return [
        *own,
        sql.labelled(sql.when(sql.finite(spec.double), spec.double), f"f{spec.label}"),
        sql.labelled(sql.when(moderate, spec.double), f"m{spec.label}"),
    ]


def _number_parts(dialect: str, spec: ColumnSpec, edges: Edges | None) -> list[exp.Expression]:
    finite, moderate = spec.double, spec.double
    parts: list[exp.Expression] = []
    if spec.floating:
        nan = sql.is_nan(spec.double, dialect)
        finite, moderate = sql.own(f"f{spec.label}"), sql.own(f"m{spec.label}")
        parts += [sql.count_where(nan) if nan else sql.number(0), sql.count(finite), sql.count(moderate)]
    parts += [
        sql.lowest(finite.copy()),
        sql.highest(finite.copy()),
        exp.Avg(this=moderate.copy()),
        exp.Variance(this=moderate.copy()),
    ]
    if edges:
        parts.append(histogram_call(spec.double, edges, floating=spec.floating))
    return parts


def _distinct(dialect: str, spec: ColumnSpec, *, exact: bool) -> exp.Expression:
    if exact or spec.exact or dialect not in sql.APPROXIMATE_DISTINCT:
        return sql.count(spec.value, distinct=True)
    return exp.ApproxDistinct(this=spec.value)


def _read(
    spec: ColumnSpec, edges: Edges | None, rows: int, following: Callable[[], Any]
) -> tuple[ColumnProfile, bool]:
    """One column's values in the order :func:`_statement` asked for them; False without moments."""
    filled = int(following())
    known: dict[str, Any] = {}
    complete = True
    if spec.kind == "number":
        nans, finite, moderate = 0, filled, filled
        if spec.floating:
            nans, finite, moderate = int(following()), int(following()), int(following())
        low, high, mean, variance = (_number(following()) for _ in range(4))
        complete = finite == moderate
        known = {
            "nans": nans,
            "infinities": filled - nans - finite,
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
    if spec.countable:
        nan = 1 if known.get("nans") else 0  # engines count NaN as one value
        known["distinct"] = min(int(following()) - nan, filled)
    profile = ColumnProfile(
        name=spec.name, kind=spec.kind, engine_type=spec.type.name, rows=rows, nulls=rows - filled, **known
    )
    return profile, complete


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
