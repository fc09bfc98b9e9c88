from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from governance_pipeline.errors import UsageError
from governance_pipeline.store import tables
from governance_pipeline.store.memory.store import InMemoryStore
from governance_pipeline.store.ports import Store
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.vocabulary.lineage import EdgeKind, Held, KnownBy
from tests.store.examples import BUREAU, INCOMES, MODEL, NIGHT, edge, nights_after, node

FEEDS = edge()
TRAINS = edge(INCOMES, MODEL, kind=EdgeKind.TRAINS, known_by=KnownBy.OBSERVED, evidence="", by="job:train")


def test_edges_come_back_ordered_and_each_once(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [TRAINS, FEEDS, TRAINS])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == [FEEDS, TRAINS]


def test_edges_that_differ_in_any_part_but_the_evidence_are_different_edges(store: Store):
    others = [
        edge(transformation="b"),
        edge(kind=EdgeKind.TRAINS),
        edge(known_by=KnownBy.OBSERVED),
        edge(by="dbt"),
        edge(INCOMES, BUREAU),
    ]
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [FEEDS, *others, edge(evidence="datasets/incomes.odcs.yaml:99")])
        assert set(unit.lineage.of_night(NIGHT)) == {FEEDS, *others}


def test_a_line_that_moves_in_its_file_is_the_same_edge_still(store: Store):
    moved = edge(evidence="datasets/incomes.odcs.yaml:43")
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [FEEDS])
        unit.lineage.replace(nights_after(1), [moved])
        assert unit.lineage.held(nights_after(1)) == [Held(moved, NIGHT)]


def test_a_night_has_the_newest_graph_recorded_until_then(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(nights_after(3), [FEEDS, TRAINS])
        unit.lineage.replace(nights_after(1), [FEEDS])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == []
        assert unit.lineage.of_night(nights_after(1)) == [FEEDS]
        assert unit.lineage.of_night(nights_after(2)) == [FEEDS]
        assert unit.lineage.of_night(nights_after(9)) == [FEEDS, TRAINS]


def test_an_edge_says_since_when_it_is_known_and_until_when_it_was(store: Store):
    with store.begin() as unit:
        for count, graph in enumerate(([FEEDS], [FEEDS, TRAINS], [FEEDS], [FEEDS, TRAINS])):
            unit.lineage.replace(nights_after(count), graph)
    with store.begin() as unit:
        assert unit.lineage.held(nights_after(1)) == [
            Held(FEEDS, NIGHT),
            Held(TRAINS, nights_after(1), nights_after(2)),
        ]
        assert unit.lineage.held(nights_after(3)) == [Held(FEEDS, NIGHT), Held(TRAINS, nights_after(3))]


def test_replacing_a_nights_graph_leaves_other_nights_alone(store: Store):
    with store.begin() as unit:
        for count in range(3):
            unit.lineage.replace(nights_after(count), [FEEDS, TRAINS])
    for _ in range(2):
        with store.begin() as unit:
            unit.lineage.replace(nights_after(1), [TRAINS])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == [FEEDS, TRAINS]
        assert unit.lineage.of_night(nights_after(1)) == [TRAINS]
        assert unit.lineage.of_night(nights_after(2)) == [FEEDS, TRAINS]
        assert unit.lineage.held(nights_after(1)) == [Held(TRAINS, NIGHT)]


def test_a_graph_without_edges_is_a_graph(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [FEEDS])
        unit.lineage.replace(nights_after(1), [])
        assert unit.lineage.of_night(nights_after(1)) == []


def test_what_is_known_of_nodes_comes_back_as_of_each_night(store: Store):
    before, after = node(digest="a"), node(digest="b", description="scores, monthly")
    team = node(INCOMES, role="feature view", evidence="feature_store.yaml")
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [], [team, before])
        unit.lineage.replace(nights_after(1), [], [after, team])
    with store.begin() as unit:
        assert unit.lineage.nodes_of_night(NIGHT) == [before, team]
        assert unit.lineage.nodes_of_night(nights_after(5)) == [after, team]


def test_text_that_no_database_takes_is_refused(store: Store):
    with pytest.raises(UsageError, match="NUL"), store.begin() as unit:
        unit.lineage.replace(NIGHT, [edge(transformation="a\x00b")])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == []


def _count(store: SqlStore, table) -> int:
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_a_graph_that_does_not_change_is_kept_once_and_one_nobody_had_not_at_all(database_url: str):
    store = SqlStore(database_url)
    with store.begin() as unit:
        for count in range(60):
            unit.lineage.replace(nights_after(count), [FEEDS, TRAINS])
    assert _count(store, tables.lineage_edges) == 2
    with store.begin() as unit:
        for count in range(60):
            unit.lineage.replace(nights_after(count), [TRAINS])
    assert _count(store, tables.lineage_edges) == 1
    store.close()


PARTS = [edge(transformation=name, evidence=evidence) for name in "abc" for evidence in ("1", "2")]
scripts = st.lists(
    st.tuples(st.integers(0, 5), st.lists(st.sampled_from(PARTS), max_size=4, unique=True)), max_size=12
)


def _answers(store: Store, script: list[tuple[int, list]]) -> dict[date, object]:
    with store.begin() as unit:
        for count, graph in script:
            unit.lineage.replace(nights_after(count), graph)
    with store.begin() as unit:
        return {nights_after(count): unit.lineage.held(nights_after(count)) for count in range(-1, 8)}


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(script=scripts)
def test_spans_say_what_whole_graphs_would(database_url: str, script: list):
    """The graphs of nights in any order, some told again: memory keeps each whole, a database its spans."""
    store = SqlStore(database_url)
    try:
        with store.engine.begin() as connection:
            for table in (tables.lineage_edges, tables.lineage_nodes, tables.lineage_nights):
                connection.execute(table.delete())
        assert _answers(store, script) == _answers(InMemoryStore(), script)
    finally:
        store.close()
