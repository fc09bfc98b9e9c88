"""The lineage graph: pure, in memory, answered by walking.

Nodes are :class:`Entity`; an edge runs downstream, from what is read to what is made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from governance_pipeline.vocabulary.entity import Entity


class EdgeKind(StrEnum):
    """What an edge says."""

    FEEDS = "feeds"  # dataset -> dataset, or column -> column
    TRAINS = "trains"  # snapshot -> version, feature column -> model
    VERSION_OF = "version_of"  # version -> model
    PREDICTS = "predicts"  # model -> predictions dataset


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
        unique = tuple(sorted(set(edges)))
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

    def _walk(self, start: Entity, *, down: bool) -> tuple[Entity, ...]:
        seen = {start: None}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            edges = self.outgoing(here) if down else self.incoming(here)
            for edge in edges:
                there = edge.target if down else edge.source
                if there not in seen:
                    seen[there] = None
                    queue.append(there)
        return tuple(seen)[1:]
