"""Where the playbook says so: a version that nobody permitted is taken from its stage, the last permitted one
is brought back, and everybody concerned is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.catalog.registry_moves import move_stage
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.response.incidents import ACTOR
from governance_pipeline.reviews.admission import Trust, acts_on, rightful, unpermitted
from governance_pipeline.reviews.desk import act, trust_of
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.service import append_late, review_of_version
from governance_pipeline.reviews.upkeep_notices import tell_upkeep
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.night import AlertQueued, StageMovedBack
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent


def move_back(services: Services, night: date) -> Iterator[StageMovedBack | AlertQueued]:
    """Move back what stands at a stage without a permit now. A night that is caught up late must not undo
    what was permitted since, so it looks at the registry and the permits as they are, not as they were.
    """
    policy = services.project.playbook.indicators.permits
    if policy is None or not policy.enabled or not policy.move_back:
        return
    trust = trust_of(services.project)
    for spec in services.project.models.values():
        for stage in policy.stages:
            try:
                yield from _of_stage(services, night, spec, stage, trust)
            except GovernanceError as error:
                yield StageMovedBack(night, spec.name, stage, None, None, error.message)


def _of_stage(
    services: Services, night: date, spec: ModelSpec, stage: str, trust: Trust
) -> Iterator[StageMovedBack | AlertQueued]:
    now = services.clock()
    around = surroundings(services.project, now, services.environ)
    known = {one.version: one for one in read_registry(spec, around).versions}
    with services.store.begin() as unit:
        there = [one for one in known.values() if one.stage == stage]
        astray = [one for one in there if unpermitted(unit, one, trust, now)]
        if not astray:
            return
        back = _last_permitted(unit, spec.name, stage, known, trust, now)
        if back is not None:
            event = _recorded(unit, spec.name, stage, astray[-1], back, now)
            queued = [a for a in _alerts(services, night, unit, event) if unit.outbox.enqueue(a)]
            move_stage(spec, back.version, stage, around)  # last: if it fails, nothing says that it was done
    if back is None:
        problem = "no version that was permitted there is registered any more"
        yield StageMovedBack(night, spec.name, stage, astray[-1].version, None, problem)
        return
    yield StageMovedBack(night, spec.name, stage, astray[-1].version, back.version)
    yield from map(AlertQueued, queued)


def _last_permitted(
    unit: Unit, model: str, stage: str, known: Mapping[str, ModelVersion], trust: Trust, now: datetime
) -> ModelVersion | None:
    """The version that people brought to the stage last, and that may still be there."""
    for version in rightful(acts_on(unit, model), stage):
        found = known.get(version)
        if found is not None and unpermitted(unit, replace(found, stage=stage), trust, now) is None:
            return found
    return None


def _recorded(
    unit: Unit, model: str, stage: str, astray: ModelVersion, back: ModelVersion, now: datetime
) -> ReviewEvent:
    review = review_of_version(unit, model, back.version)
    assert review is not None  # its permit is kept there
    data = {"stage": stage, "from": astray.version, "to": back.version, "digest": back.digest}
    event = act(review, ReviewAct.MOVED_BACK, now, ACTOR, data)
    append_late(unit, event)
    return event


def _alerts(services: Services, night: date, unit: Unit, event: ReviewEvent) -> list[Alert]:
    milestone = unit.reviews.get(event.review)
    assert milestone is not None
    review = review_of_version(unit, milestone.model, str(event.data["to"]))
    assert review is not None
    circle = Circle(services.project, review, {}, event.at.date())
    return tell_upkeep(night, milestone, circle, [event])
