"""From a night's measurements to what changes about incidents: pure, and the same on every rerun.

The rules, in the words of the playbook:

- A question breaches on a night when it fails or could not be measured (``fail``, ``not_run``).
- A breach becomes an incident once it has stood ``persist`` nights in a row, is kept while it breaches
  and resolves itself after ``close_after`` nights measured without breach. A later breach reopens it.
- ``insufficient`` neither opens nor closes, and a night that was not measured does not count.
- Acknowledging, snoozing and mitigating are acts of people and outlast the nights.
- A breach that follows from another one is an incident too, tied to its root; only the root alerts.
  It is tied only to a root that itself stands as an incident, so that no breach is left unannounced,
  and is let go when that root is resolved and it still breaches. A bias gap that begins while a gap of
  some of the same people stands is tied to that one (:mod:`~governance_pipeline.response.kin`).

An incident counts each night once: what it has already seen (``last_breach``, ``passes``) does not
change again, so a night run twice changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from governance_pipeline.charter.indicator_policy import IndicatorPolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.response.kin import stood, told_as
from governance_pipeline.response.questions import Finding, Key, Observation, observe, question
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentEvent, IncidentStatus
from governance_pipeline.vocabulary.measurement import Measurement

ACTOR = "nightly"


@dataclass(frozen=True, slots=True)
class Change:
    """An incident's new state and the event that led to it."""

    incident: Incident
    event: IncidentEvent
    act: IncidentAct


@dataclass(frozen=True, slots=True)
class _Draft:
    """A change before its root is known."""

    observation: Observation
    before: Incident | None
    after: Incident
    act: IncidentAct
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


_OVER_A_WINDOW = frozenset({"drift", "prediction_drift", "performance", "calibration", "bias"})


@dataclass(frozen=True, slots=True)
class _Stood:
    """How long a breach has stood: since which night, and whether that is long enough to open."""

    since: date
    enough: bool

    @classmethod
    def of(cls, night: date, run: int, policy: IndicatorPolicy) -> _Stood:
        return cls(night - timedelta(days=max(run, 1) - 1), run >= policy.persist)


def incident_id(entity: Entity, indicator: str, facet: str, digits: int = 8) -> str:
    """The stable id of a question's incident: ``INC-`` and hex digits of its SHA-256."""
    named = json.dumps([str(entity), indicator, facet], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return f"INC-{hashlib.sha256(named).hexdigest()[:digits]}"


def respond(
    night: date,
    at: datetime,
    measurements: Sequence[Measurement],
    known: Mapping[str, Incident],
    roots: Mapping[Key, Measurement],
    playbook: Playbook,
    owner_of: Callable[[Entity], str],
    streaks: Mapping[Key, int],
) -> list[Change]:
    """What tonight changes, ordered by incident.

    Args:
        night: tonight.
        measurements: tonight's, of all entities or of some; what is not there changes nothing.
        playbook: says how long a breach must stand and when it closes.
        at: when the night is processed; stamps the events.
        known: every incident so far by id, resolved ones too.
        roots: the root cause of each breach by its key; a breach not named is its own.
        owner_of: person or team id that answers for an entity.
        streaks: see :func:`questions.count_streaks`; a breach not named counts tonight only.
    """
    by_key = {(str(i.entity), i.indicator, i.facet): i for i in known.values()}
    taken = set(known)
    drafts: list[_Draft] = []
    for observation in observe(measurements):
        before = by_key.get(observation.key)
        policy = _policy(playbook, observation.indicator)
        draft: _Draft | None = None
        if observation.finding is Finding.BREACH:
            stood = _Stood.of(night, streaks.get(observation.key, 1), policy)
            draft = _breached(night, observation, before, owner_of(observation.entity), stood)
        elif observation.finding is Finding.CLEAR and before is not None:
            counted = -streaks.get(observation.key, -(before.passes + 1))
            draft = _cleared(night, observation, before, counted, policy.close_after)
        if draft is not None:
            drafts.append(_named(draft, taken))
    rooted = _with_roots(drafts, by_key, roots)
    return sorted((_change(draft, night, at) for draft in rooted), key=lambda c: c.incident.id)


def beginnings(
    night: date,
    breaches: Iterable[Measurement],
    known: Iterable[Incident],
    streaks: Mapping[Key, int],
) -> dict[Key, date]:
    """Since when each breach has been so: the day that the data tells, or the first night of its incident, or
    of the nights in a row on which it was measured. What is measured over a window of days is found some time
    after it began: it is left out where the data does not tell.

    Args:
        known: every incident so far.
        streaks: see :func:`questions.count_streaks`.
    """
    opened = {
        (str(one.entity), one.indicator, one.facet): one.opened
        for one in known
        if one.status is not IncidentStatus.RESOLVED
    }
    found: dict[Key, date] = {}
    for breach in breaches:
        asked = question(breach)
        told = breach.details.get("drifted_since")
        if told:
            found[breach.key] = date.fromisoformat(told)
        elif breach.indicator not in _OVER_A_WINDOW:
            in_a_row = night - timedelta(days=max(streaks.get(asked, 1), 1) - 1)
            found[breach.key] = opened.get(asked, in_a_row)
    return found


def _policy(playbook: Playbook, indicator: str) -> IndicatorPolicy:
    """The indicator's policy; the defaults for a failed scan or a plug-in without one."""
    return playbook.policy(indicator) or IndicatorPolicy(clause="")


def _breached(
    night: date, seen: Observation, before: Incident | None, owner: str, stood: _Stood
) -> _Draft | None:
    if before is None:
        return _opened(night, seen, owner, stood) if stood.enough else None
    if night <= before.last_breach:
        return None
    again = replace(before, owner=owner, sentence=seen.sentence, last_breach=night, passes=0)
    if before.status is not IncidentStatus.RESOLVED:
        return _kept(night, seen, before, again)
    if not stood.enough or (before.resolved is not None and night < before.resolved):
        return None
    after = replace(
        again,
        status=IncidentStatus.OPEN,
        opened=max(stood.since, before.resolved or stood.since),
        times_opened=before.times_opened + 1,
        snoozed_until=None,
        resolved=None,
    )
    return _Draft(seen, before, after, IncidentAct.REOPENED)


def _opened(night: date, seen: Observation, owner: str, stood: _Stood) -> _Draft:
    after = Incident(
        id="",
        entity=seen.entity,
        indicator=seen.indicator,
        facet=seen.facet,
        status=IncidentStatus.OPEN,
        owner=owner,
        sentence=seen.sentence,
        opened=stood.since,
        last_breach=night,
        root=seen.entity,
    )
    return _Draft(seen, None, after, IncidentAct.OPENED)


def _kept(night: date, seen: Observation, before: Incident, after: Incident) -> _Draft:
    """Still breaching; a snooze that has run out is lifted, and said so."""
    if before.snoozed_until is not None and night > before.snoozed_until:
        lifted = replace(after, snoozed_until=None)
        note = f"the snooze ended on {before.snoozed_until} and it still fails"
        return _Draft(seen, before, lifted, IncidentAct.KEPT, note, {"snooze_ended": True})
    return _Draft(seen, before, after, IncidentAct.KEPT)


def _cleared(
    night: date, seen: Observation, before: Incident, counted: int, close_after: int
) -> _Draft | None:
    """Measured without breach: counted once per night, and only since the last breach."""
    if before.status is IncidentStatus.RESOLVED:
        return None
    passes = min(counted, (night - before.last_breach).days)
    if passes <= before.passes:
        return None
    after = replace(before, passes=passes)
    note = f"measured without breach on {passes} of {close_after} nights"
    if passes < close_after:
        return _Draft(seen, before, after, IncidentAct.KEPT, note, {"passes": passes})
    resolved = replace(after, status=IncidentStatus.RESOLVED, resolved=night)
    return _Draft(seen, before, resolved, IncidentAct.RESOLVED, note, {"passes": passes})


def _named(draft: _Draft, taken: set[str]) -> _Draft:
    """Give a new incident its id: longer where another question's id begins alike."""
    if draft.before is not None:
        return draft
    seen = draft.observation
    ids = (incident_id(seen.entity, seen.indicator, seen.facet, digits) for digits in (8, 12, 16, 64))
    chosen = next(candidate for candidate in ids if candidate not in taken)
    taken.add(chosen)
    return replace(draft, after=replace(draft.after, id=chosen))


def _with_roots(
    drafts: Sequence[_Draft], by_key: Mapping[Key, Incident], roots: Mapping[Key, Measurement]
) -> list[_Draft]:
    earlier = stood(by_key.values())
    now = dict(by_key) | {draft.observation.key: draft.after for draft in drafts}
    standing = {key: i for key, i in now.items() if i.status is not IncidentStatus.RESOLVED}
    told: list[_Draft] = []
    for draft in [_rooted(draft, standing, roots) for draft in drafts]:
        told.append(_told(draft, earlier, standing))
        if draft.observation.key in standing:
            standing[draft.observation.key] = told[-1].after
    by_id = {incident.id: incident for incident in standing.values()}
    return [_under_its_top(draft, by_id) for draft in told]


def _told(draft: _Draft, earlier: frozenset[str], standing: Mapping[Key, Incident]) -> _Draft:
    """A breach that begins, tied to the one under which its owner has been told of it already."""
    begins = draft.act in (IncidentAct.OPENED, IncidentAct.REOPENED)
    if not begins or draft.after.root_incident is not None:
        return draft
    known = told_as(draft.after, earlier, standing.values())
    if known is None:
        return draft
    after = replace(draft.after, root_incident=known.id)
    return replace(draft, after=after, note=f"its owner was told of some of the same people as {known.id}")


def _under_its_top(draft: _Draft, standing: Mapping[str, Incident]) -> _Draft:
    """What begins under an incident that is tied to another is tied to that other: one step, no chains."""
    root = standing.get(draft.after.root_incident or "")
    if draft.act is IncidentAct.KEPT or root is None or root.root_incident not in standing:
        return draft
    return replace(draft, after=replace(draft.after, root_incident=root.root_incident))


def _rooted(draft: _Draft, standing: Mapping[Key, Incident], roots: Mapping[Key, Measurement]) -> _Draft:
    if draft.observation.finding is not Finding.BREACH:
        return draft
    if draft.act is IncidentAct.KEPT:
        tied = draft.after.root_incident
        if tied is None or any(incident.id == tied for incident in standing.values()):
            return draft
    cause = _cause(draft.observation, roots)
    root = standing.get(cause) if cause != draft.observation.key else None
    if root is not None:
        return replace(draft, after=replace(draft.after, root=root.entity, root_incident=root.id))
    after = replace(draft.after, root=draft.after.entity, root_incident=None)
    if draft.act is IncidentAct.KEPT:
        note = f"{draft.after.root_incident}, with which it was told, is resolved and it still fails"
        return replace(draft, after=after, note=note, details={**draft.details, "released": True})
    return replace(draft, after=after)


def _cause(seen: Observation, roots: Mapping[Key, Measurement]) -> Key:
    """The question at the root; its own where the roots disagree or go in a circle."""
    causes = {question(roots.get(m.key, m)) for m in seen.measurements}
    if len(causes) != 1:
        return seen.key
    (cause,) = causes
    found = next((roots[m.key] for m in seen.measurements if m.key in roots), None)
    if found is not None and question(roots.get(found.key, found)) != cause:
        return seen.key
    return cause


def _change(draft: _Draft, night: date, at: datetime) -> Change:
    sequence = draft.after.sequence + 1
    after = replace(draft.after, sequence=sequence)
    event = IncidentEvent(
        incident=after.id,
        sequence=sequence,
        act=draft.act,
        at=at,
        actor=ACTOR,
        night=night,
        note=draft.note,
        details=draft.details,
    )
    return Change(after, event, draft.act)
