"""From a URL to a database: addresses, servers that do not answer, and how SQLite is set up."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest

from governance_pipeline.errors import CannotEvaluate, StoreUnavailable, UsageError
from governance_pipeline.store.open import open_store, store_revision, upgrade_store
from governance_pipeline.store.sql import SqlStore
from tests.store.steps import everything_said, use


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_way_to_write_a_postgres_url_works(postgres_store_url: str, scheme: str):
    use(open_store(postgres_store_url.replace("postgresql+psycopg", scheme, 1)))


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
        "synchronous": 2,
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
