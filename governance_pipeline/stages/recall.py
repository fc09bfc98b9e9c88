"""What earlier nights left behind that tonight needs, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.indicators.base import Findings
from governance_pipeline.indicators.registry import all_indicators
from governance_pipeline.profiles import codec
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ModelVersion


@dataclass(frozen=True, slots=True)
class Memory:
    """The store's state before tonight.

    Attributes:
        previous: each dataset's newest profile before tonight; none where it cannot be read any more.
        risks: each entity's score on the last sealed night before tonight.
        incidents: all incidents by id.
        versions: known model versions by (model, version).
        baselines: training snapshot profiles by (model, version).
        unreadable: stored baselines of another format, or damaged ones, as JSON.
        tonight: what an earlier run of the same night measured.
        findings: what earlier nights found, by indicator, for those that ask for it.
        is_newest: no later night has been sealed, so tonight may change incidents and reviews.
    """

    previous: Mapping[str, Profile]
    risks: Mapping[Entity, float]
    incidents: Mapping[str, Incident]
    versions: Mapping[tuple[str, str], ModelVersion]
    baselines: Mapping[tuple[str, str], Profile]
    tonight: Sequence[Measurement]
    is_newest: bool
    findings: Mapping[str, Findings]
    unreadable: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


def recall(store: Store, project: Project, night: date) -> Memory:
    """Read the memory of ``project`` before ``night``."""
    with store.reading() as unit:
        versions = {
            (v.model, v.version): v for model in project.models for v in unit.versions.of_model(model)
        }
        latest = unit.nights.latest()
        before = unit.nights.between(project.settings.schedule.start, night - timedelta(days=1))
        risks = unit.risks.of_night(before[-1].night) if before else ()
        previous, _ = _decoded({name: unit.profiles.latest_before(name, night) for name in project.contracts})
        baselines, unreadable = _decoded({key: unit.profiles.get_baseline(*key) for key in versions})
        return Memory(
            previous=previous,
            risks={risk.entity: risk.score for risk in risks},
            incidents={incident.id: incident for incident in unit.incidents.list()},
            versions=versions,
            baselines=baselines,
            unreadable=unreadable,
            tonight=unit.measurements.of_night(night),
            is_newest=latest is None or latest.night <= night,
            findings={
                one.name: _findings(unit, one.name, night, one.nights_back(project.playbook))
                for one in all_indicators()
                if one.nights_back is not None
            },
        )


def _findings(unit: Unit, indicator: str, night: date, nights: int) -> Findings:
    """Of the ``nights`` nights before ``night``: never of it or of later ones, so that it can be decided
    again as it was.
    """
    found: dict[date, set[tuple[str, str]]] = {}
    first, last = night - timedelta(days=nights), night - timedelta(days=1)
    for when, entity, facet in unit.measurements.found(indicator, first, last):
        found.setdefault(when, set()).add((entity, facet))
    return {when: frozenset(keys) for when, keys in found.items()}


K = TypeVar("K")


def _decoded(
    found: Mapping[K, Mapping[str, Any] | None],
) -> tuple[dict[K, Profile], dict[K, Mapping[str, Any]]]:
    """What can be read, and what cannot: another version of the format is no reason to stop a night."""
    profiles: dict[K, Profile] = {}
    unreadable: dict[K, Mapping[str, Any]] = {}
    for key, stored in found.items():
        if stored is None:
            continue
        try:
            profiles[key] = codec.from_json(stored)
        except CannotEvaluate:
            unreadable[key] = stored
    return profiles, unreadable
