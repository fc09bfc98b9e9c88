"""Rows whose primary key another row has too."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable

WHOLE_TABLE_ROWS = 5_000_000
"""Up to so many rows every key is compared with every other, each night. Of larger tables the keys of
the window's rows are: comparing all would read an old column again every night."""


def duplicate_keys(
    session: Session, table: SourceTable, plan: ScanPlan, moment: TimeColumn | None, rows: int
) -> int:
    """Rows beyond the first of their key; null keys count as one key, and 0 where there is no key.

    Raises:
        StatementFailed: the engine cannot compare the keys.
    """
    key = [name for name in plan.contract.primary_key if table.type_of(name)]
    if not key or len(key) < len(plan.contract.primary_key):
        return 0
    keys = sql.select([sql.named(name) for name in key], table.relation)
    if moment is not None and plan.window_start is not None and rows > WHOLE_TABLE_ROWS:
        keys = keys.where(moment.within(plan.window_start, plan.as_of), copy=False)
    query = _apart(keys) if session.dialect == "duckdb" else _grouped(keys, key)
    return int(session.rows(sql.render(query, session.dialect))[0][0] or 0)


def _apart(keys: exp.Select) -> exp.Select:
    """Rows less keys: DuckDB counts the rows without reading them."""
    different = sql.select([sql.count()], keys.copy().distinct(copy=False).subquery("d", copy=False))
    beyond = exp.Sub(this=sql.count(), expression=different.subquery(copy=False))
    return sql.select([beyond], keys.subquery("k", copy=False))


def _grouped(keys: exp.Select, names: Sequence[str]) -> exp.Select:
    """The rows of each key but one, in one pass; null where there is no row."""
    rows = sql.select([sql.labelled(sql.count(), "n")], keys.subquery("k", copy=False))
    rows = rows.group_by(*map(sql.named, names), copy=False)
    beyond = exp.Sum(this=exp.Sub(this=sql.own("n"), expression=sql.number(1)))
    return sql.select([beyond], rows.subquery("r", copy=False))
