"""What people, registries and the night's response do, as rows of plain values, and back.

The counterpart of :mod:`night_records`, for incidents, alerts, reviews and model versions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from governance_pipeline.store.values import (
    day,
    entity_key,
    instant,
    key,
    optional_day,
    optional_instant,
    optional_key,
    plain_json,
    text,
    whole,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import (
    Alert,
    AlertStatus,
    Incident,
    IncidentAct,
    IncidentEvent,
    IncidentStatus,
)
from governance_pipeline.vocabulary.review import (
    Milestone,
    MilestoneKind,
    ModelVersion,
    ReviewAct,
    ReviewEvent,
)

Row = Mapping[str, Any]

LEASE = timedelta(seconds=60)
"""How long a claimed alert is its claimer's: longer than a send with its time-outs takes."""


def incident_row(incident: Incident) -> dict[str, Any]:
    what = f"of incident {incident.id}"
    return {
        "id": key(incident.id, "an incident's id"),
        "entity": entity_key(incident.entity),
        "indicator": key(incident.indicator, "an indicator's name"),
        "facet": key(incident.facet, f"the facet {what}"),
        "status": str(incident.status),
        "owner": text(incident.owner, f"the owner {what}"),
        "sentence": text(incident.sentence, f"the sentence {what}"),
        "opened": day(incident.opened, f"the opening {what}"),
        "last_breach": day(incident.last_breach, f"the last breach {what}"),
        "root": entity_key(incident.root),
        "root_incident": optional_key(incident.root_incident, f"the root {what}"),
        "passes": whole(incident.passes, f"the passes {what}"),
        "times_opened": whole(incident.times_opened, f"the openings {what}"),
        "snoozed_until": optional_day(incident.snoozed_until, f"the snooze {what}"),
        "resolved": optional_day(incident.resolved, f"the resolution {what}"),
        "sequence": whole(incident.sequence, f"the sequence {what}"),
    }


def incident_of(row: Row) -> Incident:
    return Incident(
        **{
            **row,
            "entity": Entity.parse(row["entity"]),
            "root": Entity.parse(row["root"]),
            "status": IncidentStatus(row["status"]),
        }
    )


def incident_event_row(event: IncidentEvent) -> dict[str, Any]:
    what = f"of incident {event.incident}"
    return {
        "incident": key(event.incident, "an incident's id"),
        "sequence": whole(event.sequence, f"the sequence {what}"),
        "act": str(event.act),
        "at": instant(event.at, f"an act's time {what}"),
        "actor": text(event.actor, f"an actor {what}"),
        "night": optional_day(event.night, f"the night of an act {what}"),
        "note": text(event.note, f"a note {what}"),
        "details": plain_json(event.details, f"details {what}"),
    }


def incident_event_of(row: Row) -> IncidentEvent:
    return IncidentEvent(**{**row, "act": IncidentAct(row["act"])})


def alert_row(alert: Alert) -> dict[str, Any]:
    what = f"of alert {alert.key}"
    return {
        "key": key(alert.key, "an alert's key"),
        "night": day(alert.night, f"the night {what}"),
        "recipient": text(alert.recipient, f"the recipient {what}"),
        "channel": text(alert.channel, f"the channel {what}"),
        "subject": text(alert.subject, f"the subject {what}"),
        "body": text(alert.body, f"the body {what}"),
        "incident": optional_key(alert.incident, f"the incident {what}"),
        "status": str(alert.status),
        "attempts": whole(alert.attempts, f"the attempts {what}"),
        "not_before": optional_instant(alert.not_before, f"the next try {what}"),
        "sent_at": optional_instant(alert.sent_at, f"the sending {what}"),
        "last_error": text(alert.last_error, f"the last error {what}"),
    }


def alert_of(row: Row) -> Alert:
    return Alert(**{**row, "status": AlertStatus(row["status"])})


def settled_columns(row: Row) -> dict[str, Any]:
    """The columns that sending an alert changes."""
    return {name: row[name] for name in ("status", "attempts", "not_before", "sent_at", "last_error")}


def review_row(review_id: str, milestone: Milestone) -> dict[str, Any]:
    return {
        "id": key(review_id, "a review's id"),
        "milestone": key(milestone.id, "a milestone's id"),
        "kind": str(milestone.kind),
        "night": day(milestone.night, f"the night of milestone {milestone.id}"),
        "model": key(milestone.model, "a model's name"),
        "version": optional_key(milestone.version, "a model version"),
        "sentence": text(milestone.sentence, f"the sentence of milestone {milestone.id}"),
    }


def milestone_of(row: Row) -> Milestone:
    return Milestone(
        id=row["milestone"],
        kind=MilestoneKind(row["kind"]),
        night=row["night"],
        model=row["model"],
        version=row["version"],
        sentence=row["sentence"],
    )


def review_event_row(event: ReviewEvent) -> dict[str, Any]:
    what = f"of review {event.review}"
    return {
        "review": key(event.review, "a review's id"),
        "sequence": whole(event.sequence, f"the sequence {what}"),
        "act": str(event.act),
        "at": instant(event.at, f"an act's time {what}"),
        "actor": text(event.actor, f"an actor {what}"),
        "data": plain_json(event.data, f"data {what}"),
    }


def review_event_of(row: Row) -> ReviewEvent:
    return ReviewEvent(**{**row, "act": ReviewAct(row["act"])})


def version_row(version: ModelVersion) -> dict[str, Any]:
    what = f"of version {version.model}/{version.version}"
    measured = {name: value for name, value in version.metrics.items() if math.isfinite(value)}
    return {
        "model": key(version.model, "a model's name"),
        "version": key(version.version, "a model version"),
        "stage": text(version.stage, f"the stage {what}"),
        "digest": text(version.digest, f"the digest {what}"),
        "registered_at": instant(version.registered_at, f"the registration {what}"),
        "registered_by": text(version.registered_by, f"who registered {what}"),
        "trained_by": text(version.trained_by, f"who trained {what}"),
        "snapshot": text(version.snapshot, f"the snapshot {what}"),
        "snapshot_digest": text(version.snapshot_digest, f"the snapshot's digest {what}"),
        "artefact": text(version.artefact, f"the artefact {what}"),
        "metrics": plain_json(measured, f"metrics {what}"),
        "environment": plain_json(version.environment, f"environment {what}"),
    }


def version_of(row: Row) -> ModelVersion:
    return ModelVersion(**row)
