"""What depends on a thing, and what it depends on. Pure walks over the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything downstream of a node, by kind, each sorted by name and without the node itself.

    Attributes:
        datasets: those with a column that is reached, too.
    """

    node: Entity
    datasets: tuple[Entity, ...] = ()
    columns: tuple[Entity, ...] = ()
    models: tuple[Entity, ...] = ()
    versions: tuple[Entity, ...] = ()
    deployments: tuple[Entity, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing depends on the node."""
        return not (self.datasets or self.columns or self.models or self.versions or self.deployments)


def impact(graph: LineageGraph, node: Entity) -> Impact:
    """What a change of ``node`` can reach. A dataset's change may be one of any of its columns."""
    begun = starts(graph, node)
    reached: set[Entity] = set()
    for start in begun:
        if start not in reached:
            reached.update(graph.downstream(start))
    reached |= {owner_dataset(one) for one in reached if one.kind is EntityKind.COLUMN}
    reached -= {*begun, owner_dataset(node)}
    return Impact(
        node=node,
        datasets=_of(EntityKind.DATASET, reached),
        columns=_of(EntityKind.COLUMN, reached),
        models=_of(EntityKind.MODEL, reached),
        versions=_of(EntityKind.VERSION, reached),
        deployments=_of(EntityKind.DEPLOYMENT, reached),
    )


def starts(graph: LineageGraph, node: Entity) -> list[Entity]:
    """Where a walk from ``node`` begins: a change of a dataset may be one of any of its columns."""
    if node.kind not in (EntityKind.DATASET, EntityKind.SOURCE):
        return [node]
    return [node, *graph.columns.get(node.name, ())]


def _of(kind: EntityKind, nodes: Iterable[Entity]) -> tuple[Entity, ...]:
    return tuple(sorted(node for node in nodes if node.kind is kind))


def steps(graph: LineageGraph, node: Entity, *, upstream: bool) -> tuple[Edge, ...]:
    """Every edge on a way from (``upstream``) or to what ``node`` reaches, nearest first."""
    reached = graph.distances(node, down=not upstream)
    return tuple(
        edge for here in reached for edge in (graph.incoming(here) if upstream else graph.outgoing(here))
    )


@dataclass(frozen=True, slots=True)
class Branch:
    """One step away from the root of a tree.

    Attributes:
        edge: the step, None at the root.
        again: the node stands in full elsewhere in the tree, nearer to the root or further up the page.
    """

    node: Entity
    edge: Edge | None = None
    branches: tuple[Branch, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """A node's surroundings as two trees, of what it comes from and of what comes from it."""

    node: Entity
    upstream: Branch
    downstream: Branch


def trace(graph: LineageGraph, node: Entity) -> Trace:
    """Both trees of ``node``. Each node is unfolded once, where it is nearest; cycles end."""
    return Trace(node, _tree(graph, node, down=False), _tree(graph, node, down=True))


def flattened(root: Branch) -> Iterator[tuple[int, Branch]]:
    """Every branch with its depth, as it is read from the top."""
    waiting = [(0, root)]
    while waiting:
        depth, branch = waiting.pop()
        yield depth, branch
        waiting.extend((depth + 1, one) for one in reversed(branch.branches))


def _tree(graph: LineageGraph, root: Entity, *, down: bool) -> Branch:
    """Built from the far end, so that no depth of lineage can exhaust the call stack."""
    order = graph.distances(root, down=down)
    unfolded = {root}
    children: dict[Entity, list[tuple[Entity, Edge, bool]]] = {}
    for here in order:
        for edge in graph.outgoing(here) if down else graph.incoming(here):
            there = edge.target if down else edge.source
            children.setdefault(here, []).append((there, edge, there in unfolded))
            unfolded.add(there)
    inside: dict[Entity, tuple[Branch, ...]] = {}
    for here in reversed(order):
        inside[here] = tuple(
            Branch(there, edge, () if again else inside.get(there, ()), again)
            for there, edge, again in children.get(here, ())
        )
    return Branch(root, branches=inside.get(root, ()))
