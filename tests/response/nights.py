"""Helpers: measurements of a night in one line, and a store-less run over many nights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.response.incidents import Change, respond
from governance_pipeline.response.questions import count_streaks
from governance_pipeline.testing import DATASET, NIGHT, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentEvent
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

THE_DATASET = Entity.dataset(DATASET)


def at(night: date) -> datetime:
    """When a night is processed: two o'clock the next morning."""
    return datetime(night.year, night.month, night.day, 2, tzinfo=UTC) + timedelta(days=1)


def day(number: int) -> date:
    """Night 1, 2, 3 ... of a story."""
    return NIGHT + timedelta(days=number - 1)


def found(
    outcome: str,
    *,
    night: date = NIGHT,
    entity: Entity = THE_DATASET,
    indicator: str = "recency",
    facet: str = "",
    cause: str = "",
    sentence: str = "",
    details: Mapping[str, Any] | None = None,
) -> Measurement:
    """A measurement with this outcome."""
    return Measurement(
        night=night,
        entity=entity,
        indicator=indicator,
        outcome=Outcome(outcome),
        sentence=sentence or f"{indicator} of {entity.name} {facet} is {outcome}.",
        clause="P-1",
        facet=facet,
        details=details or ({"cause": cause} if cause else {}),
    )


@dataclass
class Story:
    """Nights one after the other, remembering what the store would remember."""

    playbook: Playbook = field(default_factory=a_playbook)
    owner: str = "ada"
    incidents: dict[str, Incident] = field(default_factory=dict)
    events: dict[str, list[IncidentEvent]] = field(default_factory=dict)
    measured: dict[date, list[Measurement]] = field(default_factory=dict)

    def run(
        self,
        night: date,
        measurements: Iterable[Measurement],
        roots: Mapping[tuple[str, str, str], Measurement] | None = None,
    ) -> list[Change]:
        """Run (or run again) one night and keep what it changes."""
        tonight = list(measurements)
        past = [m for earlier, group in self.measured.items() if earlier != night for m in group]
        streaks = count_streaks(
            night, tonight, self.incidents, lambda entity: [m for m in past if m.entity == entity]
        )
        changes = respond(
            night,
            at(night),
            tonight,
            dict(self.incidents),
            roots or {},
            self.playbook,
            lambda _: self.owner,
            streaks,
        )
        self.measured[night] = tonight
        for change in changes:
            self.keep(change)
        return changes

    def keep(self, change: Change) -> None:
        """Store a change as the store does: sequences follow one another."""
        events = self.events.setdefault(change.incident.id, [])
        assert change.event.sequence == len(events) + 1 == change.incident.sequence
        events.append(change.event)
        self.incidents[change.incident.id] = change.incident

    def acts(self, *outcomes: str, start: int = 1, **about: str) -> list[list[str]]:
        """What each of a row of nights, given by outcome, does to incidents."""
        return [
            [str(c.act) for c in self.run(day(n), [found(outcome, night=day(n), **about)])]
            for n, outcome in enumerate(outcomes, start)
        ]

    @property
    def only(self) -> Incident:
        (incident,) = self.incidents.values()
        return incident
