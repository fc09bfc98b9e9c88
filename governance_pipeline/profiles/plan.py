"""What a scan is asked for, and the protocol every engine answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from governance_pipeline.charter.contract import Contract, Location
from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.profiles.profile import Profile

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ConsentPlan:
    """Where the ledger is and how conflicting records are read (playbook)."""

    ledger: ConsentLedger
    location: Location
    conflict: str = "most_protective"


@dataclass(frozen=True, slots=True)
class FollowPlan:
    """Which of a model's predictions are counted by day, to follow how it does.

    Attributes:
        serving: the version that serves; None counts all alike.
        since: first instant whose predictions are counted, beside the version's first days.
        first_days: length of the version's first days, from its first prediction.
        arrived_since: first instant from which outcomes that arrived are counted.
    """

    serving: str | None = None
    since: datetime | None = None
    first_days: int = 28
    arrived_since: datetime | None = None


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
    prediction: str
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


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """One scan of one dataset.

    Attributes:
        as_of: end of the night (UTC, exclusive): rows dated later are future rows.
        night_start: first instant of the night in UTC, by the contract's time zone.
        window_start: first instant of the window the column profiles describe; None = all rows.
            A dataset without event time, and a training snapshot, is profiled whole.
        edges: histogram edges by column, from the baseline; columns without get edges of their own.
    """

    contract: Contract
    night: date
    as_of: datetime
    night_start: datetime
    window_start: datetime | None = None
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    consent: ConsentPlan | None = None
    groups: tuple[GroupPlan, ...] = ()
    bins: int = 20


class Engine(Protocol):
    """Measures datasets where they are. No row leaves the engine but for :meth:`sample`."""

    def scan(self, plan: ScanPlan) -> Profile:
        """The profile of one dataset.

        Raises:
            SourceUnavailable: the table is missing, unreadable or unreachable.
            ScanTimedOut: the scan passed its limit.
        """
        ...

    def sample(self, plan: ScanPlan, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        """A bounded random sample of the window, for a picture only, never for a number."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
