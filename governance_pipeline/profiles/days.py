"""A table's rows told apart by the day of their event: how much the days of training data differ.

Read once for each training snapshot, a few weeks at a time, so that what comes back stays small: every
day has a histogram of its own. Days stand for a table only where nearly all of its rows have one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from governance_pipeline.profiles.bounds import span
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.measure import facts_of, read_days
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile, Days
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable

MOST_DAYS = 1096
"""Three years: the days before the last of them are not told apart."""

NEARLY_ALL = 0.9
"""Where the days that are told apart hold less of the table's rows, they do not stand for it."""

AT_ONCE = 64
"""Days that one statement counts apart."""


def rows_by_day(
    session: Session, table: SourceTable, plan: ScanPlan, moment: TimeColumn | None, *, k: int
) -> Days:
    """The compared columns of each day up to the plan's night, on the plan's grids: counts only.

    Empty where the rows carry no date, all carry the same, or too many lie outside the days that are
    told apart.

    Raises:
        StatementFailed: the table cannot be read.
    """
    whole = span(session, table.relation, moment)
    if moment is None or whole.newest is None:
        return {}
    last = min(plan.night, moment.day_of(whole.newest))
    told = replace(plan, night=last, keep_days=MOST_DAYS)
    facts = facts_of(session, table.relation, told, moment, whole)
    days = {found.day: found.rows for found in facts if told.kept(found.day) and found.day <= last}
    if len(days) < 2 or sum(days.values()) < NEARLY_ALL * whole.rows:  # noqa: PLR2004 - one day is no days
        return {}
    compared, alone = _columns_of(table, plan), replace(plan, compared=frozenset())  # without clusters
    found: dict[date, dict[str, ColumnProfile]] = {}
    for some in _batches(sorted(days)):
        slices = read_days(session, compared, table.relation, alone, moment, some, k=k)
        for day in some:
            columns = slices[day].columns
            found[day] = {name: _counts(column) for name, column in columns.items()}
    return found


def _columns_of(table: SourceTable, plan: ScanPlan) -> SourceTable:
    """The table as if it had the compared columns only; numbers without a grid have no common bins."""
    schema = [
        (name, type_)
        for name, type_ in table.schema
        if name in plan.compared and (type_.kind != "number" or name in plan.grids)
    ]
    return replace(table, schema=tuple(schema))


def _batches(days: Sequence[date]) -> Iterator[Sequence[date]]:
    for start in range(0, len(days), AT_ONCE):
        yield days[start : start + AT_ONCE]


def _counts(column: ColumnProfile) -> ColumnProfile:
    """What two samples are compared by: no bounds, moments and sketches; of numbers no values."""
    made = ColumnProfile(
        name=column.name,
        kind=column.kind,
        engine_type=column.engine_type,
        rows=column.rows,
        nulls=column.nulls,
        nans=column.nans,
        histogram=column.histogram,
    )
    if column.kind == "number":
        return made
    return replace(made, categories=column.categories, other=column.other)
