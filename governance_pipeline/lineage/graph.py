"""The lineage graph: pure, in memory, answered by walking.

Nodes are :class:`Entity`; an edge runs downstream, from what is read to what is made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from governance_pipeline.vocabulary.entity import Entity, EntityKind


class EdgeKind(StrEnum):
    """What an edge says."""

    FEEDS = "feeds"  # dataset or source -> dataset, column -> column, feature view -> model
    TRAINS = "trains"  # snapshot -> version and model, feature or snapshot column -> model and version
    VERSION_OF = "version_of"  # version -> model
    PREDICTS = "predicts"  # model -> predictions dataset and its prediction columns
    DEPLOYED_TO = "deployed_to"  # model -> deployment


class KnownBy(StrEnum):
    """How an edge is known."""

    DECLARED = "declared"
    DISCOVERED = "discovered"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """``source`` flows into ``target``.

    Attributes:
        evidence: where this is known from, e.g. ``datasets/incomes.odcs.yaml:42``.
        transformation: SQL or words, "" where unknown.
    """

    source: Entity
    target: Entity
    kind: EdgeKind
    known_by: KnownBy = KnownBy.DECLARED
    evidence: str = ""
    transformation: str = ""


@dataclass(frozen=True)
class LineageGraph:
    """An immutable set of edges with walks in both directions."""

    edges: tuple[Edge, ...] = ()
    nodes: frozenset[Entity] = frozenset()
    _down: Mapping[Entity, tuple[Edge, ...]] = field(default_factory=dict, repr=False)
    _up: Mapping[Entity, tuple[Edge, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, edges: Iterable[Edge], nodes: Iterable[Entity] = ()) -> LineageGraph:
        """Build from edges and any nodes that have none."""
        unique = tuple(sorted(set(edges), key=_order))
        down: dict[Entity, list[Edge]] = {}
        up: dict[Entity, list[Edge]] = {}
        for edge in unique:
            down.setdefault(edge.source, []).append(edge)
            up.setdefault(edge.target, []).append(edge)
        return cls(
            edges=unique,
            nodes=frozenset(nodes) | down.keys() | up.keys(),
            _down={node: tuple(found) for node, found in down.items()},
            _up={node: tuple(found) for node, found in up.items()},
        )

    def outgoing(self, node: Entity) -> tuple[Edge, ...]:
        return self._down.get(node, ())

    def incoming(self, node: Entity) -> tuple[Edge, ...]:
        return self._up.get(node, ())

    def downstream(self, node: Entity) -> tuple[Entity, ...]:
        """Everything reachable downstream, nearest first, without ``node`` itself."""
        return self._walk(node, down=True)

    def upstream(self, node: Entity) -> tuple[Entity, ...]:
        """Everything reachable upstream, nearest first, without ``node`` itself."""
        return self._walk(node, down=False)

    def distances(self, start: Entity, *, down: bool) -> dict[Entity, int]:
        """Everything reachable with its number of edges from ``start`` (itself included, at 0),
        nearest first.
        """
        return {node: step.distance for node, step in self._explore(start, down=down).items()}

    def route(self, source: Entity, target: Entity) -> tuple[Edge, ...]:
        """The edges of a shortest way downstream from ``source`` to ``target``, the same on every
        call; empty where there is none, and where both are the same.
        """
        found = self._explore(target, down=False)  # there is less upstream than downstream
        edges: list[Edge] = []
        step = found.get(source)
        while step is not None and step.by is not None:
            edges.append(step.by)
            step = found[step.by.target]
        return tuple(edges)

    @cached_property
    def columns(self) -> Mapping[str, tuple[Entity, ...]]:
        """The column nodes of every dataset, sorted, by dataset name."""
        found: dict[str, list[Entity]] = {}
        for node in self.nodes:
            if node.kind is EntityKind.COLUMN:
                found.setdefault(node.dataset_name, []).append(node)
        return {dataset: tuple(sorted(columns)) for dataset, columns in sorted(found.items())}

    def _walk(self, start: Entity, *, down: bool) -> tuple[Entity, ...]:
        return tuple(self._explore(start, down=down))[1:]

    def _explore(self, start: Entity, *, down: bool) -> dict[Entity, _Step]:
        """Breadth first; a node's step is the first (nearest, then lowest) edge that reached it."""
        seen = {start: _Step(0, None)}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            distance = seen[here].distance + 1
            for edge in self.outgoing(here) if down else self.incoming(here):
                there = edge.target if down else edge.source
                if there not in seen:
                    seen[there] = _Step(distance, edge)
                    queue.append(there)
        return seen


class _Step(NamedTuple):
    distance: int
    by: Edge | None


def owner_dataset(node: Entity) -> Entity:
    """The dataset a column belongs to; any other node is returned as it is.

    A column and its dataset are not joined by an edge: what is wrong with one column says nothing
    about the others, and an edge would make every column reach every other. Walks that need facts
    of the whole dataset ask this function instead.
    """
    return Entity.dataset(node.dataset_name) if node.kind is EntityKind.COLUMN else node


def _order(edge: Edge) -> tuple[str, ...]:
    source, target = edge.source, edge.target
    return (
        source.kind,
        source.name,
        target.kind,
        target.name,
        edge.kind,
        edge.known_by,
        edge.evidence,
        edge.transformation,
    )
