"""Features that a change gives to a model: what their contract says, and what the last nights measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governance_pipeline.charter.model import Feature, ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

LEAKAGE = "leakage"


@dataclass(frozen=True, slots=True)
class FeatureFinding:
    """Something about a feature of a changed model; ``added`` whether the change brings it."""

    rule: str
    model: str
    column: str
    sentence: str
    added: bool


def labelled(base: Project, head: Project) -> Iterator[FeatureFinding]:
    """New features that are a protected attribute or personal data by their contract."""
    for model, feature in _added(base, head):
        contract = head.contracts.get(feature.dataset)
        column = contract.column(feature.name) if contract else None
        if column is None:
            continue
        kinds = (("a protected attribute", column.sensitive), ("personal data", column.personal))
        for kind in [name for name, holds in kinds if holds][:1]:
            sentence = f"{model.name} would learn from '{feature.name}', which its contract calls {kind}."
            yield FeatureFinding("sensitive_feature_added", model.name, feature.column, sentence, added=True)


def leaking(base: Project, head: Project, measured: Sequence[Measurement]) -> Iterator[FeatureFinding]:
    """Features of the changed project that the last night's measurements call leaking, for any model with
    the same label.
    """
    fresh = {(model.name, feature.column) for model, feature in _added(base, head)}
    for model in head.models.values():
        told = [
            m
            for m in measured
            if m.indicator == LEAKAGE and m.outcome is Outcome.FAIL and _speaks_for(m, model, base)
        ]
        for feature in model.features:
            said = next((m for m in told if _names(m) == feature.baseline_column), None)
            if said is not None:
                added = (model.name, feature.column) in fresh
                yield FeatureFinding(LEAKAGE, model.name, feature.column, said.sentence, added)


def _added(base: Project, head: Project) -> Iterator[tuple[ModelSpec, Feature]]:
    for name, model in head.models.items():
        before = base.models.get(name)
        held = {feature.column for feature in before.features} if before else set()
        yield from ((model, feature) for feature in model.features if feature.column not in held)


def _speaks_for(measurement: Measurement, model: ModelSpec, base: Project) -> bool:
    """Whether a measurement is of this model, or of one that learns the same label of the same data."""
    if measurement.entity == Entity.model(model.name):
        return True
    other = base.models.get(measurement.entity.name)
    return other is not None and (other.training.snapshot, other.training.label) == (
        model.training.snapshot,
        model.training.label,
    )


def _names(measurement: Measurement) -> str:
    """The feature that a facet such as ``late:income@3`` or ``income~label`` is about."""
    return measurement.facet.removeprefix("late:").partition("@")[0].partition("~")[0]
