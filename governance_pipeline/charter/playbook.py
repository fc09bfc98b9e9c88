"""playbook/*.yaml: the project's policies. Several files are merged; a key stands in one file only.

Every indicator has a policy with the clause it answers to. Bounds may be tightened by tier.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.data_policies import (
    AccessPolicy,
    ConsentPolicy,
    DriftPolicy,
    OwnershipPolicy,
    ProvenancePolicy,
    QualityPolicy,
    RecencyPolicy,
    RetentionPolicy,
)
from governance_pipeline.charter.indicator_policy import TIERS, IndicatorPolicy, Tier
from governance_pipeline.charter.model_policies import (
    BiasPolicy,
    CalibrationPolicy,
    LeakagePolicy,
    PerformancePolicy,
    PermitsPolicy,
    PredictionDriftPolicy,
    ProxyPolicy,
    RehearsalPolicy,
    RepresentationPolicy,
    TwinsPolicy,
    WithdrawalsPolicy,
)
from governance_pipeline.charter.people import PersonId
from governance_pipeline.charter.purposes import Purpose
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Stage

Share = Annotated[float, Field(ge=0, le=1)]

DEFAULT_BOUNDS: dict[Tier, float] = {"low": 0.0, "medium": 20.0, "high": 45.0, "critical": 70.0}


class Clause(FileModel):
    """A numbered sentence of the playbook that measurements and decisions answer to."""

    title: str
    text: str
    controls: tuple[str, ...] = Field((), description="Control ids, e.g. 'EU-AI-Act Art. 10'.")


class Indicators(FileModel):
    """The policy of every indicator. What stands below ``bias`` is measured where the playbook has a
    policy for it.
    """

    recency: RecencyPolicy
    consent: ConsentPolicy
    quality: QualityPolicy
    retention: RetentionPolicy
    ownership: OwnershipPolicy
    provenance: ProvenancePolicy
    drift: DriftPolicy
    bias: BiasPolicy
    representation: RepresentationPolicy | None = None
    prediction_drift: PredictionDriftPolicy | None = None
    performance: PerformancePolicy | None = None
    calibration: CalibrationPolicy | None = None
    proxy: ProxyPolicy | None = None
    leakage: LeakagePolicy | None = None
    twins: TwinsPolicy | None = None
    withdrawals: WithdrawalsPolicy | None = None
    permits: PermitsPolicy | None = None
    rehearsal: RehearsalPolicy | None = None
    access: AccessPolicy | None = None


class RiskPolicy(FileModel):
    """How outcomes become risk.

    Attributes:
        missing_evidence: points for each measurement that is insufficient or not run.
        propagation: share of an upstream entity's score that flows downstream.
        bounds: the score from which a tier begins.
    """

    missing_evidence: float = Field(8.0, ge=0, le=100)
    propagation: Share = 0.5
    bounds: dict[Tier, float] = Field(default_factory=lambda: dict(DEFAULT_BOUNDS))

    def tier(self, score: float) -> Tier:
        """The tier a score falls in."""
        reached: list[Tier] = [
            tier for tier in TIERS if score >= self.bounds.get(tier, 0 if tier == "low" else 101)
        ]
        return reached[-1]


class Requirement(FileModel):
    """That a function must decide, by how many distinct people."""

    function: Function
    people: int = Field(1, ge=1, le=9)


class EscalationStep(FileModel):
    """What happens when a review stays undecided.

    Attributes:
        after_days: days after its opening.
        stand_ins: who may decide too from then on, by function.
        tell: who is told.
    """

    after_days: int = Field(ge=1)
    stand_ins: dict[Function, PersonId] = Field(default_factory=dict)
    tell: tuple[PersonId, ...] = ()


class WaiverRule(FileModel):
    """Who may let a finding of an indicator be, and for how long.

    Attributes:
        by: the functions that must give it, and how many people of each.
        longest_days: the most days it may last.
        required: whether a review with such a finding can be approved only once it is waived.
    """

    by: tuple[Requirement, ...] = Field(min_length=1)
    longest_days: int = Field(30, ge=1)
    required: bool = False


class SignerKey(FileModel):
    """The public key of somebody who signs permits.

    Attributes:
        public: 32 bytes of Ed25519 in base64, as `governance signature new-key` prints it.
        until: the last day on which its signatures count; they count on what was signed until then.
    """

    public: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    until: date | None = None


class SignersPolicy(FileModel):
    """How many people's own signatures a permit needs, beside the project's.

    Attributes:
        needed: by how many distinct people; ``keys`` whose count, by person.
    """

    needed: int = Field(ge=1, le=9)
    keys: dict[PersonId, SignerKey]


class ReviewPolicy(FileModel):
    """Who must decide.

    Attributes:
        by_tier: functions for a model of that tier.
        by_indicator: functions added when that indicator breaches for the model or its inputs.
        by_stage: functions for the review of a planned stage, in place of the tier's.
        from_risk_tier: a model whose risk rises to this tier or above is reviewed; by default none is.
        due_days: days until a review is overdue; ``valid_days`` how long an approval holds.
        open_days: days after which a review that nobody has decided expires.
        remind_days: days after the opening on which those who are missing are reminded.
        escalation: what happens after how many days without a decision.
        waivers: who may let a finding be, by indicator; those of others can be accepted but not waived.
        evidence_hours: how old the last night may be for the gate.
        never: indicators whose failure no approval can accept.
        allow_warn: whether the gate lets a warning pass without an approval naming it.
        signers: who must sign a permit before it counts; by default the project's key alone does.
    """

    clause: str
    by_tier: dict[Tier, tuple[Requirement, ...]]
    by_indicator: dict[str, tuple[Requirement, ...]] = Field(default_factory=dict)
    by_stage: dict[Stage, tuple[Requirement, ...]] = Field(default_factory=dict)
    from_risk_tier: Tier | None = None
    due_days: int = Field(10, ge=1)
    valid_days: int = Field(90, ge=1)
    open_days: int = Field(90, ge=1)
    remind_days: tuple[Annotated[int, Field(ge=1)], ...] = (7, 10)
    escalation: tuple[EscalationStep, ...] = ()
    waivers: dict[str, WaiverRule] = Field(default_factory=dict)
    evidence_hours: float = Field(36.0, gt=0)
    never: tuple[str, ...] = ()
    allow_warn: bool = True
    signers: SignersPolicy | None = None


class ProfilePolicy(FileModel):
    """How long the numbers of past days are kept.

    Attributes:
        keep_days: days of events whose profiles are kept apart, for windows and comparison with the
            same weekday. Of older days only how many rows they have is kept.
        keep_nights: nights whose profile is kept; of older ones one a week, the Sunday's.
        keep_weeks: weeks for which that one is kept.
    """

    keep_days: int = Field(90, ge=35, le=1000)
    keep_nights: int = Field(90, ge=7, le=4000)
    keep_weeks: int = Field(156, ge=0, le=4000)


class RetrainingPolicy(FileModel):
    """When a model is due for retraining review."""

    max_age_days: int = Field(180, ge=1)


class AlertPolicy(FileModel):
    """When alerts go out and how hard delivery is tried.

    The wait doubles from ``first_retry_seconds`` to ``longest_retry_seconds``. The defaults outlast a
    receiver that is gone for a day: 36 attempts spread over 29 hours.
    """

    on: tuple[Literal["opened", "reopened", "resolved"], ...] = ("opened", "reopened")
    max_attempts: int = Field(36, ge=1, le=100)
    first_retry_seconds: float = Field(30.0, gt=0)
    longest_retry_seconds: float = Field(3600.0, gt=0)


class Playbook(FileModel):
    """All playbook files together.

    Attributes:
        plugins: the policies of indicators that installed packages add, by the indicator's name.
        purposes: what data about people is used for; where there are any, contracts use these only.
    """

    version: str = "1"
    clauses: dict[str, Clause]
    purposes: dict[str, Purpose] = Field(default_factory=dict)
    indicators: Indicators
    plugins: dict[str, IndicatorPolicy] = Field(default_factory=dict)
    risk: RiskPolicy = RiskPolicy()
    reviews: ReviewPolicy
    retraining: RetrainingPolicy = RetrainingPolicy()
    profiles: ProfilePolicy = ProfilePolicy()
    alerts: AlertPolicy = AlertPolicy()

    def policy(self, indicator: str) -> IndicatorPolicy | None:
        """The policy of an indicator by its registered name; None where the playbook has none."""
        found = getattr(self.indicators, indicator, None) or self.plugins.get(indicator)
        return found if isinstance(found, IndicatorPolicy) else None

    def asks_for(self, indicator: str) -> bool:
        """Whether an indicator is to be measured: the playbook has a policy for it and does not switch it
        off. A plug-in needs none.
        """
        policy = self.policy(indicator)
        return policy.enabled if policy else indicator not in Indicators.model_fields
