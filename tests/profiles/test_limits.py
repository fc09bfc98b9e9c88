"""Time, threads and memory: a scan past its time is cut off, whatever it hangs in, and alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Connection, ConsentLedger
from governance_pipeline.errors import ScanTimedOut
from governance_pipeline.profiles import limit as limits
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.limit import Limit, cut_off
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import Profile
from tests.postgres import PostgresServer
from tests.profiles.support import contract, plan, settings, write
from tests.profiles.test_consent import TRAINING, Record, ledger_table

GOOD = pa.table({"x": [1.0, 2.0]})
SLOW = "SELECT sin(a.range * b.range) AS x FROM range(1000000) a, range(1000000) b"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot be interrupted is left behind after half a second."""
    monkeypatch.setattr(limits, "GRACE_SECONDS", 0.5)


@contextmanager
def pipe_that_nobody_writes_to(root: Path) -> Iterator[Location]:
    """A table that reads it: opening it waits, and no interrupt reaches who waits."""
    os.mkfifo(root / "pipe.csv")
    with duckdb.connect(str(root / "hung.duckdb")) as connection:
        columns = "columns = {'x': 'DOUBLE'}, auto_detect = false"
        connection.execute(f"CREATE VIEW hung AS SELECT * FROM read_csv('{root}/pipe.csv', {columns})")
    yield Location("duckdb", path="hung.duckdb", table="hung")
    with suppress(OSError):  # nobody reads it any more
        os.close(os.open(root / "pipe.csv", os.O_WRONLY | os.O_NONBLOCK))  # the thread left behind may end


@pytest.mark.usefixtures("impatient")
def test_what_no_interrupt_reaches_is_left_behind_and_the_engine_goes_on(tmp_path: Path) -> None:
    quick = write("parquet", tmp_path, GOOD)
    engine = IbisEngine(settings(table_timeout_seconds=0.5), tmp_path, {})
    with pipe_that_nobody_writes_to(tmp_path) as hung:
        for _ in range(2):
            with pytest.raises(ScanTimedOut, match=r"took longer than the 0\.5 seconds"):
                engine.scan(plan(contract(hung)))
            patient = contract(quick, scan_timeout=60.0)
            assert engine.scan(plan(patient)).columns["x"].mean == 1.5
        engine.close()


def test_a_process_ends_though_a_scan_was_left_behind(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import ScanTimedOut
from governance_pipeline.profiles import limit
from tests.profiles.support import IbisEngine, contract, plan, settings
limit.GRACE_SECONDS = 0.5
engine = IbisEngine(settings(table_timeout_seconds=0.5), Path(sys.argv[1]), {})
try:
    engine.scan(plan(contract(Location("duckdb", path="hung.duckdb", table="hung"))))
except ScanTimedOut:
    engine.close()
    sys.exit(7)
"""
    with pipe_that_nobody_writes_to(tmp_path):
        done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == 7


def test_a_table_that_somebody_locks_is_cut_off_by_the_database_too(
    tmp_path: Path, postgres_url: str
) -> None:
    location = write("postgres", tmp_path, GOOD, postgres_url)
    engine = IbisEngine(settings(postgres_url, table_timeout_seconds=1), tmp_path, {})
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE things IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ScanTimedOut, match="took longer than the second it may take"):
            engine.scan(plan(contract(location)))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        assert other.execute(waiting).fetchone() == (0,)
        other.rollback()
    assert engine.scan(plan(contract(location, scan_timeout=60.0))).rows == 2
    engine.close()


class Wire:
    """A line to a Postgres server that can go dead: it takes everything and passes nothing on."""

    def __init__(self, server: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has at most 107 bytes
        self._server = server / ".s.PGSQL.5432"
        self._dead = threading.Event()
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        self._dead.set()

    def heal(self) -> None:
        self._dead.clear()

    def close(self) -> None:
        for end in (self._listener, *self._ends):
            end.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._server))
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self._dead.is_set():
                    target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def test_a_database_that_answers_no_more_is_cut_off(
    tmp_path: Path, postgres_url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance_pipeline.profiles.session._DEAF_SECONDS", 0.5)
    location = write("postgres", tmp_path, GOOD, postgres_url)
    wire = Wire(postgres_server.folder)
    through = postgres_url.replace(str(postgres_server.folder), str(wire.folder))
    engine = IbisEngine(settings(through, table_timeout_seconds=1), tmp_path, {})
    patient = contract(location, scan_timeout=60.0)
    assert engine.scan(plan(patient)).rows == 2
    wire.die()
    begun = time.monotonic()
    with pytest.raises(ScanTimedOut):
        engine.scan(plan(contract(location)))
    assert time.monotonic() - begun < limits.GRACE_SECONDS  # woken, not left behind
    wire.heal()
    assert engine.scan(plan(patient)).rows == 2
    engine.close()
    wire.close()


# --- a contract's own limit -------------------------------------------------------------------------


def test_a_contracts_own_limit_wins_over_the_projects(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE VIEW nap AS SELECT 1.5::float8 AS x FROM pg_sleep(0.3)")
    nap = contract(Location("sql", connection="pg", schema="public", table="nap"))
    engine = IbisEngine(settings(postgres_url, table_timeout_seconds=0.2), tmp_path, {})
    with pytest.raises(ScanTimedOut, match=r"longer than the 0\.2 seconds"):
        engine.scan(plan(nap))
    assert engine.scan(plan(replace(nap, scan_timeout=60.0))).columns["x"].mean == 1.5
    with pytest.raises(ScanTimedOut, match=r"longer than the 0\.2 seconds"):
        engine.scan(plan(nap))
    engine.close()
    patient = IbisEngine(settings(postgres_url, table_timeout_seconds=60), tmp_path, {})
    with pytest.raises(ScanTimedOut, match=r"longer than the 0\.1 seconds"):
        patient.scan(plan(replace(nap, scan_timeout=0.1)))
    patient.close()


# --- what two scans both need -----------------------------------------------------------------------

PEOPLE = pa.table({"subject": ["a", "b"], "x": [1.0, 2.0]})


def with_consent(root: Path) -> Location:
    """Where the ledger is, by which one of :func:`people` has consented."""
    return write("parquet", root, ledger_table([Record("a")]), name="ledger")


def people(root: Path, ledger: Location, *, patient: bool = False) -> ScanPlan:
    """``patient``: with time enough for a busy machine."""
    of = contract(write("parquet", root, PEOPLE), subject_key="subject", purposes=(TRAINING,))
    of = replace(of, scan_timeout=60.0) if patient else of
    return plan(of, consent=ConsentPlan(ConsentLedger(dataset="lending.ledger"), ledger))


def costs_the_consent_only(found: Profile, words: str) -> None:
    assert found.consent == ()
    assert words in found.unmeasured["consent"]
    assert found.columns["x"].mean == 1.5


@contextmanager
def held(engine: IbisEngine, location: Location, seconds: float) -> Iterator[None]:
    """Another scan reads the table for so long."""
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with engine._connections.session(location) as session, engine._tables.open(session, location):
            reading.set()
            done.wait(seconds)

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait(60)
    yield
    done.set()
    thread.join()


def test_waiting_for_another_scan_is_not_counted(tmp_path: Path) -> None:
    ledger = with_consent(tmp_path)
    engine = IbisEngine(settings(table_timeout_seconds=4), tmp_path, {})
    engine.scan(people(tmp_path, ledger, patient=True))
    with held(engine, ledger, 4.4):
        begun = time.monotonic()
        found = engine.scan(people(tmp_path, ledger))
    assert time.monotonic() - begun > 4
    assert (found.consent[0].valid, found.unmeasured) == (1, {})
    engine.close()


def test_a_ledger_that_is_not_let_go_of_costs_its_tables_their_consent_only(tmp_path: Path) -> None:
    ledger = with_consent(tmp_path)
    engine = IbisEngine(settings(table_timeout_seconds=2), tmp_path, {})
    engine.scan(people(tmp_path, ledger, patient=True))
    with held(engine, ledger, 60):
        found = engine.scan(people(tmp_path, ledger))
    costs_the_consent_only(found, "waited longer than the 2 seconds")
    assert engine.scan(people(tmp_path, ledger, patient=True)).unmeasured == {}
    engine.close()


def test_a_ledger_that_hangs_costs_its_tables_their_consent_only(tmp_path: Path) -> None:
    ledger = with_consent(tmp_path)
    with duckdb.connect(str(tmp_path / "slow.duckdb")) as connection:
        connection.execute(
            f"CREATE VIEW slow AS SELECT * EXCLUDE (x) FROM read_parquet('{ledger.path}'), ({SLOW})"
        )
    slow = Location("duckdb", path="slow.duckdb", table="slow")
    engine = IbisEngine(settings(table_timeout_seconds=2), tmp_path, {})
    costs_the_consent_only(engine.scan(people(tmp_path, slow)), "took longer than the 2 seconds it may take")
    assert engine.scan(people(tmp_path, ledger, patient=True)).unmeasured == {}
    engine.close()


def test_ctrl_c_interrupts_what_runs(tmp_path: Path) -> None:
    import _thread

    limit, interrupted = Limit(60, "d"), threading.Event()

    def work() -> None:
        with limit.watching(interrupted.set):
            _thread.interrupt_main()
            assert interrupted.wait(30)

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        cut_off(limit, work)
    assert interrupted.is_set()
    assert time.monotonic() - begun < 30


def test_what_the_work_raises_is_what_the_caller_gets() -> None:
    def work() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        cut_off(Limit(60, "d"), work)
    assert cut_off(Limit(60, "d"), lambda: None) is None


# --- threads and memory -----------------------------------------------------------------------------


def test_duckdb_keeps_to_the_threads_and_the_memory_that_it_may_take(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "d.duckdb")).close()
    connections = {"d": Connection(url=f"duckdb://{tmp_path}/d.duckdb")}
    made = settings(memory="64MB", threads=3).model_copy(update={"connections": connections})
    engine = IbisEngine(made, tmp_path, {})
    for location in (Location("parquet", path="x"), Location("sql", connection="d", table="t")):
        with engine._connections.session(location) as session:
            asked = "SELECT current_setting('memory_limit'), current_setting('threads')"
            assert session.rows(asked) == [("61.0 MiB", 3)]  # 64 million bytes
    engine.close()


def test_a_column_that_needs_more_memory_is_named_and_the_others_are_measured(tmp_path: Path) -> None:
    table = pa.table({"essay": [chr(97 + n) * 20_000_000 for n in range(8)], "n": list(range(8))})
    location = write("parquet", tmp_path, table)
    engine = IbisEngine(settings(memory="64MB"), tmp_path, {})
    profile = engine.scan(plan(contract(location)))
    engine.close()
    assert profile.unmeasured == {
        "essay": "it needs more memory than limits.memory in governance.yaml allows"
    }
    assert (profile.rows, profile.columns["n"].mean) == (8, 3.5)
