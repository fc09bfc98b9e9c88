"""Repositories that write each act into the ledger too, in the same transaction: none is left out, because
nothing else writes acts. They stand around those of any store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from governance_pipeline.ledger.canonical import canonical, plain
from governance_pipeline.store.act_records import (
    incident_event_row,
    incident_row,
    review_event_row,
    review_row,
)
from governance_pipeline.store.night_records import measurement_row, night_row, risk_rows
from governance_pipeline.store.ports import (
    Consents,
    Incidents,
    Ledger,
    Measurements,
    NightRecord,
    Nights,
    Reviews,
    Risks,
    Subjects,
)
from governance_pipeline.store.subject_records import manifest_row
from governance_pipeline.vocabulary.consent import ConsentRecord
from governance_pipeline.vocabulary.incident import Incident, IncidentEvent
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, ReviewEvent
from governance_pipeline.vocabulary.risk import RiskScore
from governance_pipeline.vocabulary.subjects import SubjectManifest

Told = Mapping[str, Any]


def told_of_opening(review_id: str, milestone: Milestone) -> Told:
    """What the ledger tells of a milestone; its review's first event is an act of its own."""
    told: Told = plain(review_row(review_id, milestone))
    return told


def told_of_review(event: ReviewEvent) -> Told:
    """What the ledger tells of an act in a review."""
    told: Told = plain(review_event_row(event))
    return told


def told_of_incident(incident: Incident, event: IncidentEvent) -> Told:
    """What the ledger tells of an act on an incident: the act, and the state after it."""
    return {"act": plain(incident_event_row(event)), "state": plain(incident_row(incident))}


def told_of_night(
    record: NightRecord, measurements: Iterable[Measurement], risks: Iterable[RiskScore]
) -> Told:
    """What the ledger tells of a sealed night: its seal, and the digests of all it measured."""
    measured = [measurement_row(measurement) for measurement in measurements]
    return {
        "seal": plain(night_row(record)),
        "measurements": len(measured),
        "measurements_digest": _digest(measured),
        "risks_digest": _digest(risk_rows(record.night, risks)),
    }


def told_of_manifest(manifest: SubjectManifest) -> Told:
    """What the ledger tells of a subject manifest: what was counted, and the digest of the set."""
    told: dict[str, Any] = plain(manifest_row(manifest))
    if told["notices"] is None:  # as it was told before a manifest had any
        del told["notices"]
    return told


def told_of_consents(held: int) -> Told:
    """What the ledger tells of received records of consent: how many are held, and nothing of anybody."""
    return {"held": held}


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    return f"sha256:{hashlib.sha256(canonical(plain(rows))).hexdigest()}"


@dataclass(frozen=True, slots=True)
class LedgeredReviews:
    """See :class:`ports.Reviews`."""

    inner: Reviews
    ledger: Ledger

    def open(self, milestone: Milestone, review_id: str, event: ReviewEvent) -> bool:
        self.ledger.hold()
        if not self.inner.open(milestone, review_id, event):
            return False
        self.ledger.append("review.milestone", review_id, event.at, told_of_opening(review_id, milestone))
        self.ledger.append(f"review.{event.act}", review_id, event.at, told_of_review(event))
        return True

    def append(self, event: ReviewEvent) -> None:
        self.ledger.hold()
        self.inner.append(event)
        self.ledger.append(f"review.{event.act}", event.review, event.at, told_of_review(event))

    def events(self, review_id: str) -> Sequence[ReviewEvent]:
        return self.inner.events(review_id)

    def list(self) -> Sequence[tuple[str, Milestone]]:
        return self.inner.list()

    def get(self, review_id: str) -> Milestone | None:
        return self.inner.get(review_id)


@dataclass(frozen=True, slots=True)
class LedgeredIncidents:
    """See :class:`ports.Incidents`."""

    inner: Incidents
    ledger: Ledger

    def put(self, incident: Incident, event: IncidentEvent) -> None:
        self.ledger.hold()
        self.inner.put(incident, event)
        self.ledger.append(f"incident.{event.act}", incident.id, event.at, told_of_incident(incident, event))

    def get(self, incident_id: str) -> Incident | None:
        return self.inner.get(incident_id)

    def list(self, *, open_only: bool = False) -> Sequence[Incident]:
        return self.inner.list(open_only=open_only)

    def events(self, incident_id: str) -> Sequence[IncidentEvent]:
        return self.inner.events(incident_id)


@dataclass(frozen=True, slots=True)
class LedgeredNights:
    """See :class:`ports.Nights`. The night's measurements and risks are written before its seal."""

    inner: Nights
    ledger: Ledger
    measurements: Measurements
    risks: Risks

    def seal(self, record: NightRecord) -> None:
        self.ledger.hold()
        self.inner.seal(record)
        self._tell("night.sealed", record, record.finished_at)

    def amend(self, night: date, at: datetime) -> None:
        record = self.inner.get(night)
        if record is not None:
            self.ledger.hold()
            self._tell("night.amended", record, at)

    def get(self, night: date) -> NightRecord | None:
        return self.inner.get(night)

    def latest(self) -> NightRecord | None:
        return self.inner.latest()

    def between(self, first: date, last: date) -> Sequence[NightRecord]:
        return self.inner.between(first, last)

    def _tell(self, kind: str, record: NightRecord, at: datetime) -> None:
        night = record.night
        told = told_of_night(record, self.measurements.of_night(night), self.risks.of_night(night))
        self.ledger.append(kind, night.isoformat(), at, told)


@dataclass(frozen=True, slots=True)
class LedgeredSubjects:
    """See :class:`ports.Subjects`."""

    inner: Subjects
    ledger: Ledger

    def put(self, manifest: SubjectManifest, body: bytes | None) -> None:
        self.ledger.hold()
        self.inner.put(manifest, body)
        self._tell("manifest.taken", manifest, manifest.taken_at)

    def erase(self, model: str, version: str, at: datetime) -> None:
        self.ledger.hold()
        before = next((m for m in self.inner.all() if (m.model, m.version) == (model, version)), None)
        self.inner.erase(model, version, at)
        if before is not None and before.erased_at is None:
            self._tell("manifest.erased", replace(before, erased_at=at), at)

    def all(self) -> Sequence[SubjectManifest]:
        return self.inner.all()

    def body(self, model: str, version: str) -> bytes | None:
        return self.inner.body(model, version)

    def _tell(self, kind: str, manifest: SubjectManifest, at: datetime) -> None:
        about = f"{manifest.model}/{manifest.version}"
        self.ledger.append(kind, about, at, told_of_manifest(manifest))


@dataclass(frozen=True, slots=True)
class LedgeredConsents:
    """See :class:`ports.Consents`. What is entered names nobody: records are forgotten, entries are not."""

    inner: Consents
    ledger: Ledger

    def take(self, records: Iterable[ConsentRecord], at: datetime) -> int:
        self.ledger.hold()
        taken = self.inner.take(records, at)
        if taken:
            self._tell("consent.received", {"received": taken}, at)
        return taken

    def forget(self, subject: str, at: datetime) -> int:
        self.ledger.hold()
        removed = self.inner.forget(subject, at)
        if removed:
            self._tell("consent.forgotten", {"forgotten": removed}, at)
        return removed

    def all(self) -> Sequence[ConsentRecord]:
        return self.inner.all()

    def state(self) -> str:
        return self.inner.state()

    def count(self) -> int:
        return self.inner.count()

    def _tell(self, kind: str, done: Told, at: datetime) -> None:
        self.ledger.append(kind, "consent", at, {**done, **told_of_consents(self.inner.count())})
