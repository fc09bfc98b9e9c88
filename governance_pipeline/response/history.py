"""What people do about an incident, and its status as a fold over its events: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from governance_pipeline.errors import CannotEvaluate, Conflict, Refused
from governance_pipeline.response.incidents import Change
from governance_pipeline.response.message import plain
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentEvent, IncidentStatus

LONGEST_SNOOZE = timedelta(days=90)
"""A longer silence is a decision about the playbook, not about an incident."""

NOTE_LENGTH = 2000

_LEADS_TO = {
    IncidentAct.OPENED: IncidentStatus.OPEN,
    IncidentAct.REOPENED: IncidentStatus.OPEN,
    IncidentAct.ACKNOWLEDGED: IncidentStatus.ACKNOWLEDGED,
    IncidentAct.MITIGATED: IncidentStatus.MITIGATED,
    IncidentAct.RESOLVED: IncidentStatus.RESOLVED,
}

_ORDER = (
    IncidentStatus.OPEN,
    IncidentStatus.ACKNOWLEDGED,
    IncidentStatus.MITIGATED,
    IncidentStatus.RESOLVED,
)


def fold(events: Iterable[IncidentEvent]) -> IncidentStatus:
    """The status that an incident's events lead to; the same as its row's.

    Raises:
        CannotEvaluate: the events do not begin with an opening, or one is missing.
    """
    status: IncidentStatus | None = None
    for expected, event in enumerate(events, 1):
        if event.sequence != expected or (expected == 1) != (event.act is IncidentAct.OPENED):
            raise CannotEvaluate(
                f"the history of {event.incident} has a gap at event {expected}",
                hint="restore the store from a backup; events are only ever added",
            )
        status = _LEADS_TO.get(event.act, status)
    if status is None:
        raise CannotEvaluate("an incident without events has no status", hint="look it up by its id first")
    return status


def acknowledged(incident: Incident, person: str, now: datetime, note: str = "") -> Change:
    """Somebody says: I have it. Refused from anything but ``open``."""
    _before(incident, IncidentStatus.ACKNOWLEDGED)
    after = replace(incident, status=IncidentStatus.ACKNOWLEDGED)
    return _by(person, after, IncidentAct.ACKNOWLEDGED, now, note)


def mitigated(incident: Incident, person: str, now: datetime, note: str) -> Change:
    """The harm is contained while the cause still stands; the note says how."""
    _before(incident, IncidentStatus.MITIGATED)
    after = replace(incident, status=IncidentStatus.MITIGATED)
    return _by(person, after, IncidentAct.MITIGATED, now, _required(note, "how the harm was contained"))


def snoozed(incident: Incident, person: str, now: datetime, until: date, note: str = "") -> Change:
    """No alerts up to and including ``until``; the incident keeps its status."""
    _before(incident, IncidentStatus.RESOLVED)
    today = now.date()
    if not today <= until <= today + LONGEST_SNOOZE:
        raise Refused(
            f"{incident.id} cannot be snoozed until {until}",
            hint=f"choose a day from {today} to {today + LONGEST_SNOOZE}",
        )
    told = f"until {until}. {note}".strip()
    return _by(person, replace(incident, snoozed_until=until), IncidentAct.SNOOZED, now, told)


def resolved(incident: Incident, person: str, now: datetime, note: str) -> Change:
    """Somebody says it is fixed; the next night that breaches opens it again."""
    _before(incident, IncidentStatus.RESOLVED)
    after = replace(incident, status=IncidentStatus.RESOLVED, resolved=now.date(), snoozed_until=None)
    return _by(person, after, IncidentAct.RESOLVED, now, _required(note, "how it was fixed"))


def _before(incident: Incident, wanted: IncidentStatus) -> None:
    """An act that comes after another one has said as much, or more, changes nothing."""
    if _ORDER.index(incident.status) >= _ORDER.index(wanted):
        raise Conflict(
            f"{incident.id} is already {incident.status}",
            hint=f"see who did it with: governance incident show {incident.id}",
        )


def _required(note: str, what: str) -> str:
    if not plain(note):
        raise Refused("a note is needed", hint=f"say {what}, in a sentence")
    return note


def _by(person: str, after: Incident, act: IncidentAct, now: datetime, note: str) -> Change:
    after = replace(after, sequence=after.sequence + 1)
    event = IncidentEvent(after.id, after.sequence, act, now, person, note=plain(note, NOTE_LENGTH))
    return Change(after, event, act)
