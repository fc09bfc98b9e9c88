"""Many senders at once, to two servers over one store: the lineage is that of the same events in order."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store.memory.store import InMemoryStore
from governance_pipeline.store.open import open_store
from tests.lineage.openlineage import body
from tests.web.clients import client
from tests.web.serving import serving

LATER = datetime(2100, 1, 1, tzinfo=UTC)
BEGIN = datetime(2026, 1, 31, 2, tzinfo=UTC)
SENDERS, RUNS = 12, 30


def table(name: str) -> dict:
    return {"namespace": "db", "name": name}


def sent() -> list[bytes]:
    """Runs of few jobs, each told in four events that say different things of it."""
    found = []
    for number in range(RUNS):
        run, job = {"runId": f"run-{number}"}, {"namespace": "airflow", "name": f"job-{number % 5}"}

        def tell(state: str, minute: int, reads: str = "", writes: str = "", run=run, job=job) -> bytes:
            return body(
                run=run,
                job=job,
                eventType=state,
                eventTime=(BEGIN + timedelta(hours=number, minutes=minute)).isoformat(),  # noqa: B023 - called before the loop goes on
                inputs=[table(one) for one in reads],
                outputs=[table(one) for one in writes],
            )

        found += [tell("START", 0, "a"), tell("RUNNING", 1, "b", "x"), tell("OTHER", 9, "c")]
        found.append(tell("FAIL" if number % 7 == 6 else "COMPLETE", 5, "", "y"))
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path) -> str:
    sqlite = f"sqlite:///{tmp_path}/s.db"
    return sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_store_url")


def test_many_senders_of_the_same_and_of_interleaved_runs_give_the_lineage_of_one(url: str):
    events = sent()
    expected = InMemoryStore()
    with expected.begin() as unit:
        unit.lineage_events.take([read_event(one) for one in events])
        told = unit.lineage_events.as_of(LATER)
    stores = [open_store(url), open_store(url)]
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(store)) for store in stores]

        def send(sender: int) -> int:
            """Everything, in an order of its own, twice over in places, some of it in batches."""
            shuffled = random.Random(sender)
            mine = [*events, *shuffled.sample(events, 20)]
            shuffled.shuffle(mine)
            new = 0
            with client(ports[sender % 2]) as connection:
                while mine:
                    size = shuffled.choice([1, 1, 7])
                    batch, mine = mine[:size], mine[size:]
                    whole = batch[0] if size == 1 else b"[" + b",".join(batch) + b"]"
                    status, answer = connection.post(whole)
                    assert status == 201, answer
                    new += answer["taken"]
            return new

        with ThreadPoolExecutor(SENDERS) as pool:
            counts = list(pool.map(send, range(SENDERS)))
    assert sum(counts) == len(events)  # each was new to exactly one
    for store in stores:
        with store.begin() as unit:
            assert unit.lineage_events.as_of(LATER) == told
            for number in range(RUNS):
                bodies = unit.lineage_events.bodies(f"run-{number}")
                assert [json.loads(one)["run"]["runId"] for one in bodies] == [f"run-{number}"] * 4
        store.close()
