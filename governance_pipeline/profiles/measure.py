"""One dataset's profile, step by step: facts, columns, distributions, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.categories import with_distributions
from governance_pipeline.profiles.columns import ColumnSpec, specs
from governance_pipeline.profiles.facts import event_time, table_facts
from governance_pipeline.profiles.groups import group_tables
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile, Profile
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.statistics import column_statistics
from governance_pipeline.profiles.tables import SourceTable


@dataclass(slots=True)
class _Columns:
    rows: int = 0
    profiles: dict[str, ColumnProfile] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)


def measure(session: Session, table: SourceTable, plan: ScanPlan, *, k: int) -> Profile:
    """Everything but consent and the rules that need queries of their own.

    Raises:
        StatementFailed: the table as a whole cannot be read.
    """
    moment = event_time(plan, table, session.dialect)
    facts = table_facts(session, table, plan, moment)
    columns = _columns(session, table, plan, moment, table_rows=facts.rows, k=k)
    groups, ungrouped = group_tables(session, table, plan, moment)
    return Profile(
        dataset=plan.contract.dataset,
        night=plan.night,
        as_of=plan.as_of,
        rows=facts.rows,
        window_rows=columns.rows,
        schema=tuple((name, type_.name) for name, type_ in table.schema),
        columns={name: columns.profiles[name] for name, _ in table.schema if name in columns.profiles},
        window_start=plan.window_start if moment else None,
        groups=groups,
        unmeasured={**facts.unmeasured, **columns.unmeasured, **ungrouped},
        source_state=table.state,
        watermark=facts.watermark,
        oldest=facts.oldest,
        future_rows=facts.future_rows,
        furthest=facts.furthest,
        tonight_rows=facts.tonight_rows,
        undated_rows=facts.undated_rows,
        duplicate_keys=facts.duplicate_keys,
        subjects=facts.subjects,
        rows_without_subject=facts.rows_without_subject,
    )


def window_query(
    table: SourceTable, plan: ScanPlan, moment: TimeColumn | None, columns: Sequence[ColumnSpec], dialect: str
) -> str:
    """SELECT the columns of the rows that the profile's columns describe."""
    parts = [part for column in columns for part in column.selected()] or [sql.number(1)]
    query = sql.select(parts, table.relation)
    if moment is not None and plan.window_start is not None:
        query = query.where(moment.within(plan.window_start, plan.as_of), copy=False)
    return sql.render(query, dialect)


def _columns(
    session: Session,
    table: SourceTable,
    plan: ScanPlan,
    moment: TimeColumn | None,
    *,
    table_rows: int,
    k: int,
) -> _Columns:
    """All columns together; where the engine cannot, halves, down to the column that is at fault."""
    found = _Columns()

    def attempt(columns: Sequence[ColumnSpec]) -> None:
        window = window_query(table, plan, moment, columns, session.dialect)
        try:
            rows, profiles, unmeasured = column_statistics(
                session, window, columns, plan.edges, table_rows=table_rows
            )
            profiles = with_distributions(session, window, columns, profiles, plan.edges, bins=plan.bins, k=k)
        except StatementFailed as error:
            if len(columns) <= 1:
                found.unmeasured.update({column.name: error.message for column in columns})
                return
            middle = len(columns) // 2
            attempt(columns[:middle])
            attempt(columns[middle:])
        else:
            found.rows = rows
            found.profiles |= profiles
            found.unmeasured |= unmeasured

    attempt(specs(plan.contract, table.schema))
    return found
