"""Facts about the whole table, in one statement: rows, event times, keys, subjects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.scanning import time_zone
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.tables import SourceTable


@dataclass(slots=True)
class TableFacts:
    """See the attributes of the same names of :class:`profile.Profile`."""

    rows: int
    watermark: datetime | None = None
    oldest: datetime | None = None
    future_rows: int = 0
    furthest: datetime | None = None
    tonight_rows: int = 0
    undated_rows: int = 0
    duplicate_keys: int = 0
    subjects: int | None = None
    rows_without_subject: int = 0
    unmeasured: dict[str, str] = field(default_factory=dict)


def event_time(plan: ScanPlan, table: SourceTable, dialect: str) -> TimeColumn | None:
    """The column that dates a row; None where there is none the engine can read as a time."""
    type_ = table.type_of(plan.contract.event_time)
    if plan.contract.event_time is None or type_ is None:
        return None
    column = TimeColumn(plan.contract.event_time, type_, time_zone(plan.contract), dialect)
    return column if column.readable else None


def table_facts(
    session: Session, table: SourceTable, plan: ScanPlan, moment: TimeColumn | None
) -> TableFacts:
    """Measure the whole table.

    Raises:
        StatementFailed: the engine cannot read it.
    """
    contract = plan.contract
    key = [name for name in contract.primary_key if table.type_of(name)]
    whole_key = len(key) == len(contract.primary_key)
    subject = contract.subject_key if table.type_of(contract.subject_key) else None
    parts = [sql.count()]
    parts += _time_parts(plan, moment) if moment else []
    parts += [_distinct_rows(table, key)] if key and whole_key else []
    if subject:
        parts += [sql.count(sql.named(subject), distinct=True), sql.count(sql.named(subject))]
    values = list(session.rows(sql.render(sql.select(parts, table.relation), session.dialect))[0])
    facts = TableFacts(rows=int(values.pop(0)))
    if moment:
        facts.undated_rows = facts.rows - int(values.pop(0))
        facts.watermark, facts.oldest = moment.read(values.pop(0)), moment.read(values.pop(0))
        facts.future_rows, furthest = int(values.pop(0)), moment.read(values.pop(0))
        facts.furthest = furthest if facts.future_rows else None
        facts.tonight_rows = int(values.pop(0))
    if key and whole_key:
        facts.duplicate_keys = facts.rows - int(values.pop(0))
    if subject:
        facts.subjects = int(values.pop(0))
        facts.rows_without_subject = facts.rows - int(values.pop(0))
    facts.unmeasured = _unmeasured(plan, table, moment)
    return facts


def _time_parts(plan: ScanPlan, moment: TimeColumn) -> list[exp.Expression]:
    past = sql.when(moment.before(plan.as_of), moment.value())
    return [
        sql.count(moment.value()),
        sql.text_of(sql.highest(past)),
        sql.text_of(sql.lowest(past.copy())),
        sql.count_where(moment.from_(plan.as_of)),
        sql.text_of(sql.highest(moment.value())),
        sql.count_where(moment.within(plan.night_start, plan.as_of)),
    ]


def _distinct_rows(table: SourceTable, key: list[str]) -> exp.Expression:
    """How many different keys there are; null keys count as one key."""
    keys = sql.select([sql.named(name) for name in key], table.relation).distinct(copy=False)
    return sql.select([sql.count()], keys.subquery("keys", copy=False)).subquery(copy=False)


def _unmeasured(plan: ScanPlan, table: SourceTable, moment: TimeColumn | None) -> dict[str, str]:
    """What the contract names and the table does not have, or not as a time."""
    contract = plan.contract
    found: dict[str, str] = {}
    if contract.event_time and moment is None:
        type_ = table.type_of(contract.event_time)
        why = (
            f"the column '{contract.event_time}' that dates a record is not in the table"
            if type_ is None
            else f"the column '{contract.event_time}' that dates a record is of type {type_.name}, not a time"
        )
        found |= {"recency": why, "retention": why}
    missing = [name for name in contract.primary_key if table.type_of(name) is None]
    if missing:
        found["duplicate_keys"] = f"the key column '{missing[0]}' is not in the table"
    if contract.subject_key and table.type_of(contract.subject_key) is None:
        found["subjects"] = f"the subject column '{contract.subject_key}' is not in the table"
    return found
