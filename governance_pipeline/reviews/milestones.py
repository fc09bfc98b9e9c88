"""Which events of a night call for a review, and who must decide. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.playbook import Playbook, Requirement
from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ModelVersion, ReviewEvent


@dataclass(frozen=True, slots=True)
class Opening:
    """A review to be opened: the milestone and the review's first event."""

    milestone: Milestone
    review_id: str
    functions: tuple[str, ...]
    event: ReviewEvent


def new_version(night: date, version: ModelVersion) -> Milestone:
    """A version nobody has seen before calls for review."""
    return Milestone(
        id=f"{MilestoneKind.NEW_VERSION}:{version.model}/{version.version}",
        kind=MilestoneKind.NEW_VERSION,
        night=night,
        model=version.model,
        version=version.version,
        sentence=f"Version {version.version} of {version.model} was registered"
        f" on {calendar_date(version.registered_at)}.",
    )


def retraining_due(
    night: date, as_of: datetime, serving: ModelVersion | None, playbook: Playbook
) -> Milestone | None:
    """A serving version older than the playbook allows calls for a retraining review, once."""
    limit = timedelta(days=playbook.retraining.max_age_days)
    if serving is None or as_of - serving.registered_at <= limit:
        return None
    return Milestone(
        id=f"{MilestoneKind.RETRAINING_DUE}:{serving.model}/{serving.version}",
        kind=MilestoneKind.RETRAINING_DUE,
        night=night,
        model=serving.model,
        version=serving.version,
        sentence=f"Version {serving.version} of {serving.model} is older than the"
        f" {counted(playbook.retraining.max_age_days, 'day')} after which the playbook asks for retraining.",
    )


def review_id(milestone: Milestone) -> str:
    """Short and stable: the same milestone never opens a second review."""
    return "REV-" + hashlib.sha256(milestone.id.encode()).hexdigest()[:8]


def required_functions(model: ModelSpec, evidence: Evidence, playbook: Playbook) -> dict[Function, int]:
    """Who must decide: the tier's functions, and those of every indicator that did not pass.

    A tier the playbook says nothing about asks every function: silence does not lower the bar.
    """
    everyone = tuple(Requirement(function=function) for function in Function)
    asked: list[Requirement] = list(playbook.reviews.by_tier.get(model.tier, everyone))
    for indicator in _indicators(evidence):
        asked.extend(playbook.reviews.by_indicator.get(indicator, ()))
    needed: dict[Function, int] = {}
    for requirement in asked:
        needed[requirement.function] = max(needed.get(requirement.function, 0), requirement.people)
    return dict(sorted(needed.items()))


def _indicators(evidence: Evidence) -> Sequence[str]:
    names: Iterable[str] = (indicator for _, indicator, _ in evidence.findings)
    return sorted(set(names))
