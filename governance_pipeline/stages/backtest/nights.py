"""Nights, one after the other, under a playbook: outcomes, risk, incidents and alerts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.base import Findings, Indicator
from governance_pipeline.indicators.registry import all_indicators
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.root_cause import root_causes
from governance_pipeline.response.compose import compose
from governance_pipeline.response.incidents import Change, beginnings, respond
from governance_pipeline.response.questions import count_streaks
from governance_pipeline.risk.assess import assess
from governance_pipeline.stages.backtest.rejudge import rejudged
from governance_pipeline.stages.consequences import nights_that_matter, owner_of
from governance_pipeline.stages.scan import night_end
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert, Incident
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.risk import RiskScore

Key = tuple[str, str, str]


class Past(NamedTuple):
    """What is known of one night."""

    night: date
    measurements: Sequence[Measurement]
    graph: LineageGraph


@dataclass(frozen=True, slots=True)
class Replayed:
    """One night under a playbook.

    Attributes:
        unknown: keys of measurements of which the store does not hold enough; they are as recorded.
    """

    night: date
    measurements: tuple[Measurement, ...]
    unknown: frozenset[Key]
    risks: tuple[RiskScore, ...]
    changes: tuple[Change, ...]
    alerts: tuple[Alert, ...]


@dataclass(slots=True)
class _Memory:
    """What a night remembers of those before it.

    Attributes:
        found: by indicator and night, what warned or failed with a value: the season's memory.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    risks: dict[Entity, float] = field(default_factory=dict)
    history: dict[Entity, list[Measurement]] = field(default_factory=dict)
    found: dict[str, dict[date, frozenset[tuple[str, str]]]] = field(default_factory=dict)


def replay(project: Project, playbook: Playbook, past: Sequence[Past]) -> list[Replayed]:
    """Every night under ``playbook``, as if it had been in force from the first of them on.

    What people did to incidents is left out: it is not known what they would have done.
    """
    under = replace(project, playbook=playbook)
    memory = _Memory()
    return [_night(under, one, memory) for one in past]


def _night(project: Project, past: Past, memory: _Memory) -> Replayed:
    measurements, unknown = _outcomes(project, past, memory)
    risks = assess(past.night, measurements, past.graph, project.playbook, memory.risks, _governed(project))
    changes = _respond(project, past, measurements, memory)
    alerts = compose(past.night, changes, project, past.graph, risks)
    memory.risks = {risk.entity: risk.score for risk in risks}
    memory.incidents |= {change.incident.id: change.incident for change in changes}
    for one in measurements:
        memory.history.setdefault(one.entity, []).append(one)
    return Replayed(past.night, tuple(measurements), unknown, tuple(risks), tuple(changes), tuple(alerts))


def _outcomes(project: Project, past: Past, memory: _Memory) -> tuple[list[Measurement], frozenset[Key]]:
    """Judged by the bounds, then concluded over the night as each indicator does it. The sentences are those
    that were recorded: they say what was measured.
    """
    by_indicator: dict[str, list[Measurement]] = {}
    unknown: set[Key] = set()
    for one in past.measurements:
        if not project.playbook.asks_for(one.indicator):
            continue
        outcome = rejudged(one, project.playbook, project)
        if outcome is None:
            unknown.add(one.key)
        by_indicator.setdefault(one.indicator, []).append(replace(one, outcome=outcome or one.outcome))
    known = {one.name: one for one in all_indicators()}
    concluded: list[Measurement] = []
    for name, mine in by_indicator.items():
        given = sorted(mine, key=lambda measurement: measurement.key)
        concluded += _concluded(known.get(name), given, project.playbook, memory)
        found = {(str(m.entity), m.facet) for m in concluded if m.indicator == name and _is_found(m)}
        memory.found.setdefault(name, {})[past.night] = frozenset(found)
    recorded = {one.key: one for one in past.measurements}
    told = [replace(recorded[one.key], outcome=one.outcome) for one in concluded]
    return sorted(told, key=lambda measurement: measurement.key), frozenset(unknown)


def _is_found(one: Measurement) -> bool:
    return one.value is not None and one.outcome in (Outcome.WARN, Outcome.FAIL)


def _concluded(
    indicator: Indicator | None, mine: list[Measurement], playbook: Playbook, memory: _Memory
) -> list[Measurement]:
    if indicator is None or indicator.name == "withdrawals":  # its dates depend on counts that are not kept
        return mine
    if indicator.conclude_after is not None:
        return indicator.conclude_after(mine, playbook, _earlier(indicator, mine, playbook, memory))
    return indicator.conclude(mine, playbook) if indicator.conclude else mine


def _earlier(
    indicator: Indicator, mine: Sequence[Measurement], playbook: Playbook, memory: _Memory
) -> Findings:
    nights = indicator.nights_back(playbook) if indicator.nights_back else 0
    night = mine[0].night
    first = night - timedelta(days=nights)
    known = memory.found.get(indicator.name, {})
    return {when: keys for when, keys in known.items() if first <= when < night and keys}


def _respond(
    project: Project, past: Past, measurements: Sequence[Measurement], memory: _Memory
) -> list[Change]:
    first = past.night - timedelta(days=nights_that_matter(project.playbook) - 1)
    streaks = count_streaks(
        past.night,
        measurements,
        memory.incidents,
        lambda entity: [one for one in memory.history.get(entity, ()) if one.night >= first],
    )
    breaches = [one for one in measurements if one.outcome.is_breach]
    began = beginnings(past.night, breaches, memory.incidents.values(), streaks)
    return respond(
        past.night,
        night_end(project, past.night),
        measurements,
        memory.incidents,
        root_causes(past.graph, breaches, began),
        project.playbook,
        owner_of(project),
        streaks,
    )


def _governed(project: Project) -> tuple[Entity, ...]:
    features = {Entity.column(f.dataset, f.name) for model in project.models.values() for f in model.features}
    return (
        *map(Entity.dataset, project.contracts),
        *sorted(features),
        *map(Entity.model, project.models),
    )


def outcomes(night: Replayed) -> Mapping[Key, Measurement]:
    return {one.key: one for one in night.measurements}
