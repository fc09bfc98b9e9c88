"""From what changed tonight to the messages about it: pure, one message per root cause and route.

Root causes that broke on the same night are told in one message where they are about the same column,
the same indicator of the same dataset or model, or share a root: a column whose type changed fails its
rule, its schema and its drift check, and that is one piece of news.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.response.effects import Effects, column_of
from governance_pipeline.response.incidents import Change
from governance_pipeline.response.message import Story, body, plain, subject
from governance_pipeline.response.routes import Route, routes_to
from governance_pipeline.vocabulary.incident import Alert, Incident, IncidentAct
from governance_pipeline.vocabulary.risk import RiskScore

RESOLVED = "resolved"

_ONCE_PER_OPENING = ("opened", "reopened", RESOLVED)


def compose(
    night: date,
    changes: Sequence[Change],
    project: Project,
    graph: LineageGraph,
    risks: Sequence[RiskScore],
    *,
    links: Mapping[str, str] | None = None,
) -> list[Alert]:
    """The alerts of ``night``, ordered by key.

    A key is made of the incidents, what happened to them, how often they have opened, recipient and
    channel: composed again it is the same, and the outbox takes it once.

    Args:
        links: pages that picture an incident, by its id, relative to the project folder.
    """
    kinds = {c.incident.id: kind for c in changes if (kind := _kind(c, night, project))}
    told = sorted((c.incident for c in changes if c.incident.id in kinds), key=lambda i: i.id)
    effects = Effects.of(graph, project, night, risks)
    alerts: list[Alert] = []
    for group in _groups(told, kinds, project):
        story = _story(group, kinds, changes, effects, links or {})
        keys = _Keys(story, kinds)
        routes = routes_to(story.lead.owner, plain(story.lead.entity.name), project, night)
        alerts.extend(_alert(story, project, route, keys.of(route)) for route in routes)
    return sorted(alerts, key=lambda alert: alert.key)


def _kind(change: Change, night: date, project: Project) -> str | None:
    """What the message is about; None where nobody is told.

    Consequences are told with their root, and a snoozed incident is silent. One that is merely kept
    speaks up when its snooze has run out or when its supposed cause is gone.
    """
    incident = change.incident
    snoozed = incident.snoozed_until is not None and night <= incident.snoozed_until
    if incident.root_incident is not None or snoozed:
        return None
    wanted = project.playbook.alerts.on
    if change.act is IncidentAct.KEPT:
        special = next(
            (name for name in ("released", "snooze_ended") if change.event.details.get(name)), None
        )
        return special if "opened" in wanted else None
    return change.act.value if change.act.value in wanted else None


def _groups(
    incidents: Sequence[Incident], kinds: Mapping[str, str], project: Project
) -> list[tuple[Incident, ...]]:
    """Incidents that share a mark, directly or through others; each group in order of id."""
    leader: dict[object, object] = {}

    def find(item: object) -> object:
        while leader.setdefault(item, item) != item:
            item = leader[item]
        return item

    for incident in incidents:
        for mark in _marks(incident, kinds[incident.id] == RESOLVED, project):
            leader[find(mark)] = find(incident.id)
    groups: dict[object, list[Incident]] = {}
    for incident in incidents:
        groups.setdefault(find(incident.id), []).append(incident)
    return [tuple(sorted(group, key=lambda i: _order(i, kinds))) for group in groups.values()]


def _marks(incident: Incident, resolved: bool, project: Project) -> Iterator[tuple[object, ...]]:
    """What two incidents must have in common to be one piece of news; never across owners."""
    apart = (incident.owner, resolved)
    yield (*apart, "indicator", incident.entity, incident.indicator)
    column = column_of(incident, project)
    if column:
        yield (*apart, "column", incident.entity.dataset_name, column)
    if incident.root != incident.entity:
        yield (*apart, "root", incident.root)


def _order(incident: Incident, kinds: Mapping[str, str]) -> tuple[bool, bool, str]:
    """New trouble leads; among equals the lowest id, so the lead is the same on every run."""
    return (kinds[incident.id] != "opened", bool(incident.facet), incident.id)


def _story(
    group: tuple[Incident, ...],
    kinds: Mapping[str, str],
    changes: Sequence[Change],
    effects: Effects,
    links: Mapping[str, str],
) -> Story:
    ids = {incident.id for incident in group}
    begun = (IncidentAct.OPENED, IncidentAct.REOPENED)
    followers = (c.incident for c in changes if c.incident.root_incident in ids and c.act in begun)
    kind = kinds[group[0].id]
    return Story(
        kind=kind,
        night=effects.night,
        incidents=group,
        followers=tuple(sorted(followers, key=lambda i: i.id)),
        affected=() if kind == RESOLVED else tuple(effects.below(group)),
        risk=effects.risks.get(group[0].entity),
        pictures=tuple(sorted({links[incident.id] for incident in group if incident.id in links})),
    )


class _Keys:
    """Idempotency keys of one story's alerts: readable at the front, exact in the hash."""

    def __init__(self, story: Story, kinds: Mapping[str, str]) -> None:
        self._front = f"{story.lead.id}-{kinds[story.lead.id]}-{story.lead.times_opened}"
        self._told = sorted(
            [
                incident.id,
                kinds[incident.id],
                incident.times_opened,
                "" if kinds[incident.id] in _ONCE_PER_OPENING else story.night.isoformat(),
            ]
            for incident in story.incidents
        )

    def of(self, route: Route) -> str:
        named = json.dumps([self._told, route.recipient, route.channel]).encode()
        return f"{self._front}-{hashlib.sha256(named).hexdigest()[:16]}"


def _alert(story: Story, project: Project, route: Route, key: str) -> Alert:
    return Alert(
        key=key,
        night=story.night,
        recipient=route.recipient,
        channel=route.channel,
        subject=subject(story, project),
        body=f"{body(story, project, route)}\n\nReference {key}\n",
        incident=story.lead.id,
    )
