from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.mermaid import mermaid
from governance_pipeline.testing import a_graph
from governance_pipeline.vocabulary.entity import Entity
from tests.lineage.sample import a_project

NODE = r"    n\d+(\[/|\[\(|\[\[|\[|\{\{|\(\[)\"(?:[A-Za-z0-9_. -]|#\d+;)+\"(/\]|\)\]|\]\]|\]|\}\}|\]\))"
EDGE = r"    n\d+ -->\|[a-z ]+\| n\d+"


def test_a_picture_holds_the_nodes_asked_for_and_the_edges_between_them() -> None:
    graph = a_graph(("dataset:a.x", "dataset:a.y"), ("dataset:a.y", "model:m"), ("dataset:a.z", "model:m"))
    shown = [Entity.dataset("a.x"), Entity.dataset("a.y"), Entity.model("m")]
    assert mermaid(graph, shown) == (
        "flowchart LR\n"
        '    n0[("a.x")]\n'
        '    n1[("a.y")]\n'
        '    n2{{"m"}}\n'
        "    n0 -->|feeds| n1\n"
        "    n1 -->|feeds| n2\n"
    )


def test_a_node_that_the_graph_does_not_know_is_not_drawn() -> None:
    assert mermaid(LineageGraph.of(()), [Entity.model("m")]) == "flowchart LR\n"


def test_the_whole_sample_is_drawn_line_by_line() -> None:
    graph = build_graph(a_project(), [])
    lines = mermaid(graph, graph.nodes).splitlines()
    assert sum(bool(re.fullmatch(NODE, line)) for line in lines) == len(graph.nodes)
    assert sum(bool(re.fullmatch(EDGE, line)) for line in lines) == len(graph.edges)
    assert len(lines) == 1 + len(graph.nodes) + len(graph.edges)


@given(st.text(min_size=1).map(lambda name: name.replace("#", "")).filter(bool))
def test_no_name_can_leave_its_label(name: str) -> None:
    node = Entity.dataset(name)
    lines = mermaid(LineageGraph.of((), [node]), [node]).split("\n")
    assert lines[0] == "flowchart LR"
    assert re.fullmatch(NODE, lines[1])
    assert lines[2:] == [""]


def test_a_name_with_quotes_brackets_and_script_is_only_text() -> None:
    node = Entity.column("a.x", '"]; click n0 "javascript:alert(1)" <script>')
    drawn = mermaid(LineageGraph.of((), [node]), [node])
    assert "<" not in drawn
    assert drawn.count('"') == 2
    assert re.fullmatch(NODE, drawn.splitlines()[1])
