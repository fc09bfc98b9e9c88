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
    RISK_TIER = "risk_tier_raised"
    STAGE = "planned_stage"
    MANUAL = "manual"


class Stage(StrEnum):
    """The stages of a model's life that a review can be planned for."""

    IDEA = "idea"
    DESIGN = "design"
    DATA = "data"
    TRAINING = "training"
    VALIDATION = "validation"
    DEPLOYMENT = "deployment"
    RETIREMENT = "retirement"


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
    RECUSED = "recused"
    DELEGATED = "delegated"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    FELL = "fell"
    WAIVED = "waived"
    FULFILLED = "fulfilled"
    ASSESSED = "assessed"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REOPENED = "reopened"
    PERMITTED = "permitted"
    PROMOTED = "promoted"
    SIGNED = "signed"
    REHEARSED = "rehearsed"
    ROLLED_BACK = "rolled_back"
    MOVED_BACK = "moved_back"


class Verdict(StrEnum):
    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ABSTAIN = "abstain"

    @property
    def consents(self) -> bool:
        return self in (Verdict.APPROVE, Verdict.APPROVE_WITH_CONDITIONS)


class ReviewStatus(StrEnum):
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def is_open(self) -> bool:
        return self in (ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED)

    @property
    def is_approval(self) -> bool:
        return self in (ReviewStatus.APPROVED, ReviewStatus.APPROVED_WITH_CONDITIONS)


class Why(StrEnum):
    """Why an approval was revoked, or a review opened again."""

    BY_HAND = "by_hand"
    BROKEN_CONDITION = "broken_condition"
    CHANGED_INPUT = "changed_input"


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
class Condition:
    """What an approval depends on: a bound that is measured every night, or what an owner does by a day.

    Attributes:
        sentence: as the decider wrote it.
        entity: what the bound is about, ``dataset:lending.incomes``; "" where a person has to see to it.
        indicator: its registered name; ``facet`` one part of it, "" for every part.
        at_most: the bound's highest good value; ``at_least`` the lowest.
        owner: person who sees to it by ``due``; "" where it is measured.
    """

    sentence: str
    entity: str = ""
    indicator: str = ""
    facet: str = ""
    at_most: float | None = None
    at_least: float | None = None
    owner: str = ""
    due: date | None = None

    @property
    def is_measured(self) -> bool:
        return bool(self.indicator)


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision for one function, bound to the evidence it was made on.

    Attributes:
        on_behalf: the person who handed it over, "" for a holder of the function.
        trade_off: what is accepted in return, in the decider's words.
    """

    function: str
    person: str
    verdict: Verdict
    reason: str
    evidence: str
    at: datetime
    conditions: tuple[Condition, ...] = ()
    on_behalf: str = ""
    trade_off: str = ""


@dataclass(frozen=True, slots=True)
class Delegation:
    """That ``to`` decides for ``function`` in place of ``person`` from ``since`` to ``until``."""

    person: str
    to: str
    function: str
    since: date
    until: date

    def holds_on(self, day: date) -> bool:
        return self.since <= day <= self.until


@dataclass(frozen=True, slots=True)
class Waiver:
    """That a finding is let be for a time, although the playbook's clause forbids it.

    Attributes:
        clause: the playbook's clause; ``key`` the finding: entity, indicator, facet.
        approvers: the people who gave it so far, by function; ``needed`` how many people each must.
        control: what is done in the meantime instead.
        until: its last day.
    """

    clause: str
    key: tuple[str, str, str]
    approvers: tuple[tuple[str, str], ...]
    needed: Mapping[str, int]
    control: str
    until: date
    reason: str = ""

    @property
    def missing(self) -> dict[str, int]:
        """How many people of each function still have to give it. A person counts once."""
        given = {function: {p for f, p in self.approvers if f == function} for function in self.needed}
        return {f: n - len(given[f]) for f, n in self.needed.items() if len(given[f]) < n}

    def holds_on(self, day: date) -> bool:
        return not self.missing and day <= self.until


@dataclass(frozen=True, slots=True)
class Assessment:
    """A questionnaire as it was answered.

    Attributes:
        id: of the questionnaire; ``digest`` of its file then.
        answers: by question; ``inputs`` what was known beside them, by name.
    """

    id: str
    digest: str
    answers: Mapping[str, str]
    inputs: Mapping[str, str]
    by: str
    at: datetime


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
