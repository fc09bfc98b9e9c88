"""Incidents and their events in a database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from governance_pipeline.store import refusals
from governance_pipeline.store.act_records import (
    incident_event_of,
    incident_event_row,
    incident_of,
    incident_row,
)
from governance_pipeline.store.tables import incident_events, incidents
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.incident import Incident, IncidentEvent, IncidentStatus


class SqlIncidents:
    """See :class:`ports.Incidents`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, incident: Incident, event: IncidentEvent) -> None:
        state, act = incident_row(incident), incident_event_row(event)
        self._transaction.insert_missing(incidents, state)  # the event refers to it
        if not self._transaction.insert_missing(incident_events, act):
            raise refusals.incident_changed(incident.id)
        self._transaction.upsert(incidents, [state])

    def get(self, incident_id: str) -> Incident | None:
        row = self._transaction.row(select(incidents).where(incidents.c.id == _id(incident_id)))
        return None if row is None else incident_of(row)

    def list(self, *, open_only: bool = False) -> Sequence[Incident]:
        wanted = select(incidents).order_by(incidents.c.opened, incidents.c.id)
        if open_only:
            wanted = wanted.where(incidents.c.status != str(IncidentStatus.RESOLVED))
        return [incident_of(row) for row in self._transaction.rows(wanted)]

    def events(self, incident_id: str) -> Sequence[IncidentEvent]:
        rows = self._transaction.rows(
            select(incident_events)
            .where(incident_events.c.incident == _id(incident_id))
            .order_by(incident_events.c.sequence)
        )
        return [incident_event_of(row) for row in rows]


def _id(incident_id: str) -> str:
    return key(incident_id, "an incident's id")
