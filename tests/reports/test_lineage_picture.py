"""The picture of a lineage: every table once, arrows run to the right, nothing where nothing is known."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reports.lineage_picture import MOST_NODES, lineage_picture
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy

MADE = Entity.version("approval", "2")


def feeds(source: Entity, target: Entity) -> Edge:
    return Edge(source, target, EdgeKind.FEEDS, KnownBy.DECLARED, "a file")


def table(name: object) -> Entity:
    return Entity.dataset(f"shop.t{name}")


def titles(picture: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(picture).iter("title")]


def test_columns_are_drawn_as_their_tables_and_what_is_wrong_is_marked():
    columns = [Entity.column("shop.people", "income"), Entity.column("shop.features", "ratio")]
    graph = LineageGraph.of([feeds(*columns), feeds(columns[1], MADE)])
    picture = lineage_picture(graph, MADE, {Entity.dataset("shop.people")})
    assert sorted(titles(picture)) == ["dataset:shop.features", "dataset:shop.people", "version:approval/2"]
    assert picture.count("node-fail") == 1


def test_nothing_known_or_too_much_is_no_picture():
    assert lineage_picture(LineageGraph.of([]), MADE, ()) == ""
    many = [feeds(table(number), MADE) for number in range(MOST_NODES)]
    assert lineage_picture(LineageGraph.of(many), MADE, ()) == ""


def test_what_goes_round_in_circles_is_drawn_all_the_same():
    ring = [feeds(table(1), table(2)), feeds(table(2), table(1)), feeds(table(2), MADE)]
    assert len(titles(lineage_picture(LineageGraph.of(ring), MADE, ()))) == 3


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_every_arrow_runs_to_the_right_and_every_table_is_there_once(pairs: set[tuple[int, int]]):
    downward = {(low, high) for low, high in map(sorted, pairs) if low != high} | {(0, 9)}
    edges = [feeds(table(low), table(high)) for low, high in downward]
    picture = lineage_picture(LineageGraph.of(edges), table(9), ())
    found = titles(picture)
    assert len(found) == len(set(found))
    for path in ET.fromstring(picture).iter("path"):
        numbers = [float(one) for one in path.attrib["d"].replace("M", "").replace("C", " ").split()]
        assert numbers[0] < numbers[-2]
    boxes = [(float(one.attrib["x"]), float(one.attrib["y"])) for one in ET.fromstring(picture).iter("rect")]
    for here, there in pairwise(sorted(boxes)):
        assert here != there


def test_a_hostile_name_is_text():
    evil = Entity.dataset('shop."><script>alert(1)</script>')
    assert "<script" not in lineage_picture(LineageGraph.of([feeds(evil, MADE)]), MADE, ())
