"""Makes what a reader brings fit to be kept: other tools name things in ways no database holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from governance_pipeline.store.values import MAX_KEY_BYTES
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, Node, Reading

_LONGEST_TEXT = 20_000
"""Characters of a description, of SQL and of a fact."""
_STAND_IN = "\N{REPLACEMENT CHARACTER}"


def fit(reading: Reading) -> Reading:
    """The same reading, with NUL characters and halves of surrogate pairs replaced and texts cut that
    nobody reads to the end. Nodes whose names are empty or too long are left out, with their edges, and
    named in ``not_understood``.
    """
    names = _Names()
    nodes = tuple(
        _node(node, entity) for node in reading.nodes if (entity := names.fit(node.entity)) is not None
    )
    edges = tuple(_edges(reading, names))
    not_understood = (*(_text(why) for why in reading.not_understood), *names.left_out)
    return replace(reading, edges=edges, nodes=nodes, not_understood=not_understood)


def _edges(reading: Reading, names: _Names) -> Iterator[Edge]:
    for edge in reading.edges:
        source, target = names.fit(edge.source), names.fit(edge.target)
        if source is not None and target is not None:
            yield replace(
                edge,
                source=source,
                target=target,
                evidence=_text(edge.evidence),
                transformation=_text(edge.transformation),
            )


class _Names:
    """Each entity is looked at once, however many edges it has."""

    def __init__(self) -> None:
        self._known: dict[Entity, Entity | None] = {}
        self.left_out: list[str] = []

    def fit(self, entity: Entity) -> Entity | None:
        if entity not in self._known:
            self._known[entity] = self._looked_at(entity)
        return self._known[entity]

    def _looked_at(self, entity: Entity) -> Entity | None:
        name = _whole(entity.name)
        if not name or len(f"{entity.kind}:{name}".encode()) > MAX_KEY_BYTES:
            why = "its name is too long" if name else "it has no name"
            self.left_out.append(f"{entity.kind} {name[:80] or 'without a name'}: {why}")
            return None
        return entity if name == entity.name else Entity(entity.kind, name)


def _node(node: Node, entity: Entity) -> Node:
    return replace(
        node,
        entity=entity,
        evidence=_text(node.evidence),
        role=_text(node.role),
        description=_text(node.description),
        owners=tuple(map(_text, node.owners)),
        tags=tuple(map(_text, node.tags)),
        facts=_facts(node.facts),
    )


def _facts(facts: Mapping[str, str]) -> Mapping[str, str]:
    return {_text(name): _text(value) for name, value in facts.items()}


def _text(text: str) -> str:
    return _whole(text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ...")


def _whole(text: str) -> str:
    if text.isascii():
        return text.replace("\x00", _STAND_IN) if "\x00" in text else text
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\x00", _STAND_IN)
