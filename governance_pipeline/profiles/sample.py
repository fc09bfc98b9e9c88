"""A bounded random sample of the window: the only rows that leave an engine, for a picture only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.facts import event_time
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

if TYPE_CHECKING:
    import pandas as pd


def sample_rows(
    session: Session, table: SourceTable, plan: ScanPlan, columns: tuple[str, ...], rows: int
) -> pd.DataFrame:
    """``rows`` rows chosen at random (all, where there are fewer), numbers as floats.

    Raises:
        StatementFailed: a column is not in the table, or the engine cannot read it.
    """
    import pandas as pd

    parts: list[exp.Expression] = []
    for name in columns:
        type_ = table.type_of(name)
        if type_ is None:
            raise StatementFailed(f"the column '{name}' {table.absence(name)}")
        value: exp.Expression = sql.named(name)
        if type_.kind == "number":
            value = sql.cast(value, sql.DOUBLE)
        elif type_.cast:
            value = sql.text_of(value)
        parts.append(value)
    query = sql.select(parts, table.relation)
    moment = event_time(plan, table, session.dialect)
    if moment is not None and plan.window_start is not None:
        query = query.where(moment.within(plan.window_start, plan.as_of), copy=False)
    query = query.order_by(exp.Ordered(this=exp.Rand(), nulls_first=False), copy=False).limit(
        rows, copy=False
    )
    return pd.DataFrame(session.rows(sql.render(query, session.dialect)), columns=list(columns))
