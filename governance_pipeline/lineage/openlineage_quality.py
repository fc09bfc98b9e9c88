"""What a night found in a dataset, as OpenLineage's two data-quality input facets.

Only counts leave (law 5): no smallest or largest value, which is somebody's; no quantile, no category,
no count of fewer rows than the smallest group. Imports openlineage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openlineage.client.facet_v2 import data_quality_assertions_dataset as assertions
from openlineage.client.facet_v2 import data_quality_metrics_input_dataset as metrics

from governance_pipeline.charter.contract import Contract
from governance_pipeline.profiles.profile import ColumnProfile, Profile
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

_CLASSES = {"recency": "freshness"}


def quality_facets(
    contract: Contract,
    profile: Profile | None,
    measurements: Sequence[Measurement],
    smallest_group: int,
    producer: str,
) -> dict[str, Any]:
    """The facets by name: metrics where there is a profile, assertions where there are measurements."""
    facets: dict[str, Any] = {}
    if profile is not None:
        facets["dataQualityMetrics"] = _metrics(profile, smallest_group, producer)
    if measurements:
        facets["dataQualityAssertions"] = assertions.DataQualityAssertionsDatasetFacet(
            assertions=[_assertion(contract, one) for one in measurements], producer=producer
        )
    return facets


def _metrics(
    profile: Profile, smallest_group: int, producer: str
) -> metrics.DataQualityMetricsInputDatasetFacet:
    rows = profile.window_rows
    few = 0 < rows < smallest_group
    return metrics.DataQualityMetricsInputDatasetFacet(
        rowCount=None if few else rows,
        lastUpdated=profile.watermark.isoformat() if profile.watermark else None,
        columnMetrics={}
        if few
        else {name: _column(column, smallest_group) for name, column in sorted(profile.columns.items())},
        producer=producer,
    )


def _column(column: ColumnProfile, smallest_group: int) -> metrics.ColumnMetrics:
    missing = column.rows - column.present
    told = all(not 0 < group < smallest_group for group in (missing, column.present))
    return metrics.ColumnMetrics(
        nullCount=missing if told else None,
        count=column.present if told else None,
        distinctCount=column.distinct,
    )


def _assertion(contract: Contract, one: Measurement) -> assertions.Assertion:
    """A measurement as an assertion. Only a pass is a success: too little evidence is none."""
    column = one.facet.partition("@")[0]
    passed = one.outcome is Outcome.PASS
    return assertions.Assertion(
        assertion=_CLASSES.get(one.indicator, one.indicator),
        success=passed,
        column=column if contract.column(column) else None,
        severity="error" if one.outcome.is_breach or passed else "warn",
        name=f"{one.indicator}.{one.facet}" if one.facet else one.indicator,
        description=one.sentence,
        expected=_expected(one.threshold),
        actual=_number(one.value, one.unit),
        params={"outcome": str(one.outcome), "clause": one.clause},
    )


def _expected(threshold: Threshold | None) -> str | None:
    if threshold is None:
        return None
    bound = threshold.fail if threshold.fail is not None else threshold.warn
    words = "at most" if threshold.breach == "above" else "at least"
    return None if bound is None else f"{words} {bound:g}"


def _number(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:.6g} {unit}".strip()
