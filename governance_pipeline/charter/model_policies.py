"""The policies of indicators about models and the people they decide on, and what their bounds mean."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance_pipeline.charter.indicator_policy import Bounds, IndicatorPolicy

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


class WithdrawalsPolicy(IndicatorPolicy):
    """Bounds are the share of the people whom a version has learned from and who have withdrawn since.

    Attributes:
        clock: what is owed to them: nothing, that they are left out when the model is next trained, or that
            the version is replaced by one without them (``retrain``) or taken out of service (``retire``)
            within ``days`` of the first night that warned.
        review_above: the share above which a review is opened; null for never.
    """

    warn: float | None = 0.0
    fail: float | None = 0.05
    clock: Literal["none", "exclude_at_next_training", "retrain", "retire"] = "exclude_at_next_training"
    days: int = Field(30, ge=1, le=365)
    review_above: float | None = Field(0.01, ge=0, lt=1)


class PermitsPolicy(IndicatorPolicy):
    """A version at one of the ``stages`` without a permit fails; there are no bounds to set.

    Attributes:
        stages: of the registry, or aliases, that nobody takes without a permit.
        move_back: whether the night takes such a version from its stage, and brings back the one that was
            last permitted there.
    """

    stages: tuple[str, ...] = Field(("production",), min_length=1)
    move_back: bool = False


class RehearsalPolicy(IndicatorPolicy):
    """Bounds are days since a rollback of the version at a stage was last rehearsed, or, where it never was,
    since the version took the stage.

    Attributes:
        stages: of the registry, or aliases, whose version must have a way back.
    """

    warn: float | None = 30.0
    fail: float | None = 90.0
    stages: tuple[str, ...] = Field(("production",), min_length=1)


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
