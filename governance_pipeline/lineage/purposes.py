"""Whether data reaches a model for a purpose that it was not collected for. Pure.

From each model upwards, for the purpose of its decisions along what it reads, and for the purpose of its
training along what it is trained on. Each dataset on the way that says what it is used for has to name
that purpose, or a wider one that covers it. A dataset that names it on the basis of consent or of a law
ends the way: people were asked for this use, or the law gives it, wherever the data came from
(GDPR art. 6(4)); no other basis makes one purpose into another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.purposes import Purpose
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind

_ENDING = ("consent", "legal obligation")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """That a model uses ``dataset`` for ``purpose``, where ``dataset`` is used for ``allowed`` only.

    Attributes:
        path: from the dataset to the model, each edge with its evidence.
    """

    dataset: Entity
    model: Entity
    purpose: str
    allowed: tuple[str, ...]
    path: tuple[Edge, ...]


def mismatches(
    graph: LineageGraph, models: Iterable[ModelSpec], purposes: Mapping[str, Purpose]
) -> tuple[Mismatch, ...]:
    """Every dataset that reaches a model for a purpose it does not name, in order."""
    found: list[Mismatch] = []
    for model in models:
        here = Entity.model(model.name)
        asked = {EdgeKind.FEEDS: model.purpose, EdgeKind.TRAINS: model.training.purpose}
        for kind, purpose in asked.items():
            read = [edge for edge in graph.incoming(here) if edge.kind is kind]
            found.extend(_above(graph, here, read, purpose, purposes))
    unique = {(one.dataset, one.model, one.purpose): one for one in reversed(found)}
    return tuple(unique[key] for key in sorted(unique))


def _above(
    graph: LineageGraph,
    model: Entity,
    read: Iterable[Edge],
    purpose: str,
    purposes: Mapping[str, Purpose],
) -> Iterable[Mismatch]:
    covering = _covering(purpose, purposes)
    waiting: list[tuple[Entity, tuple[Edge, ...]]] = [
        (edge.source, (edge,)) for edge in read if edge.source.kind is not EntityKind.COLUMN
    ]
    seen = {node for node, _ in waiting}
    while waiting:
        here, path = waiting.pop(0)
        allowed = [edge for edge in graph.beside(here) if edge.kind is EdgeKind.ALLOWS]
        named = [edge for edge in allowed if edge.source.name in covering]
        if allowed and not named:
            others = tuple(sorted({edge.source.name for edge in allowed}))
            yield Mismatch(here, model, purpose, others, path)
        if any(edge.transformation.endswith(_ENDING) for edge in named):
            continue
        for edge in graph.incoming(here):
            if edge.source not in seen and edge.source.kind is not EntityKind.MODEL:
                seen.add(edge.source)
                waiting.append((edge.source, (edge, *path)))


def _covering(purpose: str, purposes: Mapping[str, Purpose]) -> set[str]:
    """The purpose itself, and the wider ones whose basis is one for it too."""
    found, here = {purpose}, purposes.get(purpose)
    while here is not None and here.covered_by_parent and here.parent and here.parent not in found:
        found.add(here.parent)
        here = purposes.get(here.parent)
    return found
