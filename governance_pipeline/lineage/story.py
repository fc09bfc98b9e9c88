"""Lineage told in sentences: one per edge, each with its evidence and nothing beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from governance_pipeline.lineage.build_contracts import PERSONAL, SENSITIVE
from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.lineage.impact import steps
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node
from governance_pipeline.vocabulary.measurement import Measurement

_KNOWN = {
    KnownBy.DECLARED: "declared in",
    KnownBy.DISCOVERED: "found in",
    KnownBy.OBSERVED: "observed in",
}
_LONGEST_SQL = 160
_AS_WRITTEN = frozenset({EntityKind.DATASET, EntityKind.SOURCE, EntityKind.PERSON})
_TOLD_OF_PEOPLE = "consent"


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence, what it is about, and where it is known from."""

    about: Entity
    sentence: str
    evidence: str


def story(graph: LineageGraph, node: Entity, *, upstream: bool) -> tuple[str, ...]:
    """Where ``node`` comes from, or what comes from it, nearest first."""
    return tuple(sentence(edge) for edge in steps(graph, node, upstream=upstream))


def tell(
    graph: LineageGraph,
    node: Entity,
    *,
    nodes: Sequence[Node] = (),
    measured: Sequence[Measurement] = (),
) -> tuple[Told, ...]:
    """Everything that ``node`` comes from, nearest first, and of each thing on the way who answers for it,
    who supplies it, what it may be used for, which job makes it, and for how many of the people in it
    there is a valid basis.

    Args:
        nodes: what is known of things beside their edges.
        measured: the measurements of one night.
    """
    known = {one.entity: one for one in nodes}
    by_entity: dict[Entity, list[Measurement]] = {}
    for one in measured:
        if one.indicator == _TOLD_OF_PEOPLE:
            by_entity.setdefault(one.entity, []).append(one)
    found: list[Told] = []
    whole: set[Entity] = set()
    for here in graph.distances(node, down=False):
        found.extend(_of_node(here, known.get(here)))
        found.extend(_of_edge(here, edge) for edge in graph.incoming(here))
        about = owner_dataset(here)
        if about not in whole:
            whole.add(about)
            found.extend(_of_edge(about, edge) for edge in graph.beside(about))
            if about != here:
                found.extend(_of_node(about, known.get(about)))
            found.extend(_of_measurement(about, one) for one in by_entity.get(about, ()))
    return tuple(dict.fromkeys(found))


def _of_edge(about: Entity, edge: Edge) -> Told:
    return Told(about, sentence(edge), edge.evidence)


def _of_node(about: Entity, node: Node | None) -> Iterator[Told]:
    """The job that makes it, and whether it is about people."""
    if node is None:
        return
    here = spoken(about) if about.kind in _AS_WRITTEN else _opened(spoken(about))
    evidence = f"(declared in {node.evidence})." if node.evidence else "(no evidence is recorded)."
    if node.facts.get("job"):
        yield Told(about, f"{here} is made by job {node.facts['job']} {evidence}", node.evidence)
    marks = {PERSONAL: "personal data", SENSITIVE: "a protected attribute of people"}
    for tag in node.tags:
        if tag in marks:
            yield Told(about, f"{here} is {marks[tag]} {evidence}", node.evidence)


def _of_measurement(about: Entity, one: Measurement) -> Told:
    evidence = f"measured on the night of {one.night}"
    return Told(about, f"{one.sentence.rstrip('.')} ({evidence}).", evidence)


def sentence(edge: Edge) -> str:
    """What one edge says, and how it is known."""
    evidence = f"{_KNOWN[edge.known_by]} {edge.evidence}" if edge.evidence else "no evidence is recorded"
    return f"{_claim(edge)} ({evidence})."


def spoken(entity: Entity) -> str:
    """A thing as it is named in a sentence: ``column ratio of lending.incomes``."""
    match entity.kind:
        case EntityKind.COLUMN:
            return f"column {entity.column_name} of {entity.dataset_name}"
        case EntityKind.VERSION:
            model, _, version = entity.name.rpartition("/")
            return f"version {version} of model {model}"
        case EntityKind.SOURCE:
            return f"{entity.name}, which has no contract"
        case EntityKind.DATASET | EntityKind.PERSON:
            return entity.name
        case EntityKind.PURPOSE:
            return entity.name.replace("_", " ")
        case _:
            return f"{entity.kind.replace('_', ' ')} {entity.name}"


def _claim(edge: Edge) -> str:
    claim = _CLAIMS[edge.kind](edge)
    subject = edge.source if edge.kind in _ABOUT_THE_SOURCE else edge.target
    return claim if subject.kind in _AS_WRITTEN else _opened(claim)


def _opened(text: str) -> str:
    return text[0].upper() + text[1:]


def _fed(edge: Edge) -> str:
    source, target = spoken(edge.source), spoken(edge.target)
    if edge.target.kind is EntityKind.COLUMN:
        return f"{target} is computed from {source}{_by(edge.transformation)}"
    if edge.target.kind in (EntityKind.MODEL, EntityKind.VERSION):
        return f"{target} reads features from {source}"
    return f"{target} is built from {source}{_by(edge.transformation)}"


def _trained(edge: Edge) -> str:
    verb = "learns from" if edge.source.kind is EntityKind.COLUMN else "is trained on"
    return f"{spoken(edge.target)} {verb} {spoken(edge.source)}"


def _allowed(edge: Edge) -> str:
    basis = f" {edge.transformation}" if edge.transformation else ""
    return f"{spoken(edge.target)} is used for {spoken(edge.source)}{basis}"


def _granted(edge: Edge) -> str:
    how = f" ({edge.transformation.lower()})" if edge.transformation else ""
    return f"{spoken(edge.source)} may use {spoken(edge.target)}{how}"


_CLAIMS: dict[EdgeKind, Callable[[Edge], str]] = {
    EdgeKind.FEEDS: _fed,
    EdgeKind.READ_BY: lambda edge: f"{spoken(edge.target)} reads {spoken(edge.source)}",
    EdgeKind.WRITES: lambda edge: f"{spoken(edge.source)} writes {spoken(edge.target)}",
    EdgeKind.PART_OF: lambda edge: f"{spoken(edge.source)} is part of {spoken(edge.target)}",
    EdgeKind.TRAINS: _trained,
    EdgeKind.VERSION_OF: lambda edge: f"{spoken(edge.source)} is registered {edge.transformation}".rstrip(),
    EdgeKind.PREDICTS: lambda edge: f"{spoken(edge.target)} holds what {spoken(edge.source)} predicts",
    EdgeKind.DEPLOYED_TO: lambda edge: f"{spoken(edge.source)} runs in {spoken(edge.target)}",
    EdgeKind.OWNS: lambda edge: f"{spoken(edge.source)} answers for {spoken(edge.target)}",
    EdgeKind.SUPPLIES: lambda edge: f"{spoken(edge.target)} is supplied by {spoken(edge.source)}",
    EdgeKind.ALLOWS: _allowed,
    EdgeKind.GRANTED: _granted,
    EdgeKind.MEMBER_OF: lambda edge: f"{spoken(edge.source)} has the rights of {spoken(edge.target)}",
}
_ABOUT_THE_SOURCE = frozenset(
    {
        EdgeKind.WRITES,
        EdgeKind.PART_OF,
        EdgeKind.VERSION_OF,
        EdgeKind.DEPLOYED_TO,
        EdgeKind.OWNS,
        EdgeKind.GRANTED,
        EdgeKind.MEMBER_OF,
    }
)


def _by(transformation: str) -> str:
    text = " ".join(transformation.split())
    if not text:
        return ""
    return f" as: {text if len(text) <= _LONGEST_SQL else text[: _LONGEST_SQL - 3] + '...'}"
