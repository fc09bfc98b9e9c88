from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.impact import Branch, impact, steps, trace
from governance_pipeline.testing import a_graph, a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind
from tests.lineage.sample import a_project


@pytest.fixture(scope="module")
def graph() -> LineageGraph:
    return build_graph(a_project(), [a_version(snapshot="lending.training_set")])


def names(entities: tuple[Entity, ...]) -> set[str]:
    return {entity.name.removeprefix("lending.") for entity in entities}


def test_a_columns_impact_is_what_is_computed_from_it_and_the_tables_that_holds(graph: LineageGraph) -> None:
    found = impact(graph, Entity.column("lending.incomes", "debts"))
    assert names(found.columns) == {"features#debt_ratio", "training_set#debt_ratio", "predictions#predicted"}
    assert names(found.datasets) == {"features", "training_set", "predictions"}
    assert names(found.models) == {"mortgage_approval"}
    assert names(found.versions) == {"mortgage_approval/1"}
    assert names(found.deployments) == {"scoring-service"}


def test_a_datasets_impact_is_that_of_the_whole_and_of_its_columns(graph: LineageGraph) -> None:
    found = impact(graph, Entity.dataset("lending.bureau_scores"))
    assert names(found.columns) == {
        "features#bureau_score",
        "training_set#bureau_score",
        "predictions#predicted",
    }
    assert names(found.datasets) == {"features", "training_set", "predictions"}
    assert names(found.models) == {"mortgage_approval"}


def test_a_column_that_nothing_reads_has_no_impact(graph: LineageGraph) -> None:
    assert impact(graph, Entity.column("lending.predictions", "race")).is_empty


def test_the_thing_itself_is_not_in_its_impact_even_in_a_circle() -> None:
    circle = a_graph(("dataset:x.a", "dataset:x.b"), ("dataset:x.b", "dataset:x.a"))
    assert impact(circle, Entity.dataset("x.a")).datasets == (Entity.dataset("x.b"),)


def test_a_column_that_feeds_another_of_its_table_does_not_affect_its_own_table_as_a_whole() -> None:
    within = a_graph(("column:x.a#one", "column:x.a#two"), nodes=("dataset:x.a",))
    found = impact(within, Entity.column("x.a", "one"))
    assert found.columns == (Entity.column("x.a", "two"),)
    assert found.datasets == ()


def test_steps_are_edges_nearest_first(graph: LineageGraph) -> None:
    found = steps(graph, Entity.column("lending.training_set", "debt_ratio"), upstream=True)
    assert [(str(edge.source), str(edge.target)) for edge in found] == [
        ("column:lending.features#debt_ratio", "column:lending.training_set#debt_ratio"),
        ("column:lending.incomes#debts", "column:lending.features#debt_ratio"),
        ("column:lending.incomes#income", "column:lending.features#debt_ratio"),
    ]


def test_a_trace_shows_both_directions_as_trees(graph: LineageGraph) -> None:
    found = trace(graph, Entity.column("lending.features", "debt_ratio"))
    assert [str(branch.node) for branch in found.upstream.branches] == [
        "column:lending.incomes#debts",
        "column:lending.incomes#income",
    ]
    below = {str(branch.node): branch for branch in found.downstream.branches}
    assert set(below) == {"column:lending.training_set#debt_ratio", "model:mortgage_approval"}
    again = {str(one.node): one.again for one in below["column:lending.training_set#debt_ratio"].branches}
    assert again == {"model:mortgage_approval": True, "version:mortgage_approval/1": False}


def test_a_chain_of_ten_thousand_tables_is_walked() -> None:
    chain = a_graph(*((f"dataset:x.t{n:05}", f"dataset:x.t{n + 1:05}") for n in range(10_000)))
    branch = trace(chain, Entity.dataset("x.t00000")).downstream
    depth = 0
    while branch.branches:
        (branch,) = branch.branches
        depth += 1
    assert depth == 10_000


NODES = [Entity.dataset(f"a.t{number}") for number in range(6)]
graphs = st.builds(
    lambda pairs: LineageGraph.of((Edge(s, t, EdgeKind.FEEDS) for s, t in pairs), NODES),
    st.sets(st.sampled_from(list(product(NODES, NODES))), max_size=14),
)


def flat(branch: Branch) -> list[Branch]:
    return [branch, *(one for below in branch.branches for one in flat(below))]


@given(graphs, st.sampled_from(NODES))
def test_a_tree_unfolds_every_reachable_node_once_and_shows_every_edge(
    graph: LineageGraph, root: Entity
) -> None:
    branches = flat(trace(graph, root).downstream)
    unfolded = [branch.node for branch in branches if not branch.again]
    assert sorted(unfolded) == sorted({root, *graph.downstream(root)})
    assert sorted(branch.edge for branch in branches if branch.edge) == sorted(
        set(steps(graph, root, upstream=False))
    )
    assert all(not branch.branches for branch in branches if branch.again)
