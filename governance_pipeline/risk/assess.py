"""Risk: one number per dataset, feature and model, as the sum of named parts.

Additive on purpose: a reader can check it with a pencil. Nothing is learned, weighted by judgement or
smoothed; every point stands in the playbook. The score is the sum of what the entity's own measurements
add (:mod:`~governance_pipeline.risk.points`) and what flows to it from upstream
(:mod:`~governance_pipeline.risk.inheritance`), capped at 100.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from math import fsum

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.risk.inheritance import inherited
from governance_pipeline.risk.points import DIGITS, column_of, is_about, nothing_measured, own_contributions
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.risk import Contribution, RiskScore

HIGHEST = 100.0


def assess(
    night: date,
    measurements: Iterable[Measurement],
    graph: LineageGraph,
    playbook: Playbook,
    previous: Mapping[Entity, float],
    entities: Iterable[Entity],
) -> list[RiskScore]:
    """The risk of ``entities`` on ``night``, highest first, then by entity.

    Args:
        night: the night.
        measurements: all of the night's; those of other entities count as upstream risk only.
        graph: lineage along which risk flows downstream.
        playbook: weights, propagation and tiers.
        previous: scores of the night before, for the difference.
        entities: datasets, features (columns) and models to score. A dataset or model without a single
            measurement gets the penalty for missing evidence; a feature without one does not, as most
            facts are measured on its dataset.
    """
    targets = set(entities)
    by_entity: dict[Entity, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        by_entity[measurement.entity].append(measurement)
    concerning = _concerning(by_entity, targets)
    parts = {entity: own_contributions(found, playbook) for entity, found in concerning.items()}
    own = {entity: _total(found) for entity, found in parts.items()}
    flowing = inherited(
        own, _beside_columns(by_entity, targets, playbook), graph, targets, playbook.risk.propagation
    )
    scores = [
        _score(
            night,
            entity,
            (
                *(parts.get(entity) or _unmeasured(entity, by_entity, playbook)),
                *flowing.get(entity, ()),
            ),
            playbook,
            previous.get(entity),
        )
        for entity in targets
    ]
    return sorted(scores, key=lambda risk: (-risk.score, risk.entity))


def _concerning(
    by_entity: Mapping[Entity, list[Measurement]], targets: set[Entity]
) -> dict[Entity, list[Measurement]]:
    """Every entity's own measurements; a column's are those of its dataset that are about it."""
    found: dict[Entity, list[Measurement]] = {entity: list(group) for entity, group in by_entity.items()}
    wanted = {entity for entity in targets if entity.kind is EntityKind.COLUMN}
    for entity, group in by_entity.items():
        for measurement in group if entity.kind is EntityKind.DATASET else ():
            for name in set(column_of(measurement)):
                column = Entity.column(entity.name, name)
                if column in wanted or measurement.outcome.severity > 0:
                    found.setdefault(column, []).append(measurement)
    return found


def _beside_columns(
    by_entity: Mapping[Entity, list[Measurement]], targets: set[Entity], playbook: Playbook
) -> dict[Entity, float]:
    """For every column, the own score of its dataset by the measurements that are not about it."""
    return {
        column: _total(own_contributions((m for m in group if not is_about(m, column)), playbook))
        for column in targets
        if column.kind is EntityKind.COLUMN and (group := by_entity.get(Entity.dataset(column.dataset_name)))
    }


def _unmeasured(
    entity: Entity, by_entity: Mapping[Entity, list[Measurement]], playbook: Playbook
) -> tuple[Contribution, ...]:
    if entity.kind is EntityKind.COLUMN or by_entity.get(entity):
        return ()
    return (nothing_measured(entity, playbook),)


def _score(
    night: date,
    entity: Entity,
    contributions: tuple[Contribution, ...],
    playbook: Playbook,
    previous: float | None,
) -> RiskScore:
    score = min(_total(contributions), HIGHEST)
    ranked = tuple(sorted(contributions, key=lambda one: (-one.points, one.source)))
    return RiskScore(night, entity, score, playbook.risk.tier(score), ranked, previous)


def _total(contributions: Iterable[Contribution]) -> float:
    return round(fsum(one.points for one in contributions), DIGITS)
