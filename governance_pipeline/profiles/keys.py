"""Rows whose primary key another row has too."""

from __future__ import annotations

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
    different = sql.select([sql.count()], keys.copy().distinct(copy=False).subquery("d", copy=False))
    query = sql.select([sql.count(), different.subquery(copy=False)], keys.subquery("k", copy=False))
    found = session.rows(sql.render(query, session.dialect))[0]
    return int(found[0]) - int(found[1])
