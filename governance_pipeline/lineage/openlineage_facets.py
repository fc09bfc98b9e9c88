"""What is known of a dataset whatever the night: schema, owner, place, description, column lineage.

Imports openlineage: import this module where events are made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    datasource_dataset,
    documentation_dataset,
    ownership_dataset,
    schema_dataset,
)

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind

_NAME_ONLY = re.compile(r'^[\w"`]+(\.[\w"`]+)*$')
_AGGREGATES = re.compile(r"\b(sum|avg|count|min|max|median|stddev|variance)\s*\(", re.IGNORECASE)


@dataclass
class DatasetFacets:
    """Makes the facets of datasets, each once."""

    project: Project
    profiles: Mapping[str, Profile]
    graph: LineageGraph
    environ: Mapping[str, str]
    producer: str
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, Any]:
        """The facets of one dataset by facet name."""
        if name not in self.made:
            self.made[name] = self._make(self.project.contracts[name])
        return self.made[name]

    def _make(self, contract: Contract) -> dict[str, Any]:
        facets: dict[str, Any] = {"schema": self._schema(contract)}
        place = self._place(contract)
        if place is not None:
            facets["dataSource"] = place
        if contract.owner:
            kind = "team" if self.project.charter.team(contract.owner) else "user"
            owner = ownership_dataset.Owner(name=f"{kind}:{contract.owner}", type="OWNER")
            facets["ownership"] = ownership_dataset.OwnershipDatasetFacet(
                owners=[owner], producer=self.producer
            )
        if contract.description:
            facets["documentation"] = documentation_dataset.DocumentationDatasetFacet(
                description=contract.description, producer=self.producer
            )
        lineage = self._column_lineage(contract)
        if lineage:
            facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(
                fields=lineage, producer=self.producer
            )
        return facets

    def _schema(self, contract: Contract) -> schema_dataset.SchemaDatasetFacet:
        """The columns as the scan found them; as promised where nothing was scanned."""
        profile = self.profiles.get(contract.dataset)
        promised = [(c.name, c.physical_type or c.logical_type) for c in contract.columns]
        fields = []
        for position, (name, kind) in enumerate(profile.schema if profile else promised, start=1):
            column = contract.column(name)
            fields.append(
                schema_dataset.SchemaDatasetFacetFields(
                    name=name,
                    type=kind or None,
                    description=(column.description or None) if column else None,
                    ordinal_position=position,
                )
            )
        return schema_dataset.SchemaDatasetFacet(fields=fields, producer=self.producer)

    def _place(self, contract: Contract) -> datasource_dataset.DatasourceDatasetFacet | None:
        """Where the rows are: a path inside the project, or a database without its credentials."""
        location = contract.location
        if not location.connection:
            root = f"{self.project.root.as_posix()}/"
            inside = location.path.removeprefix(root)
            uri = None if inside.startswith("/") else f"file:{quote(inside)}"
            return datasource_dataset.DatasourceDatasetFacet(
                name=location.kind, uri=uri, producer=self.producer
            )
        connection = self.project.settings.connections.get(location.connection)
        try:
            url = urlsplit(resolve_env(connection.url, self.environ)) if connection else None
            port = f":{url.port}" if url and url.port else ""
        except (UsageError, ValueError):
            return None
        if url is None:
            return None
        path = url.path.partition(";")[0]  # what follows in Spark Connect's URLs may be a token
        uri = f"{url.scheme.partition('+')[0]}://{url.hostname or ''}{port}{path}"
        return datasource_dataset.DatasourceDatasetFacet(
            name=location.connection, uri=uri, producer=self.producer
        )

    def _column_lineage(self, contract: Contract) -> dict[str, column_lineage_dataset.Fields]:
        found: dict[str, column_lineage_dataset.Fields] = {}
        for column in contract.columns:
            edges = self.graph.incoming(Entity.column(contract.dataset, column.name))
            inputs = [self._input(edge) for edge in edges if _between_columns(edge)]
            if inputs:
                found[column.name] = column_lineage_dataset.Fields(inputFields=inputs)
        return found

    def _input(self, edge: Edge) -> column_lineage_dataset.InputField:
        same = _NAME_ONLY.match(edge.transformation) is not None
        aggregated = "AGGREGATION" if _AGGREGATES.search(edge.transformation) else "TRANSFORMATION"
        transformation = column_lineage_dataset.Transformation(
            type="DIRECT",
            subtype="IDENTITY" if same else aggregated,
            description=edge.transformation or None,
            masking=False,
        )
        return column_lineage_dataset.InputField(
            namespace=self.project.settings.name,
            name=edge.source.dataset_name,
            field=edge.source.column_name or "",
            transformations=[transformation] if edge.transformation else [],
        )


def _between_columns(edge: Edge) -> bool:
    return edge.kind is EdgeKind.FEEDS and edge.source.kind is EntityKind.COLUMN
