"""How a lineage differs from an earlier one, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.lineage.story import sentence, spoken
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node

_Key = tuple[Entity, Entity, EdgeKind]


class Difference(StrEnum):
    """What happened to an edge or a node."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. The edges are those of before and after; None for a node, and where there is none."""

    difference: Difference
    about: Entity
    sentence: str
    before: Edge | None = None
    after: Edge | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A graph with what is known of its nodes."""

    graph: LineageGraph
    nodes: Sequence[Node] = ()


def drift(before: Known, after: Known, *, of: Entity | None = None) -> tuple[Drift, ...]:
    """Every difference, in order: edges first, then nodes.

    An edge that is only known from another place, or by other means, has not changed.

    Args:
        of: only what this node comes from, in either graph, and what stands beside it on the way.
    """
    wanted = None if of is None else _around(before.graph, of) | _around(after.graph, of)
    edges = _edges(before.graph.edges, after.graph.edges)
    told = [*edges, *_nodes(before.nodes, after.nodes)]
    return tuple(one for one in told if wanted is None or one.about in wanted)


def _around(graph: LineageGraph, node: Entity) -> set[Entity]:
    reached = set(graph.distances(node, down=False))
    return reached | {owner_dataset(one) for one in reached}


def _edges(before: Iterable[Edge], after: Iterable[Edge]) -> Iterator[Drift]:
    held, found = _by_key(before), _by_key(after)
    for key in sorted({*held, *found}):
        old, new = held.get(key), found.get(key)
        about = key[1]
        if old is None and new is not None:
            yield Drift(Difference.NEW, about, sentence(new), None, new)
        elif new is None and old is not None:
            yield Drift(Difference.GONE, about, sentence(old), old, None)
        elif old is not None and new is not None and _sql(old) != _sql(new):
            was = f"Before: {_sql(old) or 'not known'}."
            yield Drift(Difference.CHANGED, about, f"{sentence(new)} {was}", old, new)


def _by_key(edges: Iterable[Edge]) -> Mapping[_Key, Edge]:
    return {(edge.source, edge.target, edge.kind): edge for edge in edges}


def _sql(edge: Edge) -> str:
    return " ".join(edge.transformation.split())


def _nodes(before: Iterable[Node], after: Iterable[Node]) -> Iterator[Drift]:
    """What is said of a thing that stands in both: its tags, its owners, its type, its making."""
    held = {(node.entity, node.by): node for node in before}
    for node in sorted(after, key=lambda one: (one.entity, one.by)):
        old = held.get((node.entity, node.by))
        words = list(_differing(old, node)) if old is not None else []
        if words:
            said = spoken(node.entity)
            text = f"{said[0].upper()}{said[1:]}" if node.entity.column_name else said
            where = f" ({node.evidence})" if node.evidence else ""
            yield Drift(Difference.CHANGED, node.entity, f"{text}: {'; '.join(words)}{where}.")


def _differing(old: Node, new: Node) -> Iterator[str]:
    for what, before, after in (("tags", old.tags, new.tags), ("owners", old.owners, new.owners)):
        if set(before) != set(after):
            yield f"{what} were {', '.join(before) or 'none'}, are {', '.join(after) or 'none'}"
    for name in sorted({*old.facts, *new.facts}):
        before_fact, after_fact = old.facts.get(name, ""), new.facts.get(name, "")
        if before_fact != after_fact:
            yield f"{name} was {before_fact or 'not known'}, is {after_fact or 'not known'}"
    if old.digest and new.digest and old.digest != new.digest and old.facts == new.facts:
        yield "its schema or the way it is made has changed"
