"""What OpenLineage events say, as edges and nodes of the lineage graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from governance_pipeline.lineage.places import Places
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node, Reading
from governance_pipeline.vocabulary.openlineage import Aspect, Flow, Name, Statement, Telling

BY = "openlineage"


def observed(tellings: Sequence[Telling], places: Places) -> Reading:
    """Edges ``dataset READ_BY job``, ``job WRITES dataset`` and ``column FEEDS column``, and nodes for
    jobs and for what has no contract. The same tellings in any order give the same.

    A dataset is the project's own where one of its names, symlinks included, is where a contract's rows
    are; else it is a ``source:`` node by the shortest of its names.
    """
    datasets = _Datasets(tellings, places)
    edges: set[Edge] = set()
    nodes: set[tuple[Entity, Statement]] = set()
    for telling in tellings:
        edges.update(_edges(telling, datasets))
        subject = Entity.parse(telling.subject)
        for statement in telling.shape.statements:
            about = subject if statement.about is None else datasets.node(statement.about)
            if about.kind is not EntityKind.DATASET:  # a contract says it better
                nodes.add((about, statement))
    return Reading(BY, tuple(sorted(edges)), tuple(_nodes(nodes)))


class _Datasets:
    """The node of each dataset, looked up once, by all names that any event knows it by."""

    def __init__(self, tellings: Sequence[Telling], places: Places) -> None:
        self._places = places
        self._nodes: dict[Name, Entity] = {}
        self._aliases: dict[Name, set[Name]] = {}
        for telling in tellings:
            for one in telling.shape.statements:
                if one.aspect == Aspect.SYMLINK and one.about is not None:
                    self._join(one.about, Name(one.key, one.text))

    def _join(self, first: Name, second: Name) -> None:
        together = self._aliases.get(first, {first}) | self._aliases.get(second, {second})
        for name in together:
            self._aliases[name] = together

    def node(self, name: Name) -> Entity:
        if name not in self._nodes:
            names = self._aliases.get(name, {name})
            shortest = min(
                names, key=lambda one: (len(str(one)), one)
            )  # with a column it is short enough still
            dataset = self._places.dataset(names)
            self._nodes[name] = Entity.dataset(dataset) if dataset else Entity.source(_written(shortest))
        return self._nodes[name]

    def column(self, name: Name, column: str) -> Entity:
        return Entity.column(self.node(name).name, column)


def _edges(telling: Telling, datasets: _Datasets) -> Iterator[Edge]:
    said = _Said(telling)
    job = Entity.parse(telling.subject)
    flows = telling.shape.flows
    if job.kind is EntityKind.JOB:
        for name in telling.shape.inputs | {flow.source for flow in flows}:
            yield said.edge(datasets.node(name), job, EdgeKind.READ_BY)
        for name in telling.shape.outputs | {flow.dataset for flow in flows}:
            yield said.edge(job, datasets.node(name), EdgeKind.WRITES)
    for flow in flows:
        yield from _of_flow(flow, said, datasets, between_tables=job.kind is not EntityKind.JOB)


def _of_flow(flow: Flow, said: _Said, datasets: _Datasets, *, between_tables: bool) -> Iterator[Edge]:
    source = datasets.column(flow.source, flow.source_column)
    whole = datasets.node(flow.dataset)
    target = datasets.column(flow.dataset, flow.column) if flow.column else whole
    if source != target:
        yield said.edge(source, target, EdgeKind.FEEDS, flow.transformation)
    if between_tables and datasets.node(flow.source) != whole:
        yield said.edge(datasets.node(flow.source), whole, EdgeKind.FEEDS)


@dataclass(frozen=True)
class _Said:
    """How one telling's edges are known."""

    telling: Telling

    def edge(self, source: Entity, target: Entity, kind: EdgeKind, transformation: str = "") -> Edge:
        telling = self.telling
        how = "run" if telling.known_by is KnownBy.OBSERVED else "event"
        evidence = f"OpenLineage {how} {telling.run}, {telling.at:%Y-%m-%d %H:%M} UTC"
        return Edge(source, target, kind, telling.known_by, evidence, transformation, telling.subject)


@dataclass
class _Known:
    descriptions: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    facts: dict[str, set[str]] = field(default_factory=dict)


def _nodes(said: Iterable[tuple[Entity, Statement]]) -> Iterator[Node]:
    found: dict[Entity, _Known] = {}
    for about, one in said:
        node = about
        if one.key and one.aspect in (Aspect.COLUMN, Aspect.COLUMN_DESCRIPTION, Aspect.TAG):
            node = Entity.column(about.name, one.key)
        _add(found.setdefault(node, _Known()), one)
    for node, known in sorted(found.items(), key=lambda item: item[0]):
        facts = {name: ", ".join(sorted(texts)) for name, texts in sorted(known.facts.items())}
        described = min(known.descriptions, default="")
        owners, tags = tuple(sorted(known.owners)), tuple(sorted(known.tags))
        yield Node(node, BY, "OpenLineage", description=described, owners=owners, tags=tags, facts=facts)


def _add(known: _Known, one: Statement) -> None:
    if one.aspect in (Aspect.DESCRIPTION, Aspect.COLUMN_DESCRIPTION):
        known.descriptions.add(one.text)
    elif one.aspect == Aspect.OWNER:
        known.owners.add(one.key)
    elif one.aspect == Aspect.TAG:
        known.tags.add(one.text)
    elif one.aspect == Aspect.COLUMN:
        known.facts.setdefault("type", set()).add(one.text)
    elif one.aspect == Aspect.SYMLINK:
        known.facts.setdefault("also known as", set()).add(f"{one.key}/{one.text}")
    else:
        known.facts.setdefault("started by", set()).add(f"job:{one.key}/{one.text}")


def _written(name: Name) -> str:
    """As part of a node's name, in which ``#`` stands before a column."""
    return str(name).replace("#", "%23")
