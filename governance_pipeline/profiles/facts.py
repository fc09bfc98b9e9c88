"""Facts about rows by the day of their event: how many, the first and the last instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.partition import LATER, DayFacts
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.scanning import time_zone
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.window import Segments


def event_time(plan: ScanPlan, table: SourceTable, dialect: str) -> TimeColumn | None:
    """The column that dates a row; None where there is none the engine can read as a time."""
    type_ = table.type_of(plan.contract.event_time)
    if plan.contract.event_time is None or type_ is None:
        return None
    column = TimeColumn(plan.contract.event_time, type_, time_zone(plan.contract), dialect)
    return column if column.readable else None


def day_facts(
    session: Session, relation: exp.Expression, moment: TimeColumn, days: Sequence[date]
) -> tuple[DayFacts, ...]:
    """By day, of the days that have rows. ``days`` are consecutive, ascending, and cover all rows; the
    first may be ``EARLIER`` and the last ``LATER``.

    Raises:
        StatementFailed: the relation cannot be read.
    """
    dated = sql.select(
        [
            sql.labelled(Segments(_midnights(days), moment).number(), "s"),
            sql.labelled(moment.value(), "t"),
        ],
        relation.copy(),
    ).where(sql.present(moment.value()), copy=False)
    counted = sql.select(
        [
            sql.own("s"),
            sql.count(),
            sql.text_of(sql.lowest(sql.own("t"))),
            sql.text_of(sql.highest(sql.own("t"))),
        ],
        dated.subquery("dated", copy=False),
    ).group_by(sql.own("s"), copy=False)
    found = []
    for number, rows, oldest, newest in session.rows(sql.render(counted, session.dialect)):
        first, last = moment.read(oldest), moment.read(newest)
        assert first is not None
        assert last is not None
        found.append(DayFacts(days[int(number)], int(rows), first, last))
    return tuple(sorted(found, key=lambda facts: facts.day))


def _midnights(days: Sequence[date]) -> tuple[date, ...]:
    """The days at whose midnights rows are told apart: ``LATER`` begins after the last day before it."""
    told = list(days)
    if told[-1] == LATER:
        told[-1] = date.fromordinal(told[-2].toordinal() + 1)
    return tuple(told)


def unmeasured_facts(plan: ScanPlan, table: SourceTable, moment: TimeColumn | None) -> dict[str, str]:
    """What the contract names and the table does not have, or not as a time."""
    contract = plan.contract
    found: dict[str, str] = {}
    if contract.event_time and moment is None:
        type_ = table.type_of(contract.event_time)
        why = (
            f"the column '{contract.event_time}' that dates a record {table.absence(contract.event_time)}"
            if type_ is None
            else f"the column '{contract.event_time}' that dates a record is of type {type_.name}, not a time"
        )
        found |= {"recency": why, "retention": why}
    missing = [name for name in contract.primary_key if table.type_of(name) is None]
    if missing:
        found["duplicate_keys"] = f"the key column '{missing[0]}' {table.absence(missing[0])}"
    if contract.subject_key and table.type_of(contract.subject_key) is None:
        found["subjects"] = (
            f"the subject column '{contract.subject_key}' {table.absence(contract.subject_key)}"
        )
    return found
