"""A model's place in the graph: what trains it, its versions, what it predicts and where it runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy
from governance_pipeline.vocabulary.review import ModelVersion


def model_nodes(model: ModelSpec, versions: Sequence[ModelVersion]) -> Iterable[Entity]:
    """The model, its registered versions and its deployments."""
    yield Entity.model(model.name)
    yield from (Entity.version(model.name, v.version) for v in versions if v.model == model.name)
    yield from (Entity.deployment(name) for name in model.deployments)


def model_edges(model: ModelSpec, versions: Sequence[ModelVersion], project: Project) -> Iterable[Edge]:
    """All edges to and from a model and its versions.

    The feature view's columns and the snapshot's columns are joined where the model file says that
    one is the other's baseline, so what is wrong at the source of a feature reaches the snapshot too.
    """
    here = Entity.model(model.name)
    evidence = model_file(model, project)
    snapshot = model.training.snapshot
    yield Edge(Entity.dataset(snapshot), here, EdgeKind.TRAINS, evidence=evidence)
    for read in _read_by(model):
        yield Edge(read, here, EdgeKind.FEEDS, evidence=evidence)
    for feature in model.features:
        column = Entity.column(feature.dataset, feature.name)
        learned = Entity.column(snapshot, feature.baseline_column)
        yield Edge(column, here, EdgeKind.TRAINS, evidence=evidence)
        if column != learned:
            yield Edge(column, learned, EdgeKind.FEEDS, evidence=evidence)
    for column in _learned_from(model, snapshot):
        yield Edge(column, here, EdgeKind.TRAINS, evidence=evidence)
    if model.predictions is not None:
        predictions = model.predictions
        yield Edge(here, Entity.dataset(predictions.dataset), EdgeKind.PREDICTS, evidence=evidence)
        for name in sorted({predictions.prediction, predictions.score or predictions.prediction}):
            column = Entity.column(predictions.dataset, name)
            yield Edge(here, column, EdgeKind.PREDICTS, evidence=evidence)
    for deployment in model.deployments:
        yield Edge(here, Entity.deployment(deployment), EdgeKind.DEPLOYED_TO, evidence=evidence)
    for version in versions:
        if version.model == model.name:
            yield from _version_edges(model, version, evidence, _registry(model, project))


def _read_by(model: ModelSpec) -> Iterable[Entity]:
    """What serves the model its features: datasets, and a service of a feature store."""
    yield from (Entity.dataset(name) for name in sorted({feature.dataset for feature in model.features}))
    if model.feature_service:
        yield Entity(EntityKind.FEATURE_SERVICE, model.feature_service)


def _version_edges(model: ModelSpec, version: ModelVersion, declared: str, registry: str) -> Iterable[Edge]:
    """What the registry says (discovered); where it names no snapshot, the model file's counts."""
    here = Entity.version(model.name, version.version)
    by = f" by {version.registered_by}" if version.registered_by else ""
    since = f"since {version.registered_at:%Y-%m-%d}{by}"
    yield Edge(here, Entity.model(model.name), EdgeKind.VERSION_OF, KnownBy.DISCOVERED, registry, since)
    for alias in version.environment.get("aliases", ()):
        pointed = Entity.deployment(f"{model.name}@{alias}")
        yield Edge(here, pointed, EdgeKind.DEPLOYED_TO, KnownBy.DISCOVERED, registry)
    snapshot, known_by, evidence = version.snapshot, KnownBy.DISCOVERED, registry
    if not snapshot:
        snapshot, known_by, evidence = model.training.snapshot, KnownBy.DECLARED, declared
    yield Edge(Entity.dataset(snapshot), here, EdgeKind.TRAINS, known_by, evidence)
    for column in _learned_from(model, snapshot):
        yield Edge(column, here, EdgeKind.TRAINS, known_by, evidence)


def _learned_from(model: ModelSpec, snapshot: str) -> list[Entity]:
    names = {feature.baseline_column for feature in model.features} | {model.training.label}
    return [Entity.column(snapshot, name) for name in sorted(names)]


def _registry(model: ModelSpec, project: Project) -> str:
    """The registry as people name it: a file from the project's folder, where it is inside."""
    if model.registry.mlflow is not None:
        return f"{model.registry.mlflow.connection}, model {model.registry.mlflow.name or model.name}"
    path = Path(str(model.registry.path))
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else path.as_posix()


def model_file(model: ModelSpec, project: Project) -> str:
    """A model's file: models/<name>.yaml, or the one file of models/ that is named like it."""
    found = [
        file
        for file in sorted(project.digests)
        if PurePosixPath(file).parent.name == "models" and PurePosixPath(file).stem == model.name
    ]
    return found[0] if found else "models"
