"""Sources, feature views, training snapshots, models and versions as external assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from assets.keys import FEATURE_STORE, MODELS, dataset_key, entity_key, model_key, plain, version_key
from assets.lineage import column_lineage, reaches, traces_back, upstream_assets
from assets.markdown import numbered
from assets.owners import owner_words, owners
from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.review import ModelVersion

_SERVED = (EntityKind.FEATURE_VIEW, EntityKind.FEATURE_SERVICE)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What every spec is made from."""

    project: Project
    graph: LineageGraph
    discovery: Discovery
    upstream: Mapping[Entity, Sequence[dg.AssetKey]]
    today: date


def feature_store_specs(
    project: Project, graph: LineageGraph, discovery: Discovery, today: date
) -> list[dg.AssetSpec]:
    """One external asset per dataset, model and model version, with lineage between them; and one for
    every table that is read but has no contract. Owners are those of ``today``.
    """
    shelf = _Shelf(project, graph, discovery, upstream_assets(graph), today)
    uncontracted = sorted(node for node in graph.nodes if node.kind is EntityKind.SOURCE)
    served = sorted(node for node in graph.nodes if node.kind in _SERVED)
    specs = (
        *(_dataset(shelf, contract) for contract in project.contracts.values()),
        *(_model(shelf, model) for model in project.models.values()),
        *(_version(shelf, version) for version in discovery.all_versions),
        *(_source(shelf, source) for source in uncontracted),
        *(_served(shelf, node) for node in served),
    )
    found: dict[dg.AssetKey, dg.AssetSpec] = {}
    for spec in specs:
        found.setdefault(spec.key, spec)  # what other tools call alike is one asset
    return list(found.values())


def _dataset(shelf: _Shelf, contract: Contract) -> dg.AssetSpec:
    project, entity = shelf.project, Entity.dataset(contract.dataset)
    found = owners(project.charter, contract.owner, shelf.today)
    steward = project.charter.person(project.charter.steward)
    metadata: dict[str, Any] = {
        "dagster/table_name": contract.dataset,
        "dagster/column_schema": _schema(contract),
        "contract": dg.MetadataValue.path(f"{contract.file}:{max(contract.line, 1)}"),
        "owner": owner_words(project.charter, contract.owner, shelf.today),
        "purposes": ", ".join(f"{use.purpose} ({use.basis})".replace("_", " ") for use in contract.purposes)
        or "none declared",
        **column_lineage(contract, shelf.graph),
        **reaches(shelf.graph, entity),
    }
    if not found and steward is not None:
        metadata["answered for by"] = f"{steward.name}, the steward, until there is an owner"
    if contract.vendor:
        metadata["vendor"] = contract.vendor
    return dg.AssetSpec(
        dataset_key(contract.dataset),
        description=contract.description or None,
        deps=shelf.upstream.get(entity, ()),
        group_name=plain(contract.namespace or "datasets"),
        owners=found,
        kinds={contract.location.kind, str(contract.kind).replace("_", " ")},
        tags=_tags(project, contract),
        metadata=metadata,
    )


def _tags(project: Project, contract: Contract) -> dict[str, str]:
    tags = {"risk_tier": project.tier(contract.dataset), "dataset_kind": str(contract.kind)}
    if any(column.personal for column in contract.columns):
        tags["personal_data"] = ""
    if contract.sensitive_columns:
        tags["sensitive_attributes"] = ""
    if contract.vendor:
        tags["from_vendor"] = ""
    return tags


def _schema(contract: Contract) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.physical_type or column.logical_type or "unknown",
                description=column.description or None,
                constraints=dg.TableColumnConstraints(
                    nullable=not (column.required or column.primary_key),
                    unique=column.unique or contract.primary_key == (column.name,),
                ),
                tags={plain(tag): "" for tag in _column_tags(column)},
            )
            for column in contract.columns
        ]
    )


def _column_tags(column: Column) -> Iterable[str]:
    if column.primary_key:
        yield "primary_key"
    if column.personal:
        yield "personal"
    if column.sensitive:
        yield "sensitive"
    if column.classification:
        yield column.classification


def _model(shelf: _Shelf, model: ModelSpec) -> dg.AssetSpec:
    project, entity = shelf.project, Entity.model(model.name)
    problems = shelf.discovery.problems.get(model.name, ())
    sensitive = ", ".join(a.title or a.column for a in model.sensitive_attributes)
    return dg.AssetSpec(
        model_key(model.name),
        description=model.description or model.title or None,
        deps=shelf.upstream.get(entity, ()),
        group_name=MODELS,
        owners=owners(project.charter, model.owner, shelf.today),
        kinds={"model"},
        tags={"risk_tier": model.tier},
        metadata={
            "owner": owner_words(project.charter, model.owner, shelf.today),
            "purpose": model.purpose,
            "features": len(model.features),
            "sensitive attributes": sensitive or "none declared",
            "rollback": f"{model.rollback.target.replace('_', ' ')}: {model.rollback.plan}",
            **({"registry problems": numbered(problems)} if problems else {}),
            **traces_back(project, shelf.graph, entity, shelf.today),
        },
    )


def _version(shelf: _Shelf, version: ModelVersion) -> dg.AssetSpec:
    project, entity = shelf.project, Entity.version(version.model, version.version)
    people = {person.id: person.name for person in project.charter.people}
    model = project.models.get(version.model)
    return dg.AssetSpec(
        version_key(version.model, version.version),
        description=f"Version {version.version} of {version.model}, in the registry as {version.stage}.",
        deps=shelf.upstream.get(entity, ()),
        group_name=MODELS,
        owners=owners(project.charter, model.owner, shelf.today) if model else [],
        kinds={"model version"},
        tags={"stage": plain(version.stage)},
        metadata={
            "registered": version.registered_at.strftime("%Y-%m-%d %H:%M UTC"),
            "registered by": people.get(version.registered_by, version.registered_by) or "unknown",
            "trained by": people.get(version.trained_by, version.trained_by) or "unknown",
            "trained on": version.snapshot or "unknown",
            "artefact digest": version.digest,
            **{f"metric {plain(name)}": float(value) for name, value in version.metrics.items()},
            **traces_back(project, shelf.graph, entity, shelf.today),
        },
    )


def _served(shelf: _Shelf, node: Entity) -> dg.AssetSpec:
    kind = str(node.kind).replace("_", " ")
    return dg.AssetSpec(
        entity_key(node),
        description=f"The {kind} {node.name} of a feature store, as the last night read it.",
        deps=shelf.upstream.get(node, ()),
        group_name=FEATURE_STORE,
        kinds={kind},
        metadata=reaches(shelf.graph, node),
    )


def _source(shelf: _Shelf, source: Entity) -> dg.AssetSpec:
    return dg.AssetSpec(
        entity_key(source),
        deps=shelf.upstream.get(source, ()),
        description="This table is read but has no contract: nobody answers for it and nothing measures it.",
        group_name="without_contract",
        kinds={"source"},
    )
