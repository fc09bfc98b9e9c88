"""Reads what changed since it was last read, and takes the rest from memory.

A table of files has a partition a file, which changes with its size or time of change. A table in a
database has a partition a day of its event time, which changes with its number of rows or its newest
row: late rows are seen, a value that is changed in place without either is not. Whatever else there is
counts as one partition, read anew whenever the engine cannot say that it is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import chain

from governance_pipeline.profiles.bounds import span
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.measure import asked_of, facts_of, read_days, read_partition
from governance_pipeline.profiles.partition import DayFacts, Partition, Slice
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import Part, SourceTable, conformed

UNDATED = "undated"


def current_partitions(
    session: Session,
    table: SourceTable,
    plan: ScanPlan,
    moment: TimeColumn | None,
    known: Mapping[str, Partition],
    *,
    k: int,
    by_day: bool,
) -> tuple[tuple[Partition, ...], frozenset[str]]:
    """All partitions the table has now, and the ids of those that were read.

    Args:
        by_day: the table is in a database whose days stand for partitions.

    Raises:
        StatementFailed: a partition cannot be read.
    """
    if by_day and moment is not None and not plan.whole:
        return _days(session, table, plan, moment, known, k=k)
    found: list[Partition] = []
    read: set[str] = set()
    for part in table.parts or (Part("", table.state, table.relation, alike=True),):
        old = known.get(part.id)
        if old is not None and reusable(old, part.state, table, plan):
            found.append(old)
            continue
        whole = Part(part.id, part.state, conformed(session, part, table))
        found.append(read_partition(session, table, whole, plan, moment, k=k))
        read.add(part.id)
    return tuple(found), frozenset(read)


def reusable(old: Partition, state: str, table: SourceTable, plan: ScanPlan) -> bool:
    """Whether what is remembered of a partition holds all that tonight needs of it."""
    if not state or old.state != state or not _alike(old, table, plan):
        return False
    if plan.whole:
        return None in old.slices
    needed = [facts.day for facts in old.days if plan.needed_first <= facts.day <= plan.night]
    return all(day in old.slices for day in needed)


def _alike(old: Partition, table: SourceTable, plan: ScanPlan) -> bool:
    return old.asked == asked_of(plan) and old.schema == table.named_schema


def _days(
    session: Session,
    table: SourceTable,
    plan: ScanPlan,
    moment: TimeColumn,
    known: Mapping[str, Partition],
    *,
    k: int,
) -> tuple[tuple[Partition, ...], frozenset[str]]:
    whole = span(session, table.relation, moment)
    facts = facts_of(session, table.relation, plan, moment, whole)
    current = {_id(found): found for found in facts}
    states = {name: f"{found.rows}:{found.newest.isoformat()}" for name, found in current.items()}
    old = {
        name: known[name]
        for name, state in states.items()
        if name in known and reusable(known[name], state, table, plan)
    }
    fresh = [name for name in current if name not in old]
    days = [current[name].day for name in fresh if plan.kept(current[name].day)]
    slices = read_days(session, table, table.relation, plan, moment, days, k=k)

    def partition(name: str, found: DayFacts) -> Partition:
        mine: dict[date | None, Slice] = {day: one for day, one in slices.items() if day == found.day}
        return Partition(name, states[name], asked_of(plan), table.named_schema, 0, (found,), mine)

    read = [partition(name, current[name]) for name in fresh]
    undated = Partition(UNDATED, "", "", table.named_schema, whole.rows - whole.dated, (), {})
    return tuple(chain(old.values(), read, [undated])), frozenset(fresh)


def _id(facts: DayFacts) -> str:
    return {date.min: "earlier", date.max: "later"}.get(facts.day, facts.day.isoformat())
