"""The lineage graph that questions are asked of, with what else is known of its nodes: of now, or of a past
night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.stages import services
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.knowledge import known_graph, known_versions
from governance_pipeline.store.ports import NightRecord, Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Node
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True)
class Seen:
    """What there is to ask.

    Attributes:
        as_of: the past night that was asked for; None for now.
        night: of the measurements and the risks; None before the first night.
    """

    project: Project
    graph: LineageGraph
    nodes: Sequence[Node]
    night: date | None
    measured: Sequence[Measurement]
    risks: Mapping[Entity, RiskScore]
    as_of: date | None = None


def seen(project: Project, store: Store, as_of: date | None) -> Seen:
    """The graph as it is now, or as the night ``as_of`` recorded it.

    Raises:
        NotFound: that night recorded none.
    """
    with store.reading() as unit:
        latest = unit.nights.latest() if as_of is None else recorded_night(unit, as_of)
        night = latest.night if latest is not None else None
        measured = unit.measurements.of_night(night) if night else ()
        risks = {one.entity: one for one in unit.risks.of_night(night)} if night else {}
        if as_of is not None:
            graph, nodes = recorded(unit, as_of)
            return Seen(project, graph, nodes, night, measured, risks, as_of)
    now = services.utc_now()
    versions = discover(project, now, known=known_versions(project, store)).all_versions
    built = known_graph(project, store, versions, now.date(), now)
    return Seen(project, built.graph, built.nodes, night, measured, risks)


def recorded(unit: Unit, night: date) -> tuple[LineageGraph, Sequence[Node]]:
    """The graph that a night recorded."""
    nodes = unit.lineage.nodes_of_night(night)
    return LineageGraph.of(unit.lineage.of_night(night), [node.entity for node in nodes]), nodes


def recorded_night(unit: Unit, night: date) -> NightRecord:
    """The record of a night. Raises NotFound, naming the last one, where there is none."""
    found = unit.nights.get(night)
    if found is None:
        latest = unit.nights.latest()
        hint = f"the last recorded night is {latest.night}" if latest else "run `governance nightly` first"
        raise NotFound(f"the night of {night} is not recorded", hint=hint)
    return found


def known(graph: LineageGraph, text: str) -> Entity:
    """The node that a person means.

    Raises:
        UsageError: it does not say what kind of thing it is.
        NotFound: the graph has no such node.
    """
    meant = sorted(str(node) for node in graph.nodes if node.name == text)
    if meant:
        raise UsageError(f"'{text}' does not say what it is", hint=f"write {' or '.join(meant)}")
    entity = Entity.parse(text)
    if entity not in graph.nodes:
        near = get_close_matches(text, [str(node) for node in graph.nodes], n=1)
        hint = (
            f"did you mean '{near[0]}'?" if near else "see `governance validate --explain` for the datasets"
        )
        raise NotFound(f"the lineage has no '{text}'", hint=hint)
    return entity
