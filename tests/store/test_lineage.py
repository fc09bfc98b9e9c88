from __future__ import annotations

from sqlalchemy import func, select

from governance_pipeline.store import tables
from governance_pipeline.store.ports import Store
from governance_pipeline.store.sql import SqlStore
from tests.store.examples import BUREAU, INCOMES, MODEL, NIGHT, edge, nights_after

FEEDS = edge()
TRAINS = edge(INCOMES, MODEL, kind="trains", known_by="observed", detail="")


def test_edges_come_back_ordered_and_each_once(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [TRAINS, FEEDS, TRAINS])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == [FEEDS, TRAINS]


def test_edges_that_differ_in_any_part_are_different_edges(store: Store):
    others = [edge(detail="b"), edge(kind="trains"), edge(known_by="observed"), edge(INCOMES, BUREAU)]
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [FEEDS, *others])
        assert set(unit.lineage.of_night(NIGHT)) == {FEEDS, *others}


def test_a_night_has_the_newest_graph_recorded_until_then(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(nights_after(3), [FEEDS, TRAINS])
        unit.lineage.replace(nights_after(1), [FEEDS])
    with store.begin() as unit:
        assert unit.lineage.of_night(NIGHT) == []
        assert unit.lineage.of_night(nights_after(1)) == [FEEDS]
        assert unit.lineage.of_night(nights_after(2)) == [FEEDS]
        assert unit.lineage.of_night(nights_after(9)) == [FEEDS, TRAINS]


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


def test_a_graph_without_edges_is_a_graph(store: Store):
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, [FEEDS])
        unit.lineage.replace(nights_after(1), [])
        assert unit.lineage.of_night(nights_after(1)) == []


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
    assert _count(store, tables.lineage_graphs) == 1
    store.close()
