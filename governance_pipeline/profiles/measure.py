"""Reads partitions: which days they hold, and the slice of each day that may be asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from sqlglot import exp

from governance_pipeline.profiles.bounds import Bounds, Span, bounds, span
from governance_pipeline.profiles.clusters import count_clusters
from governance_pipeline.profiles.columns import ColumnSpec, specs
from governance_pipeline.profiles.facts import day_facts
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.partition import EARLIER, LATER, DayFacts, Partition, Slice
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import Part, SourceTable
from governance_pipeline.profiles.statistics import Measured, column_profiles
from governance_pipeline.profiles.window import ALL, Segments, Window


def asked_of(plan: ScanPlan) -> str:
    """A digest of all that a slice's contents depend on, besides the rows."""
    contract = plan.contract
    asked = (
        contract.event_time,
        contract.calendar.timezone,
        contract.primary_key,
        contract.subject_key,
        [(column.name, column.personal) for column in contract.columns],
        sorted(plan.grids.items()),
        plan.whole,
        *([(contract.cluster, sorted(plan.compared))] if contract.cluster else []),
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]


def read_partition(
    session: Session, table: SourceTable, part: Part, plan: ScanPlan, moment: TimeColumn | None, *, k: int
) -> Partition:
    """Everything that is to be known of one partition.

    Raises:
        StatementFailed: it cannot be read.
    """
    columns = specs(plan.contract, table.schema)
    everything = Window(part.relation, ALL, session.dialect)
    known = _bounds_of_all(session, everything, columns)
    found = _span_known(known, moment) or span(session, part.relation, moment)
    facts = facts_of(session, part.relation, plan, moment, found)
    undated = found.rows - found.dated
    days = [one.day for one in facts if plan.kept(one.day)]
    slices: dict[date | None, Slice]
    if plan.whole or (len(facts) == len(days) == 1 and not undated):  # all rows are one slice
        [one] = slices_of(session, everything, columns, plan, known, k=k)
        slices = {None if plan.whole else days[0]: one}
    else:
        slices = read_days(session, table, part.relation, plan, moment, days, k=k)
    asked, schema = asked_of(plan), table.named_schema
    return Partition(part.id, part.state, asked, schema, undated, facts, slices, own=part.alike)


def _bounds_of_all(session: Session, window: Window, columns: Sequence[ColumnSpec]) -> Bounds | None:
    """None where the columns cannot be read together: they are tried in halves later."""
    try:
        return bounds(session, window, columns)[0]
    except StatementFailed:
        return None


def _span_known(known: Bounds | None, moment: TimeColumn | None) -> Span | None:
    """The span, where the bounds of all columns already tell it."""
    if known is None:
        return None
    if moment is None:
        return Span(known.rows)
    time = known.columns[moment.name]
    if not time.filled or not isinstance(time.minimum, str):
        return None
    return Span(known.rows, time.filled, moment.read(time.minimum), moment.read(time.maximum))


def facts_of(
    session: Session, relation: exp.Expression, plan: ScanPlan, moment: TimeColumn | None, found: Span
) -> tuple[DayFacts, ...]:
    """The facts of each day; all days before, and after, those kept are told as one."""
    if moment is None or found.oldest is None or found.newest is None:
        return ()
    first, last = (plan.clamped(moment.day_of(instant)) for instant in (found.oldest, found.newest))
    if first == last:
        return (DayFacts(first, found.dated, found.oldest, found.newest),)
    return day_facts(session, relation, moment, _days(plan, first, last))


def _days(plan: ScanPlan, first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``; those for all earlier and all later days as one each."""
    begin = plan.keep_first if first == EARLIER else first
    end = plan.keep_last if last == LATER else last
    days = [begin + timedelta(days=step) for step in range((end - begin).days + 1)]
    return [*([EARLIER] if first == EARLIER else []), *days, *([LATER] if last == LATER else [])]


def read_days(
    session: Session,
    table: SourceTable,
    relation: exp.Expression,
    plan: ScanPlan,
    moment: TimeColumn | None,
    days: Sequence[date],
    *,
    k: int,
) -> dict[date | None, Slice]:
    """The slices of some days of a relation, in one pass.

    Raises:
        StatementFailed: it cannot be read.
    """
    if not days:
        return {}
    window = Window(relation, Segments(tuple(days), moment), session.dialect)
    columns = specs(plan.contract, table.schema)
    return dict(zip(days, slices_of(session, window, columns, plan, None, k=k), strict=True))


def slices_of(
    session: Session,
    window: Window,
    columns: Sequence[ColumnSpec],
    plan: ScanPlan,
    known: Bounds | None,
    *,
    k: int,
) -> list[Slice]:
    """One slice for each segment of the window.

    Args:
        known: the bounds, where the window is undivided and they are known already.
    """
    bound, subject = {0: known} if known else None, plan.contract.subject_key
    measured = column_profiles(session, window, columns, plan.grids, k=k, known=bound, subject=subject)
    return [_slice(plan, found) for found in count_clusters(session, window, columns, plan, measured)]


def _slice(plan: ScanPlan, found: Measured) -> Slice:
    subject = found.columns.get(plan.contract.subject_key or "")
    return Slice(
        rows=found.rows,
        columns=found.columns,
        subjects=found.subjects,
        rows_without_subject=subject.nulls if subject else 0,
        unmeasured=found.unmeasured,
    )
