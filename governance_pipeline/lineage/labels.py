"""How the labels of personal and sensitive columns pass down the column lineage. Pure.

A label passes through every computation on rows: a hash of a name, a ratio of incomes and a window over
a person's months are about the person as the columns are that they are made of. Through an aggregate it
passes where the table it goes to is about people still (its contract names a subject, or one of its
columns is personal): a sum per person is personal. In a table that is not about people an aggregate ends
it: the mean income of a district is nobody's income.

A column that carries the label itself, or that its contract has given a classification, is labelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from governance_pipeline.lineage.build_contracts import CLASSIFICATION, PERSONAL, SENSITIVE
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node

LABELS = (PERSONAL, SENSITIVE)
_WRITTEN = {PERSONAL: PERSONAL, "pii": PERSONAL, SENSITIVE: SENSITIVE}
"""How tags call a label."""

_CARRIERS = frozenset({EntityKind.COLUMN, EntityKind.FEATURE})


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A column that a label reaches and that does not carry it.

    Attributes:
        origin: the nearest column that carries it.
        path: from there, each edge with its evidence.
    """

    column: Entity
    label: str
    origin: Entity
    path: tuple[Edge, ...]


def unlabelled(graph: LineageGraph, nodes: Iterable[Node]) -> tuple[Unlabelled, ...]:
    """Every column that a label reaches without being labelled, in order."""
    tags: dict[Entity, set[str]] = {}
    subjects: set[str] = set()
    for node in nodes:
        named = {_label(tag) for tag in node.tags}
        tags.setdefault(node.entity, set()).update(named)
        if node.facts.get("subject") or PERSONAL in named:
            subjects.add(node.entity.dataset_name)
    found = [one for label in LABELS for one in _reached(graph, label, tags, subjects)]
    return tuple(sorted(found, key=lambda one: (one.column, one.label)))


def _reached(
    graph: LineageGraph, label: str, tags: Mapping[Entity, set[str]], subjects: set[str]
) -> Iterator[Unlabelled]:
    """Breadth first from all columns that carry the label; the edge that reached each is kept."""
    carriers = sorted(column for column, named in tags.items() if label in named and column.kind in _CARRIERS)
    by: dict[Entity, Edge | None] = dict.fromkeys(carriers)
    waiting = deque(carriers)
    while waiting:
        here = waiting.popleft()
        for edge in graph.outgoing(here):
            if edge.target in by or not _passes(edge, subjects):
                continue
            by[edge.target] = edge
            waiting.append(edge.target)
            if CLASSIFICATION not in tags.get(edge.target, ()):
                path = tuple(_back(edge, by))
                yield Unlabelled(edge.target, label, path[0].source, path)


def _passes(edge: Edge, subjects: set[str]) -> bool:
    if edge.kind not in (EdgeKind.FEEDS, EdgeKind.PART_OF) or edge.target.kind not in _CARRIERS:
        return False
    return edge.target.dataset_name in subjects or not aggregates(edge.transformation)


def _back(edge: Edge, by: Mapping[Entity, Edge | None]) -> list[Edge]:
    path, step = [edge], by[edge.source]
    while step is not None:
        path.append(step)
        step = by[step.source]
    return path[::-1]


@lru_cache(maxsize=8192)
def aggregates(transformation: str) -> bool:
    """Whether an expression joins the values of many rows into one: ``avg(income)``, and no window."""
    text = transformation.strip()
    if text.startswith(("DIRECT", "INDIRECT")):  # OpenLineage's words
        return "AGGREGATION" in text.partition(",")[0].split()
    if "(" not in text:
        return False
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse_one(text, into=exp.Condition)
    except Exception:  # noqa: BLE001  words, or a dialect's own: nothing shows that rows are joined
        return False
    return any(one.find_ancestor(exp.Window) is None for one in parsed.find_all(exp.AggFunc))


def _label(tag: str) -> str:
    """``personal``, ``pii=true`` and ``classification=restricted`` by what they say."""
    name, _, value = tag.partition("=")
    label = _WRITTEN.get(name.lower())
    if label is not None:
        return label if value.lower() not in ("false", "no", "0") else ""
    return CLASSIFICATION if name == CLASSIFICATION else tag
