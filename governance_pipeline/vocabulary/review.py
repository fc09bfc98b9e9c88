"""Milestones, reviews and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class MilestoneKind(StrEnum):
    NEW_VERSION = "new_model_version"
    FEATURE_STORE_CHANGE = "feature_store_change"
    MOVED_ALIAS = "moved_alias"
    RETRAINING_DUE = "retraining_due"
    WITHDRAWALS = "consent_withdrawals"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Milestone:
    """An event that calls for review. ``id`` is deterministic, so it opens one review only."""

    id: str
    kind: MilestoneKind
    night: date
    model: str
    version: str | None
    sentence: str


class ReviewAct(StrEnum):
    OPENED = "opened"
    EVIDENCE_ATTACHED = "evidence_attached"
    DECIDED = "decided"
    COMMENTED = "commented"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Verdict(StrEnum):
    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ABSTAIN = "abstain"


class ReviewStatus(StrEnum):
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        return self in (ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED)


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """One act in a review; (review, sequence) is unique, so a race has one winner."""

    review: str
    sequence: int
    act: ReviewAct
    at: datetime
    actor: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision for one function, bound to the evidence it was made on."""

    function: str
    person: str
    verdict: Verdict
    reason: str
    evidence: str
    at: datetime
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered model version, as a registry reader found it.

    Attributes:
        stage: the registry's stage or alias: ``candidate``, ``staging``, ``production`` ...
        digest: ``sha256:...`` of the artefact; the artefact itself is never loaded.
        snapshot: dataset it was trained on; ``snapshot_digest`` its content's digest.
        registered_by: person id.
    """

    model: str
    version: str
    stage: str
    digest: str
    registered_at: datetime
    registered_by: str = ""
    trained_by: str = ""
    snapshot: str = ""
    snapshot_digest: str = ""
    artefact: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
