"""What a node reaches downstream, with who answers for it and how much risk it carries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind
from governance_pipeline.vocabulary.risk import RiskScore

WITH_PATH = 100
"""Of how many, the most at risk, the way is told: each is a walk of its own."""

_TOLD = frozenset(
    {
        EntityKind.DATASET,
        EntityKind.SOURCE,
        EntityKind.FEATURE_VIEW,
        EntityKind.FEATURE_SERVICE,
        EntityKind.JOB,
        EntityKind.MODEL,
        EntityKind.VERSION,
        EntityKind.DEPLOYMENT,
    }
)


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing downstream.

    Attributes:
        owners: of the thing; of a column its dataset's, of a version or a deployment its model's.
        risk: its score of the night, 0 to 100; a column has its dataset's where it has none of its own,
            a version and a deployment their model's; None where none was measured.
        distance: edges from where the walk began.
        path: a shortest way, each edge with its evidence; of the first :data:`WITH_PATH` only.
    """

    entity: Entity
    owners: tuple[str, ...]
    risk: float | None
    tier: str
    distance: int
    path: tuple[Edge, ...] = ()


def affected(
    graph: LineageGraph,
    starts: Iterable[Entity],
    risks: Mapping[Entity, RiskScore],
    *,
    columns: bool = False,
) -> tuple[Affected, ...]:
    """Everything downstream of any of ``starts``, by risk, the highest first; then the nearest.

    A dataset counts as reached where one of its columns is.

    Args:
        columns: whether columns are told one by one, too.
    """
    begun = list(dict.fromkeys(starts))
    found: dict[Entity, tuple[int, Entity, Entity]] = {}  # distance, where the way begins and ends
    for start in begun:
        for node, distance in graph.distances(start, down=True).items():
            for reached in dict.fromkeys((node, owner_dataset(node))):
                told = reached.kind in _TOLD or (columns and reached.kind is EntityKind.COLUMN)
                if told and distance and (reached not in found or distance < found[reached][0]):
                    found[reached] = (distance, start, node)
    for start in begun:
        found.pop(start, None)
        found.pop(owner_dataset(start), None)
    ranked = [_affected(graph, entity, distance, risks) for entity, (distance, _, _) in found.items()]
    ranked.sort(key=lambda one: (-(one.risk or 0.0), one.distance, one.entity))
    return tuple(
        replace(one, path=graph.route(*found[one.entity][1:])) if place < WITH_PATH else one
        for place, one in enumerate(ranked)
    )


def _affected(
    graph: LineageGraph, entity: Entity, distance: int, risks: Mapping[Entity, RiskScore]
) -> Affected:
    standing = _standing_for(graph, entity)
    score = next((risks[one] for one in standing if one in risks), None)
    owned = (_owners(graph, one) for one in standing)
    return Affected(
        entity,
        next((owners for owners in owned if owners), ()),
        None if score is None else score.score,
        "" if score is None else score.tier,
        distance,
    )


def _standing_for(graph: LineageGraph, entity: Entity) -> list[Entity]:
    """The thing itself, then the one whose owner and risk are its own where it has none."""
    found = [entity, owner_dataset(entity)]
    if entity.kind is EntityKind.VERSION:
        found.append(Entity.model(entity.name.rpartition("/")[0]))
    if entity.kind is EntityKind.DEPLOYMENT:
        found.extend(edge.source for edge in graph.incoming(entity))
    return list(dict.fromkeys(found))


def _owners(graph: LineageGraph, entity: Entity) -> tuple[str, ...]:
    edges = graph.beside(entity)
    return tuple(sorted({edge.source.name for edge in edges if edge.kind is EdgeKind.OWNS}))
