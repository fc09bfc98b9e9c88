"""A part of the graph as Mermaid text, for pages and for Dagster's Markdown metadata."""

from __future__ import annotations

from collections.abc import Iterable

from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity, EntityKind

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.- ")
_SHAPES = {
    EntityKind.SOURCE: ("[/", "/]"),
    EntityKind.DATASET: ("[(", ")]"),
    EntityKind.COLUMN: ("[", "]"),
    EntityKind.MODEL: ("{{", "}}"),
    EntityKind.VERSION: ("([", "])"),
    EntityKind.DEPLOYMENT: ("[[", "]]"),
}


def mermaid(graph: LineageGraph, nodes: Iterable[Entity]) -> str:
    """The nodes, sorted, and every edge between two of them. Names are data: nothing in one can end
    its label or add to the diagram.
    """
    shown = sorted(set(nodes) & graph.nodes)
    ids = {node: f"n{number}" for number, node in enumerate(shown)}
    lines = ["flowchart LR"]
    for node, name in ids.items():
        opening, closing = _SHAPES.get(node.kind, ("[", "]"))
        lines.append(f'    {name}{opening}"{escaped(node.name)}"{closing}')
    for edge in graph.edges:
        if edge.source in ids and edge.target in ids:
            words = str(edge.kind).replace("_", " ")
            lines.append(f"    {ids[edge.source]} -->|{words}| {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` inside a quoted label: all but letters, digits and ``_.- `` as Mermaid's ``#code;``."""
    return "".join(char if char in _PLAIN else f"#{ord(char)};" for char in text)
