"""Opening a store: what is made, what is refused, and how it is brought up to date."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.store.memory import InMemoryStore
from governance_pipeline.store.open import open_store, store_revision, upgrade_store
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.store.tables import REVISION
from tests.store.examples import NIGHT, night_record, nights_after
from tests.store.steps import use

ROOT = Path(__file__).parents[2]


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


def test_a_sqlite_file_of_somebody_else_is_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / "theirs.db") as connection:
        connection.execute("create table theirs (x)")
    connection.close()
    with pytest.raises(StoreUnavailable, match="has not been set up"):
        open_store(f"sqlite:///{tmp_path}/theirs.db")


def test_an_empty_file_becomes_a_store(tmp_path: Path):
    (tmp_path / "store.db").touch()
    use(open_store(f"sqlite:///{tmp_path}/store.db"))


def test_a_folder_in_the_place_of_the_file_is_reported(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"folder .*file/below cannot be created"):
        open_store(f"sqlite:///{tmp_path}/file/below/store.db")


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
