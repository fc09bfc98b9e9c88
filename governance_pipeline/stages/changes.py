"""What changed in feature stores and registries since a recorded night, as milestones.

Both sides of a comparison are what nights recorded, so a night that is run again finds the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from governance_pipeline.catalog.reader import NAME
from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews import milestones as rules
from governance_pipeline.reviews.milestones import ViewChange
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import FEATURE_VIEW_ROLES, Edge, EdgeKind, Node
from governance_pipeline.vocabulary.review import Milestone
from governance_pipeline.vocabulary.risk import RiskScore


def changed_views(
    store: Store,
    project: Project,
    night: date,
    base: date,
    graph: LineageGraph,
    nodes: Sequence[Node],
    discovery: Discovery,
) -> list[Milestone]:
    """One milestone for each model that reads views which are not what they were at the night ``base``.

    A view that is new is no change, nor is one of a place that governance.yaml names no more. What was not
    read tonight stands as it did, and so has not changed.
    """
    places = {place.by for place in project.settings.catalog}
    if not places:
        return []
    with store.reading() as unit:
        earlier = unit.lineage.nodes_of_night(base)
    was = _Views([node for node in earlier if node.by in places])
    found = list(was.compared_with(_Views(nodes)))
    if not found:
        return []
    then = _graph_of(store, base) if any(change.is_gone for change in found) else graph
    milestones: list[Milestone] = []
    for name in project.models:
        read = [change for change in found if _reads(name, change, then if change.is_gone else graph)]
        serving = discovery.serving(name)
        if read and serving is not None:
            milestones.append(rules.feature_store_change(night, serving, read, base))
    return milestones


def raised_tiers(
    store: Store, project: Project, night: date, base: date, risks: Sequence[RiskScore], discovery: Discovery
) -> list[Milestone]:
    """One milestone for each model in service whose risk has risen, since the night ``base``, to the tier at
    which the playbook asks for review, or above.
    """
    bound = project.playbook.reviews.from_risk_tier
    if bound is None:
        return []
    with store.reading() as unit:
        before = {risk.entity: risk.tier for risk in unit.risks.of_night(base)}
    found: list[Milestone] = []
    for risk in risks:
        serving = discovery.serving(risk.entity.name) if risk.entity.name in project.models else None
        was = before.get(risk.entity, TIERS[0])
        if serving is not None and risk.entity.kind is EntityKind.MODEL and rises_to(bound, was, risk.tier):
            found.append(rules.tier_raised(night, serving, was, risk.tier, base))
    return found


def rises_to(bound: str, was: str, now: str) -> bool:
    """Whether a risk tier comes to ``bound``, or above, from below it."""
    order = [str(tier) for tier in TIERS]
    return order.index(was) < order.index(bound) <= order.index(now)


def moved_aliases(
    store: Store, project: Project, night: date, base: date, discovery: Discovery
) -> list[Milestone]:
    """One milestone for each alias of a registered model that names another version than at ``base``.

    An alias of a model that no night knew yet has not moved. One that was taken away promotes nothing.
    """
    if not any(version.environment.get("aliases") for version in discovery.all_versions):
        return []
    with store.reading() as unit:
        edges = unit.lineage.of_night(base)
    milestones: list[Milestone] = []
    for name in project.models:
        known = {
            edge.source for edge in edges if edge.kind is EdgeKind.VERSION_OF and edge.target.name == name
        }
        if not known:
            continue
        held = dict(_aliases(name, edges))
        milestones.extend(
            rules.moved_alias(night, version, alias, held.get(alias), base)
            for version in discovery.versions.get(name, ())
            for alias in version.environment.get("aliases", ())
            if held.get(alias) != version.version
        )
    return milestones


def last_recorded_before(store: Store, project: Project, night: date) -> date | None:
    """The newest sealed night before ``night``."""
    with store.reading() as unit:
        found = unit.nights.between(project.settings.schedule.start, night)
    return next((one.night for one in reversed(found) if one.night < night), None)


def _graph_of(store: Store, night: date) -> LineageGraph:
    with store.reading() as unit:
        return LineageGraph.of(unit.lineage.of_night(night))


def _aliases(model: str, edges: Iterable[Edge]) -> Iterable[tuple[str, str]]:
    for edge in edges:
        if edge.kind is EdgeKind.DEPLOYED_TO and edge.source.kind is EntityKind.VERSION:
            owner, _, alias = edge.target.name.rpartition("@")
            if owner == model and edge.source.name.startswith(f"{model}/"):
                yield alias, edge.source.name.removeprefix(f"{model}/")


def _reads(model: str, change: ViewChange, graph: LineageGraph) -> bool:
    return Entity.model(model) in graph.downstream(change.view)


@dataclass(frozen=True, slots=True)
class _View:
    node: Node
    parts: Mapping[str, str]  # features and join keys, name to type


class _Views:
    """The feature views among nodes, with their features."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        parts: dict[tuple[str, str], dict[str, str]] = {}
        for node in nodes:
            name = node.entity.column_name
            if name and node.entity.kind in (EntityKind.FEATURE, EntityKind.COLUMN):
                held = parts.setdefault((node.entity.dataset_name, node.by), {})
                held[name] = node.facts.get("type", "")
        self.views: dict[tuple[str, str], _View] = {  # by the tool's own name: contracts come and go
            (node.facts.get(NAME, node.entity.name), node.by): _View(
                node, parts.get((node.entity.name, node.by), {})
            )
            for node in nodes
            if node.role in FEATURE_VIEW_ROLES and node.digest
        }

    def compared_with(self, now: _Views) -> Iterable[ViewChange]:
        for key, before in self.views.items():
            after = now.views.get(key)
            if after is None:
                yield ViewChange(before.node.entity, before.node.digest, "is gone", is_gone=True)
            elif after.node.digest != before.node.digest:
                yield ViewChange(after.node.entity, after.node.digest, _difference(before, after))


def _difference(before: _View, after: _View) -> str:
    """What is different, as far as it can be seen from outside."""
    fresh = sorted(after.parts.keys() - before.parts.keys())
    lost = sorted(before.parts.keys() - after.parts.keys())
    kept = sorted(before.parts.keys() & after.parts.keys())
    found = [
        *(f"has the new feature {name}" for name in fresh),
        *(f"lost the feature {name}" for name in lost),
        *(
            f"has {name} as {after.parts[name]}, not {before.parts[name]}"
            for name in kept
            if after.parts[name] != before.parts[name]
        ),
    ]
    if before.node.facts.get("ttl") != after.node.facts.get("ttl"):
        ttl = after.node.facts.get("ttl", "none")
        found.append(f"has the ttl {ttl}, not {before.node.facts.get('ttl', 'none')}")
    return rules.listed(found) if found else "has another source or another function"
