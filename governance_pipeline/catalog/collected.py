"""What a reader finds in its place, gathered as it goes."""

from __future__ import annotations

from collections.abc import Iterable

from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node, Reading


class Collected:
    """Edges and what could not be read, all by one reader; the nodes are each reader's own.

    Args:
        by: the reader and the place.
    """

    def __init__(self, by: str, not_understood: Iterable[str] = ()) -> None:
        self.by = by
        self.edges: list[Edge] = []
        self.not_understood = list(not_understood)

    def edge(
        self,
        source: Entity,
        target: Entity,
        evidence: str,
        how: str = "",
        kind: EdgeKind = EdgeKind.FEEDS,
    ) -> None:
        """``source`` flows into ``target``; into itself nothing does."""
        if source != target:
            self.edges.append(Edge(source, target, kind, KnownBy.DISCOVERED, evidence, how, self.by))

    def owns(self, owners: Iterable[str], here: Entity, evidence: str) -> None:
        """Who answers for ``here``, as the tool names them."""
        for owner in owners:
            person = Entity(EntityKind.PERSON, owner)
            self.edges.append(Edge(person, here, EdgeKind.OWNS, KnownBy.DECLARED, evidence, by=self.by))

    def note(self, evidence: str, why: object) -> None:
        """A part that could not be read."""
        self.not_understood.append(f"{evidence}: {why}")

    def read(self, nodes: Iterable[Node]) -> Reading:
        """All that was found."""
        return Reading(self.by, tuple(self.edges), tuple(nodes), tuple(self.not_understood))
