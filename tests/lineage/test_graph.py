from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.testing import a_graph
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind

NODES = [Entity.dataset(f"a.t{number}") for number in range(6)]
graphs = st.builds(
    lambda pairs: LineageGraph.of((Edge(NODES[s], NODES[t], EdgeKind.FEEDS) for s, t in pairs), NODES),
    st.sets(st.sampled_from(list(product(range(6), range(6)))), max_size=14),
)


def matrix_distances(graph: LineageGraph) -> dict[tuple[Entity, Entity], float]:
    """Floyd and Warshall's algorithm: another way to the same numbers."""
    far = float("inf")
    found = {(s, t): 0.0 if s == t else far for s, t in product(NODES, NODES)}
    for edge in graph.edges:
        if edge.source != edge.target:
            found[edge.source, edge.target] = 1.0
    for via, s, t in product(NODES, NODES, NODES):
        found[s, t] = min(found[s, t], found[s, via] + found[via, t])
    return found


@given(graphs)
def test_distances_agree_with_the_matrix_of_shortest_ways(graph: LineageGraph) -> None:
    expected = matrix_distances(graph)
    for start in NODES:
        down = graph.distances(start, down=True)
        assert down == {node: expected[start, node] for node in NODES if expected[start, node] < 99}
        up = graph.distances(start, down=False)
        assert up == {node: expected[node, start] for node in NODES if expected[node, start] < 99}


@given(graphs, st.sampled_from(NODES), st.sampled_from(NODES))
def test_a_route_is_a_shortest_chain_of_edges_of_the_graph(
    graph: LineageGraph, source: Entity, target: Entity
) -> None:
    route = graph.route(source, target)
    distance = matrix_distances(graph)[source, target]
    assert len(route) == (distance if distance < 99 else 0)
    here = source
    for edge in route:
        assert edge in graph.edges
        assert edge.source == here
        here = edge.target
    assert not route or here == target


@given(graphs)
def test_downstream_and_upstream_are_each_others_mirror(graph: LineageGraph) -> None:
    for one, other in product(NODES, NODES):
        if one != other:
            assert (other in graph.downstream(one)) == (one in graph.upstream(other))


def test_the_order_of_edges_does_not_depend_on_the_order_they_came_in() -> None:
    pairs = [("dataset:a.x", "dataset:b.y"), ("dataset:a.a", "dataset:b.y"), ("column:a.a#c", "column:b.y#d")]
    assert a_graph(*pairs).edges == a_graph(*reversed(pairs)).edges
    assert [str(edge.source) for edge in a_graph(*pairs).edges] == [
        "column:a.a#c",
        "dataset:a.a",
        "dataset:a.x",
    ]


def test_the_columns_of_a_dataset_are_found_and_sorted() -> None:
    graph = a_graph(("column:a.x#z", "column:b.y#d"), nodes=("column:a.x#b", "dataset:a.empty"))
    assert graph.columns["a.x"] == (Entity.column("a.x", "b"), Entity.column("a.x", "z"))
    assert "a.empty" not in graph.columns


def test_a_column_belongs_to_its_dataset_and_everything_else_to_itself() -> None:
    assert owner_dataset(Entity.column("a.x", "c")) == Entity.dataset("a.x")
    assert owner_dataset(Entity.model("m")) == Entity.model("m")
    assert owner_dataset(Entity.dataset("a.x")) == Entity.dataset("a.x")
