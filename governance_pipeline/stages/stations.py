"""Which versions are at a stage that needs a permit or a way back, and how it stands with these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from governance_pipeline.charter.playbook import Indicators
from governance_pipeline.indicators.base import Station
from governance_pipeline.reviews.admission import acts_on, rehearsals, took_stage, unpermitted
from governance_pipeline.reviews.desk import trust_of
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.review import ModelVersion, ReviewEvent


def find_stations(services: Services, night: date, discovery: Discovery) -> dict[str, tuple[Station, ...]]:
    """By model: the versions at the stages that the playbook's policies name; none where it has no policy.

    What was done after the night does not count for it.

    Raises:
        CannotEvaluate: the public keys cannot be read.
    """
    project = services.project
    stages = _stages(project.playbook.indicators)
    if not stages:
        return {}
    trust, until = trust_of(project), night_end(project, night)
    found: dict[str, tuple[Station, ...]] = {}
    with services.store.reading() as unit:
        for model, versions in discovery.versions.items():
            events = [event for event in acts_on(unit, model) if event.at <= until]
            found[model] = tuple(
                _station(one, events, unpermitted(unit, one, trust, until) or "")
                for one in versions
                if one.stage in stages
            )
    return found


def _stages(indicators: Indicators) -> set[str]:
    asked = (indicators.permits, indicators.rehearsal)
    return {stage for policy in asked if policy is not None and policy.enabled for stage in policy.stages}


def _station(version: ModelVersion, events: Sequence[ReviewEvent], problem: str) -> Station:
    held = rehearsals(events, version.version, version.stage)
    sound = [event.at for event in held if not event.data["faults"]]
    return Station(
        version.version,
        version.stage,
        problem,
        since=took_stage(events, version.version, version.stage) or version.registered_at,
        rehearsed=sound[-1] if sound else None,
        no_way_back="; ".join(held[-1].data["faults"]) if held else "",
    )
