"""Feedback is real, and Dagster's graph has no loops."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.keys import entity_key
from assets.lineage import reaches, upstream_assets
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind

MODEL = Entity.model("approval")


def feeds(source: str, target: str) -> Edge:
    return Edge(Entity.dataset(source), Entity.dataset(target), EdgeKind.FEEDS)


def named(graph: LineageGraph) -> dict[str, set[str]]:
    return {
        target.name: {key.to_user_string() for key in keys} for target, keys in upstream_assets(graph).items()
    }


def test_what_a_model_decides_and_learns_from_later_is_a_loop_opened_at_its_predictions():
    graph = LineageGraph.of(
        [
            feeds("l.decisions", "l.snapshot"),
            Edge(Entity.dataset("l.snapshot"), MODEL, EdgeKind.TRAINS),
            Edge(MODEL, Entity.dataset("l.predictions"), EdgeKind.PREDICTS),
            feeds("l.predictions", "l.decisions"),
        ]
    )
    found = named(graph)
    assert found["l.predictions"] == set(), "the model's prediction is the edge left out"
    assert found["l.decisions"] == {"l/predictions"}
    assert found["l.snapshot"] == {"l/decisions"}
    assert found["approval"] == {"l/snapshot"}


def test_predictions_stay_downstream_of_their_model_where_there_is_no_loop():
    graph = LineageGraph.of([Edge(MODEL, Entity.dataset("l.predictions"), EdgeKind.PREDICTS)])
    assert named(graph)["l.predictions"] == {"models/approval"}


def test_lineage_between_columns_is_lineage_between_their_tables():
    edge = Edge(Entity.column("l.a", "x"), Entity.column("l.b", "y"), EdgeKind.FEEDS)
    within = Edge(Entity.column("l.b", "y"), Entity.column("l.b", "z"), EdgeKind.FEEDS)
    assert named(LineageGraph.of([edge, within]))["l.b"] == {"l/a"}


def test_deployments_are_no_assets():
    graph = LineageGraph.of([Edge(MODEL, Entity.deployment("service"), EdgeKind.DEPLOYED_TO)])
    assert set(named(graph)) == {"approval"}


@pytest.mark.parametrize("kind", [EdgeKind.TRAINS, EdgeKind.FEEDS])
def test_a_table_says_which_models_it_reaches_however_far(kind):
    graph = LineageGraph.of([feeds("l.a", "l.b"), Edge(Entity.dataset("l.b"), MODEL, kind)])
    assert reaches(graph, Entity.dataset("l.a")) == {"reaches models": "approval"}
    assert reaches(graph, Entity.dataset("l.c")) == {}


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
@settings(max_examples=200)
def test_any_graph_loses_its_loops_and_nothing_that_is_in_none(pairs):
    graph = LineageGraph.of([feeds(f"l.{a}", f"l.{b}") for a, b in pairs if a != b])
    found = named(graph)
    shown = {target: {key.replace("/", ".") for key in keys} for target, keys in found.items()}
    tuple(TopologicalSorter(shown).static_order())  # raises where a loop is left
    for edge in graph.edges:
        in_a_loop = edge.source in graph.downstream(edge.target)
        assert in_a_loop or edge.source.name in shown[edge.target.name]


def test_files_that_dagster_cannot_tell_apart_are_one_asset_and_no_loop():
    first, second = Entity.source("data/a.parquet"), Entity.source("/data//a.parquet")
    other = Entity.dataset("lending.incomes")
    edges = [Edge(*pair, EdgeKind.FEEDS) for pair in ((first, second), (second, other), (first, other))]
    edges.append(Edge(other, first, EdgeKind.FEEDS))
    found = upstream_assets(LineageGraph.of(edges))
    assert found[first] == found[second]
    graph = {entity_key(node): keys for node, keys in found.items()}
    TopologicalSorter(graph).prepare()
    assert all(key not in keys for key, keys in graph.items())
    assert all(len(keys) == len(set(keys)) for keys in graph.values())


def test_what_a_column_of_a_table_without_contract_comes_from_is_where_the_table_comes_from():
    edge = Edge(Entity.column("raw.a", "x"), Entity.column("raw.b", "x"), EdgeKind.FEEDS)
    found = upstream_assets(LineageGraph.of([edge], [Entity.source("raw.a"), Entity.source("raw.b")]))
    assert found[Entity.source("raw.b")] == [entity_key(Entity.source("raw.a"))]
