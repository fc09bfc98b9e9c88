"""The lineage graph: pure, in memory, answered by walking.

Nodes are :class:`Entity`; an edge runs downstream, from what is read to what is made. Walks go over
numbers, not over names, so that one through a hundred thousand nodes takes less than a tenth of a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge

_BESIDE_THE_FLOW = frozenset({EntityKind.PERSON, EntityKind.VENDOR, EntityKind.PURPOSE})
_END = -1


@dataclass(frozen=True)
class LineageGraph:
    """An immutable set of edges, in order, with walks in both directions.

    A walk follows what data flows along; who owns, supplies or allows a thing is told by
    :meth:`beside`. A walk downstream from a person, a vendor or a purpose begins at what they own,
    supply or allow.
    """

    edges: tuple[Edge, ...] = ()
    nodes: frozenset[Entity] = frozenset()

    @classmethod
    def of(cls, edges: Iterable[Edge], nodes: Iterable[Entity] = ()) -> LineageGraph:
        """Build from edges and any nodes that have none."""
        unique = set(edges)
        named = set(nodes)
        named.update(edge.source for edge in unique)
        named.update(edge.target for edge in unique)
        place = {node: number for number, node in enumerate(sorted(named))}
        ordered = sorted(unique, key=lambda edge: (place[edge.source], place[edge.target], *_rest(edge)))
        return cls(tuple(ordered), frozenset(named))

    def outgoing(self, node: Entity) -> tuple[Edge, ...]:
        """The edges that data flows along from ``node``, in order."""
        return self._edges_at(node, self._index.down)

    def incoming(self, node: Entity) -> tuple[Edge, ...]:
        """The edges that data flows along to ``node``, in order."""
        return self._edges_at(node, self._index.up)

    def beside(self, node: Entity) -> tuple[Edge, ...]:
        """Who owns and supplies ``node``, and the purposes that it may be used for: their edges to it."""
        return self._edges_at(node, self._index.beside)

    def downstream(self, node: Entity) -> tuple[Entity, ...]:
        """Everything reachable downstream, nearest first, without ``node`` itself."""
        return tuple(self.distances(node, down=True))[1:]

    def upstream(self, node: Entity) -> tuple[Entity, ...]:
        """Everything reachable upstream, nearest first, without ``node`` itself."""
        return tuple(self.distances(node, down=False))[1:]

    def distances(self, start: Entity, *, down: bool) -> dict[Entity, int]:
        """Everything reachable with its number of edges from ``start`` (itself included, at 0),
        nearest first.
        """
        index = self._index
        if start not in index.number:
            return {start: 0}
        order, distances = index.reach(index.number[start], down=down)
        return dict(zip(map(index.names.__getitem__, order), distances, strict=True))

    def route(self, source: Entity, target: Entity) -> tuple[Edge, ...]:
        """The edges of a shortest way downstream from ``source`` to ``target``, the same on every
        call; empty where there is none, and where both are the same.
        """
        index = self._index
        here, end = index.number.get(source), index.number.get(target)
        if here is None or end is None:
            return ()
        return tuple(self.edges[edge] for edge in index.way(here, end))

    @cached_property
    def columns(self) -> Mapping[str, tuple[Entity, ...]]:
        """The column nodes of every dataset, sorted, by dataset name."""
        found: dict[str, list[Entity]] = {}
        for node in self.nodes:
            if node.kind is EntityKind.COLUMN:
                found.setdefault(node.dataset_name, []).append(node)
        return {dataset: tuple(sorted(columns)) for dataset, columns in sorted(found.items())}

    def _edges_at(self, node: Entity, lists: Sequence[Sequence[int]]) -> tuple[Edge, ...]:
        number = self._index.number.get(node)
        return () if number is None else tuple(self.edges[edge] for edge in lists[number])

    @cached_property
    def _index(self) -> _Index:
        return _Index(self)


class _Index:
    """The graph by numbers: a node's is its place in order, an edge's its place in ``edges``.

    Attributes:
        sources, targets: the nodes of each edge.
        down, up, beside: the edges from each node and to it, and those to it that stand beside the flow.
    """

    def __init__(self, graph: LineageGraph) -> None:
        self.names = sorted(graph.nodes)
        self.number = {name: number for number, name in enumerate(self.names)}
        self.sources = [self.number[edge.source] for edge in graph.edges]
        self.targets = [self.number[edge.target] for edge in graph.edges]
        self.down: list[list[int]] = [[] for _ in self.names]
        self.up: list[list[int]] = [[] for _ in self.names]
        self.beside: list[list[int]] = [[] for _ in self.names]
        for number, (edge, source, target) in enumerate(
            zip(graph.edges, self.sources, self.targets, strict=True)
        ):
            if edge.kind.is_flow:
                self.down[source].append(number)
                self.up[target].append(number)
                continue
            self.beside[target].append(number)
            if edge.source.kind in _BESIDE_THE_FLOW:  # nothing flows to them: only a walk's start has these
                self.down[source].append(number)

    @cached_property
    def _below(self) -> list[list[int]]:
        return [[self.targets[edge] for edge in edges] for edges in self.down]

    @cached_property
    def _above(self) -> list[list[int]]:
        return [[self.sources[edge] for edge in edges] for edges in self.up]

    def reach(self, start: int, *, down: bool) -> tuple[list[int], list[int]]:
        """Breadth first: the nodes reached, nearest first, and the distance of each."""
        neighbours = self._below if down else self._above
        seen = bytearray(len(self.names))
        seen[start] = 1
        order, distances = [start], [0]
        level, distance = [start], 0
        while level:
            distance += 1
            following = []
            for node in level:
                for there in neighbours[node]:
                    if not seen[there]:
                        seen[there] = 1
                        following.append(there)
            order += following
            distances += [distance] * len(following)
            level = following
        return order, distances

    def way(self, start: int, end: int) -> list[int]:
        """The edges of a shortest way down; from each node that is reached from ``end`` upwards (there
        is less upstream than downstream) the edge that reached it first.
        """
        by = {end: _END}
        queue = deque([end])
        while queue and start not in by:
            for edge in self.up[queue.popleft()]:
                there = self.sources[edge]
                if there not in by:
                    by[there] = edge
                    queue.append(there)
        edges: list[int] = []
        here = start
        while (edge := by.get(here, _END)) != _END:
            edges.append(edge)
            here = self.targets[edge]
        return edges


def owner_dataset(node: Entity) -> Entity:
    """The dataset a column belongs to; any other node is returned as it is.

    A column and its dataset are not joined by an edge: what is wrong with one column says nothing
    about the others, and an edge would make every column reach every other. Walks that need facts
    of the whole dataset ask this function instead.
    """
    return Entity.dataset(node.dataset_name) if node.kind is EntityKind.COLUMN else node


def _rest(edge: Edge) -> tuple[str, ...]:
    return (edge.kind, edge.known_by, edge.evidence, edge.transformation, edge.by)
