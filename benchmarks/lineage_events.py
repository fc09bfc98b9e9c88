"""OpenLineage events into the store: checked, folded and committed in batches of a thousand.

Events are those of nightly jobs: a START and a COMPLETE for each run, two inputs and an output with a
schema of ten columns and column lineage, about 5 kB each. The rate is whole seconds, from bytes to commit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.data.cache import fresh
from benchmarks.figure import Figure
from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.store.ports import Store
from tests.postgres import running_postgres

EVENTS, QUICK_EVENTS = 40_000, 4_000
JOBS = 200
BATCH = 1000
BAR = 2000


def run(quick: bool) -> Iterator[Figure]:
    bodies = list(_bodies(QUICK_EVENTS if quick else EVENTS))
    url = f"sqlite:///{fresh('lineage-events')}/store.db"
    rate, note = _rate(url, bodies)
    yield Figure("OpenLineage events a second into SQLite", rate, "/s", BAR, ">=", note)
    with running_postgres() as server, server.database() as url:
        upgrade_store(url)
        rate, note = _rate(url, bodies)
    yield Figure("OpenLineage events a second into Postgres", rate, "/s", BAR, ">=", note)


def _rate(url: str, bodies: list[bytes]) -> tuple[float, str]:
    store: Store = open_store(url)
    with store.begin():
        pass  # connected, and its tables made
    begun, cpu = time.perf_counter(), time.process_time()
    taken = 0
    for start in range(0, len(bodies), BATCH):
        events = [read_event(body) for body in bodies[start : start + BATCH]]
        with store.begin() as unit:
            taken += unit.lineage_events.take(events)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    store.close()
    if taken != len(bodies):
        raise RuntimeError(f"{taken} of {len(bodies)} events were taken")
    return taken / seconds, f"{taken / cpu:,.0f} a second of this process's CPU time"


def _bodies(count: int) -> Iterator[bytes]:
    for number in range(count):
        run, state = divmod(number, 2)
        night, job = divmod(run, JOBS)
        event = {
            "eventTime": f"{2000 + night // 336:04}-{night // 28 % 12 + 1:02}-{night % 28 + 1:02}T02:00:00Z",
            "eventType": ("START", "COMPLETE")[state],
            "producer": "https://example.org/benchmark",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": f"0190b2a4-0000-7000-8000-{run:012}"},
            "job": {"namespace": "airflow", "name": f"build.table_{job}"},
            "inputs": [_dataset(job + 1), _dataset(job + 2)],
            "outputs": [_dataset(job, flows=True)] if state else [],
        }
        yield json.dumps(event).encode()


def _dataset(number: int, *, flows: bool = False) -> dict[str, Any]:
    names = [f"column_{place}" for place in range(10)]
    where = {"namespace": "postgres://warehouse:5432", "name": f"bank.lending.table_{number}"}
    facets: dict[str, Any] = {"schema": {"fields": [{"name": name, "type": "bigint"} for name in names]}}
    if flows:
        source = {"namespace": where["namespace"], "name": f"bank.lending.table_{number + 1}"}
        direct = [{"type": "DIRECT", "subtype": "TRANSFORMATION"}]
        fields = {n: {"inputFields": [source | {"field": n, "transformations": direct}]} for n in names}
        facets["columnLineage"] = {"fields": fields}
    return where | {"facets": facets}
