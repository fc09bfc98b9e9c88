"""The night's profile, merged from what is known of a table's partitions. Nothing is read here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.merge import merge_all
from governance_pipeline.profiles.merge_clusters import with_values
from governance_pipeline.profiles.partition import DayFacts, Partition, Slice
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile, Days, Profile
from governance_pipeline.profiles.sketch import estimate

TOLD_CATEGORIES = 64
"""Above so many values a column's rare ones may point at people, and are counted under ``other``."""


def assemble(
    plan: ScanPlan,
    partitions: Sequence[Partition],
    specs: Sequence[ColumnSpec],
    *,
    k: int,
    dated: bool,
    state: str,
) -> Profile:
    """The profile as of the plan's night.

    Args:
        specs: the table's columns tonight; a remembered column of another type is not merged.
        k: values of a column with many values that fewer rows share are counted under ``other``.
        dated: whether the table's event time could be read; without it all rows are the window.
        state: see :class:`Profile`.
    """
    facts = [found for partition in partitions for found in partition.days]
    past = [found for found in facts if found.day <= plan.night]
    future = [found for found in facts if found.day > plan.night]
    undated = sum(partition.undated for partition in partitions)
    told = {spec.name: spec for spec in specs}
    by_day = None if plan.whole else by_day_of(plan, partitions)
    window = merge_all(_whole(partitions) if by_day is None else _last(by_day, plan.night, plan.window_days))
    columns = _told(window.columns, told, k) if window else {s.name: _empty(s) for s in specs}
    return Profile(
        dataset=plan.contract.dataset,
        night=plan.night,
        as_of=plan.as_of,
        rows=undated + sum(found.rows for found in facts),
        window_rows=window.rows if window else 0,
        schema=tuple((spec.name, spec.type.name) for spec in specs),
        columns=columns,
        window_start=plan.window_start if dated else None,
        windows=_windows(plan, by_day, told, k),
        watermark=_outer(past, "newest", max),
        oldest=_outer(past, "oldest", min),
        future_rows=sum(found.rows for found in future),
        furthest=_outer(future, "newest", max),
        tonight_rows=sum(found.rows for found in facts if found.day == plan.night),
        undated_rows=undated if dated else 0,
        subjects=_subjects(plan, window, told),
        rows_without_subject=window.rows_without_subject if window else 0,
        unmeasured=dict(window.unmeasured) if window else {},
        source_state=state,
    )


def days_of(plan: ScanPlan, partitions: Sequence[Partition]) -> Days:
    """Each recent day's columns that a baseline is compared with, ascending; no days without rows, and no
    counts by cluster.
    """
    if plan.whole or not plan.compared:
        return {}
    by_day = {day: [*map(_plain, found)] for day, found in by_day_of(plan, partitions).items()}
    merged = {day: merge_all(found, plan.compared) for day, found in by_day.items()}
    return {day: one.columns for day, one in merged.items() if one and day >= plan.needed_first}


def _empty(spec: ColumnSpec) -> ColumnProfile:
    return ColumnProfile(spec.name, spec.kind, spec.type.name, rows=0, nulls=0, distinct=0)


def _subjects(plan: ScanPlan, window: Slice | None, told: Mapping[str, ColumnSpec]) -> int | None:
    if plan.contract.subject_key not in told:
        return None
    if window is None or window.rows == window.rows_without_subject:
        return 0
    return estimate(window.subjects) if window.subjects else None


def by_day_of(plan: ScanPlan, partitions: Iterable[Partition]) -> dict[date, list[Slice]]:
    """The slices of each day up to the night, ascending."""
    found: dict[date, list[Slice]] = {}
    for partition in partitions:
        for day, one in partition.slices.items():
            if day is not None and day <= plan.night:
                found.setdefault(day, []).append(one)
    return dict(sorted(found.items()))


def _whole(partitions: Iterable[Partition]) -> list[Slice]:
    return [one for partition in partitions for day, one in partition.slices.items() if day is None]


def _last(by_day: Mapping[date, list[Slice]], night: date, days: int) -> list[Slice]:
    first = night - timedelta(days=days - 1)
    return [one for day, found in by_day.items() if day >= first for one in found]


def _windows(
    plan: ScanPlan, by_day: Mapping[date, list[Slice]] | None, told: Mapping[str, ColumnSpec], k: int
) -> dict[int, dict[str, ColumnProfile]]:
    """Of the columns that a baseline is compared with: nobody asks for the others' windows, nor for their
    counts by cluster.
    """
    if by_day is None or not plan.compared:
        return {}
    plain = {day: [*map(_plain, found)] for day, found in by_day.items()}
    found = {days: merge_all(_last(plain, plan.night, days), plan.compared) for days in plan.windows}
    return {days: _told(one.columns, told, k) if one else {} for days, one in found.items()}


def _plain(one: Slice) -> Slice:
    """Without counts by cluster, where there are any."""
    if not any(column.clusters for column in one.columns.values()):
        return one
    return replace(one, columns={name: replace(c, clusters=()) for name, c in one.columns.items()})


def _told(
    columns: Mapping[str, ColumnProfile], told: Mapping[str, ColumnSpec], k: int
) -> dict[str, ColumnProfile]:
    """In the table's order, without rare values of columns that have many."""
    return {name: _without_rare(columns[name], k) for name in told if name in columns}


def _without_rare(column: ColumnProfile, k: int) -> ColumnProfile:
    if len(column.categories) <= TOLD_CATEGORIES or column.kind == "number":
        return column
    return with_values(column, {value for value, count in column.categories.items() if count >= k})


def _outer(
    facts: Sequence[DayFacts], name: str, choose: Callable[[Iterable[datetime]], datetime]
) -> datetime | None:
    return choose(getattr(found, name) for found in facts) if facts else None
