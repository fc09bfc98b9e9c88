"""Edges and nodes of the lineage as rows of plain values, and back; see :mod:`night_records`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from governance_pipeline.store.values import entity_key, plain_json, text
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node

Row = Mapping[str, Any]


def edge_row(edge: Edge) -> dict[str, Any]:
    what = f"of the edge {edge.source} -> {edge.target}"
    row = {
        "source": entity_key(edge.source),
        "target": entity_key(edge.target),
        "kind": str(edge.kind),
        "known_by": str(edge.known_by),
        "said_by": text(edge.by, f"the origin {what}"),
        "transformation": text(edge.transformation, f"the transformation {what}"),
    }
    identity = _digest(list(row.values()))
    return {"id": identity, **row, "evidence": text(edge.evidence, f"the evidence {what}")}


def node_row(node: Node) -> dict[str, Any]:
    what = f"of the node {node.entity}"
    row = {
        "entity": entity_key(node.entity),
        "said_by": text(node.by, f"the origin {what}"),
        "role": text(node.role, f"the role {what}"),
        "description": text(node.description, f"the description {what}"),
        "owners": plain_json(list(node.owners), f"the owners {what}"),
        "tags": plain_json(list(node.tags), f"the tags {what}"),
        "digest": text(node.digest, f"the digest {what}"),
        "facts": plain_json(dict(node.facts), f"the facts {what}"),
    }
    identity = _digest(list(row.values()))
    return {"id": identity, **row, "evidence": text(node.evidence, f"the evidence {what}")}


EDGE = ("source", "target", "kind", "known_by", "evidence", "transformation", "said_by")
"""The columns that :func:`edge_reader` reads, in order."""

_KINDS = {str(kind): kind for kind in EdgeKind}
_KNOWN_BY = {str(known_by): known_by for known_by in KnownBy}


def edge_reader() -> Callable[[Sequence[Any]], Edge]:
    """Reads rows of one graph: each name becomes one entity, however many edges it has."""
    known: dict[str, Entity] = {}

    def entity(name: str) -> Entity:
        found = known.get(name)
        if found is None:
            found = known[name] = Entity.parse(name)
        return found

    def read(row: Sequence[Any]) -> Edge:
        source, target, kind, known_by, evidence, transformation, by = row
        ends = entity(source), entity(target)
        return Edge(*ends, _KINDS[kind], _KNOWN_BY[known_by], evidence, transformation, by)

    return read


def node_of(row: Row) -> Node:
    return Node(
        Entity.parse(row["entity"]),
        by=row["said_by"],
        evidence=row["evidence"],
        role=row["role"],
        description=row["description"],
        owners=tuple(row["owners"]),
        tags=tuple(row["tags"]),
        digest=row["digest"],
        facts=row["facts"],
    )


def by_id(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each once; of two with different evidence the lower one's, whatever order they come in."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        held = found.get(row["id"])
        if held is None or row["evidence"] < held["evidence"]:
            found[row["id"]] = row
    return found


def _digest(values: list[Any]) -> str:
    written = json.dumps(values, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(written.encode("ascii")).hexdigest()[:40]
