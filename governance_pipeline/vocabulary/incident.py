"""A breach that someone must fix, as events; and the messages about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from governance_pipeline.vocabulary.entity import Entity


class IncidentStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


class IncidentAct(StrEnum):
    OPENED = "opened"
    KEPT = "kept"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One act on an incident; an incident's state is a fold over these.

    Attributes:
        incident: the incident's id (deterministic from entity, indicator and facet).
        sequence: 1, 2, 3 ... within the incident; unique, so two writers cannot both win.
        night: the night that caused it, None for a person's act.
        actor: a person's id, or ``nightly``.
    """

    incident: str
    sequence: int
    act: IncidentAct
    at: datetime
    actor: str
    night: date | None = None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """The state of a breach now.

    Attributes:
        id: short stable id, e.g. ``INC-3f9a21c0``.
        owner: person or team id that must fix it.
        root: the entity the cause was traced to; equal to ``entity`` when it is the cause itself.
        root_incident: id of the incident it follows from or was told with, None where it is news of its own.
        opened: first night of the current breach.
        last_breach: newest night it breached.
        passes: nights in a row without breach since.
        times_opened: 1, more after reopenings.
        sequence: of the newest event.
    """

    id: str
    entity: Entity
    indicator: str
    facet: str
    status: IncidentStatus
    owner: str
    sentence: str
    opened: date
    last_breach: date
    root: Entity
    root_incident: str | None = None
    passes: int = 0
    times_opened: int = 1
    snoozed_until: date | None = None
    resolved: date | None = None
    sequence: int = 0


class AlertStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Alert:
    """One message in the outbox: at most one per incident, route and night.

    Attributes:
        key: idempotency key, stable over reruns of the night.
        recipient: person or team id.
        channel: name of the channel in governance.yaml.
        not_before: earliest time of the next try.
    """

    key: str
    night: date
    recipient: str
    channel: str
    subject: str
    body: str
    incident: str | None = None
    status: AlertStatus = AlertStatus.PENDING
    attempts: int = 0
    not_before: datetime | None = None
    sent_at: datetime | None = None
    last_error: str = ""
