"""The project's lineage graph, from what its files declare, its SQL says and its registries hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build_catalog import join_readings
from governance_pipeline.lineage.build_contracts import contract_edges, contract_nodes, model_answers
from governance_pipeline.lineage.build_models import model_edges, model_file, model_nodes
from governance_pipeline.lineage.build_sql import SqlFindings, sql_findings
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.observed import observed
from governance_pipeline.lineage.places import Places
from governance_pipeline.lineage.table_names import TableNames
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node, Reading
from governance_pipeline.vocabulary.openlineage import Telling
from governance_pipeline.vocabulary.review import ModelVersion

_STRENGTH = {KnownBy.DECLARED: 0, KnownBy.OBSERVED: 1, KnownBy.DISCOVERED: 2}


@dataclass(frozen=True, slots=True)
class BuiltGraph:
    """The graph, and what could not be read into it.

    Attributes:
        not_understood: ``datasets/x.odcs.yaml:12: why``, one per piece of SQL that was not followed.
        nodes: what contracts, OpenLineage events and other tools' catalogues say of nodes beside their
            edges.
    """

    graph: LineageGraph
    not_understood: tuple[str, ...] = field(default=())
    nodes: tuple[Node, ...] = ()


def build_graph(
    project: Project,
    versions: Sequence[ModelVersion],
    tellings: Sequence[Telling] = (),
    readings: Sequence[Reading] = (),
) -> LineageGraph:
    """The graph alone; see :func:`build`."""
    return build(project, versions, tellings, readings).graph


def build(
    project: Project,
    versions: Sequence[ModelVersion],
    tellings: Sequence[Telling] = (),
    readings: Sequence[Reading] = (),
) -> BuiltGraph:
    """Nodes for every dataset, column, model, version and deployment; edges from the contracts
    (declared), from their SQL and other tools' catalogues (discovered) and from OpenLineage events
    (observed). The same project, versions, tellings and readings give the same graph.

    A table that is read but has no contract is a ``source:`` node, so that provenance can see that
    nobody answers for it. An edge found twice keeps the declared one's evidence and the discovered
    one's SQL.
    """
    names = table_names(project)
    edges: list[Edge] = []
    nodes: set[Entity] = set()
    described: list[Node] = []
    not_understood: list[str] = []
    for contract in project.contracts.values():
        nodes.add(Entity.dataset(contract.dataset))
        nodes.update(Entity.column(contract.dataset, column.name) for column in contract.columns)
        place = _Place(project.root, contract)
        edges.extend(_declared(contract, place, project.contracts))
        uses = [place.at(use.line) for use in contract.purposes]
        edges.extend(contract_edges(contract, place.at(contract.line), uses))
        lines = [place.at(column.line) for column in contract.columns]
        described.extend(contract_nodes(contract, place.at(contract.line), lines))
        found = sql_findings(contract, dialect_of(project, contract), names)
        edges.extend(_discovered(contract, found, place, project.contracts))
        not_understood.extend(f"{place.at(line)}: {reason}" for line, reason in found.not_understood)
    registered = sorted(versions, key=lambda version: (version.model, version.version))
    for model in project.models.values():
        edges.extend(model_edges(model, registered, project))
        edges.extend(model_answers(model, model_file(model, project)))
        nodes.update(model_nodes(model, registered))
    if tellings:
        seen = observed(tellings, Places(project))
        edges.extend(seen.edges)
        described.extend(seen.nodes)
    joined = join_readings(project, readings)
    edges.extend(joined.edges)
    described.extend(joined.nodes)
    nodes.update(node.entity for node in described)
    graph = LineageGraph.of(_merged(edges), nodes)
    return BuiltGraph(graph, (*not_understood, *joined.not_understood), tuple(described))


class _Place:
    """Where in the project a contract says something."""

    def __init__(self, root: Path, contract: Contract) -> None:
        file = contract.file
        self._file = (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()
        self._line = contract.line

    def at(self, line: int) -> str:
        line = line or self._line
        return f"{self._file}:{line}" if line else self._file


def _table(name: str, contracts: Mapping[str, Contract]) -> Entity:
    return Entity.dataset(name) if name in contracts else Entity.source(name)


def _declared(contract: Contract, place: _Place, contracts: Mapping[str, Contract]) -> Iterable[Edge]:
    here = Entity.dataset(contract.dataset)
    for upstream in contract.upstream:
        if upstream != contract.dataset:
            yield Edge(_table(upstream, contracts), here, EdgeKind.FEEDS, evidence=place.at(contract.line))
    for column in contract.columns:
        for source in column.sources:
            yield from _column_edges(
                Edge(
                    Entity.column(source.dataset, source.column),
                    Entity.column(contract.dataset, column.name),
                    EdgeKind.FEEDS,
                    evidence=place.at(column.line),
                    transformation=column.transform_logic or column.transform_description,
                ),
                contracts,
            )


def _discovered(
    contract: Contract, found: SqlFindings, place: _Place, contracts: Mapping[str, Contract]
) -> Iterable[Edge]:
    here = Entity.dataset(contract.dataset)
    for table in sorted(found.tables - {contract.dataset}):
        yield Edge(
            _table(table, contracts),
            here,
            EdgeKind.FEEDS,
            KnownBy.DISCOVERED,
            evidence=place.at(contract.line),
        )
    for item in found.columns:
        target = Entity.column(contract.dataset, item.column)
        for table, column in item.sources:
            if Entity.column(table, column) != target:
                yield from _column_edges(
                    Edge(
                        Entity.column(table, column),
                        target,
                        EdgeKind.FEEDS,
                        KnownBy.DISCOVERED,
                        evidence=place.at(item.line),
                        transformation=item.transformation,
                    ),
                    contracts,
                )


def _column_edges(edge: Edge, contracts: Mapping[str, Contract]) -> Iterable[Edge]:
    """A column's edge, and with it the edge between the tables that it implies."""
    yield edge
    if edge.source.dataset_name != edge.target.dataset_name:
        yield replace(
            edge,
            source=_table(edge.source.dataset_name, contracts),
            target=Entity.dataset(edge.target.dataset_name),
            transformation="",
        )


def _merged(edges: Iterable[Edge]) -> Iterable[Edge]:
    """One edge per source, target and kind: the strongest knowledge first, then the first in order."""
    best: dict[tuple[Entity, Entity, EdgeKind], Edge] = {}
    for edge in edges:
        key = (edge.source, edge.target, edge.kind)
        held = best.get(key)
        if held is None:
            best[key] = edge
            continue
        weaker = _STRENGTH[edge.known_by] >= _STRENGTH[held.known_by]
        first, second = (held, edge) if weaker else (edge, held)
        adds = second.transformation and not first.transformation
        best[key] = replace(first, transformation=second.transformation) if adds else first
    return best.values()


def table_names(project: Project) -> TableNames:
    """The project's datasets by every name that SQL may call their tables."""
    physical: dict[str, str] = {}
    for name, contract in project.contracts.items():
        place = contract.location
        if place.table:
            physical[f"{place.schema}.{place.table}" if place.schema else place.table] = name
    schemas = {name: _names(contract.columns) for name, contract in project.contracts.items()}
    return TableNames(schemas, {key: name for key, name in physical.items() if key not in schemas})


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


_DIALECTS = {
    "postgresql": "postgres",
    "mssql": "tsql",
    "mariadb": "mysql",
    "awsathena": "athena",
    "sc": "spark",
}


def dialect_of(project: Project, contract: Contract) -> str:
    """Name the SQL dialect of the engine that holds the table; files are read by DuckDB."""
    if not contract.location.connection:
        return "duckdb"
    connection = project.settings.connections.get(contract.location.connection)
    backend = connection.url.partition(":")[0].partition("+")[0] if connection else ""
    known = {
        "mysql",
        "snowflake",
        "bigquery",
        "redshift",
        "databricks",
        "spark",
        "trino",
        "oracle",
        "sqlite",
        "duckdb",
    }
    return _DIALECTS.get(backend, backend if backend in known else "")
