"""Where the version comes from: the graph above it, as JSON, as Mermaid, and told in sentences."""

from __future__ import annotations

from typing import Any

from governance_pipeline.lineage.impact import steps
from governance_pipeline.lineage.mermaid import mermaid
from governance_pipeline.lineage.story import Told, tell
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.json_form import jsonable

_DRAWN = frozenset({EntityKind.SOURCE, EntityKind.DATASET, EntityKind.MODEL, EntityKind.VERSION})


def subject(record: Record) -> Entity:
    """The node that the story is of: the version, or the model where the graph has no version."""
    version = Entity.version(record.model.name, record.version.version)
    return version if version in record.night.graph.nodes else Entity.model(record.model.name)


def lineage_json(record: Record) -> dict[str, Any]:
    """``lineage.json``: each step upstream with its evidence, nearest first."""
    graph, start = record.night.graph, subject(record)
    return {
        "of": str(start),
        "night": record.night.seal.night.isoformat() if record.night.seal else None,
        "steps": jsonable(steps(graph, start, upstream=True)),
        "story": [jsonable(one) for one in story(record)],
    }


def lineage_mermaid(record: Record) -> str:
    """``lineage.mmd``: datasets and models; columns would make it unreadable."""
    graph, start = record.night.graph, subject(record)
    return mermaid(graph, [node for node in graph.distances(start, down=False) if node.kind in _DRAWN])


def story(record: Record) -> tuple[Told, ...]:
    """The lineage in sentences, nearest first; the measurements in it are told elsewhere."""
    return tell(record.night.graph, subject(record), nodes=record.night.nodes)
