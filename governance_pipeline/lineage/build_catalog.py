"""Puts what other tools' catalogues say into the project's graph, under the names its contracts have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from governance_pipeline.catalog.reader import DATASET, plain
from governance_pipeline.charter.contract import DatasetKind
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.places import Places
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node, Reading

_OF_MODELS = {EntityKind.MODEL: "", EntityKind.VERSION: "/", EntityKind.DEPLOYMENT: "@"}


@dataclass(frozen=True, slots=True)
class Joined:
    """The edges and nodes of all readings, under the project's names."""

    edges: tuple[Edge, ...] = ()
    nodes: tuple[Node, ...] = ()
    not_understood: tuple[str, ...] = ()


def join_readings(project: Project, readings: Sequence[Reading]) -> Joined:
    """Rename what a contract describes: a table by where it is, a person by the mail address.

    A table is joined where exactly one contract says that it stands at that place; its columns follow,
    in the contract's spelling. So is a feature view whose contract names it, or whose rows are those of
    a table that a contract describes as a feature view. Everything else keeps the reader's name.
    """
    names = _Names(project)
    unclear: list[str] = []
    for reading in readings:
        unclear.extend(names.learn(reading))
    names.learn_views(readings)
    unclear.extend(names.unknown_models(readings))
    edges = [
        renamed for reading in readings for edge in reading.edges if (renamed := names.edge(edge)) is not None
    ]
    nodes = [replace(node, entity=names.of(node.entity)) for reading in readings for node in reading.nodes]
    not_understood = [why for reading in readings for why in reading.not_understood]
    return Joined(tuple(edges), tuple(nodes), (*not_understood, *unclear))


class _Names:
    """From a reader's names to the project's."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._places = Places(project)
        self._datasets: dict[str, str] = {}  # a reader's table to the dataset
        self._views: dict[str, str] = {}  # a reader's feature view to the dataset
        self._known = {
            EntityKind.SOURCE: self._datasets,
            EntityKind.COLUMN: self._datasets,
            EntityKind.FEATURE_VIEW: self._views,
            EntityKind.FEATURE: self._views,
        }
        self._models = dict(_registered(project))
        self._described: set[str] = set()  # models that a reader knows more of than their name
        self._people = {person.mail.lower(): person.id for person in project.charter.people}

    def learn(self, reading: Reading) -> Iterable[str]:
        """Find the contract of each table that is read of; says where several could be meant."""
        for node in reading.nodes:
            if node.entity.kind is EntityKind.MODEL:
                self._described.add(node.entity.name)
            if node.entity.kind is not EntityKind.SOURCE:
                continue
            found = [
                c.dataset for c in self._project.contracts.values() if self._places.stands_at(c, node.facts)
            ]
            if not found and node.facts.get(DATASET) in self._project.contracts:
                found = [node.facts[DATASET]]
            if len(found) == 1:
                self._datasets[node.entity.name] = found[0]
            elif found:
                several = " or ".join(found)
                yield f"{node.evidence}: {node.entity.name} could be {several}; it is joined to none"

    def learn_views(self, readings: Sequence[Reading]) -> None:
        """Find the contract of each feature view. Where two views have the rows of one table, neither is
        that table's dataset; both are fed by it.
        """
        views = {
            node.entity: node
            for reading in readings
            for node in reading.nodes
            if node.entity.kind is EntityKind.FEATURE_VIEW
        }
        contracts = self._project.contracts.values()
        for contract in contracts:
            if contract.kind is not DatasetKind.FEATURE_VIEW:
                continue
            named = [entity for entity in views if entity.name == contract.feature_view]
            there = [entity for entity, node in views.items() if self._places.stands_at(contract, node.facts)]
            found = named if contract.feature_view else there
            if len(found) == 1:
                self._views[found[0].name] = contract.dataset

    def unknown_models(self, readings: Sequence[Reading]) -> Iterable[str]:
        """Say which models other tools name that the project does not have."""
        for reading in readings:
            for edge in reading.edges:
                if self._is_unknown_model(edge.target):
                    yield f"{edge.evidence}: it names the model '{edge.target.name}', which is not governed"

    def _is_unknown_model(self, entity: Entity) -> bool:
        if entity.kind is not EntityKind.MODEL or entity.name in self._described:
            return False
        return self._models.get(entity.name, entity.name) not in self._project.models

    def of(self, entity: Entity) -> Entity:
        if entity.kind is EntityKind.PERSON:
            return Entity(EntityKind.PERSON, self._people.get(entity.name.lower(), entity.name))
        if entity.kind in _OF_MODELS:
            return self._of_model(entity)
        known = self._known.get(entity.kind)
        dataset = known.get(entity.dataset_name) if known is not None else None
        if dataset is None:
            return entity
        if entity.column_name is None:
            return Entity.dataset(dataset)
        cased = {column.name.lower(): column.name for column in self._project.contracts[dataset].columns}
        name = cased.get(entity.column_name.lower(), entity.column_name)
        return Entity.column(dataset, name)

    def _of_model(self, entity: Entity) -> Entity:
        """A registered model, its versions and its aliases, under the name of the model governed here."""
        sign = _OF_MODELS[entity.kind]
        name, found, rest = entity.name.rpartition(sign) if sign else (entity.name, "", "")
        known = self._models.get(name)
        return entity if known is None else Entity(entity.kind, f"{known}{found}{rest}")

    def edge(self, edge: Edge) -> Edge | None:
        """Under the project's names; None where both ends are one, or the model is none of the project."""
        source, target = self.of(edge.source), self.of(edge.target)
        is_own_column = edge.kind is EdgeKind.PART_OF and target.kind is EntityKind.DATASET
        if source == target or is_own_column or self._is_unknown_model(target):
            return None
        return replace(edge, source=source, target=target)


def _registered(project: Project) -> Iterable[tuple[str, str]]:
    """From ``connection/name`` of a registered model to the one model whose registry it is."""
    found: dict[str, list[str]] = {}
    for model in project.models.values():
        if model.registry.mlflow is not None:
            registry = model.registry.mlflow
            name = plain(registry.name or model.name, "/")
            found.setdefault(f"{registry.connection}/{name}", []).append(model.name)
    return ((name, models[0]) for name, models in found.items() if len(models) == 1)
