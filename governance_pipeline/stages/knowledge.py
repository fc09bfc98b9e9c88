"""The graph as it is known by day: what the project says now, with what the last night and events know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build import BuiltGraph, build
from governance_pipeline.stages.places import recorded_places
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.review import ModelVersion


def known_graph(
    project: Project, store: Store, versions: Sequence[ModelVersion], night: date, as_of: datetime
) -> BuiltGraph:
    """The graph that a night would build, without asking other tools again.

    Args:
        versions: registered model versions.
        night: what the newest night recorded on or before it knew from ``catalog`` stands.
        as_of: OpenLineage events up to then count.
    """
    with store.reading() as unit:
        tellings = unit.lineage_events.as_of(as_of)
    return build(project, versions, tellings, recorded_places(store, project, night).readings)


def known_versions(project: Project, store: Store) -> tuple[ModelVersion, ...]:
    """The versions of the project's models that nights have found."""
    with store.reading() as unit:
        return tuple(version for model in project.models for version in unit.versions.of_model(model))
