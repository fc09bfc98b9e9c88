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
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ModelVersion, ReviewEvent, Stage

_MOST_TOLD = 3
_ABOUT = {MilestoneKind.WITHDRAWALS: "withdrawals"}


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


@dataclass(frozen=True, slots=True)
class ViewChange:
    """A feature view that is not what it was.

    Attributes:
        digest: of what it is now; where it ``is_gone``, of what it was.
        words: what is different, as a predicate: ``lost the feature ratio``.
    """

    view: Entity
    digest: str
    words: str
    is_gone: bool = False


def feature_store_change(
    night: date, serving: ModelVersion, changes: Sequence[ViewChange], base: date
) -> Milestone:
    """Feature views that a model reads have changed since the night ``base``: the serving version is
    looked at again. The same change after the same night is the same milestone.
    """
    ordered = sorted(changes, key=lambda change: (change.view, change.digest))
    content = "\n".join(f"{change.view} {change.digest} {change.is_gone}" for change in ordered)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    told = listed([f"{change.view.name} {change.words}" for change in ordered])
    return Milestone(
        id=f"{MilestoneKind.FEATURE_STORE_CHANGE}:{serving.model}/{digest}@{base}",
        kind=MilestoneKind.FEATURE_STORE_CHANGE,
        night=night,
        model=serving.model,
        version=serving.version,
        sentence=f"{counted(len(ordered), 'feature view')} that {serving.model} reads"
        f" changed since the night of {calendar_date(base)}: {told}.",
    )


def moved_alias(night: date, version: ModelVersion, alias: str, held_by: str | None, base: date) -> Milestone:
    """An alias of the registry names another version than at the night ``base``."""
    before = f"was version {held_by}" if held_by else "was none"
    return Milestone(
        id=f"{MilestoneKind.MOVED_ALIAS}:{version.model}/{alias}/{held_by or ''}/{version.version}@{base}",
        kind=MilestoneKind.MOVED_ALIAS,
        night=night,
        model=version.model,
        version=version.version,
        sentence=f"The alias {alias} of {version.model} is version {version.version}; on the night of"
        f" {calendar_date(base)} it {before}.",
    )


def tier_raised(night: date, version: ModelVersion, was: str, now: str, base: date) -> Milestone:
    """The model's risk has come to a tier at which the playbook asks for review, from below it at the night
    ``base``.
    """
    return Milestone(
        id=f"{MilestoneKind.RISK_TIER}:{version.model}/{version.version}/{now}@{base}",
        kind=MilestoneKind.RISK_TIER,
        night=night,
        model=version.model,
        version=version.version,
        sentence=f"The risk of {version.model} is {now}; on the night of {calendar_date(base)} it was {was}.",
    )


def listed(words: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(words) - _MOST_TOLD
    shown = "; ".join(words[:_MOST_TOLD])
    return f"{shown}; and {counted(more, 'more change')}" if more > 0 else shown


def withdrawals(night: date, serving: ModelVersion | None, found: Iterable[Measurement]) -> Milestone | None:
    """People who withdrew from what the serving version has learned call for review, once a version, where
    they are more than the playbook allows.
    """
    if serving is None:
        return None
    for one in found:
        if one.indicator == "withdrawals" and one.facet == serving.version and one.details.get("review"):
            return Milestone(
                id=f"{MilestoneKind.WITHDRAWALS}:{serving.model}/{serving.version}",
                kind=MilestoneKind.WITHDRAWALS,
                night=night,
                model=serving.model,
                version=serving.version,
                sentence=one.sentence,
            )
    return None


def review_id(milestone: Milestone) -> str:
    """Short and stable: the same milestone never opens a second review."""
    return "REV-" + hashlib.sha256(milestone.id.encode()).hexdigest()[:8]


def required_functions(
    model: ModelSpec,
    evidence: Evidence,
    playbook: Playbook,
    kind: MilestoneKind | None = None,
    stage: Stage | str | None = None,
) -> dict[Function, int]:
    """Who must decide: the tier's functions, or those that the playbook names for a planned stage, and those
    of every indicator that did not pass, or that the milestone is about.

    A tier the playbook says nothing about asks every function: silence does not lower the bar.
    """
    everyone = tuple(Requirement(function=function) for function in Function)
    planned = playbook.reviews.by_stage.get(Stage(stage)) if stage else None
    asked: list[Requirement] = list(planned or playbook.reviews.by_tier.get(model.tier, everyone))
    about = [_ABOUT[kind]] if kind in _ABOUT else []
    for indicator in {*_indicators(evidence), *about}:
        asked.extend(playbook.reviews.by_indicator.get(indicator, ()))
    needed: dict[Function, int] = {}
    for requirement in asked:
        needed[requirement.function] = max(needed.get(requirement.function, 0), requirement.people)
    return dict(sorted(needed.items()))


def _indicators(evidence: Evidence) -> Sequence[str]:
    names: Iterable[str] = (indicator for _, indicator, _ in evidence.findings)
    return sorted(set(names))
