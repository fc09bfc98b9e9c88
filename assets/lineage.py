"""The lineage graph in Dagster's terms: dependencies between assets, and columns from columns.

Dagster's open-source UI shows its own column lineage as JSON only, so the same is added in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

import dagster as dg

from assets.keys import dataset_key, entity_key
from assets.markdown import table
from assets.owners import owner_words
from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind

_ASSETS = {
    EntityKind.SOURCE,
    EntityKind.DATASET,
    EntityKind.FEATURE_VIEW,
    EntityKind.FEATURE_SERVICE,
    EntityKind.MODEL,
    EntityKind.VERSION,
}


def upstream_assets(graph: LineageGraph) -> dict[Entity, Sequence[dg.AssetKey]]:
    """What each asset is made from; where lineage names a column, its dataset.

    Feedback is real (what a model decides becomes what it is trained on next), but Dagster's graph has
    no loops: one edge of each loop is left out, a model's predictions first. Our own lineage keeps it.
    What other tools call so alike that Dagster cannot tell it apart is one asset.
    """
    one: dict[dg.AssetKey, Entity] = {}
    known = {
        node: one.setdefault(entity_key(node), node) for node in sorted(graph.nodes) if node.kind in _ASSETS
    }
    sources: dict[Entity, set[Entity]] = {node: set() for node in one.values()}
    predicted: set[tuple[Entity, Entity]] = set()
    for edge in graph.edges:
        source, target = owner_dataset(edge.source), owner_dataset(edge.target)
        if source.kind not in _ASSETS or target.kind not in _ASSETS:
            continue
        source, target = (
            known.setdefault(node, one.setdefault(entity_key(node), node)) for node in (source, target)
        )
        if source == target:
            continue
        sources.setdefault(target, set()).add(source)
        sources.setdefault(source, set())
        if edge.kind is EdgeKind.PREDICTS:
            predicted.add((source, target))
    _open_loops(sources, predicted)
    keys = {target: sorted(map(entity_key, found)) for target, found in sources.items()}
    return {node: keys.get(asset, []) for node, asset in known.items()}


def _open_loops(sources: dict[Entity, set[Entity]], first: set[tuple[Entity, Entity]]) -> None:
    """Remove one edge of every loop from ``sources``, preferably one of ``first``."""
    while True:
        try:
            TopologicalSorter({node: sorted(found) for node, found in sources.items()}).prepare()
        except CycleError as loop:
            nodes: list[Entity] = loop.args[1]  # each is a source of the next; the last is the first again
            edges = list(pairwise(nodes))
            source, target = min(edges, key=lambda edge: (edge not in first, edge))
            sources[target].discard(source)
        else:
            return


def column_lineage(contract: Contract, graph: LineageGraph) -> dict[str, Any]:
    """Where each column of a dataset comes from, for Dagster and for people."""
    found: dict[str, list[dg.TableColumnDep]] = {}
    words: list[tuple[str, str, str]] = []
    for column in contract.columns:
        edges = [
            e for e in graph.incoming(Entity.column(contract.dataset, column.name)) if e.source.column_name
        ]
        deps = [
            dg.TableColumnDep(dataset_key(e.source.dataset_name), e.source.column_name or "") for e in edges
        ]
        if deps:
            found[column.name] = deps
            how = sorted({e.transformation for e in edges if e.transformation})
            named = (f"{e.source.dataset_name}.{e.source.column_name}" for e in edges)
            words.append((column.name, ", ".join(named), "; ".join(how)))
    if not found:
        return {}
    return {
        "dagster/column_lineage": dg.TableColumnLineage(found),
        "columns come from": table(("column", "comes from", "how"), words),
    }


def traces_back(project: Project, graph: LineageGraph, entity: Entity, today: date) -> dict[str, Any]:
    """The tables something is made from, nearest first, with who answers for each."""
    rows = []
    for node in graph.upstream(entity):
        contract = project.contracts.get(node.name)
        if node.kind is EntityKind.DATASET and contract is not None:
            rows.append(
                (
                    node.name,
                    str(contract.kind).replace("_", " "),
                    owner_words(project.charter, contract.owner, today),
                )
            )
        elif node.kind is EntityKind.SOURCE:
            rows.append((node.name, "no contract", "nobody"))
    return {"traces back to": table(("table", "kind", "owner"), rows)} if rows else {}


def reaches(graph: LineageGraph, entity: Entity) -> dict[str, Any]:
    """The models that learn from something or read it, however far downstream."""
    models = [node.name for node in graph.downstream(entity) if node.kind is EntityKind.MODEL]
    return {"reaches models": ", ".join(models)} if models else {}
