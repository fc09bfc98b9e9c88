"""What one night found, taken from its events or read back from the store: one shape for both, so that
a night looks the same in Dagster wherever it ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from governance_pipeline.charter.project import Project
from governance_pipeline.store.ports import NightRecord, Unit
from governance_pipeline.vocabulary.incident import Incident, IncidentAct
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    LineagePublished,
    NightEvent,
    NightSealed,
    ReviewOpened,
    RiskAssessed,
)
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True, slots=True)
class Seal:
    """How many measurements were expected and received, and which are missing."""

    expected: int = 0
    received: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """One night.

    Attributes:
        rows: rows of each dataset that could be scanned.
        failures: why the others could not.
        changes: what happened to incidents.
        alerts: how many messages were queued.
        reviews: why each review was opened, in a sentence.
        scan_seconds: None where the night ran elsewhere.
        published: what became of the lineage events; None where the night ran elsewhere.
    """

    night: date
    measurements: Sequence[Measurement]
    risks: Sequence[RiskScore]
    rows: Mapping[str, int]
    failures: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[tuple[IncidentAct, Incident]] = ()
    alerts: int = 0
    reviews: Sequence[str] = ()
    seal: Seal = Seal()
    scan_seconds: float | None = None
    published: LineagePublished | None = None


def of_events(night: date, events: Sequence[NightEvent]) -> Findings:
    """The findings of a night that has just run."""
    scans = [e for e in events if isinstance(e, DatasetScanned)]
    sealed = next((e for e in events if isinstance(e, NightSealed)), None)
    return Findings(
        night=night,
        measurements=[e.measurement for e in events if isinstance(e, IndicatorMeasured)],
        risks=[e.risk for e in events if isinstance(e, RiskAssessed)],
        rows={scan.dataset: scan.rows for scan in scans if scan.rows is not None},
        failures={scan.dataset: scan.error for scan in scans if scan.error is not None},
        changes=[(e.act, e.incident) for e in events if isinstance(e, IncidentChanged)],
        alerts=sum(isinstance(e, AlertQueued) for e in events),
        reviews=[e.milestone.sentence for e in events if isinstance(e, ReviewOpened)],
        seal=Seal(sealed.expected, sealed.received, sealed.missing) if sealed else Seal(),
        scan_seconds=sum(scan.seconds for scan in scans),
        published=next((e for e in events if isinstance(e, LineagePublished)), None),
    )


class NightReader:
    """Reads the findings of sealed nights back from a store."""

    def __init__(self, project: Project, unit: Unit) -> None:
        self._project = project
        self._unit = unit
        self._changes: dict[date, list[tuple[IncidentAct, Incident]]] = defaultdict(list)
        for incident in unit.incidents.list():
            for event in unit.incidents.events(incident.id):
                if event.night is not None:
                    self._changes[event.night].append((event.act, incident))
        self._reviews: dict[date, list[str]] = defaultdict(list)
        for _, milestone in unit.reviews.list():
            self._reviews[milestone.night].append(milestone.sentence)

    def read(self, record: NightRecord) -> Findings:
        """The findings of one night."""
        night, unit = record.night, self._unit
        profiles = {name: unit.profiles.get(name, night) for name in self._project.contracts}
        return Findings(
            night=night,
            measurements=unit.measurements.of_night(night),
            risks=unit.risks.of_night(night),
            rows={name: int(profile["rows"]) for name, profile in profiles.items() if profile},
            failures={n: "no profile was stored" for n, profile in profiles.items() if profile is None},
            changes=self._changes[night],
            alerts=len(unit.outbox.list(night=night)),
            reviews=self._reviews[night],
            seal=Seal(record.expected, record.received, record.missing),
        )
