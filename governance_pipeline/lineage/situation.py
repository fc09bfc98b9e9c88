"""A breach placed in the lineage graph: what it is about, what lies upstream, what kind of fault it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind
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
    PREDICTIONS = "predictions"  # a model decides otherwise than it did
    CONSENT = "consent"
    WITHDRAWALS = "withdrawals"  # of people whom a model has learned from
    OWNERSHIP = "ownership"  # before provenance
    PROVENANCE = "provenance"
    RETENTION = "retention"
    BIAS = "bias"
    UNMEASURED = "unmeasured"  # one measurement that could not be made
    OTHER = "other"


_BY_INDICATOR = {
    "scan": Nature.UNREADABLE,
    "recency": Nature.LATE,
    "quality": Nature.QUALITY,
    "drift": Nature.DRIFT,
    "prediction_drift": Nature.PREDICTIONS,
    "consent": Nature.CONSENT,
    "withdrawals": Nature.WITHDRAWALS,
    "ownership": Nature.OWNERSHIP,
    "provenance": Nature.PROVENANCE,
    "retention": Nature.RETENTION,
    "bias": Nature.BIAS,
}
_RANKS = {nature: rank for rank, nature in enumerate(Nature)}
_OF_COLUMNS = ("quality", "drift")
_OF_FEATURES = "prediction_drift"
_SCHEMA = "schema"
_TYPE_WORDS = ("schema", "type")

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


class Surroundings:
    """Looks up what can reach a node, each once."""

    def __init__(self, graph: LineageGraph) -> None:
        self._graph = graph
        self._reaches: dict[Entity, Reach] = {}
        self._tables: dict[Entity, dict[Entity, int]] = {}

    def of(self, node: Entity) -> Reach:
        """What can reach ``node``."""
        if node not in self._reaches:
            upstream = self._graph.distances(node, down=False)
            datasets = self._of_column(node, upstream) if node.column_name else self._tables_above(node)
            self._reaches[node] = Reach(upstream, datasets, _beside(self._graph, node))
        return self._reaches[node]

    def _tables_above(self, node: Entity) -> dict[Entity, int]:
        if node not in self._tables:
            above = self._graph.distances(node, down=False)
            self._tables[node] = {one: far for one, far in above.items() if one.kind in _TABLES and far}
        return self._tables[node]

    def _of_column(self, node: Entity, upstream: Mapping[Entity, int]) -> dict[Entity, int]:
        here = owner_dataset(node)
        origins = {owner_dataset(one) for one in upstream if one.kind is EntityKind.COLUMN} - {here}
        found = dict(self._tables_above(here)) if not origins else {}
        for origin in origins:
            for one, distance in {origin: 0, **self._tables_above(origin)}.items():
                found[one] = max(found.get(one, 0), distance + 1)
        found.pop(here, None)
        return found


@dataclass(frozen=True)
class Situation:
    """A breach in its place.

    Attributes:
        node: the column where the breach is about one, else the entity itself.
        columns: what can reach each column the breach is about; empty where it is about the whole. Of
            predictions that drift, the features that the model reads.
        reach: what can reach ``node``.
    """

    breach: Measurement
    nature: Nature
    node: Entity
    columns: Mapping[Entity, Reach]
    reach: Reach

    @cached_property
    def dataset(self) -> Entity:
        return owner_dataset(self.node)

    @property
    def is_of_schema(self) -> bool:
        """Whether columns are missing or have changed their type."""
        return self.nature is Nature.QUALITY and self.breach.metric == _SCHEMA

    @cached_property
    def groups(self) -> frozenset[str]:
        """For bias, the group of people: ``{"race=black", "sex=female"}``."""
        return groups_of(self.breach.facet) if self.nature is Nature.BIAS else frozenset()

    @cached_property
    def order(self) -> tuple[int, bool, int, Key]:
        """Of breaches that could each explain the other, the lower one explains the higher.

        A change of a column's type or existence comes before what follows from it.
        """
        facet = self.breach.facet.lower()
        structural = self.is_of_schema or any(facet.endswith(word) for word in _TYPE_WORDS)
        return (_RANKS[self.nature], not structural, len(self.groups), self.breach.key)

    def distance_to(self, cause: Situation) -> int:
        """How many edges upstream ``cause`` is; 0 for the same thing."""
        by_column = [
            reach.upstream[column]
            for reach in self.columns.values()
            for column in cause.columns
            if column in reach.upstream
        ]
        return max(by_column, default=self.reach.datasets.get(cause.dataset, 0))


def groups_of(facet: str) -> frozenset[str]:
    """The conditions that a facet of the bias indicator puts on people; none where it names no group."""
    group = facet.rpartition(":")[0] or facet
    return frozenset(group.split(" & ")) if "=" in group else frozenset()


def placed(graph: LineageGraph, breaches: Iterable[Measurement]) -> list[Situation]:
    """Every breach in its place."""
    surroundings = Surroundings(graph)
    found: list[Situation] = []
    for breach in breaches:
        columns = _columns(graph, breach)
        alone = len(columns) == 1 and breach.entity.kind is not EntityKind.MODEL
        node = columns[0] if alone else breach.entity
        around = {column: surroundings.of(column) for column in columns}
        found.append(Situation(breach, _nature(breach, columns), node, around, surroundings.of(node)))
    return found


def _columns(graph: LineageGraph, breach: Measurement) -> list[Entity]:
    """The columns that a dataset's quality or drift is about, or that a model predicts from.

    They stand in the details, or in the facet: as itself, before an ``@`` (``amount@model``), or as
    part of a rule's id (``amount.minimum``, ``incomes.amount.nullValues``).
    """
    if breach.entity.kind is EntityKind.MODEL and breach.outcome is not Outcome.NOT_RUN:
        return _features(graph, breach.entity) if breach.indicator == _OF_FEATURES else []
    if breach.entity.kind is not EntityKind.DATASET or breach.indicator not in _OF_COLUMNS:
        return []
    listed = breach.details.get("columns")
    if isinstance(listed, list | tuple):
        known = (Entity.column(breach.entity.name, str(name)) for name in listed)
        return sorted({column for column in known if column in graph.nodes})
    before_mark = breach.facet.partition("@")[0]
    for name in (breach.facet, before_mark, *before_mark.split(".")):
        column = Entity.column(breach.entity.name, name)
        if column in graph.nodes:
            return [column]
    return []


def _features(graph: LineageGraph, model: Entity) -> list[Entity]:
    """The columns that a model is fed with; those of its training data are not."""
    edges = graph.incoming(model)
    feeding = {edge.source for edge in edges if edge.kind is EdgeKind.FEEDS}
    columns = {edge.source for edge in edges if edge.source.kind is EntityKind.COLUMN}
    return sorted(column for column in columns if owner_dataset(column) in feeding)


def _nature(breach: Measurement, columns: Sequence[Entity]) -> Nature:
    nature = _BY_INDICATOR.get(breach.indicator, Nature.OTHER)
    if breach.outcome is Outcome.NOT_RUN:
        if nature is Nature.UNREADABLE or breach.details.get("cause") == "scan":
            return Nature.UNREADABLE
        # a column that is gone can be neither checked nor compared: that is a fault of its values
        return nature if columns else Nature.UNMEASURED
    if nature is Nature.LATE and breach.facet:
        return Nature.MISDATED
    if nature is Nature.QUALITY and _counts_rows(breach):
        return Nature.VOLUME
    return nature


def _counts_rows(breach: Measurement) -> bool:
    """Whether a quality rule is ODCS's ``rowCount``, by its metric or the end of its id."""
    named = (breach.metric, breach.facet.rpartition(".")[2])
    return any(name.lower().replace("_", "") == "rowcount" for name in named)


def _beside(graph: LineageGraph, node: Entity) -> frozenset[Entity]:
    if node.kind is not EntityKind.MODEL:
        return frozenset()
    read = {edge.source for edge in graph.incoming(node)}
    written = {edge.target for edge in graph.outgoing(node) if edge.kind is EdgeKind.PREDICTS}
    return frozenset(one for one in read | written if one.kind is EntityKind.DATASET)
