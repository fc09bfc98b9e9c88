"""Sources, feature views, training snapshots, models and versions as external assets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import dagster as dg

from assets.keys import dataset_key, entity_key, model_key, plain, version_key
from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.mermaid import mermaid
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.review import ModelVersion


def feature_store_specs(
    project: Project, graph: LineageGraph, versions: Sequence[ModelVersion]
) -> list[dg.AssetSpec]:
    """One external asset per dataset, model and model version, with lineage between them."""
    return [
        *(_dataset(project, contract, graph) for contract in project.contracts.values()),
        *(_model(project, model, graph) for model in project.models.values()),
        *(_version(version, graph) for version in versions),
    ]


def owners(charter: Charter, owner: str | None) -> list[str]:
    """Dagster owners: the team, else the person's mail address. Who has left is not named."""
    if owner is None:
        return []
    if charter.team(owner):
        return [f"team:{plain(owner)}"]
    return [person.mail for person in charter.members(owner, datetime.now(UTC).date())]


def _dataset(project: Project, contract: Contract, graph: LineageGraph) -> dg.AssetSpec:
    entity = Entity.dataset(contract.dataset)
    metadata: dict[str, object] = {
        "dagster/column_schema": _schema(contract),
        "dagster/table_name": contract.dataset,
        "contract": dg.MetadataValue.path(str(contract.file)),
        "purposes": ", ".join(f"{use.purpose} ({use.basis})" for use in contract.purposes) or "none declared",
    }
    lineage = _column_lineage(contract, graph)
    if lineage:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(lineage)
        metadata["column lineage"] = dg.MetadataValue.md(_lineage_table(lineage))
    if contract.vendor:
        metadata["vendor"] = contract.vendor
    return dg.AssetSpec(
        dataset_key(contract.dataset),
        description=contract.description or None,
        deps=_upstream(graph, entity),
        group_name=plain(contract.namespace or "datasets"),
        owners=owners(project.charter, contract.owner),
        kinds={contract.location.kind, str(contract.kind)[:20]},
        tags={"tier": project.tier(contract.dataset), "kind": str(contract.kind)},
        metadata=metadata,
    )


def _upstream(graph: LineageGraph, entity: Entity) -> list[dg.AssetKey]:
    """The assets next upstream; where lineage names a column, its dataset."""
    shown = (EntityKind.DATASET, EntityKind.COLUMN, EntityKind.MODEL, EntityKind.VERSION)
    keys = {entity_key(edge.source) for edge in graph.incoming(entity) if edge.source.kind in shown}
    return sorted(keys - {entity_key(entity)})


def _schema(contract: Contract) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.physical_type or column.logical_type or "unknown",
                description=column.description or None,
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=column.unique),
                tags={plain(tag): "" for tag in _column_tags(column)},
            )
            for column in contract.columns
        ]
    )


def _column_tags(column: Column) -> Iterable[str]:
    if column.personal:
        yield "personal"
    if column.sensitive:
        yield "sensitive"
    if column.classification:
        yield column.classification


def _column_lineage(contract: Contract, graph: LineageGraph) -> dict[str, list[dg.TableColumnDep]]:
    found: dict[str, list[dg.TableColumnDep]] = {}
    for column in contract.columns:
        sources = [
            dg.TableColumnDep(dataset_key(edge.source.dataset_name), edge.source.column_name)
            for edge in graph.incoming(Entity.column(contract.dataset, column.name))
            if edge.source.column_name
        ]
        if sources:
            found[column.name] = sources
    return found


def _lineage_table(lineage: dict[str, list[dg.TableColumnDep]]) -> str:
    """Column lineage for people: the open-source UI shows Dagster's own metadata as JSON only."""
    rows = [
        f"| {column} | {', '.join(f'{dep.asset_key.to_user_string()} . {dep.column_name}' for dep in deps)} |"
        for column, deps in lineage.items()
    ]
    return "\n".join(["| column | comes from |", "|---|---|", *rows])


def _model(project: Project, model: ModelSpec, graph: LineageGraph) -> dg.AssetSpec:
    entity = Entity.model(model.name)
    shown = {entity, *(n for n in graph.upstream(entity) if n.kind is EntityKind.DATASET)}
    return dg.AssetSpec(
        model_key(model.name),
        description=model.description or model.title or None,
        deps=_upstream(graph, entity),
        group_name="models",
        owners=owners(project.charter, model.owner),
        kinds={"model"},
        tags={"tier": model.tier},
        metadata={
            "purpose": model.purpose,
            "sensitive attributes": ", ".join(a.column for a in model.sensitive_attributes)
            or "none declared",
            "rollback": f"{model.rollback.target}: {model.rollback.plan}",
            "lineage": dg.MetadataValue.md(f"```mermaid\n{mermaid(graph, shown)}\n```"),
        },
    )


def _version(version: ModelVersion, graph: LineageGraph) -> dg.AssetSpec:
    return dg.AssetSpec(
        version_key(version.model, version.version),
        description=f"Version {version.version} of {version.model}, {version.stage}.",
        deps=_upstream(graph, Entity.version(version.model, version.version)),
        group_name="models",
        kinds={"model"},
        tags={"stage": plain(version.stage)},
        metadata={
            "artefact digest": version.digest,
            "registered": version.registered_at.isoformat(),
            "registered by": version.registered_by or "unknown",
            **{f"metric {plain(name)}": value for name, value in version.metrics.items()},
        },
    )
