"""Writers that meet: real connections of their own, released together by a barrier."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.errors import Conflict
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store
from tests.store.examples import (
    BUREAU,
    INCOMES,
    NIGHT,
    NOON,
    alert,
    edge,
    incident,
    incident_event,
    measurement,
    milestone,
    nights_after,
    review_event,
    risk,
    version,
)

WRITERS = 8
ROUNDS = 10


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """One store for each writer, with connections of its own, on one database; in memory there is but one."""
    if request.param == "memory":
        yield [open_store("memory://")] * WRITERS
        return
    sqlite = f"sqlite:///{tmp_path}/store.db"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_store_url")
    opened = [open_store(url) for _ in range(WRITERS)]
    yield opened
    for store in opened:
        store.close()


def race(stores: list[Store], act: Callable[[Store, int], object]) -> list:
    """What ``act`` gives each writer, all at once. A Conflict is a result, other errors are raised."""
    barrier = threading.Barrier(len(stores))

    def run(writer: int) -> object:
        barrier.wait()
        try:
            return act(stores[writer], writer)
        except Conflict as conflict:
            return type(conflict)

    with ThreadPoolExecutor(len(stores)) as pool:
        return list(pool.map(run, range(len(stores))))


def test_of_many_who_act_on_an_incident_at_once_one_wins(stores):
    def act(store: Store, writer: int) -> str:
        with store.begin() as unit:
            now = unit.incidents.get("INC-1")
            sequence = 1 if now is None else now.sequence + 1
        with store.begin() as unit:  # decided on what was read before: somebody may have come between
            unit.incidents.put(
                incident(sequence=sequence, owner=f"writer {writer}"),
                incident_event(sequence=sequence, actor=f"writer {writer}"),
            )
        return f"writer {writer}"

    store = stores[0]
    for _ in range(ROUNDS):
        winners = [result for result in race(stores, act) if result is not Conflict]
        with store.begin() as unit:
            events = unit.incidents.events("INC-1")
            state = unit.incidents.get("INC-1")
        assert state is not None
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert state.owner == events[-1].actor
        assert {event.actor for event in events[-len(winners) :]} == set(winners)


def test_of_many_with_the_same_sequence_exactly_one_wins(stores):
    opener = stores[0]
    with opener.begin() as unit:
        unit.reviews.open(milestone(), "REV-1", review_event())

    for sequence in range(2, 2 + ROUNDS):

        def act(store: Store, writer: int, sequence: int = sequence) -> int:
            with store.begin() as unit:
                unit.reviews.append(review_event(sequence=sequence, actor=f"writer {writer}"))
            return writer

        results = race(stores, act)
        assert Counter(results)[Conflict] == WRITERS - 1
        (winner,) = [result for result in results if result is not Conflict]
        with opener.begin() as unit:
            assert unit.reviews.events("REV-1")[-1].actor == f"writer {winner}"


def test_of_many_who_see_a_milestone_one_opens_its_review(stores):
    for place in range(ROUNDS):

        def act(store: Store, writer: int, place: int = place) -> bool:
            name = f"REV-{place}-{writer}"
            with store.begin() as unit:
                return unit.reviews.open(milestone(f"milestone {place}"), name, review_event(name))

        assert Counter(race(stores, act)) == {True: 1, False: WRITERS - 1}


def test_of_many_who_discover_a_version_or_queue_an_alert_one_was_first(stores):
    def act(store: Store, writer: int) -> tuple[bool, bool]:
        with store.begin() as unit:
            return unit.versions.put(version()), unit.outbox.enqueue(alert(body=f"{writer}"))

    results = race(stores, act)
    assert Counter(new for new, _ in results) == {True: 1, False: WRITERS - 1}
    assert Counter(queued for _, queued in results) == {True: 1, False: WRITERS - 1}


def test_no_two_dispatchers_get_the_same_alert_and_none_is_left(stores):
    keys = {f"alert {place:03}" for place in range(120)}
    with stores[0].begin() as unit:
        for key in keys:
            unit.outbox.enqueue(alert(key))

    def dispatch(store: Store, writer: int) -> list[str]:
        got: list[str] = []
        empty_polls = 0
        while empty_polls < 3 and len(got) <= len(keys):  # all that is left may be in another's hands
            with store.begin() as unit:
                found = unit.outbox.due(NOON + timedelta(seconds=writer), limit=7)
            got.extend(part.key for part in found)
            empty_polls = 0 if found else empty_polls + 1
        return got

    results = race(stores, dispatch)
    everything = [key for got in results for key in got]
    assert len(everything) == len(set(everything))
    assert set(everything) == keys


def test_runs_of_the_same_night_at_once_leave_one_runs_rows(stores):
    """Each run measures other facets: a mixture would show more than one run's."""

    def run(store: Store, writer: int) -> None:
        with store.begin() as unit:
            unit.measurements.replace(
                NIGHT,
                [measurement(facet=f"{part} of run {writer}") for part in range(5)],
                entities=[INCOMES],
            )
            unit.risks.replace(
                NIGHT, [risk(INCOMES, float(writer)), risk(BUREAU, float(writer))][: 1 + writer % 2]
            )
            unit.lineage.replace(NIGHT, [edge(transformation=f"run {writer}")])
            unit.lineage.replace(nights_after(writer % 3), [edge(transformation=f"run {writer % 2}")])

    store = stores[0]
    for _ in range(ROUNDS):
        race(stores[:4], run)
        with store.begin() as unit:
            assert len({found.facet.partition(" of ")[2] for found in unit.measurements.of_night(NIGHT)}) == 1
            assert len(unit.measurements.of_night(NIGHT)) == 5
            assert len({found.score for found in unit.risks.of_night(NIGHT)}) == 1
            assert len(unit.lineage.of_night(NIGHT)) == 1


def test_many_writers_on_one_store_object_lose_nothing(stores):
    store = stores[0]

    def act(store: Store, writer: int) -> None:
        for place in range(20):
            with store.begin() as unit:
                assert unit.outbox.enqueue(alert(f"{writer}/{place}"))

    race([store] * WRITERS, act)
    with store.begin() as unit:
        assert len(unit.outbox.list()) == WRITERS * 20


@pytest.mark.postgres
def test_on_postgres_a_poll_passes_over_what_another_is_claiming(postgres_store_url: str):
    first, second = open_store(postgres_store_url), open_store(postgres_store_url)
    with first.begin() as unit:
        unit.outbox.enqueue(alert("a"))
        unit.outbox.enqueue(alert("b"))
    with first.begin() as claiming:
        assert [found.key for found in claiming.outbox.due(NOON, limit=1)] == ["a"]
        with ThreadPoolExecutor(1) as pool:  # while the first claim is not committed

            def poll() -> list[str]:
                with second.begin() as unit:
                    return [found.key for found in unit.outbox.due(NOON)]

            assert pool.submit(poll).result(timeout=20) == ["b"]
    first.close()
    second.close()
