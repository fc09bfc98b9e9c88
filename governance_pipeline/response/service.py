"""Acts on incidents and channels, for the command line, the web and the schedule."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.response import history
from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.incidents import Change
from governance_pipeline.response.routes import recipient_of
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.incident import Alert, Incident

if TYPE_CHECKING:
    from rich.console import Console


def find_incident(unit: Unit, incident_id: str) -> Incident:
    """The incident with this id. Raises NotFound, naming near matches."""
    found = unit.incidents.get(incident_id)
    if found is None:
        known = [incident.id for incident in unit.incidents.list()]
        raise _not_found("incident", incident_id, known, "see `governance incident list --all`")
    return found


def acknowledge(
    project: Project, store: Store, incident: str, *, person: str, now: datetime, note: str = ""
) -> Incident:
    """Take an incident on. Raises NotFound, Refused, or Conflict where somebody was first."""
    _active(project.charter, person, now.date())
    return _act(store, incident, lambda found: history.acknowledged(found, person, now, note))


def mitigate(
    project: Project, store: Store, incident: str, *, person: str, now: datetime, note: str
) -> Incident:
    """Say that its harm is contained. Raises as :func:`acknowledge`."""
    _active(project.charter, person, now.date())
    return _act(store, incident, lambda found: history.mitigated(found, person, now, note))


def snooze(
    project: Project,
    store: Store,
    incident: str,
    *,
    person: str,
    now: datetime,
    until: date,
    note: str = "",
) -> Incident:
    """Silence its alerts up to and including a day. Raises as :func:`acknowledge`."""
    _active(project.charter, person, now.date())
    return _act(store, incident, lambda found: history.snoozed(found, person, now, until, note))


def resolve(
    project: Project, store: Store, incident: str, *, person: str, now: datetime, note: str
) -> Incident:
    """Say that it is fixed. Raises as :func:`acknowledge`."""
    _active(project.charter, person, now.date())
    return _act(store, incident, lambda found: history.resolved(found, person, now, note))


def _act(store: Store, incident_id: str, act: Callable[[Incident], Change]) -> Incident:
    with store.begin() as unit:
        change = act(find_incident(unit, incident_id))
        unit.incidents.put(change.incident, change.event)
    return change.incident


def _active(charter: Charter, person: str, day: date) -> None:
    found = charter.person(person)
    if found is None:
        raise _not_found(
            "person", person, [p.id for p in charter.people], "people are listed in charter.yaml"
        )
    if not found.active_on(day):
        raise Refused(
            f"{found.name} is not in the organisation on {day}",
            hint="have somebody act who is, or correct the dates in charter.yaml",
        )


def send_test_alert(
    project: Project,
    channel: str,
    recipient: str,
    *,
    environ: Mapping[str, str] | None = None,
    console: Console | None = None,
    now: datetime | None = None,
) -> None:
    """Send a test message through ``channel`` at once, past the outbox.

    Args:
        project: whose charter and channels are used.
        channel: its name in governance.yaml.
        recipient: a person or team of the charter.
        console: where a console channel prints; standard output by default.
        environ: where ``${NAME}`` is looked up; the process's own by default.
        now: stamps the message; the real time by default.

    Raises:
        NotFound: there is no such channel or recipient.
        ChannelFailed: the receiver did not take it.
    """
    at = now or datetime.now(UTC)
    variables = os.environ if environ is None else environ
    channels = open_channels(project.settings, project.root, variables, console)
    if channel not in channels:
        named = ", ".join(sorted(channels)) or "none"
        raise _not_found("channel", channel, list(channels), f"governance.yaml has: {named}")
    charter = project.charter
    to = recipient_of(charter, recipient, at.date())
    if to is None:
        known = [person.id for person in charter.people] + [team.id for team in charter.teams]
        raise _not_found("person or team", recipient, known, "people and teams are listed in charter.yaml")
    alert = Alert(
        key=f"test-{at:%Y%m%dT%H%M%S%f}",
        night=at.date(),
        recipient=recipient,
        channel=channel,
        subject=f"[{project.settings.name}] test message",
        body=(
            f"Hello {to.name},\n\nthis is a test of the channel '{channel}' of {project.settings.name}. "
            "Nothing is wrong and there is nothing to do.\n"
        ),
    )
    channels[channel].send(alert, to)


def _not_found(what: str, name: str, known: list[str], otherwise: str) -> NotFound:
    near = get_close_matches(name, known, n=3)
    hint = "did you mean '" + "' or '".join(near) + "'?" if near else otherwise
    return NotFound(f"there is no {what} '{name}'", hint=hint)
