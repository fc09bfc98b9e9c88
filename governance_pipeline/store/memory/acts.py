"""Incidents, alerts, reviews and versions in memory: the counterparts of the SQL repositories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from governance_pipeline.store import act_records as records
from governance_pipeline.store import refusals
from governance_pipeline.store.memory.transaction import MemoryTransaction, Row
from governance_pipeline.store.values import day, instant, key
from governance_pipeline.vocabulary.incident import (
    Alert,
    AlertStatus,
    Incident,
    IncidentEvent,
    IncidentStatus,
)
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent


class MemoryIncidents:
    """See :class:`ports.Incidents`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def put(self, incident: Incident, event: IncidentEvent) -> None:
        state, act = records.incident_row(incident), records.incident_event_row(event)
        if not self._transaction.put_missing("incident_events", (act["incident"], act["sequence"]), act):
            raise refusals.incident_changed(incident.id)
        self._transaction.put("incidents", (state["id"],), state)

    def get(self, incident_id: str) -> Incident | None:
        row = self._transaction.row("incidents", (key(incident_id, "an incident's id"),))
        return None if row is None else records.incident_of(row)

    def list(self, *, open_only: bool = False) -> Sequence[Incident]:
        rows = self._transaction.rows(
            "incidents",
            lambda row: not (open_only and row["status"] == IncidentStatus.RESOLVED),
            order=lambda row: (row["opened"], row["id"]),
        )
        return [records.incident_of(row) for row in rows]

    def events(self, incident_id: str) -> Sequence[IncidentEvent]:
        wanted = key(incident_id, "an incident's id")
        rows = self._transaction.rows(
            "incident_events", lambda row: row["incident"] == wanted, order=_sequence
        )
        return [records.incident_event_of(row) for row in rows]


class MemoryOutbox:
    """See :class:`ports.Outbox`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def enqueue(self, alert: Alert) -> bool:
        row = records.alert_row(alert)
        return self._transaction.put_missing("alerts", (row["key"],), row)

    def due(self, now: datetime, limit: int = 100) -> Sequence[Alert]:
        moment = instant(now, "the time of the poll")

        def waits(row: Row) -> bool:
            passed = row["not_before"] is None or row["not_before"] <= moment
            return passed and bool(row["status"] == AlertStatus.PENDING)

        waiting = self._transaction.rows("alerts", waits, order=_night_and_key)[: max(limit, 0)]
        claimed = [{**row, "not_before": moment + records.LEASE} for row in waiting]
        for row in claimed:
            self._transaction.put("alerts", (row["key"],), row)
        return [records.alert_of(row) for row in claimed]

    def settle(self, alert: Alert) -> None:
        row = records.alert_row(alert)
        before = self._transaction.row("alerts", (row["key"],))
        if before is None:
            raise refusals.alert_unknown(alert.key)
        if before["status"] != AlertStatus.SENT:
            self._transaction.put("alerts", (row["key"],), {**before, **records.settled_columns(row)})

    def list(self, *, night: date | None = None) -> Sequence[Alert]:
        wanted = None if night is None else day(night, "a night")
        rows = self._transaction.rows(
            "alerts", lambda row: wanted is None or row["night"] == wanted, order=_night_and_key
        )
        return [records.alert_of(row) for row in rows]


class MemoryReviews:
    """See :class:`ports.Reviews`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def open(self, milestone: Milestone, review_id: str, event: ReviewEvent) -> bool:
        row = records.review_row(review_id, milestone)
        known = self._transaction.rows(
            "reviews", lambda other: other["milestone"] == row["milestone"], order=_id
        )
        if known:
            return False
        if not self._transaction.put_missing("reviews", (row["id"],), row):
            raise refusals.review_taken(review_id)
        self.append(event)
        return True

    def append(self, event: ReviewEvent) -> None:
        row = records.review_event_row(event)
        if self.get(event.review) is None:
            raise refusals.review_unknown(event.review)
        if not self._transaction.put_missing("review_events", (row["review"], row["sequence"]), row):
            raise refusals.review_changed(event.review)

    def events(self, review_id: str) -> Sequence[ReviewEvent]:
        wanted = key(review_id, "a review's id")
        rows = self._transaction.rows("review_events", lambda row: row["review"] == wanted, order=_sequence)
        return [records.review_event_of(row) for row in rows]

    def list(self) -> Sequence[tuple[str, Milestone]]:
        rows = self._transaction.rows("reviews", order=lambda row: (row["night"], row["id"]))
        return [(row["id"], records.milestone_of(row)) for row in rows]

    def get(self, review_id: str) -> Milestone | None:
        row = self._transaction.row("reviews", (key(review_id, "a review's id"),))
        return None if row is None else records.milestone_of(row)


class MemoryVersions:
    """See :class:`ports.Versions`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def put(self, version: ModelVersion) -> bool:
        row = records.version_row(version)
        place = (row["model"], row["version"])
        new = self._transaction.row("versions", place) is None
        self._transaction.put("versions", place, row)
        return new

    def get(self, model: str, version: str) -> ModelVersion | None:
        place = (key(model, "a model's name"), key(version, "a model version"))
        row = self._transaction.row("versions", place)
        return None if row is None else records.version_of(row)

    def of_model(self, model: str) -> Sequence[ModelVersion]:
        wanted = key(model, "a model's name")
        rows = self._transaction.rows(
            "versions",
            lambda row: row["model"] == wanted,
            order=lambda row: (row["registered_at"], row["version"]),
        )
        return [records.version_of(row) for row in rows]


def _id(row: Row) -> str:
    return str(row["id"])


def _sequence(row: Row) -> int:
    return int(row["sequence"])


def _night_and_key(row: Row) -> tuple[date, str]:
    return row["night"], row["key"]
