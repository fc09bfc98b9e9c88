"""The policies of indicators that are measured on datasets, and what their bounds mean."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance_pipeline.charter.indicator_policy import IndicatorPolicy


class RecencyPolicy(IndicatorPolicy):
    """Bounds are multiples of the contract's own SLA (1.0 = the SLA itself)."""

    warn: float | None = 1.0
    fail: float | None = 1.5
    future_tolerance_minutes: float = Field(60.0, ge=0)


class ConsentPolicy(IndicatorPolicy):
    """Bounds are the least share of subjects with a valid basis.

    Attributes:
        at_event: whether it is also told how many had one at the time of their own records. It reads the
            table once more for each purpose on consent; of a large one it costs as much again at most.
    """

    warn: float | None = 0.99
    fail: float | None = 0.95
    conflict: Literal["most_protective", "latest_recorded"] = "most_protective"
    at_event: bool = True


class QualityPolicy(IndicatorPolicy):
    """Contract rules carry their own bounds; ``severity`` in the contract picks the outcome."""

    schema_change: Literal["warn", "fail"] = "fail"


class RetentionPolicy(IndicatorPolicy):
    """Bounds are days past the contract's retention."""

    warn: float | None = 0.0
    fail: float | None = 1.0


class AccessPolicy(IndicatorPolicy):
    """Bounds are readers whose role the contract does not name."""

    warn: float | None = None
    fail: float | None = 0.0


class OwnershipPolicy(IndicatorPolicy):
    """An owner is a person or a team with at least one active member."""


class ProvenancePolicy(IndicatorPolicy):
    """Bounds are the least share of columns that trace to an owned source.

    Attributes:
        lost_labels: what a column is that is made from personal or sensitive ones and not labelled.
        purposes: what it is that a model uses data for a purpose which its contract does not name.
    """

    warn: float | None = 1.0
    fail: float | None = 1.0
    lost_labels: Literal["off", "warn", "fail"] = "off"
    purposes: Literal["off", "warn", "fail"] = "off"


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
