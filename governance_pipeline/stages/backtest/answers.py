"""What another playbook would have changed: outcomes, incidents, alerts, reviews and gates of past nights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from governance_pipeline.charter.playbook import Indicators, Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.compare.differences import differences
from governance_pipeline.reviews.compare.plain import of_playbook
from governance_pipeline.stages.backtest.decisions import gate_differences, review_differences
from governance_pipeline.stages.backtest.differences import (
    Backtest,
    IndicatorCount,
    NewsChange,
    NotReplayed,
    OutcomeChange,
)
from governance_pipeline.stages.backtest.nights import Past, Replayed, outcomes, replay
from governance_pipeline.stages.backtest.openings import openings
from governance_pipeline.stages.backtest.rejudge import not_replayed_keys
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.review import Milestone, ReviewEvent

_NEWS = (IncidentAct.OPENED, IncidentAct.REOPENED, IncidentAct.RESOLVED)


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
    with store.reading() as unit:
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
    opened_now = openings(project, project.playbook, now, versions)
    opened_then = openings(project, other, then, versions)
    return Backtest(
        told[0],
        told[-1],
        len(told),
        sum(len(one.measurements) for one in past if one.night >= told[0]),
        _counted(changed),
        tuple(changed),
        tuple(one for a, b in pairs for one in _incident_changes(a, b)),
        tuple(one for a, b in pairs for one in _alert_changes(a, b)),
        tuple(_opening_changes(opened_now, opened_then, told[0])),
        tuple(review_differences(project, playbooks, opened, versions, by_night, graphs)),
        tuple(gate_differences(project, playbooks, opened, versions, by_night, graphs)),
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


def _opening_changes(
    now: Mapping[tuple[date, str], Milestone], then: Mapping[tuple[date, str], Milestone], first: date
) -> Iterator[NewsChange]:
    for only, one in sorted(_only(now, then), key=lambda found: (found[1].night, found[1].id)):
        if one.night >= first:
            yield NewsChange(one.night, str(one.kind), only, one.model, one.sentence)


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


_REPLAYED = frozenset({"from_risk_tier", "by_tier", "by_indicator", "by_stage", "never", "allow_warn"})
_OF_ALERTS = frozenset({"on"})


def _is_replayed(path: Sequence[str]) -> bool:
    if path[0] == "reviews":
        return len(path) > 1 and path[1] in _REPLAYED
    if path[0] == "alerts":
        return path[-1] in _OF_ALERTS
    if path[0] == "retraining":
        return path[-1] == "max_age_days"
    return path[0] in ("risk", "clauses", "version")
