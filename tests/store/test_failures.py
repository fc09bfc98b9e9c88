"""What a database may do to us: every failure is named, and nothing that was kept is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text

from governance_pipeline.errors import Conflict, GovernanceError, StoreUnavailable
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.store.sql import SqlStore
from tests.store.examples import INCOMES, NIGHT, alert, measurement, night_record, nights_after
from tests.store.steps import everything_said, use

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("damage", ["not a database", "broken pages", "cut off"])
def test_a_damaged_file_is_reported(tmp_path: Path, damage: str):
    path = tmp_path / "store.db"
    url = f"sqlite:///{path}"
    store = open_store(url)
    with store.begin() as unit:
        for count in range(30):
            night = nights_after(count)
            rows = [measurement(night=night, facet=f"{part}" * 50) for part in range(20)]
            unit.measurements.replace(night, rows, entities=[INCOMES])
    store.close()
    whole = path.read_bytes()
    if damage == "not a database":
        path.write_bytes(b"governance: yes\n" * 500)
    elif damage == "broken pages":
        path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    else:
        path.write_bytes(whole[: len(whole) // 2 + 100])

    def read_all() -> None:
        damaged = open_store(url)
        try:
            with damaged.begin() as unit:
                for count in range(30):
                    unit.measurements.of_night(nights_after(count))
        finally:
            damaged.close()

    with pytest.raises(StoreUnavailable, match="damaged or is not a database") as raised:
        read_all()
    assert "backup" in raised.value.hint


def test_a_full_disk_loses_the_unit_and_nothing_before_it(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/store.db"
    use(open_store(url))
    store = SqlStore(url)
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("pragma max_page_count = 80"))

    def fill() -> None:
        with store.begin() as unit:
            for count in range(1000):
                unit.profiles.put("lending.incomes", nights_after(count), {"noise": os.urandom(2000).hex()})

    with pytest.raises(StoreUnavailable, match="is full") as raised:
        fill()
    assert "free space" in raised.value.hint
    with store.begin() as unit:
        assert unit.nights.latest() == night_record()
        assert unit.profiles.get("lending.incomes", NIGHT) is None
    store.close()


def test_a_file_that_may_not_grow_loses_the_unit_and_nothing_before_it(tmp_path: Path):
    """The operating system's own limit, in a process of its own: writes fail below SQLite."""
    code = (
        "import os, resource, signal, sys\n"
        "from governance_pipeline.errors import StoreUnavailable\n"
        "from governance_pipeline.store.open import open_store\n"
        "from tests.store.examples import night_record, nights_after\n"
        "store = open_store(sys.argv[1])\n"
        "with store.begin() as unit:\n"
        "    unit.nights.seal(night_record())\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
        "try:\n"
        "    with store.begin() as unit:\n"
        "        for count in range(3000):\n"
        "            noise = {'noise': os.urandom(2000).hex()}\n"
        "            unit.profiles.put('lending.incomes', nights_after(count), noise)\n"
        "except StoreUnavailable as error:\n"
        "    print(error)\n"
    )
    url = f"sqlite:///{tmp_path}/store.db"
    done = subprocess.run(
        [sys.executable, "-c", code, url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "The store (SQLite file" in done.stdout
    assert "disk" in done.stdout
    store = open_store(url)
    with store.begin() as unit:
        assert unit.nights.latest() == night_record()
        assert unit.profiles.get("lending.incomes", NIGHT) is None
    store.close()


def test_a_store_that_may_not_be_written_is_reported(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("pragma query_only = on"))
    store.close()
    with pytest.raises(StoreUnavailable, match="cannot be written"), store.begin() as unit:
        unit.nights.seal(night_record())
    store.close()


def test_a_writer_that_never_ends_makes_the_store_unavailable_not_the_caller_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"sqlite:///{tmp_path}/store.db"
    holder = open_store(url)
    monkeypatch.setattr("governance_pipeline.store.engine.BUSY_SECONDS", 0.2)
    waiting = open_store(url)
    with holder.begin(), ThreadPoolExecutor(1) as pool:

        def write() -> None:
            with waiting.begin():
                pass

        with pytest.raises(StoreUnavailable, match="is busy"):
            pool.submit(write).result()
    holder.close()
    waiting.close()


@pytest.mark.postgres
def test_a_lost_connection_is_reported_and_the_next_unit_works(postgres_store_url: str):
    store = SqlStore(postgres_store_url)
    other = SqlStore(postgres_store_url)

    def lose_the_connection() -> None:
        with store.begin() as unit:
            unit.nights.seal(night_record())
            with other.engine.begin() as connection:
                connection.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where pid <> pg_backend_pid() and datname = current_database()"
                    )
                )
            unit.nights.latest()

    with pytest.raises(StoreUnavailable, match="does not answer"):
        lose_the_connection()
    with store.begin() as unit:
        assert unit.nights.latest() is None
    store.close()
    other.close()


@pytest.mark.postgres
def test_a_dropped_table_is_reported_as_a_schema_to_upgrade(postgres_url: str):
    upgrade_store(postgres_url)
    store = SqlStore(postgres_url)
    with store.engine.begin() as connection:
        connection.execute(text("drop table nights"))
    with pytest.raises(StoreUnavailable, match="lacks a table") as raised, store.begin() as unit:
        unit.nights.latest()
    assert raised.value.hint == "run governance store upgrade"
    store.close()


def test_no_message_of_a_failed_statement_holds_its_values(tmp_path: Path):
    store = SqlStore(f"sqlite:///{tmp_path}/store.db")
    use(store)
    with store.engine.begin() as connection:
        connection.execute(text("drop table nights"))
    with pytest.raises(GovernanceError) as raised, store.begin() as unit:
        unit.nights.seal(night_record(playbook_digest="canary"))
    assert "canary" not in everything_said(raised.value)
    store.close()


@pytest.mark.postgres
def test_a_postgres_that_may_not_be_written_is_reported(postgres_store_url: str):
    store = open_store(f"{postgres_store_url}&options=-c%20default_transaction_read_only%3Don")
    with store.begin() as unit:
        assert unit.nights.latest() is None
    with pytest.raises(StoreUnavailable, match="cannot be written"), store.begin() as unit:
        unit.nights.seal(night_record())
    store.close()


@pytest.mark.postgres
def test_a_lock_that_is_never_released_is_given_up_on_postgres(
    postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
):
    holder = open_store(postgres_store_url)
    monkeypatch.setattr("governance_pipeline.store.engine.BUSY_SECONDS", 0.2)
    waiting = open_store(postgres_store_url)

    def write() -> None:
        with waiting.begin() as unit:
            unit.nights.seal(night_record(received=1))

    with holder.begin() as unit, ThreadPoolExecutor(1) as pool:
        unit.nights.seal(night_record())
        with pytest.raises(StoreUnavailable, match="is busy"):
            pool.submit(write).result()
    holder.close()
    waiting.close()


@pytest.mark.postgres
def test_of_two_units_that_wait_for_each_other_one_gets_a_conflict(postgres_store_url: str):
    barrier = threading.Barrier(2)
    stores = [open_store(postgres_store_url) for _ in range(2)]

    def cross(own: int) -> str:
        try:
            with stores[own].begin() as unit:
                unit.outbox.enqueue(alert(f"{own}"))
                barrier.wait()
                unit.outbox.enqueue(alert(f"{1 - own}"))
        except Conflict:
            return "conflict"
        return "kept"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(cross, range(2))) == ["conflict", "kept"]
    with stores[0].begin() as unit:
        assert [found.key for found in unit.outbox.list()] == ["0", "1"]
    for store in stores:
        store.close()
