"""Opening a store: what is made, what is refused, and what the message says."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text

from governance_pipeline.errors import CannotEvaluate, GovernanceError, StoreUnavailable, UsageError
from governance_pipeline.store.memory import InMemoryStore
from governance_pipeline.store.open import open_store, store_revision, upgrade_store
from governance_pipeline.store.ports import Store
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.store.tables import REVISION
from tests.store.examples import INCOMES, NIGHT, measurement, night_record, nights_after

ROOT = Path(__file__).parents[2]


def use(store: Store) -> None:
    with store.begin() as unit:
        unit.nights.seal(night_record())
        assert unit.nights.latest() == night_record()
    store.close()


def test_memory_is_a_new_store_each_time():
    use(open_store("memory://"))
    store = open_store("memory://")
    assert isinstance(store, InMemoryStore)
    with store.begin() as unit:
        assert unit.nights.latest() is None
    assert upgrade_store("memory://") == store_revision("memory://")
    assert store_revision("memory://").is_current


def test_a_missing_sqlite_file_is_made_with_its_folder(tmp_path: Path):
    use(open_store(f"sqlite:///{tmp_path}/a/b c/störe%20.db"))
    assert (tmp_path / "a" / "b c" / "störe .db").is_file()


def test_a_relative_sqlite_path_starts_at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    use(open_store("sqlite:///state/store.db", root=tmp_path / "project"))
    use(open_store("sqlite:///store.db", root=tmp_path / "100%20 ? #&"))
    use(open_store("sqlite:///here.db"))
    upgrade_store("sqlite:///state/upgraded.db", root=tmp_path / "project")
    assert store_revision("sqlite:///state/upgraded.db", root=tmp_path / "project").is_current
    assert (tmp_path / "project" / "state" / "store.db").is_file()
    assert (tmp_path / "project" / "state" / "upgraded.db").is_file()
    assert (tmp_path / "elsewhere" / "here.db").is_file()
    assert (tmp_path / "100%20 ? #&" / "store.db").is_file()


def test_a_missing_sqlite_file_is_not_made_where_it_must_exist(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/none/store.db"
    with pytest.raises(StoreUnavailable, match="is not there") as raised:
        open_store(url, create=False)
    assert "governance store upgrade" in raised.value.hint
    with pytest.raises(StoreUnavailable, match="is not there"):
        store_revision(url)
    assert not (tmp_path / "none").exists()


def test_a_store_object_opens_itself_at_its_first_unit(tmp_path: Path):
    store = SqlStore(f"sqlite:///{tmp_path}/store.db")
    assert not (tmp_path / "store.db").exists()
    use(store)


def test_many_processes_may_make_the_same_file_at_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/store.db"
    barrier = threading.Barrier(6)

    def make(writer: int) -> None:
        store = SqlStore(url)
        barrier.wait()
        with store.begin() as unit:
            unit.nights.seal(night_record(nights_after(writer)))
        store.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(6)))
    store = open_store(url)
    with store.begin() as unit:
        assert len(unit.nights.between(NIGHT, nights_after(9))) == 6
    store.close()


def test_an_outdated_schema_asks_for_an_upgrade(database_url: str):
    assert store_revision(database_url).is_current
    _set_revision(database_url, "0000")
    with pytest.raises(StoreUnavailable, match=f"is at 0000, this release needs {REVISION}") as raised:
        open_store(database_url)
    assert raised.value.hint == "run governance store upgrade"
    assert store_revision(database_url).current == "0000"
    unopened = SqlStore(database_url)
    with pytest.raises(StoreUnavailable), unopened.begin():
        pass
    unopened.close()
    with pytest.raises(StoreUnavailable, match="revision that this release does not know"):
        upgrade_store(database_url)
    _set_revision(database_url, "9999")
    with pytest.raises(StoreUnavailable, match="upgraded by a newer release, to 9999"):
        open_store(database_url)
    _set_revision(database_url, REVISION)
    open_store(database_url).close()


def _set_revision(url: str, revision: str) -> None:
    store = SqlStore(url)
    with store.engine.begin() as connection:
        connection.execute(text("update governance_revision set version_num = :new"), {"new": revision})
    store.close()


@pytest.mark.postgres
def test_an_empty_postgres_database_is_set_up_by_an_upgrade_only(postgres_url: str):
    with pytest.raises(StoreUnavailable, match="has not been set up") as raised:
        open_store(postgres_url)
    assert raised.value.hint == "run governance store upgrade"
    assert store_revision(postgres_url).current is None
    assert upgrade_store(postgres_url).is_current
    use(open_store(postgres_url))


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_way_to_write_a_postgres_url_works(postgres_store_url: str, scheme: str):
    use(open_store(postgres_store_url.replace("postgresql+psycopg", scheme, 1)))


def test_a_sqlite_file_of_somebody_else_is_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / "theirs.db") as connection:
        connection.execute("create table theirs (x)")
    connection.close()
    with pytest.raises(StoreUnavailable, match="has not been set up"):
        open_store(f"sqlite:///{tmp_path}/theirs.db")


def test_an_empty_file_becomes_a_store(tmp_path: Path):
    (tmp_path / "store.db").touch()
    use(open_store(f"sqlite:///{tmp_path}/store.db"))


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:canary@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://host/file.db",
        "sqlite:///file.db?canary=1",
        "canary",
        "postgresql://u:can/ary@host:port/db",
        "",
    ],
)
def test_an_address_of_no_store_is_refused_without_repeating_it(url: str):
    for act in (open_store, upgrade_store, store_revision):
        with pytest.raises(UsageError) as raised:
            act(url)
        assert "sqlite:///path/to/store.db" in raised.value.hint
        assert "canary" not in str(raised.value)
        assert raised.value.__cause__ is None


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def everything_said(error: BaseException) -> str:
    """The message with those of all its causes, as a traceback would show them."""
    said = []
    cause: BaseException | None = error
    while cause is not None:
        said.append(f"{cause} {getattr(cause, 'hint', '')}")
        cause = cause.__cause__ or cause.__context__
    return "\n".join(said)


def test_a_server_that_is_not_there_is_named_without_its_password():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in (
        f"postgresql://gov:canary@127.0.0.1:{port}/governance",
        f"postgresql://gov@127.0.0.1:{port}/governance?password=canary",
    ):
        with pytest.raises(StoreUnavailable, match="does not answer") as raised:
            open_store(url)
        assert f"governance at 127.0.0.1:{port}" in str(raised.value)
        assert isinstance(raised.value, CannotEvaluate)
        assert "canary" not in everything_said(raised.value)


def test_a_server_that_never_answers_is_given_up(silent_port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("governance_pipeline.store.engine.CONNECT_SECONDS", 2)
    with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{silent_port}.* does not answer"):
        open_store(f"postgresql://gov:canary@127.0.0.1:{silent_port}/governance")


def test_a_host_without_a_name_does_not_answer():
    with pytest.raises(StoreUnavailable, match=r"nowhere\.invalid"):
        open_store("postgresql://gov:canary@nowhere.invalid/governance")


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_named(postgres_url: str):
    with pytest.raises(StoreUnavailable, match="does not exist"):
        open_store(postgres_url.replace("/test_", "/no_such_"))


def test_a_folder_in_the_place_of_the_file_is_reported(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"folder .*file/below cannot be created"):
        open_store(f"sqlite:///{tmp_path}/file/below/store.db")


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


def test_sqlite_is_set_up_as_the_project_needs_it(tmp_path: Path):
    store = SqlStore(f"sqlite:///{tmp_path}/store.db")
    use(store)
    with store.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "recursive_triggers", "synchronous", "busy_timeout")
        }
        assert connection.get_isolation_level() == "SERIALIZABLE"
    assert settings == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "synchronous": 1,
        "busy_timeout": 30_000,
    }
    store.close()


def test_a_unit_on_sqlite_takes_the_write_lock_at_its_beginning(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    raw = sqlite3.connect(tmp_path / "store.db", timeout=0, isolation_level=None)
    with store.begin() as unit:
        unit.nights.latest()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            raw.execute("begin immediate")
    raw.execute("begin immediate")
    raw.close()
    store.close()


@pytest.mark.parametrize(
    ("url", "absent"),
    [
        ("memory://", ("sqlalchemy", "alembic", "psycopg")),
        (
            "sqlite:///{}/store.db",
            ("alembic", "psycopg", "sqlalchemy.dialects.postgresql", "pandas", "numpy"),
        ),
    ],
)
def test_opening_a_store_loads_no_more_than_it_needs(tmp_path: Path, url: str, absent: tuple[str, ...]):
    """Every command opens the store; Alembic alone would cost the gate a third of its time."""
    url = url.format(tmp_path)
    open_store(url).close()
    code = (
        "import sys\n"
        "from governance_pipeline.store.open import open_store\n"
        "with open_store(sys.argv[1]).begin() as unit:\n"
        "    unit.versions.get('m', '1')\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()).isdisjoint(absent)
