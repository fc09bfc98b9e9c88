"""Lineage told in sentences: one per edge, each with its evidence and nothing beyond it."""

from __future__ import annotations

from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.impact import steps
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy

_KNOWN = {
    KnownBy.DECLARED: "declared in",
    KnownBy.DISCOVERED: "found in",
    KnownBy.OBSERVED: "observed in",
}
_LONGEST_SQL = 160


def story(graph: LineageGraph, node: Entity, *, upstream: bool) -> tuple[str, ...]:
    """Where ``node`` comes from, or what comes from it, nearest first."""
    return tuple(sentence(edge) for edge in steps(graph, node, upstream=upstream))


def sentence(edge: Edge) -> str:
    """What one edge says, and how it is known."""
    evidence = f"{_KNOWN[edge.known_by]} {edge.evidence}" if edge.evidence else "no evidence is recorded"
    return f"{_claim(edge)} ({evidence})."


def spoken(entity: Entity) -> str:
    """A thing as it is named in a sentence: ``column ratio of lending.incomes``."""
    match entity.kind:
        case EntityKind.COLUMN:
            return f"column {entity.column_name} of {entity.dataset_name}"
        case EntityKind.VERSION:
            model, _, version = entity.name.rpartition("/")
            return f"version {version} of model {model}"
        case EntityKind.SOURCE:
            return f"{entity.name}, which has no contract"
        case EntityKind.DATASET:
            return entity.name
        case _:
            return f"{entity.kind} {entity.name}"


def _claim(edge: Edge) -> str:
    source, target = spoken(edge.source), spoken(edge.target)
    to_model = edge.target.kind in (EntityKind.MODEL, EntityKind.VERSION)
    match edge.kind:
        case EdgeKind.FEEDS if edge.target.kind is EntityKind.COLUMN:
            claim = f"{target} is computed from {source}{_by(edge.transformation)}"
        case EdgeKind.FEEDS if to_model:
            claim = f"{target} reads features from {source}"
        case EdgeKind.FEEDS:
            claim = f"{target} is built from {source}{_by(edge.transformation)}"
        case EdgeKind.TRAINS if edge.source.kind is EntityKind.COLUMN:
            claim = f"{target} learns from {source}"
        case EdgeKind.TRAINS:
            claim = f"{target} is trained on {source}"
        case EdgeKind.VERSION_OF:
            claim = f"{source} is registered"
        case EdgeKind.PREDICTS:
            claim = f"{target} holds what {source} predicts"
        case EdgeKind.DEPLOYED_TO:
            claim = f"{source} runs in {target}"
    return claim[0].upper() + claim[1:] if edge.target.kind is not EntityKind.DATASET else claim


def _by(transformation: str) -> str:
    text = " ".join(transformation.split())
    if not text:
        return ""
    return f" as: {text if len(text) <= _LONGEST_SQL else text[: _LONGEST_SQL - 3] + '...'}"
