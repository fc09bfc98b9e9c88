"""What a scan is asked for, and the protocol every engine answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from governance_pipeline.charter.consent_ledger import ConsentLedger, ErasureRegister
from governance_pipeline.charter.contract import Contract, Location
from governance_pipeline.charter.purposes import LedgerWord
from governance_pipeline.profiles.cross_plan import CrossPlan
from governance_pipeline.profiles.cross_table import Crosses
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.partition import EARLIER, LATER, Partition
from governance_pipeline.profiles.profile import ColumnProfile, Days, Profile

if TYPE_CHECKING:
    import pandas as pd

    from governance_pipeline.profiles.subject_keys import SubjectKey
    from governance_pipeline.profiles.subject_sets import SubjectSet

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class ConsentPlan:
    """Where the ledger is and how conflicting records are read (playbook).

    Attributes:
        zone: of the calendar of the ledger's contract; its dates are days there.
        words: how the ledger's words bear on our purposes; without any, letter by letter.
        notices: by purpose, the versions of the notice on which a consent for it counts.
        at_event: whether consent is asked for at each row's event time too.
        trained_at: when the model that serves was trained on this snapshot; None for other tables.
        purposes: all that the project asks the ledger for, so that it is asked once for all tables.
    """

    ledger: ConsentLedger
    location: Location
    conflict: str = "most_protective"
    zone: ZoneInfo = _UTC
    words: tuple[LedgerWord, ...] = ()
    notices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    at_event: bool = False
    trained_at: datetime | None = None
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """Where the register of erasures is.

    Attributes:
        before: whoever was erased before this instant is looked for.
        zone: of the calendar of the register's contract.
    """

    register: ErasureRegister
    location: Location
    before: datetime
    zone: ZoneInfo = _UTC


@dataclass(frozen=True, slots=True)
class FollowPlan:
    """Which of a model's predictions are counted by day, to follow how it does.

    Attributes:
        serving: the version that serves; None counts all alike.
        since: first instant whose predictions are counted, beside the version's first days.
        first_days: length of the version's first days, from its first prediction.
        arrived_since: first instant from which outcomes that arrived are counted.
        by_day: False counts all rows together, whenever they were predicted.
    """

    serving: str | None = None
    since: datetime | None = None
    first_days: int = 28
    arrived_since: datetime | None = None
    by_day: bool = True


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """One model's predictions to tally.

    Attributes:
        score: column with the predicted probability of the favourable outcome.
        recorded_at: column with the time the label was recorded; a label counts from then on.
        strata: columns within which groups are compared again.
        numeric: the prediction and the label are numbers, not classes.
        follow: what to count by day; None counts groups only.
    """

    model: str
    attributes: tuple[str, ...]
    prediction: str | None
    label: str | None
    positive: str
    version_column: str | None = None
    version: str | None = None
    window_start: datetime | None = None
    score: str | None = None
    recorded_at: str | None = None
    strata: tuple[str, ...] = ()
    numeric: bool = False
    follow: FollowPlan | None = None


WINDOWS = (1, 7, 28)
"""Days of the windows that every night tells, whatever window the policy decides by."""

SEASON_DAYS = 35
"""Days that are told apart each night: five of every weekday."""

AHEAD_DAYS = 31
"""Days after the night that are told apart too, so that catching up reads every file once."""


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """One scan of one dataset.

    Attributes:
        as_of: end of the night (UTC, exclusive): rows dated later are future rows.
        night_start: first instant of the night in UTC, by the contract's time zone.
        window_start: first instant of the window the column profiles describe; None = all rows.
            A dataset without event time, and a training snapshot, is profiled whole.
        window_days: the window's days.
        keep_days: days up to the night whose slices are read at all.
        grids: histogram grids by column, from the baseline; columns without get grids of their own.
        compared: the columns that a baseline is compared with.
        access: whether it is asked who can read the table, at the moment of the scan.
    """

    contract: Contract
    night: date
    as_of: datetime
    night_start: datetime
    window_start: datetime | None = None
    window_days: int = 7
    keep_days: int = 90
    windows: tuple[int, ...] = WINDOWS
    grids: Mapping[str, Grid] = field(default_factory=dict)
    compared: frozenset[str] = frozenset()
    consent: ConsentPlan | None = None
    groups: tuple[GroupPlan, ...] = ()
    erasures: ErasurePlan | None = None
    access: bool = False

    @property
    def whole(self) -> bool:
        """Whether all rows are one window."""
        return self.window_start is None

    @property
    def keep_first(self) -> date:
        """The first day that is told apart from the days before it."""
        return self._days_ago(max(self.keep_days, self._needed_days))

    @property
    def keep_last(self) -> date:
        """The last day that is told apart from the days after it."""
        return self.night + timedelta(days=AHEAD_DAYS)

    @property
    def needed_first(self) -> date:
        """The first day whose slice tonight's numbers are made from."""
        return self._days_ago(self._needed_days)

    @property
    def _needed_days(self) -> int:
        return max(self.window_days, SEASON_DAYS, *self.windows)

    def _days_ago(self, days: int) -> date:
        return self.night - timedelta(days=days - 1)

    def kept(self, day: date) -> bool:
        """Whether the day's slice is read."""
        return self.keep_first <= day <= self.keep_last

    def clamped(self, day: date) -> date:
        """The day, or what stands for all days before or after those that are kept."""
        if self.kept(day):
            return day
        return EARLIER if day < self.keep_first else LATER


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan brought.

    Attributes:
        partitions: all that the table has tonight, read or remembered.
        read: ids of those that were read tonight.
        days: each recent day's columns, of those that a baseline is compared with: of the last
            ``SEASON_DAYS`` days, or of the window where that is longer.
    """

    profile: Profile
    partitions: tuple[Partition, ...] = ()
    read: frozenset[str] = frozenset()
    days: Days = field(default_factory=dict)


class Engine(Protocol):
    """Measures datasets where they are. No row leaves the engine but for :meth:`sample`."""

    def read(self, plan: ScanPlan, known: Mapping[str, Partition]) -> Scan:
        """The profile of one dataset; of its partitions only those are read that are not ``known`` in
        their present state.

        Raises:
            SourceUnavailable: the table is missing, unreadable or unreachable.
            ScanTimedOut: the scan passed its limit.
        """
        ...

    def on_grids(self, plan: ScanPlan) -> Mapping[str, ColumnProfile]:
        """Of a whole table the columns of the plan's grids, counted on these; one that cannot be measured
        is left out. Raises like :meth:`read`.
        """
        ...

    def days(self, plan: ScanPlan) -> Days:
        """The compared columns of a table by the day of each row, up to the night, on the plan's grids.

        Empty where days say too little of the table: see :mod:`governance_pipeline.profiles.days`.
        Raises like :meth:`read`.
        """
        ...

    def subjects(self, plan: ScanPlan, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectSet]:
        """The people that a table's rows are about, hashed with each key, by its id.

        Raises like :meth:`read`.
        """
        ...

    def withdrawn(
        self, plan: ScanPlan, purpose: str, keys: Sequence[SubjectKey], since: datetime | None = None
    ) -> Mapping[str, SubjectSet]:
        """The people whose consent for ``purpose`` is withdrawn, as the ledger says at the plan's end.

        Args:
            plan: of the ledger's contract, with ``consent``.
            since: without those for whom it said so at this time already.

        Raises like :meth:`read`.
        """
        ...

    def sample(self, plan: ScanPlan, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        """A bounded random sample of the window, for a picture only, never for a number."""
        ...

    def cross(self, plan: CrossPlan) -> Crosses:
        """A training snapshot's features counted by protected attributes and by the label.

        Raises:
            SourceUnavailable: the snapshot is missing, unreadable or unreachable.
            ScanTimedOut: it took longer than a scan may.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...
