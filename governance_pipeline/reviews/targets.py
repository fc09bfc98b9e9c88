"""What a rollback goes to, and whether that could take over."""

from __future__ import annotations

from collections.abc import Sequence

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.reviews.admission import acts_on, rolled_back
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent

PREVIOUS = "previous_approved"


def find_target(
    unit: Unit, spec: ModelSpec, current: ModelVersion, around: Surroundings
) -> ModelVersion | None:
    """What the model's file says a rollback goes to: a version, or the newest other one once approved and
    not rolled back from since.
    """
    versions = read_registry(spec, around).versions
    if spec.rollback.target != PREVIOUS:
        return next((one for one in versions if one.version == spec.rollback.target), None)
    earlier = [
        one
        for one in versions
        if one.version != current.version and one.registered_at <= current.registered_at
    ]
    sound = [one for one in earlier if _approvals(unit, one)]
    return sound[-1] if sound else None


def target_faults(project: Project, unit: Unit, target: ModelVersion) -> Sequence[str]:
    """Why a target could not take over: it was never approved as it is, or what it reads is gone."""
    faults = []
    if not _approvals(unit, target):
        left = rolled_back(acts_on(unit, target.model), target.version)
        why = (
            f"was rolled back from on {left.at:%d %B %Y} and not approved since"
            if left is not None
            else "was never approved as the artefact that it is now"
        )
        faults.append(f"version {target.version} {why}")
    spec = project.model(target.model)
    missing = [f.column for f in spec.features if f.dataset not in project.contracts]
    if missing:
        faults.append(f"its feature {missing[0]} is served by no contract any more")
    for feature in spec.features:
        contract = project.contracts.get(feature.dataset)
        if contract is not None and contract.column(feature.name) is None:
            faults.append(f"its feature {feature.column} is not in the contract any more")
    return faults


def _approvals(unit: Unit, version: ModelVersion) -> list[ReviewState]:
    """The states in which a review of exactly this artefact was approved, at any time since it was last
    rolled back from.
    """
    left = rolled_back(acts_on(unit, version.model), version.version)
    found = []
    for events in _reviews(unit, version):
        for count, event in enumerate(events, 1):
            if event.act is not ReviewAct.DECIDED or (left is not None and event.at <= left.at):
                continue
            state = fold(events[:count])
            if state.is_approved and state.evidence.model_digest == version.digest:
                found.append(state)
    return found


def _reviews(unit: Unit, version: ModelVersion) -> list[Sequence[ReviewEvent]]:
    """The events of each review of a version."""
    return [
        unit.reviews.events(review_id)
        for review_id, milestone in unit.reviews.list()
        if (milestone.model, milestone.version) == (version.model, version.version)
    ]
