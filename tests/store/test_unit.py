"""A unit of work: all of it or nothing, alone in its thread, and over when it is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store, Unit
from tests.lineage.openlineage import body
from tests.store.examples import (
    INCOMES,
    NIGHT,
    alert,
    edge,
    incident,
    incident_event,
    measurement,
    milestone,
    night_record,
    review_event,
    risk,
    version,
)

ROOT = Path(__file__).parents[2]
EVENT = read_event(body())


def write_everything(unit) -> None:
    unit.nights.seal(night_record())
    unit.profiles.put("lending.incomes", NIGHT, {"rows": 1})
    unit.profiles.put_baseline("mortgage_approval", "2", {"rows": 1})
    unit.measurements.replace(NIGHT, [measurement()], entities=[INCOMES])
    unit.risks.replace(NIGHT, [risk()])
    unit.incidents.put(incident(), incident_event())
    unit.outbox.enqueue(alert())
    unit.reviews.open(milestone(), "REV-1", review_event())
    unit.versions.put(version())
    unit.lineage.replace(NIGHT, [edge()])
    unit.lineage_events.take([EVENT])


def everything(unit) -> tuple:
    return (
        unit.nights.latest(),
        unit.profiles.get("lending.incomes", NIGHT),
        unit.profiles.get_baseline("mortgage_approval", "2"),
        unit.measurements.of_night(NIGHT),
        unit.risks.of_night(NIGHT),
        unit.incidents.list(),
        unit.incidents.events("INC-1"),
        unit.outbox.list(),
        unit.reviews.list(),
        unit.reviews.events("REV-1"),
        unit.versions.of_model("mortgage_approval"),
        unit.lineage.of_night(NIGHT),
        unit.lineage_events.bodies(EVENT.run),
    )


WRITTEN = (
    night_record(),
    {"rows": 1},
    {"rows": 1},
    [measurement()],
    [risk()],
    [incident()],
    [incident_event()],
    [alert()],
    [("REV-1", milestone())],
    [review_event()],
    [version()],
    [edge()],
    [EVENT.body],
)
NOTHING = (None, None, None, [], [], [], [], [], [], [], [], [], [])


def test_a_unit_sees_its_own_writes_and_keeps_them_at_its_end(store: Store):
    with store.begin() as unit:
        assert everything(unit) == NOTHING
        write_everything(unit)
        assert everything(unit) == WRITTEN
    with store.begin() as unit:
        assert everything(unit) == WRITTEN


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_unit_that_raises_leaves_nothing(store: Store, interruption: type[BaseException]):
    with contextlib.suppress(interruption), store.begin() as unit:
        write_everything(unit)
        raise interruption
    with store.begin() as unit:
        assert everything(unit) == NOTHING


def test_a_unit_that_raises_restores_what_it_changed(store: Store):
    with store.begin() as unit:
        write_everything(unit)
    with contextlib.suppress(ValueError), store.begin() as unit:
        unit.nights.seal(night_record(received=0))
        unit.measurements.replace(NIGHT, [], entities=[INCOMES])
        unit.risks.replace(NIGHT, [])
        unit.lineage.replace(NIGHT, [])
        unit.versions.put(version(stage="retired"))
        unit.outbox.due(night_record().started_at)
        unit.incidents.put(incident(sequence=2, passes=1), incident_event(sequence=2))
        unit.reviews.append(review_event(sequence=2))
        raise ValueError
    with store.begin() as unit:
        assert everything(unit) == WRITTEN


def test_the_error_that_ends_a_unit_comes_out_unchanged(store: Store):
    mistake = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as raised, store.begin():
        raise mistake
    assert raised.value is mistake


def test_a_unit_inside_a_unit_is_refused_and_the_outer_one_goes_on(store: Store):
    with store.begin() as unit:
        with pytest.raises(UsageError, match="already open in this thread"), store.begin():
            pass
        unit.nights.seal(night_record())
    with store.begin() as unit:
        assert unit.nights.latest() == night_record()


def test_a_unit_is_over_after_its_block(store: Store):
    with store.begin() as unit:
        write_everything(unit)
    with pytest.raises(UsageError, match="unit of work is over"):
        unit.nights.latest()
    with pytest.raises(UsageError, match="unit of work is over"):
        unit.outbox.enqueue(alert("another"))
    with contextlib.suppress(ValueError), store.begin() as failed:
        raise ValueError
    with pytest.raises(UsageError, match="unit of work is over"):
        failed.nights.latest()


WRITES = {
    "a row": lambda unit: unit.versions.put(version()),
    "rows": lambda unit: unit.lineage.replace(NIGHT, [edge()]),
    "a row if it is missing": lambda unit: unit.outbox.enqueue(alert()),
    "an act": lambda unit: unit.reviews.append(review_event(sequence=2)),
    "in one go": lambda unit: unit.measurements.replace(NIGHT, [measurement()], entities=[INCOMES]),
    "a deletion": lambda unit: unit.measurements.replace(NIGHT, [], entities=[INCOMES]),
    "a claim": lambda unit: unit.outbox.due(night_record().started_at),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_unit_that_reads_sees_everything_and_writes_nothing(store: Store, write: Callable[[Unit], object]):
    with store.begin() as unit:
        write_everything(unit)
    with store.reading() as unit:
        assert everything(unit) == WRITTEN
        with pytest.raises(UsageError, match="only reads"):
            write(unit)
        assert everything(unit) == WRITTEN
    with store.begin() as unit:
        assert everything(unit) == WRITTEN
        unit.nights.seal(night_record(received=0))  # the connection of the one before may be this one


def test_a_unit_that_reads_waits_for_no_writer_and_opening_a_store_does_not_either(database_url: str):
    writing, reader = open_store(database_url), open_store(database_url)
    with writing.begin() as unit:
        write_everything(unit)
        with reader.reading() as other:
            assert everything(other) == NOTHING
        newcomer = open_store(database_url)
        with newcomer.reading() as other:
            assert everything(other) == NOTHING
        newcomer.close()
    with reader.reading() as other:
        assert everything(other) == WRITTEN
        with writing.begin() as unit:
            unit.nights.seal(night_record(received=0))
        assert everything(other) == WRITTEN  # all of a unit is of one moment
    with reader.reading() as other:
        assert everything(other)[0] == night_record(received=0)
    writing.close()
    reader.close()


def test_units_of_other_threads_see_nothing_before_the_end(store: Store):
    seen = []

    def look() -> None:
        with store.begin() as unit:
            seen.append(unit.nights.latest())

    with store.begin() as unit:
        unit.nights.seal(night_record())
        other = threading.Thread(target=look)
        other.start()
        other.join(timeout=0.2)  # SQLite and memory make it wait, Postgres shows it the old state
        assert seen in ([], [None])
    other.join()
    assert seen in ([night_record()], [None])


def test_what_a_killed_process_had_not_committed_is_gone_and_the_rest_is_there(database_url: str):
    code = (
        "import sys, time\n"
        "from governance_pipeline.store.open import open_store\n"
        "from tests.store.examples import night_record\n"
        "from tests.store.test_unit import write_everything\n"
        "store = open_store(sys.argv[1])\n"
        "with store.begin() as unit:\n"
        "    write_everything(unit)\n"
        "with store.begin() as unit:\n"
        "    unit.nights.seal(night_record(received=0))\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    store = open_store(database_url)
    with store.begin() as unit:
        assert everything(unit) == WRITTEN
        unit.nights.seal(night_record(received=1))  # nothing is locked
    store.close()
