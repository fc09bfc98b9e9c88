"""OpenLineage events in every store: each once, and the same lineage in whatever order they come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store import tables
from governance_pipeline.store.memory.store import InMemoryStore
from governance_pipeline.store.ports import Store
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.vocabulary.lineage import KnownBy
from governance_pipeline.vocabulary.openlineage import LineageEvent, Name, Shape
from tests.lineage.openlineage import body

AT = datetime(2026, 1, 31, 2, tzinfo=UTC)
LATER = AT + timedelta(days=3650)
JOB = "job:airflow/build.features"


def table(name: str) -> dict:
    return {"namespace": "db", "name": name}


def told(
    run: str = "r1",
    state: str = "COMPLETE",
    reads: str = "",
    writes: str = "",
    minutes: float = 0,
    job: str = "build.features",
) -> LineageEvent:
    """A run event about tables with names of one letter."""
    return read_event(
        body(
            run={"runId": run},
            eventType=state,
            eventTime=(AT + timedelta(minutes=minutes)).isoformat(),
            job={"namespace": "airflow", "name": job},
            inputs=[table(name) for name in reads],
            outputs=[table(name) for name in writes],
        )
    )


def names(letters: str) -> frozenset[Name]:
    return frozenset(Name("db", name) for name in letters)


def taken(store: Store, *events: LineageEvent) -> int:
    with store.begin() as unit:
        return unit.lineage_events.take(events)


def held(store: Store, instant: datetime = LATER) -> list:
    with store.begin() as unit:
        return list(unit.lineage_events.as_of(instant))


@pytest.mark.parametrize("longest", ["x" * 200, "\U0001f600" * 200, "\u0130" * 200])
def test_the_longest_id_of_a_run_is_kept_whatever_it_is_written_in(store: Store, longest: str):
    given = told(run=longest)
    with store.begin() as unit:
        assert unit.lineage_events.take([given]) == 1
    with store.begin() as unit:
        assert unit.lineage_events.bodies(given.run) == [given.body]


def test_an_event_is_kept_once(store: Store):
    event, other = told(), told(run="r2")
    assert taken(store, event, event) == 1
    assert taken(store, event, other) == 1
    assert taken(store) == 0
    with store.begin() as unit:
        assert unit.lineage_events.bodies("r1") == [event.body]


def test_the_events_of_a_run_add_up(store: Store):
    for event in (
        told(state="START", reads="a"),
        told(reads="b", minutes=5),
        told(state="OTHER", writes="c", minutes=9),
    ):
        taken(store, event)
    (found,) = held(store)
    assert (found.subject, found.known_by, found.run) == (JOB, KnownBy.OBSERVED, "r1")
    assert found.shape == Shape(names("ab"), names("c"))
    assert found.at == AT + timedelta(minutes=5)


def test_a_run_counts_from_when_it_completed_and_one_that_failed_does_not(store: Store):
    taken(store, told(reads="a"), told("r2", "START", reads="b", minutes=60))
    taken(store, told("r2", "FAIL", reads="b", minutes=61), told("r3", reads="c", minutes=90))
    assert held(store, AT - timedelta(seconds=1)) == []
    assert [one.run for one in held(store, AT)] == ["r1"]
    assert [one.run for one in held(store, AT + timedelta(minutes=89))] == ["r1"]
    assert [one.run for one in held(store)] == ["r3"]


def test_what_a_job_declares_stands_beside_what_its_runs_do(store: Store):
    declared = read_event(body(run=None, inputs=[table("a")], outputs=[]))
    again = read_event(body(run=None, inputs=[table("b")], outputs=[], eventTime="2026-02-01T00:00:00Z"))
    dataset = read_event(body(run=None, job=None, inputs=None, outputs=None, dataset=table("d")))
    taken(store, again, told(reads="a"), declared, dataset)
    assert [(one.subject, one.known_by, one.run) for one in held(store)] == [
        ("dataset:db/d", KnownBy.DECLARED, dataset.digest),
        (JOB, KnownBy.DECLARED, again.digest),
        (JOB, KnownBy.OBSERVED, "r1"),
    ]


def test_one_run_id_under_two_jobs_is_two_runs(store: Store):
    taken(store, told(reads="a"), told(reads="b", job="other"))
    assert [one.shape.inputs for one in held(store)] == [names("a"), names("b")]


def test_everything_an_event_says_comes_back(store: Store):
    source = table("a") | {"field": "x", "transformations": [{"type": "DIRECT"}]}
    facets = {
        "columnLineage": {"fields": {"y": {"inputFields": [source]}}, "dataset": [source]},
        "documentation": {"description": "Größe 🙂"},
    }
    parent = {"run": {"runId": "p"}, "job": table("dag")}
    event = read_event(
        body(
            run={"runId": "r1", "facets": {"parent": parent}},
            outputs=[table("b") | {"facets": facets}],
            job={
                "namespace": "airflow",
                "name": "build.features",
                "facets": {"documentation": {"description": "d"}},
            },
        )
    )
    taken(store, event)
    assert [one.shape for one in held(store)] == [event.shape]
    with store.begin() as unit:
        assert json.loads(unit.lineage_events.bodies("r1")[0]) == json.loads(event.body)


def test_an_instant_without_a_zone_is_refused(store: Store):
    with pytest.raises(UsageError, match="time zone"), store.begin() as unit:
        unit.lineage_events.as_of(datetime(2026, 1, 1))  # noqa: DTZ001 - what is to be refused


def test_nothing_is_kept_of_a_unit_of_work_that_fails(store: Store):
    with pytest.raises(ZeroDivisionError), store.begin() as unit:
        _ = 1 / (unit.lineage_events.take([told()]) - 1)
    assert taken(store, told()) == 1


def test_more_events_than_one_question_can_name(store: Store):
    events = [told(f"r{number}", reads="ab"[number % 2], minutes=number) for number in range(1203)]
    assert taken(store, *events) == 1203
    assert taken(store, *events) == 0
    assert [one.run for one in held(store)] == ["r1202"]


def count(store: SqlStore, of) -> int:
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(of))


def test_a_job_that_runs_every_night_for_years_has_one_shape(database_url: str):
    store = SqlStore(database_url)
    for night in range(0, 1000, 100):
        taken(
            store,
            *(
                told(f"r{one}", reads="a", writes="b", minutes=one * 1440)
                for one in range(night, night + 100)
            ),
        )
    assert count(store, tables.lineage_shapes) == 1
    assert [one.run for one in held(store)] == ["r999"]
    store.close()


EVENTS = st.builds(
    told,
    run=st.sampled_from(["r1", "r2"]),
    state=st.sampled_from(["START", "COMPLETE", "FAIL", "OTHER"]),
    reads=st.sampled_from(["", "a", "b"]),
    writes=st.sampled_from(["", "c", "d"]),
    minutes=st.integers(0, 3),
    job=st.sampled_from(["build.features", "other"]),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(events=st.lists(EVENTS, min_size=1, max_size=8), data=st.data())
def test_any_order_and_any_repetition_gives_the_same_lineage(database_url: str, events: list, data):
    expected_store = InMemoryStore()
    taken(expected_store, *events)
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    cut = data.draw(st.integers(0, len(shuffled)))
    store = SqlStore(database_url)
    memory = InMemoryStore()
    try:
        with store.engine.begin() as connection:
            for one in (tables.lineage_events, tables.lineage_runs, tables.lineage_shapes):
                connection.execute(one.delete())
        for target in (store, memory):
            taken(target, *shuffled[:cut])
            for event in shuffled[cut:]:
                taken(target, event)
        for minutes in range(-1, 5):
            at = AT + timedelta(minutes=minutes)
            assert held(store, at) == held(memory, at) == held(expected_store, at)
    finally:
        store.close()
