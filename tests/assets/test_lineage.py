"""Feedback is real, and Dagster's graph has no loops."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
