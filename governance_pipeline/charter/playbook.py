"""playbook/*.yaml: the project's policies. Several files are merged; a key stands in one file only.

Every indicator has a policy with the clause it answers to. Bounds may be tightened by tier.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.outcome import Threshold

Tier = Literal["low", "medium", "high", "critical"]
Share = Annotated[float, Field(ge=0, le=1)]

TIERS: tuple[Tier, ...] = ("low", "medium", "high", "critical")
DEFAULT_BOUNDS: dict[Tier, float] = {"low": 0.0, "medium": 20.0, "high": 45.0, "critical": 70.0}


class Clause(FileModel):
    """A numbered sentence of the playbook that measurements and decisions answer to."""

    title: str
    text: str
    controls: tuple[str, ...] = Field((), description="Control ids, e.g. 'EU-AI-ACT Art. 10'.")


class Bounds(FileModel):
    """Warn and fail bounds of one number."""

    warn: float | None = None
    fail: float | None = None


class IndicatorPolicy(Bounds):
    """What all indicators share.

    Attributes:
        clause: id of the playbook clause.
        by_tier: other bounds for a tier (of the model, or of the dataset's most critical model).
        persist: nights in a row a breach must stand before it becomes an incident.
        close_after: nights in a row without breach before an incident is closed.
        weight: points of risk a failure adds; a warning adds half.
    """

    clause: str
    enabled: bool = True
    by_tier: dict[Tier, Bounds] = Field(default_factory=dict)
    persist: int = Field(1, ge=1, le=30)
    close_after: int = Field(2, ge=1, le=30)
    weight: float = Field(20.0, ge=0, le=100)

    def threshold(self, tier: str | None, breach: Literal["above", "below"] = "above") -> Threshold:
        """The bounds for ``tier``, as a value that can judge."""
        bounds: Bounds = self
        if tier is not None:
            bounds = next((b for name, b in self.by_tier.items() if name == tier), self)
        return Threshold(bounds.warn, bounds.fail, breach)


class RecencyPolicy(IndicatorPolicy):
    """Bounds are multiples of the contract's own SLA (1.0 = the SLA itself)."""

    warn: float | None = 1.0
    fail: float | None = 1.5
    future_tolerance_minutes: float = Field(60.0, ge=0)


class ConsentPolicy(IndicatorPolicy):
    """Bounds are the least share of subjects with a valid basis."""

    warn: float | None = 0.99
    fail: float | None = 0.95
    conflict: Literal["most_protective", "latest_recorded"] = "most_protective"


class QualityPolicy(IndicatorPolicy):
    """Contract rules carry their own bounds; ``severity`` in the contract picks the outcome."""

    schema_change: Literal["warn", "fail"] = "fail"


class RetentionPolicy(IndicatorPolicy):
    """Bounds are days past the contract's retention."""

    warn: float | None = 0.0
    fail: float | None = 1.0


class OwnershipPolicy(IndicatorPolicy):
    """An owner is a person or a team with at least one active member."""


class ProvenancePolicy(IndicatorPolicy):
    """Bounds are the least share of columns that trace to an owned source."""

    warn: float | None = 1.0
    fail: float | None = 1.0


class DriftPolicy(IndicatorPolicy):
    """Bounds are PSI. A feature drifts when the lower end of the effect's interval passes the bound,
    false discoveries are controlled over the whole night and over the season, and the breach persists.

    The lower bound is the smallest change worth telling. A shift of all values by so many standard
    deviations has about their square as its PSI: 0.2 has 0.04, and 1,000 rows show that it is above 0.005.

    Attributes:
        window_days: nights whose rows are compared with the baseline.
        q: false-discovery rate over all features of a night (Benjamini-Hochberg).
        season_q: false-discovery rate over all new findings of the last ``season_nights`` nights.
        season_nights: how many nights before tonight are remembered for it.
        minimum_rows: fewer rows give ``insufficient``.
    """

    warn: float | None = 0.005
    fail: float | None = 0.2
    window_days: int = Field(7, ge=1, le=90)
    q: float = Field(0.01, gt=0, lt=1)
    season_q: float = Field(0.04, gt=0, lt=1)
    season_nights: int = Field(90, ge=1, le=366)
    minimum_rows: int = Field(200, ge=20)
    bins: int = Field(20, ge=2, le=200)


FairnessMetric = Literal[
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "equalized_odds",
    "calibration",
]


class BiasPolicy(IndicatorPolicy):
    """Bounds are the gap between a group and the reference group.

    Attributes:
        compare_by: ``difference``: the gap is the difference of two rates. ``ratio``: it is 1 less the
            smaller rate's part of the larger one, so that ``fail: 0.2`` is the four-fifths rule
            (29 CFR 1607.4 D). Calibration is compared by difference always.
        metrics: which fairness metrics gate; all are measured and shown.
        minimum_group: smaller groups give ``insufficient`` and are not shown.
        family_error: family-wise error over all groups and attributes of a model (Holm).
    """

    warn: float | None = 0.10
    fail: float | None = 0.20
    compare_by: Literal["difference", "ratio"] = "difference"
    metrics: tuple[FairnessMetric, ...] = ("selection_rate", "true_positive_rate")
    window_days: int = Field(28, ge=1, le=365)
    minimum_group: int = Field(30, ge=2)
    family_error: float = Field(0.05, gt=0, lt=1)
    intersections: bool = True


class RepresentationPolicy(IndicatorPolicy):
    """Bounds are the gap between a group's share, or its share of favourable labels, and the declared
    population's.

    Attributes:
        minimum_group: fewer rows give ``insufficient``.
        family_error: family-wise error over all groups of a dataset (Holm).
    """

    warn: float | None = 0.05
    fail: float | None = 0.10
    minimum_group: int = Field(30, ge=2)
    family_error: float = Field(0.05, gt=0, lt=1)


class PredictionDriftPolicy(IndicatorPolicy):
    """Bounds are PSI between the predictions of now and of the version's first days.

    Attributes:
        window_days: days that are "now".
        first_days: length of the version's first days.
        q: false-discovery rate over all models of a night (Benjamini-Hochberg).
        minimum_rows: fewer predictions give ``insufficient``.
    """

    warn: float | None = 0.1
    fail: float | None = 0.2
    window_days: int = Field(7, ge=1, le=90)
    first_days: int = Field(28, ge=1, le=90)
    q: float = Field(0.01, gt=0, lt=1)
    minimum_rows: int = Field(200, ge=20)


class PerformancePolicy(IndicatorPolicy):
    """Bounds are how far a live figure may fall short of the one the version promised: of shares (AUC,
    accuracy, precision, recall, specificity, F1) as a difference.

    Attributes:
        errors: bounds for errors (Brier score, log loss, MAE, RMSE), as a part of the promised error.
        window_days: days whose arriving outcomes count.
        minimum_labels: fewer known outcomes give ``insufficient``.
    """

    warn: float | None = 0.02
    fail: float | None = 0.05
    errors: Bounds = Bounds(warn=0.10, fail=0.25)
    window_days: int = Field(28, ge=1, le=365)
    minimum_labels: int = Field(100, ge=20)


class CalibrationPolicy(IndicatorPolicy):
    """Bounds are the expected calibration error, freed from what chance adds.

    Attributes:
        window_days: days whose arriving outcomes count.
        minimum_labels: fewer known outcomes give ``insufficient``.
    """

    warn: float | None = 0.05
    fail: float | None = 0.10
    window_days: int = Field(28, ge=1, le=365)
    minimum_labels: int = Field(200, ge=20)


class CountedPolicy(IndicatorPolicy):
    """Of indicators that rest on counts across a training snapshot's columns.

    Attributes:
        every_days: the counts are taken with a version's baseline and renewed after so many days.
        minimum_group: with fewer people in a group, or outside it, it is ``insufficient``.
        q: false-discovery rate over all questions of a night (Benjamini-Hochberg).
    """

    every_days: int = Field(7, ge=1, le=365)
    minimum_group: int = Field(30, ge=11)
    q: float = Field(0.01, gt=0, lt=1)


class ProxyPolicy(CountedPolicy):
    """Bounds are the cross-validated AUC with which a feature tells a protected group: 0.5 is guessing."""

    warn: float | None = Field(0.7, ge=0.5, le=1)
    fail: float | None = Field(0.85, ge=0.5, le=1)


class LeakagePolicy(CountedPolicy):
    """Bounds are the cross-validated AUC with which one feature alone tells the label.

    Attributes:
        late: largest share of rows whose feature is stamped later than the label was known.
        overlap: largest share of the rows the model is judged on that it also learned from.
    """

    warn: float | None = Field(0.95, ge=0.5, le=1)
    fail: float | None = Field(0.99, ge=0.5, le=1)
    late: Bounds = Bounds(warn=0.0, fail=0.01)
    overlap: Bounds = Bounds(warn=0.0, fail=0.01)


class TwinsPolicy(IndicatorPolicy):
    """The bound is the similarity of two features' profiles, from 0 to 1. It only ever warns.

    Attributes:
        minimum_rows: a column with fewer values is compared with none.
    """

    warn: float | None = Field(0.98, ge=0.5, le=1)
    fail: None = None
    minimum_rows: int = Field(200, ge=20)


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


class ReviewPolicy(FileModel):
    """Who must decide.

    Attributes:
        by_tier: functions for a model of that tier.
        by_indicator: functions added when that indicator breaches for the model or its inputs.
        due_days: days until a review is overdue; ``valid_days`` how long an approval holds.
        evidence_hours: how old the last night may be for the gate.
        never: indicators whose failure no approval can accept.
        allow_warn: whether the gate lets a warning pass without an approval naming it.
    """

    clause: str
    by_tier: dict[Tier, tuple[Requirement, ...]]
    by_indicator: dict[str, tuple[Requirement, ...]] = Field(default_factory=dict)
    due_days: int = Field(10, ge=1)
    valid_days: int = Field(90, ge=1)
    evidence_hours: float = Field(36.0, gt=0)
    never: tuple[str, ...] = ()
    allow_warn: bool = True


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
    """

    version: str = "1"
    clauses: dict[str, Clause]
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
