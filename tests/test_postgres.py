"""The shared Postgres fixture: fresh databases, and nothing left behind however a run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[1]


def _tables(url: str) -> list[str]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return [name for (name,) in rows]


def test_two_databases_of_one_server_do_not_see_each_other(postgres_server: PostgresServer):
    with postgres_server.database() as first, postgres_server.database() as second:
        with psycopg.connect(first.replace("+psycopg", "")) as connection:
            connection.execute("create table seen (x int)")
        assert _tables(first) == ["seen"]
        assert _tables(second) == []


def test_a_database_goes_even_while_somebody_is_connected(postgres_server: PostgresServer):
    with postgres_server.database() as url:
        left_open = psycopg.connect(url.replace("+psycopg", ""))
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url.replace("+psycopg", "")):
        pass
    left_open.close()


def test_a_killed_test_run_leaves_neither_server_nor_folder():
    code = (
        "import time\nfrom tests.postgres import running_postgres\n"
        "with running_postgres() as server:\n    print(server.folder, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        if not folder.is_absolute():
            pytest.skip("the embedded Postgres does not run here")
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)  # the clean-up runs in another process: there is nothing to wait on but the folder
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
