"""Opens and pools connections: one DuckDB for all files, and each named SQL database through Ibis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit, urlunsplit

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import SourceUnavailable, UsageError
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.session import Session, reason
from governance_pipeline.profiles.spark import SparkSessions
from governance_pipeline.profiles.spark_address import is_spark, parameters_of, sounds_secret, spark_address
from governance_pipeline.profiles.spill import SpillFolder

FILES = "files"
_CONNECT_SECONDS = 10


class Connections:
    """The engine's connections, reused by whichever thread scans next.

    Args:
        settings: names the SQL databases and the limits of memory and threads.
        environ: where ``${NAME}`` in a connection's URL is looked up.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._lock = Lock()
        self._idle: dict[str, list[Session]] = defaultdict(list)
        self._duckdb: Any = None
        self._spill: SpillFolder | None = None
        self._lent = 0
        self._closed = False
        self._attaching = Lock()
        self._attached: dict[str, str] = {}
        self._spark = SparkSessions()

    @contextmanager
    def session(self, location: Location) -> Iterator[Session]:
        """A session that can read ``location``; nobody else uses it meanwhile.

        Raises:
            SourceUnavailable: the database is not known or does not answer.
        """
        family = family_of(location)
        with self._lock:
            idle = self._idle[family]
            session = idle.pop() if idle else None
            self._lent += 1
        try:
            yield from self._lend(location, family, session)
        finally:
            with self._lock:
                self._lent -= 1

    def _lend(self, location: Location, family: str, session: Session | None) -> Iterator[Session]:
        if session is None:
            session = self._open_files() if family == FILES else self._open_named(location.connection)
        try:
            yield session
        finally:
            if (session.broken and family != FILES) or self._closed:
                session.close()
            else:
                session.broken = False
                with self._lock:
                    self._idle[family].append(session)

    def attach(self, session: Session, path: Path) -> str:
        """Attach a DuckDB database file, read only, and return the name it goes by.

        Raises:
            StatementFailed: it cannot be opened.
        """
        with session.holding(self._attaching):
            if str(path) not in self._attached:
                alias = f"file_{len(self._attached) + 1}"
                statement = exp.Attach(
                    this=exp.alias_(exp.Literal.string(str(path)), alias, quoted=True),
                    expressions=[exp.AttachOption(this=exp.Var(this="READ_ONLY"))],
                )
                session.rows(sql.render(statement, "duckdb"))
                self._attached[str(path)] = alias
            return self._attached[str(path)]

    def close(self) -> None:
        """Close every connection and remove what was spilled to disk. Where a scan was left behind, DuckDB
        is left to the end of the process: to close it would wait for that scan.
        """
        with self._lock:
            self._closed = True
            for sessions in self._idle.values():
                for session in sessions:
                    session.close()
            self._idle.clear()
            self._attached.clear()
            self._spark.close()
            if self._duckdb is not None and not self._lent:
                self._duckdb.disconnect()
                self._duckdb = None
            if self._spill is not None:
                self._spill.close()
                self._spill = None

    def _open_files(self) -> Session:
        import ibis

        with self._lock:
            if self._duckdb is None:
                self._spill = SpillFolder()
                self._duckdb = ibis.duckdb.connect(
                    threads=self._settings.limits.threads,
                    memory_limit=self._settings.limits.memory,
                    temp_directory=str(self._spill.path),
                    preserve_insertion_order=False,
                    autoinstall_known_extensions=False,  # a night downloads no code
                    # DuckDB tells by the second whether a file changed: a rewritten one is read stale
                    enable_external_file_cache=False,
                )
            cursor = self._duckdb.con.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return Session("duckdb", FILES, cursor)

    def _open_named(self, name: str) -> Session:
        import ibis

        declared = self._settings.connections.get(name)
        if declared is None:
            near = get_close_matches(name, self._settings.connections, n=1)
            known = ", ".join(self._settings.connections) or "none"
            raise SourceUnavailable(
                f"governance.yaml names no connection '{name}'",
                hint=f"did you mean '{near[0]}'?" if near else f"there are: {known}",
            )
        url = resolve_env(declared.url, self._environ)
        try:
            if is_spark(url):
                spark = self._spark.open(spark_address(url), self._settings.limits)
                return Session("spark", f"sql:{name}", spark, spark, _secrets(url))
            address, options = _address(url)
            backend = ibis.connect(address, **options)
        except (SourceUnavailable, UsageError) as error:
            raise SourceUnavailable(
                f"connection '{name}' cannot be used: {error.message}", hint=error.hint
            ) from None
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            raise SourceUnavailable(
                f"the database of connection '{name}' does not answer: {reason(error, _secrets(url))}",
                hint=f"check connections.{name}.url in governance.yaml and that the database is up",
            ) from None  # the cause may hold the URL with its password
        dialect = backend.dialect.__name__.lower()
        if dialect == "duckdb":
            limits = self._settings.limits
            backend.con.execute("SET threads = ?", [limits.threads])
            backend.con.execute("SET memory_limit = ?", [limits.memory])
            return Session(dialect, f"sql:{name}", backend.con, secrets=_secrets(url))
        connection = getattr(backend, "con", None)  # BigQuery has none
        session = Session(dialect, f"sql:{name}", connection, backend, _secrets(url))
        if dialect == "postgres":
            session.connection.execute("SET default_transaction_read_only = on")
        return session


def family_of(location: Location) -> str:
    """Locations of one family are read by one engine, so that their tables can be joined."""
    return f"sql:{location.connection}" if location.connection else FILES


def _address(url: str) -> tuple[str, dict[str, Any]]:
    """The URL as Ibis reads it: without SQLAlchemy's driver, and with a time limit where we know how."""
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    options: dict[str, Any] = {}
    if scheme in ("postgres", "postgresql") and "connect_timeout" not in parts.query:
        options["connect_timeout"] = _CONNECT_SECONDS
    if scheme == "duckdb":
        options["read_only"] = True
    return urlunsplit(parts._replace(scheme=scheme)), options


def _secrets(url: str) -> tuple[str, ...]:
    """Every text in a URL that must not be shown, as written and as decoded."""
    parts = urlsplit(url)
    found = {parts.password or ""}
    named = [*parse_qsl(parts.query), *parameters_of(url)]
    found |= {value for name, value in named if sounds_secret(name)}
    found |= {unquote_plus(value) for value in found}
    return tuple(sorted(found - {""}, key=len, reverse=True))
