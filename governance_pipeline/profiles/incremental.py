"""Reads what changed since it was last read, and takes the rest from memory.

A table of files has a partition a file, which changes with its size or time of change. A table in a
database has a partition a day of its event time, which changes with its number of rows or its newest
row: late rows are seen, a value that is changed in place without either is not. Whatever else there is
counts as one partition, read anew whenever the engine cannot say that it is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    wanted = _Wanted.of(table, plan)
    for part in table.parts or (Part("", table.state, lambda: table.relation, alike=True),):
        old = known.get(part.id)
        if old is not None and wanted.told_by(old, part.state):
            found.append(old)
            continue
        rows, own = conformed(session, part, table)
        whole = Part(part.id, part.state, rows.copy, alike=own)
        found.append(read_partition(session, table, whole, plan, moment, k=k))
        read.add(part.id)
    return tuple(found), frozenset(read)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a remembered partition must hold for tonight to take it as it is."""

    plan: ScanPlan
    asked: str
    schema: tuple[tuple[str, str], ...]

    @staticmethod
    def of(table: SourceTable, plan: ScanPlan) -> _Wanted:
        return _Wanted(plan, asked_of(plan), table.named_schema)

    def told_by(self, old: Partition, state: str) -> bool:
        """Whether it holds all that, and is still in the ``state`` that it was read in."""
        if not state or (old.state, old.asked, old.schema) != (state, self.asked, self.schema):
            return False
        if self.plan.whole:
            return None in old.slices
        first, night = self.plan.needed_first, self.plan.night
        return all(facts.day in old.slices for facts in old.days if first <= facts.day <= night)


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
    wanted = _Wanted.of(table, plan)
    old = {
        name: known[name]
        for name, state in states.items()
        if name in known and wanted.told_by(known[name], state)
    }
    fresh = [name for name in current if name not in old]
    days = [current[name].day for name in fresh if plan.kept(current[name].day)]
    slices = read_days(session, table, table.relation, plan, moment, days, k=k)

    def partition(name: str, found: DayFacts) -> Partition:
        mine: dict[date | None, Slice] = {day: one for day, one in slices.items() if day == found.day}
        return Partition(name, states[name], wanted.asked, wanted.schema, 0, (found,), mine)

    read = [partition(name, current[name]) for name in fresh]
    undated = Partition(UNDATED, "", "", table.named_schema, whole.rows - whole.dated, (), {})
    return tuple(chain(old.values(), read, [undated])), frozenset(fresh)


def _id(facts: DayFacts) -> str:
    return {date.min: "earlier", date.max: "later"}.get(facts.day, facts.day.isoformat())
