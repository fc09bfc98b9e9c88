"""What follows downstream of a breach, and who answers for it: pure, from the lineage graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.response.questions import SCAN
from governance_pipeline.response.routes import owner_name
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import Incident
from governance_pipeline.vocabulary.risk import RiskScore

_NAMED = (EntityKind.MODEL, EntityKind.DATASET)


@dataclass(frozen=True, slots=True)
class Affected:
    """A dataset or model downstream; ``owner`` is a name to be read, ``risk`` its score tonight."""

    entity: Entity
    owner: str
    risk: RiskScore | None


@dataclass(frozen=True, slots=True)
class Effects:
    """Looks up what is downstream, with owners and risk, for one night."""

    graph: LineageGraph
    project: Project
    night: date
    risks: Mapping[Entity, RiskScore]
    columns: Mapping[str, tuple[Entity, ...]]

    @classmethod
    def of(cls, graph: LineageGraph, project: Project, night: date, risks: Iterable[RiskScore]) -> Effects:
        columns: dict[str, list[Entity]] = {}
        for node in graph.nodes:
            if node.kind is EntityKind.COLUMN:
                columns.setdefault(node.dataset_name, []).append(node)
        ordered = {name: tuple(sorted(found)) for name, found in columns.items()}
        return cls(graph, project, night, {risk.entity: risk for risk in risks}, ordered)

    def below(self, incidents: Iterable[Incident]) -> list[Affected]:
        """Datasets and models downstream of any of ``incidents``: models first, riskiest first."""
        own: set[Entity] = set()
        reached: set[Entity] = set()
        for incident in incidents:
            own.add(_whole(incident.entity))
            for start in self._starts(incident):
                reached.update(_whole(node) for node in (start, *self.graph.downstream(start)))
        found = [self._affected(e) for e in reached - own if e.kind in _NAMED]
        return sorted(found, key=_rank)

    def _starts(self, incident: Incident) -> Iterator[Entity]:
        """The column where the graph knows it, else the dataset with all its columns."""
        entity = incident.entity
        column = column_of(incident, self.project)
        if column and (node := Entity.column(entity.dataset_name, column)) in self.graph.nodes:
            yield node
            return
        yield entity
        if entity.kind is EntityKind.DATASET:
            yield from self.columns.get(entity.name, ())

    def _affected(self, entity: Entity) -> Affected:
        if entity.kind is EntityKind.MODEL:
            model = self.project.models.get(entity.name)
            owner = model.owner if model else None
        else:
            contract = self.project.contracts.get(entity.name)
            owner = contract.owner if contract else None
        charter = self.project.charter
        present = owner and charter.members(owner, self.night)
        return Affected(
            entity, owner_name(charter, owner) if owner and present else "", self.risks.get(entity)
        )


def column_of(incident: Incident, project: Project) -> str:
    """The column a breach is about, "" where it is about the whole.

    It stands in the entity, or in the facet: as itself, before an ``@`` (``ratio@model``), or as a
    contract rule's.
    """
    if incident.entity.column_name:
        return incident.entity.column_name
    contract = project.contracts.get(incident.entity.name)
    if contract is None or incident.indicator == SCAN:
        return ""
    name = incident.facet.partition("@")[0]
    if contract.column(name):
        return name
    rule = next((rule for rule in contract.rules if rule.id == incident.facet), None)
    return (rule.column or "") if rule else ""


def _whole(entity: Entity) -> Entity:
    """The dataset of a column, the model of a version, else the entity itself."""
    if entity.kind is EntityKind.COLUMN:
        return Entity.dataset(entity.dataset_name)
    if entity.kind is EntityKind.VERSION:
        return Entity.model(entity.name.partition("/")[0])
    return entity


def _rank(affected: Affected) -> tuple[int, float, str]:
    score = affected.risk.score if affected.risk else 0.0
    return (_NAMED.index(affected.entity.kind), -score, affected.entity.name)
