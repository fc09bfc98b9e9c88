"""What the lineage leaves open: unknown origins, labels that got lost, purposes that do not match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.purposes import Purpose
from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.lineage.labels import Unlabelled, unlabelled
from governance_pipeline.lineage.purposes import Mismatch, mismatches
from governance_pipeline.lineage.story import spoken
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node

_DERIVED = frozenset({"feature view", "training snapshot", "predictions"})
_WORDS = {"personal": "personal data", "sensitive": "a protected attribute of people"}


class GapKind(StrEnum):
    UNKNOWN_ORIGIN = "unknown origin"
    LOST_LABEL = "lost label"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the lineage leaves open.

    Attributes:
        about: the feature or snapshot without a known origin, the column without its label, the dataset
            that is used for another purpose.
        path: the way that shows it, each edge with its evidence; empty where there is none.
    """

    kind: GapKind
    about: Entity
    sentence: str
    path: tuple[Edge, ...] = ()

    @property
    def dataset(self) -> str:
        """Whose owner can close it: the dataset of the column; of a purpose, the one that the model reads."""
        told = self.path[-1].source if self.kind is GapKind.PURPOSE and self.path else self.about
        return told.dataset_name


def gaps(
    graph: LineageGraph,
    nodes: Sequence[Node],
    models: Iterable[ModelSpec],
    purposes: Mapping[str, Purpose],
) -> tuple[Gap, ...]:
    """All gaps: of origins, then of labels, then of purposes, each in order.

    Labels are asked for in feature views, training snapshots and predictions, and in features.
    """
    roles = {node.entity: node.role for node in nodes if node.role}
    told = [*_unknown_origins(graph, roles)]
    told += [_lost(one) for one in unlabelled(graph, nodes) if _derived(one.column, roles)]
    told += [_purpose(one) for one in mismatches(graph, models, purposes)]
    return tuple(told)


def _derived(node: Entity, roles: Mapping[Entity, str]) -> bool:
    return node.kind is EntityKind.FEATURE or roles.get(owner_dataset(node), "") in _DERIVED


def _unknown_origins(graph: LineageGraph, roles: Mapping[Entity, str]) -> Iterator[Gap]:
    """Of features that models read or learn from, features of feature stores, and training snapshots."""
    asked = set()
    for node in graph.nodes:
        if node.kind is EntityKind.FEATURE or roles.get(node) == "training snapshot":
            asked.add(node)
        elif node.kind is EntityKind.COLUMN and _derived(node, roles):
            asked.update(
                [node] if any(e.target.kind is EntityKind.MODEL for e in graph.outgoing(node)) else []
            )
    for node in sorted(asked):
        ends = [one for one in graph.distances(node, down=False) if not graph.incoming(one)]
        for end in ends:
            why = _why_open(graph, node, end, roles)
            if why:
                yield Gap(GapKind.UNKNOWN_ORIGIN, node, f"{_first(node)} {why}.", graph.route(end, node))


def _why_open(graph: LineageGraph, node: Entity, end: Entity, roles: Mapping[Entity, str]) -> str:
    """Why a way that ends at ``end`` leaves the origin open; "" where it does not."""
    if end.kind not in (EntityKind.COLUMN, EntityKind.DATASET, EntityKind.SOURCE, EntityKind.FEATURE):
        return ""
    if end == node:
        return "comes from nothing that is known"
    if _derived(end, roles):
        return f"comes from {spoken(end)}, of which nothing further is known"
    owned = any(edge.kind is EdgeKind.OWNS for edge in graph.beside(owner_dataset(end)))
    return "" if owned else f"comes from {spoken(end)}; nobody answers for it"


def _lost(one: Unlabelled) -> Gap:
    what = _WORDS[one.label]
    sentence = (
        f"{_first(one.column)} is made from {spoken(one.origin)}, which is {what}, and its contract "
        "neither says so nor gives it a classification."
    )
    return Gap(GapKind.LOST_LABEL, one.column, sentence, one.path)


def _purpose(one: Mismatch) -> Gap:
    allowed = " and ".join(name.replace("_", " ") for name in one.allowed)
    sentence = (
        f"{_first(one.dataset)} is used for {allowed}, and reaches {spoken(one.model)} for "
        f"{one.purpose.replace('_', ' ')}."
    )
    return Gap(GapKind.PURPOSE, one.dataset, sentence, one.path)


def _first(entity: Entity) -> str:
    text = spoken(entity)
    return text if entity.kind in (EntityKind.DATASET, EntityKind.SOURCE) else text[0].upper() + text[1:]
