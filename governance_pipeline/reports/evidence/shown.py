"""Measurements as they may leave the house: with their waivers, and without what stands for a few people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.reviews.evidence import FindingKey
from governance_pipeline.reviews.waivers import with_waivers
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Waiver

K = 11
"""A smaller group of people or rows is not shown."""

_OF_THINGS = frozenset({"ownership", "provenance", "twins", "permits"})
_OF_COLUMNS = frozenset({"schema", "schema_change"})
_TOLD = ("concerns_version", "version")


def publishable(
    measurements: Iterable[Measurement], waivers: Mapping[FindingKey, Waiver]
) -> tuple[Measurement, ...]:
    """The measurements without their details, with what was waived said in the sentence. The number behind
    a group of fewer than :data:`K` is taken out.
    """
    return tuple(_without_few(one) for one in with_waivers(measurements, waivers))


def _without_few(one: Measurement) -> Measurement:
    kept = {name: one.details[name] for name in _TOLD if name in one.details}
    counts_people = one.indicator not in _OF_THINGS and one.facet not in _OF_COLUMNS
    if counts_people and is_small(one.n, K):
        sentence = f"It rests on fewer than {K} rows or people, and is not shown."
        return replace(one, sentence=sentence, value=None, interval=None, n=0, details=kept)
    return replace(one, details=kept)


def as_json(one: Measurement) -> dict[str, Any]:
    """A measurement as all machine-readable parts have it."""
    return {
        "entity": str(one.entity),
        "indicator": one.indicator,
        "facet": one.facet,
        "metric": one.metric,
        "night": one.night.isoformat(),
        "outcome": str(one.outcome),
        "value": jsonable(one.value),
        "unit": one.unit,
        "n": one.n,
        "interval": jsonable(one.interval),
        "threshold": jsonable(one.threshold),
        "sentence": one.sentence,
        "clause": one.clause,
        "version": next((str(one.details[name]) for name in _TOLD if name in one.details), None),
    }
