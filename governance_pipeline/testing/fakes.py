"""A clock and an engine that do as they are told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from governance_pipeline.charter.contract import Column
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.cross_plan import CrossPlan
from governance_pipeline.profiles.cross_table import (
    FOLDS,
    Cells,
    Crosses,
    CrossTable,
    LateTally,
    OverlapTally,
    table_of,
)
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.plan import GroupPlan, Scan, ScanPlan
from governance_pipeline.profiles.profile import (
    ColumnProfile,
    ColumnType,
    ConsentTally,
    Days,
    GroupCell,
    GroupTable,
    Histogram,
    OutcomeCell,
    PredictionCell,
    Profile,
)
from governance_pipeline.profiles.subject_keys import SubjectKey
from governance_pipeline.profiles.subject_sets import SubjectSet

if TYPE_CHECKING:
    import pandas as pd

ROWS = 1000
GROUPS: Mapping[str, tuple[str, ...]] = {"race": ("white", "black"), "sex": ("male", "female")}
_KINDS: Mapping[str, ColumnType] = {
    "number": "number", "integer": "number", "timestamp": "time", "date": "time", "boolean": "boolean",
}  # fmt: skip
_ENGINE_TYPES: Mapping[str, str] = {
    "number": "float64", "integer": "int64", "timestamp": "timestamp('UTC')", "date": "date",
    "boolean": "boolean",
}  # fmt: skip


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is set: ``clock.now = ...`` or ``clock.tick(hours=2)``."""

    now: datetime = datetime(2026, 3, 5, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **by: float) -> datetime:
        """Move on by a :class:`datetime.timedelta`, given by its arguments; the new time."""
        self.now += timedelta(**by)
        return self.now


def a_healthy_scan(plan: ScanPlan) -> Profile:
    """What a scan of a table finds that keeps every promise of its contract: 1,000 rows, the newest an
    hour old, numbers spread evenly, every person with a valid consent, no gap between groups.
    """
    contract = plan.contract
    columns = {column.name: _column(column, plan) for column in contract.columns}
    dated = contract.event_time is not None
    return Profile(
        dataset=contract.dataset,
        night=plan.night,
        as_of=plan.as_of,
        rows=ROWS,
        window_rows=ROWS,
        schema=tuple((name, column.engine_type) for name, column in columns.items()),
        columns=columns,
        window_start=plan.window_start,
        watermark=plan.as_of - timedelta(hours=1) if dated else None,
        oldest=plan.as_of - timedelta(days=20) if dated else None,
        tonight_rows=ROWS // 20 if dated else 0,
        subjects=ROWS if contract.subject_key else None,
        consent=tuple(
            ConsentTally(use.purpose, use.basis, ROWS, valid=ROWS, rows=ROWS, rows_valid=ROWS)
            for use in contract.purposes
        ),
        groups=tuple(_groups(group, plan.night) for group in plan.groups),
        source_state="state-1",
    )


def _column(column: Column, plan: ScanPlan) -> ColumnProfile:
    profile = ColumnProfile(
        name=column.name,
        kind=_KINDS.get(column.logical_type, "other" if column.primary_key else "category"),
        engine_type=_ENGINE_TYPES.get(column.logical_type, "string"),
        rows=ROWS,
        nulls=0,
        distinct=ROWS,
    )
    if profile.kind == "number":
        grid = plan.grids.get(column.name, Grid(exponent=-3, first=0, bins=8))
        counts = tuple(ROWS // grid.bins + (i < ROWS % grid.bins) for i in range(grid.bins))
        low, high = grid.low, grid.high
        return replace(
            profile,
            minimum=low,
            maximum=high,
            mean=grid.middle,
            variance=(high - low) ** 2 / 12,
            histogram=Histogram(grid.exponent, grid.first, counts),
        )
    if profile.kind in ("category", "boolean"):
        values = GROUPS.get(column.name, ("true", "false") if profile.kind == "boolean" else ("a", "b"))
        share = ROWS // len(values)
        return replace(profile, distinct=len(values), categories=dict.fromkeys(values, share))
    return profile


def _groups(plan: GroupPlan, night: date) -> GroupTable:
    values = [GROUPS.get(attribute, ("a", "b")) for attribute in plan.attributes]
    cells = (
        GroupCell(groups, label=outcome, prediction=outcome, count=100)
        for groups in product(*values)
        for outcome in (0, 1)
    )
    return GroupTable(
        plan.model,
        plan.attributes,
        tuple(cells),
        outcomes=tuple(_outcomes(plan, night)),
        predictions=tuple(_predictions(plan, night)),
    )


def _outcomes(plan: GroupPlan, night: date) -> Iterator[OutcomeCell]:
    """Two hundred outcomes that arrived on the night, all as decided."""
    if plan.follow is None or plan.label is None or plan.numeric:
        return
    for label in (0, 1):
        yield OutcomeCell(plan.follow.serving, night, label, label, None, 100)


def _predictions(plan: GroupPlan, night: date) -> Iterator[PredictionCell]:
    """A hundred decisions on each of forty days, half of them favourable, their outcomes known."""
    if plan.follow is None:
        return
    for back in range(40):
        for prediction in (0, 1):
            day = night - timedelta(days=back)
            known = None if plan.numeric else prediction
            yield PredictionCell(plan.follow.serving, day, known, None, open=False, count=50)


def healthy_crosses(plan: CrossPlan) -> Crosses:
    """Each bin of each feature meets each value of each target equally often; nothing is late or shared."""
    tables = []
    for feature in plan.features:
        names: Sequence[str | int] = ("=a", "=b") if feature.edges is None else range(len(feature.edges) - 1)
        for target in plan.targets:
            values = ("0", "1") if target.kind == "label" else GROUPS.get(target.column, ("a", "b"))
            cells: Cells = dict.fromkeys(product(range(FOLDS), names, values), ROWS // FOLDS)
            plain = CrossTable(
                feature.name,
                target.name,
                target.kind,
                levels=(),
                counts=(),
                edges=feature.edges or (),
                level_edges=target.edges,
            )
            tables.append(table_of(plain, cells))
    judged = plan.evaluation
    return Crosses(
        counted=plan.night,
        tables=tuple(tables),
        overlaps=(OverlapTally(judged.dataset, plan.evaluation_keys, ROWS, 0),) if judged else (),
        late=tuple(LateTally(one.feature, ROWS, 0, by_person=one.view is not None) for one in plan.late),
    )


Answer = Profile | Exception | Callable[[ScanPlan], Profile]


@dataclass(slots=True)
class FakeEngine:
    """An engine without data; see :class:`governance_pipeline.profiles.plan.Engine`.

    Attributes:
        answers: by dataset: a profile (moved to the night that is asked for), an error to raise, or a
            function of the plan. A dataset that is not named is healthy.
        by_day: by dataset, its rows by day; those of a dataset that is not named carry no date.
        plans: every scan it was asked for, in order; ``crossed`` every count across columns;
            ``told_apart`` every plan whose days it was asked for.
        withdrew: who has withdrawn, and when.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    by_day: Mapping[str, Days | Exception] = field(default_factory=dict)
    plans: list[ScanPlan] = field(default_factory=list)
    crossed: list[CrossPlan] = field(default_factory=list)
    told_apart: list[ScanPlan] = field(default_factory=list)
    withdrew: Mapping[str, datetime] = field(default_factory=dict)
    closed: bool = False

    def read(self, plan: ScanPlan, known: Mapping[str, Partition]) -> Scan:
        """A scan without partitions: whatever is ``known``, the answer is the same."""
        del known
        days = self.by_day.get(plan.contract.dataset, {})
        return Scan(self.scan(plan), days={} if isinstance(days, Exception) else days)

    def scan(self, plan: ScanPlan) -> Profile:
        self.plans.append(plan)
        answer = self.answers.get(plan.contract.dataset, a_healthy_scan)
        if isinstance(answer, Exception):
            raise answer
        return _moved(answer, plan) if isinstance(answer, Profile) else answer(plan)

    def on_grids(self, plan: ScanPlan) -> Mapping[str, ColumnProfile]:
        columns = self.scan(plan).columns
        return {name: columns[name] for name in plan.grids if name in columns}

    def days(self, plan: ScanPlan) -> Days:
        self.told_apart.append(plan)
        answer = self.by_day.get(plan.contract.dataset, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def subjects(self, plan: ScanPlan, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectSet]:
        """``person 1`` to the number of rows that a healthy scan finds; the scan's error where it has one."""
        answer = self.answers.get(plan.contract.dataset)
        if isinstance(answer, Exception):
            raise answer
        return _hashed([f"person {number}" for number in range(1, ROWS + 1)], keys)

    def withdrawn(
        self, plan: ScanPlan, purpose: str, keys: Sequence[SubjectKey], since: datetime | None = None
    ) -> Mapping[str, SubjectSet]:
        """Those of :attr:`withdrew` who had done so by the plan's end, from whatever purpose."""
        del purpose
        told = [
            who
            for who, when in self.withdrew.items()
            if when < plan.as_of and (since is None or when >= since)
        ]
        return _hashed(told, keys)

    def sample(self, plan: ScanPlan, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        raise SourceUnavailable(
            f"no {rows} rows of {plan.contract.dataset} can be drawn for {', '.join(columns)}",
            hint="use a real engine where a test needs rows: this one has none",
        )

    def cross(self, plan: CrossPlan) -> Crosses:
        """Counts in which no feature tells anything of any target; the error that the snapshot's scan
        would raise.
        """
        self.crossed.append(plan)
        answer = self.answers.get(plan.contract.dataset)
        if isinstance(answer, Exception):
            raise answer
        return healthy_crosses(plan)

    def close(self) -> None:
        self.closed = True


def _hashed(people: Iterable[str], keys: Sequence[SubjectKey]) -> Mapping[str, SubjectSet]:
    digests = [hashlib.md5(who.encode(), usedforsecurity=False).hexdigest() for who in people]
    return {key.id: SubjectSet.of(key.hashed(digests)) for key in keys}


def _moved(profile: Profile, plan: ScanPlan) -> Profile:
    """The same profile, seen on the night of ``plan``: what is dated moves along."""
    by = plan.as_of - profile.as_of

    def shifted(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + by

    return replace(
        profile,
        night=plan.night,
        as_of=plan.as_of,
        window_start=shifted(profile.window_start),
        watermark=shifted(profile.watermark),
        oldest=shifted(profile.oldest),
        furthest=shifted(profile.furthest),
    )
