"""What differs between two playbooks over past nights, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from governance_pipeline.vocabulary.outcome import Outcome


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """None: not measured under that playbook."""

    night: date
    entity: str
    indicator: str
    facet: str
    now: Outcome | None
    then: Outcome | None


@dataclass(frozen=True, slots=True)
class NewsChange:
    """An act on an incident, an alert, or a review, that only one of the playbooks leads to.

    Attributes:
        kind: what happens to the incident; ``alert``; what calls for the review.
        only: ``now`` or ``then``: under the playbook of now, or the other one.
        about: the incident, the recipient, or the model.
    """

    night: date
    kind: str
    only: str
    about: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReviewDifference:
    """Who must decide on a review that opened on a night: functions with how many people."""

    night: date
    review: str
    model: str
    version: str | None
    now: Mapping[str, int]
    then: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GateDifference:
    """Whether findings would keep a version's gate closed; an approval is taken to know what it knew."""

    night: date
    model: str
    version: str
    closed_now: tuple[str, ...]
    closed_then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """Something that the store does not hold enough of, in words, and how many measurements it is about."""

    what: str
    why: str
    measurements: int = 0


@dataclass(frozen=True, slots=True)
class IndicatorCount:
    """How many outcomes of an indicator change, on how many nights; and to what, from what."""

    indicator: str
    outcomes: int
    nights: int
    changes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Backtest:
    """The answer: ``now`` is the project's playbook, ``then`` the other one."""

    first: date
    last: date
    nights: int
    measurements: int
    by_indicator: tuple[IndicatorCount, ...]
    outcomes: tuple[OutcomeChange, ...]
    incidents: tuple[NewsChange, ...]
    alerts: tuple[NewsChange, ...]
    openings: tuple[NewsChange, ...]
    reviews: tuple[ReviewDifference, ...]
    gates: tuple[GateDifference, ...]
    not_replayed: tuple[NotReplayed, ...]

    @property
    def differs(self) -> bool:
        return bool(
            self.outcomes or self.incidents or self.alerts or self.openings or self.reviews or self.gates
        )
