"""What another playbook would have changed: outcomes, incidents, alerts, reviews and gates of past nights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from governance_pipeline.charter.playbook import Indicators, Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.compare.differences import differences
from governance_pipeline.reviews.compare.plain import of_playbook
from governance_pipeline.reviews.evidence import concerned_entities, gather
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.milestones import required_functions
from governance_pipeline.stages.backtest.nights import Past, Replayed, outcomes, replay
from governance_pipeline.stages.backtest.rejudge import not_replayed_keys
from governance_pipeline.stages.scan import night_end
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent

_NEWS = (IncidentAct.OPENED, IncidentAct.REOPENED, IncidentAct.RESOLVED)


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """None: not measured under that playbook."""

    night: date
    entity: str
    indicator: str
    facet: str
    now: Outcome | None
    then: Outcome | None


@dataclass(frozen=True, slots=True)
class NewsChange:
    """An act on an incident, or an alert, that only one of the playbooks leads to.

    Attributes:
        only: ``now`` or ``then``: under the playbook of now, or the other one.
        about: the incident, or the recipient.
    """

    night: date
    kind: str
    only: str
    about: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReviewDifference:
    """Who must decide on a review that opened on a night: functions with how many people."""

    night: date
    review: str
    model: str
    version: str | None
    now: Mapping[str, int]
    then: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GateDifference:
    """Whether findings would keep a version's gate closed; an approval is taken to know what it knew."""

    night: date
    model: str
    version: str
    closed_now: tuple[str, ...]
    closed_then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """Something that the store does not hold enough of, in words, and how many measurements it is about."""

    what: str
    why: str
    measurements: int = 0


@dataclass(frozen=True, slots=True)
class IndicatorCount:
    """How many outcomes of an indicator change, on how many nights; and to what, from what."""

    indicator: str
    outcomes: int
    nights: int
    changes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Backtest:
    """The answer: ``now`` is the project's playbook, ``then`` the other one."""

    first: date
    last: date
    nights: int
    measurements: int
    by_indicator: tuple[IndicatorCount, ...]
    outcomes: tuple[OutcomeChange, ...]
    incidents: tuple[NewsChange, ...]
    alerts: tuple[NewsChange, ...]
    reviews: tuple[ReviewDifference, ...]
    gates: tuple[GateDifference, ...]
    not_replayed: tuple[NotReplayed, ...]

    @property
    def differs(self) -> bool:
        return bool(self.outcomes or self.incidents or self.alerts or self.reviews or self.gates)


def backtest(
    project: Project, store: Store, other: Playbook, first: date | None = None, last: date | None = None
) -> Backtest:
    """Replay every recorded night under the project's playbook and under ``other``, and say what differs.

    Both are replayed from the first night on, so that seasons, streaks and incidents begin alike. A
    measurement that the project's own playbook does not lead to as it was recorded is left out, and said so.

    Args:
        first, last: the nights that are told; all by default.

    Raises:
        NotFound: no night was recorded in that time.
    """
    with store.begin() as unit:
        past = _past(unit, last)
        told = [one.night for one in past if first is None or one.night >= first]
        if not told:
            raise NotFound(
                "no night was recorded in that time", hint="see `governance status`, or name others"
            )
        opened = _reviews(unit)
        versions = {(model, v.version): v for model in project.models for v in unit.versions.of_model(model)}
    doubtful = _not_reproduced(past, replay(project, project.playbook, past))
    sure = [_without(one, doubtful) for one in past]
    now, then = replay(project, project.playbook, sure), replay(project, other, sure)
    pairs = [(a, b) for a, b in zip(now, then, strict=True) if a.night >= told[0]]
    unknown = {(b.night, *key) for a, b in pairs for key in a.unknown | b.unknown}
    changed = [one for a, b in pairs for one in _outcome_changes(a, b)]
    graphs = {one.night: one.graph for one in past}
    by_night = {a.night: (a, b) for a, b in pairs}
    playbooks = (project.playbook, other)
    return Backtest(
        told[0],
        told[-1],
        len(told),
        sum(len(one.measurements) for one in past if one.night >= told[0]),
        _counted(changed),
        tuple(changed),
        tuple(one for a, b in pairs for one in _incident_changes(a, b)),
        tuple(one for a, b in pairs for one in _alert_changes(a, b)),
        tuple(_review_differences(project, playbooks, opened, versions, by_night, graphs)),
        tuple(_gate_differences(project, playbooks, opened, versions, by_night, graphs)),
        tuple(_named(project.playbook, other, len([k for k in doubtful if k[0] >= told[0]]), len(unknown))),
    )


def _past(unit: Unit, last: date | None) -> list[Past]:
    newest = unit.nights.latest()
    if newest is None:
        return []
    recorded = unit.nights.between(date.min, min(last or newest.night, newest.night))
    return [
        Past(
            one.night,
            unit.measurements.of_night(one.night),
            LineageGraph.of(unit.lineage.of_night(one.night)),
        )
        for one in recorded
    ]


def _reviews(unit: Unit) -> list[tuple[Milestone, Sequence[ReviewEvent]]]:
    return [(milestone, unit.reviews.events(review)) for review, milestone in unit.reviews.list()]


NightKey = tuple[date, str, str, str]


def _not_reproduced(past: Sequence[Past], replayed: Sequence[Replayed]) -> frozenset[NightKey]:
    """Measurements that the playbook of now does not lead to as they were recorded: it was another one
    then, or their files were.
    """
    found: set[NightKey] = set()
    for one, again in zip(past, replayed, strict=True):
        given = outcomes(again)
        found |= {
            (one.night, *m.key)
            for m in one.measurements
            if m.key not in given or given[m.key].outcome is not m.outcome
        }
    return frozenset(found)


def _without(past: Past, doubtful: frozenset[NightKey]) -> Past:
    kept = [m for m in past.measurements if (past.night, *m.key) not in doubtful]
    return past._replace(measurements=kept)


def _outcome_changes(now: Replayed, then: Replayed) -> Iterator[OutcomeChange]:
    held, holds = outcomes(now), outcomes(then)
    for key in sorted({*held, *holds}):
        both = [side[key].outcome if key in side else None for side in (held, holds)]
        if both[0] is not both[1] and key not in now.unknown | then.unknown:
            yield OutcomeChange(now.night, *key, both[0], both[1])


def _counted(changed: Sequence[OutcomeChange]) -> tuple[IndicatorCount, ...]:
    found: list[IndicatorCount] = []
    for name in sorted({one.indicator for one in changed}):
        mine = [one for one in changed if one.indicator == name]
        ways = [f"{one.now or 'not measured'} to {one.then or 'not measured'}" for one in mine]
        counts = {way: ways.count(way) for way in sorted(set(ways))}
        found.append(IndicatorCount(name, len(mine), len({one.night for one in mine}), counts))
    return tuple(found)


T = TypeVar("T")


def _only(now: Mapping[Any, T], then: Mapping[Any, T]) -> Iterator[tuple[str, T]]:
    """What only one side has, by key, with the word for that side."""
    yield from (("now", now[key]) for key in sorted(now.keys() - then.keys()))
    yield from (("then", then[key]) for key in sorted(then.keys() - now.keys()))


def _incident_changes(now: Replayed, then: Replayed) -> Iterator[NewsChange]:
    sides = [{(c.incident.id, str(c.act)): c for c in one.changes if c.act in _NEWS} for one in (now, then)]
    for only, change in _only(*sides):
        incident = change.incident
        yield NewsChange(now.night, str(change.act), only, incident.id, incident.sentence)


def _alert_changes(now: Replayed, then: Replayed) -> Iterator[NewsChange]:
    for only, alert in _only({a.key: a for a in now.alerts}, {a.key: a for a in then.alerts}):
        yield NewsChange(now.night, "alert", only, alert.recipient, alert.subject)


By = Mapping[date, tuple[Replayed, Replayed]]
Versions = Mapping[tuple[str, str], ModelVersion]
Opened = Sequence[tuple[Milestone, Sequence[ReviewEvent]]]


def _review_differences(
    project: Project,
    playbooks: tuple[Playbook, Playbook],
    opened: Opened,
    versions: Versions,
    nights: By,
    graphs: Mapping[date, LineageGraph],
) -> Iterator[ReviewDifference]:
    """Who would have had to decide, by what was found on the night that opened the review."""
    for milestone, events in opened:
        both, model = nights.get(milestone.night), project.models.get(milestone.model)
        version = versions.get((milestone.model, milestone.version or ""))
        if both is None or model is None or version is None or not events:
            continue
        entities = concerned_entities(model, graphs[milestone.night])
        stage = events[0].data.get("stage") or None
        needed = [
            required_functions(
                model,
                gather(version, "", one.measurements, entities, allow_warn=playbook.reviews.allow_warn),
                playbook,
                milestone.kind,
                stage,
            )
            for playbook, one in zip(playbooks, both, strict=True)
        ]
        now, then = ({str(function): n for function, n in one.items()} for one in needed)
        if now != then:
            yield ReviewDifference(
                milestone.night, events[0].review, milestone.model, milestone.version, now, then
            )


def _gate_differences(
    project: Project,
    playbooks: tuple[Playbook, Playbook],
    opened: Opened,
    versions: Versions,
    nights: By,
    graphs: Mapping[date, LineageGraph],
) -> Iterator[GateDifference]:
    """Of every version under review, on every night since: by what findings its gate would be kept closed."""
    for milestone, events in opened:
        model, version = (
            project.models.get(milestone.model),
            versions.get((milestone.model, milestone.version or "")),
        )
        if model is None or version is None:
            continue
        for night in sorted(one for one in nights if one >= milestone.night):
            entities = concerned_entities(model, graphs[night])
            known = _accepted(events, project, night)
            closed = []
            for playbook, one in zip(playbooks, nights[night], strict=True):
                rules, given = playbook.reviews, outcomes(one)
                found = gather(version, "", one.measurements, entities, allow_warn=rules.allow_warn).findings
                closed.append(
                    tuple(
                        " ".join(part for part in key if part)
                        for key in found
                        if key not in known
                        or (key[1] in rules.never and given[key].outcome is not Outcome.INSUFFICIENT)
                    )
                )
            if bool(closed[0]) != bool(closed[1]):
                yield GateDifference(night, milestone.model, version.version, closed[0], closed[1])


def _accepted(
    events: Sequence[ReviewEvent], project: Project, night: date
) -> frozenset[tuple[str, str, str]]:
    """What an approval that stood at the end of a night knew."""
    until = [event for event in events if event.at <= night_end(project, night)]
    state = fold(until) if until else None
    return frozenset(state.evidence.findings) if state and state.is_approved else frozenset()


def _named(now: Playbook, then: Playbook, doubtful: int, unknown: int) -> Iterator[NotReplayed]:
    """What differs between the playbooks and is not replayed, and what could not be judged."""
    if doubtful:
        why = (
            "under the playbook of now they come out otherwise than recorded: it, or their files, were others"
        )
        yield NotReplayed("measurements that are left out", why, doubtful)
    if unknown:
        why = "the store does not hold what their verdict rests on (small groups, chance at another bound)"
        yield NotReplayed("measurements that are as recorded", why, unknown)
    for name in Indicators.model_fields:
        before, after = now.policy(name), then.policy(name)
        if after is not None and after.enabled and not (before is not None and before.enabled):
            yield NotReplayed(f"{name}", "it was not measured, so nobody knows what it would have found")
        elif before is not None and after is not None:
            for key in not_replayed_keys(name, before, after):
                yield NotReplayed(f"{name} {key}", "its data would have to be read again")
    for found in differences(of_playbook(now), of_playbook(then)):
        if found.path[0] != "indicators" and not _is_replayed(found.path):
            yield NotReplayed(" ".join(found.path), "what follows from it is not replayed")


_REPLAYED = frozenset({"by_tier", "by_indicator", "by_stage", "never", "allow_warn"})
_OF_ALERTS = frozenset({"on"})


def _is_replayed(path: Sequence[str]) -> bool:
    if path[0] == "reviews":
        return len(path) > 1 and path[1] in _REPLAYED
    if path[0] == "alerts":
        return path[-1] in _OF_ALERTS
    return path[0] in ("risk", "clauses", "version")
