"""A breach placed in the lineage graph: what it is about, what lies upstream, what kind of fault it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance_pipeline.lineage.graph import EdgeKind, LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

_TABLES = (EntityKind.DATASET, EntityKind.SOURCE)


class Nature(StrEnum):
    """What kind of fault a breach is, as far as causes go; what tends to cause comes before what
    tends to follow.
    """

    UNREADABLE = "unreadable"  # the dataset could not be scanned
    LATE = "late"  # data is late or missing
    MISDATED = "misdated"  # data is dated later than it can be
    VOLUME = "volume"  # too few or too many rows
    QUALITY = "quality"
    DRIFT = "drift"
    CONSENT = "consent"
    OWNERSHIP = "ownership"  # before provenance
    PROVENANCE = "provenance"
    RETENTION = "retention"
    UNMEASURED = "unmeasured"  # one measurement that could not be made
    OTHER = "other"


_BY_INDICATOR = {
    "scan": Nature.UNREADABLE,
    "recency": Nature.LATE,
    "quality": Nature.QUALITY,
    "drift": Nature.DRIFT,
    "consent": Nature.CONSENT,
    "ownership": Nature.OWNERSHIP,
    "provenance": Nature.PROVENANCE,
    "retention": Nature.RETENTION,
}
_OF_COLUMNS = ("quality", "drift")
_RANKS = {nature: rank for rank, nature in enumerate(Nature)}
_STRUCTURAL = ("schema", "type", "missing_column")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Reach:
    """What can reach a node.

    Attributes:
        upstream: distance of every node upstream.
        datasets: distance of every table whose state as a whole can reach the node. For a column
            these are the tables its values come from and whatever those are built from, or, where
            its sources are not known, whatever its own table is built from.
        beside: datasets that a model reads or predicts into: without them it cannot be measured.
    """

    upstream: Mapping[Entity, int]
    datasets: Mapping[Entity, int]
    beside: frozenset[Entity]

    @classmethod
    def of(cls, graph: LineageGraph, node: Entity) -> Reach:
        upstream = graph.distances(node, down=False)
        return cls(upstream, _datasets(graph, node, upstream), _beside(graph, node))


@dataclass(frozen=True)
class Situation:
    """A breach in its place.

    Attributes:
        node: the column where the facet names one of the dataset's, else the entity itself.
    """

    breach: Measurement
    nature: Nature
    node: Entity
    reach: Reach

    @property
    def dataset(self) -> Entity:
        return owner_dataset(self.node)

    @property
    def order(self) -> tuple[int, bool, Key]:
        """Of breaches that could each explain the other, the lower one explains the higher.

        A change of the column's type or existence comes before what follows from it.
        """
        facet = self.breach.facet.lower()
        structural = self.breach.metric in _STRUCTURAL or any(word in facet for word in _STRUCTURAL)
        return (_RANKS[self.nature], not structural, self.breach.key)

    @property
    def is_column(self) -> bool:
        return self.node.kind is EntityKind.COLUMN

    def distance_to(self, cause: Situation) -> int:
        """How many edges upstream ``cause`` is; 0 for the same thing."""
        if cause.node in self.reach.upstream:
            return self.reach.upstream[cause.node]
        return self.reach.datasets.get(cause.dataset, 0)


def placed(graph: LineageGraph, breaches: Iterable[Measurement]) -> list[Situation]:
    """Every breach in its place; a node's surroundings are looked up once."""
    reaches: dict[Entity, Reach] = {}
    found: list[Situation] = []
    for breach in breaches:
        node = _node(graph, breach)
        if node not in reaches:
            reaches[node] = Reach.of(graph, node)
        found.append(Situation(breach, _nature(breach, node), node, reaches[node]))
    return found


def _node(graph: LineageGraph, breach: Measurement) -> Entity:
    """The column that a dataset's quality or drift is about.

    It stands in the details, or in the facet: as itself, before an ``@`` (``amount@model``), or as
    part of a rule's id (``amount.minimum``, ``incomes.amount.nullValues``).
    """
    if breach.entity.kind is not EntityKind.DATASET or breach.indicator not in _OF_COLUMNS:
        return breach.entity
    before_mark = breach.facet.partition("@")[0]
    named = breach.details.get("column")
    for name in (named, breach.facet, before_mark, *before_mark.split(".")):
        if isinstance(name, str) and name:
            column = Entity.column(breach.entity.name, name)
            if column in graph.nodes:
                return column
    return breach.entity


def _nature(breach: Measurement, node: Entity) -> Nature:
    nature = _BY_INDICATOR.get(breach.indicator, Nature.OTHER)
    if breach.outcome is Outcome.NOT_RUN:
        if nature is Nature.UNREADABLE or breach.details.get("cause") == "scan":
            return Nature.UNREADABLE
        # a column that is gone can be neither checked nor compared: that is a fault of its values
        return nature if node.kind is EntityKind.COLUMN else Nature.UNMEASURED
    if nature is Nature.LATE and breach.facet:
        return Nature.MISDATED
    if nature is Nature.QUALITY and _counts_rows(breach):
        return Nature.VOLUME
    return nature


def _counts_rows(breach: Measurement) -> bool:
    """Whether a quality rule is ODCS's ``rowCount``, by its metric or the end of its id."""
    named = (breach.metric, breach.facet.rpartition(".")[2])
    return any(name.lower().replace("_", "") == "rowcount" for name in named)


def _datasets(graph: LineageGraph, node: Entity, upstream: Mapping[Entity, int]) -> dict[Entity, int]:
    if node.kind is not EntityKind.COLUMN:
        return {one: distance for one, distance in upstream.items() if one.kind in _TABLES and one != node}
    here = owner_dataset(node)
    origins = {owner_dataset(one) for one in upstream if one.kind is EntityKind.COLUMN} - {here}
    found: dict[Entity, int] = {}
    for origin in sorted(origins or {here}):
        for one, distance in graph.distances(origin, down=False).items():
            if one.kind in _TABLES and one != here:
                found[one] = max(found.get(one, 0), distance + (origin != here))
    return found


def _beside(graph: LineageGraph, node: Entity) -> frozenset[Entity]:
    if node.kind is not EntityKind.MODEL:
        return frozenset()
    read = {edge.source for edge in graph.incoming(node)}
    written = {edge.target for edge in graph.outgoing(node) if edge.kind is EdgeKind.PREDICTS}
    return frozenset(one for one in read | written if one.kind is EntityKind.DATASET)
