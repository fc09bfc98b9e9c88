"""From the store's URL to a SQLAlchemy engine that behaves the same on SQLite and Postgres."""

from __future__ import annotations

import json
import logging
import sqlite3
from functools import partial
from pathlib import Path
from random import uniform
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError

from governance_pipeline.errors import StoreUnavailable, UsageError

BUSY_SECONDS = 30
"""How long a unit of work waits for another's end before the store counts as unavailable."""

CONNECT_SECONDS = 5
"""How long a Postgres server has to answer."""

_POLL_SECONDS = 0.001
"""How often who waits for SQLite's write lock asks for it, on average."""

_RESTED_SECONDS = 0.1
"""A connection given back longer ago is asked whether its server is still there before it is used."""

_READING = "governance_reading"

_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"}
STORE_URLS = "sqlite:///path/to/store.db, postgresql://user@host/database or memory://"


def database_url(url: str, root: Path | None = None) -> URL:
    """The URL with the driver we use, and with a SQLite path made absolute against ``root``.

    ``postgres://`` and ``postgresql://`` mean psycopg 3 here, whatever SQLAlchemy's default is.
    Raises UsageError for any other database; the message does not repeat the URL, which may hold a password.
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise UsageError("The store's address is not a database URL", hint=f"use {STORE_URLS}") from None
    if parsed.drivername in _POSTGRES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise UsageError(f"No store can be kept in '{parsed.drivername}'", hint=f"use {STORE_URLS}")
    if not parsed.database or parsed.database == ":memory:" or parsed.query or parsed.host:
        raise UsageError("The store's SQLite address names no file", hint=f"use {STORE_URLS}")
    path = (root or Path.cwd()) / parsed.database
    return parsed.set(drivername="sqlite+pysqlite", database=str(path))


def describe(url: URL) -> str:
    """The database in words that are safe to show: never a user or password."""
    if url.drivername.startswith("sqlite"):
        return f"SQLite file {url.database}"
    host = url.host or url.query.get("host") or "local socket"
    port = f":{url.port}" if url.port else ""
    return f"Postgres database {url.database or 'by default'} at {host}{port}"


def make_engine(url: URL) -> Engine:
    """An engine for a URL of :func:`database_url`. Nothing is opened yet."""
    engine = _engine(url)
    pool = type(engine.pool)
    logging.getLogger(f"{pool.__module__}.{pool.__qualname__}").addFilter(_no_interrupt)
    return engine


def _engine(url: URL) -> Engine:
    common: dict[str, Any] = {
        "json_serializer": partial(json.dumps, allow_nan=False, separators=(",", ":")),
        "hide_parameters": True,  # a failed statement's values must not reach a log
    }
    if not url.drivername.startswith("sqlite"):
        engine = create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS}, **common)
        event.listen(engine, "connect", _set_up_postgres)
        event.listen(engine, "checkin", _returned)
        event.listen(engine, "checkout", partial(_still_there, engine))
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **common)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _returned(connection: Any, record: Any) -> None:
    record.info["returned"] = monotonic()
    if connection is not None and connection.read_only:  # it is None where it was lost
        _read_only(connection, None)


def _read_only(connection: Any, only: bool | None) -> None:
    """Whether a Postgres connection's next transactions only read; None: as the server has it by default.

    SQLAlchemy's own options for this put a default of their own in the server's place when they are over.
    """
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.REPEATABLE_READ if only else None
    connection.read_only = only


def _still_there(engine: Engine, connection: Any, record: Any, _proxy: object) -> None:
    """Ask a connection that has rested whether the server still answers; the pool makes another if not.

    SQLAlchemy's own ``pool_pre_ping`` asks each time, which costs a run of acts a seventh of its time.
    """
    if monotonic() - record.info.get("returned", monotonic()) < _RESTED_SECONDS:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


def _no_interrupt(record: logging.LogRecord) -> bool:
    """Whether a line of the pool's log is to be written.

    Where Ctrl-C falls into giving back a connection, the pool writes a traceback and then passes the
    interrupt on to whoever tells of it.
    """
    raised = record.exc_info and record.exc_info[0]
    return not (raised and issubclass(raised, KeyboardInterrupt))


def prepare_folder(url: URL) -> None:
    """Create the folder of a SQLite file. Raises StoreUnavailable where that is not allowed."""
    assert url.database is not None
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The store's folder {folder} cannot be created: {error.strerror}",
            hint="create it, or name another file for the store in governance.yaml",
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",  # readers of other processes go on while a night writes
        "synchronous = FULL",  # a power cut undoes no act that a checkpoint of the ledger has signed
        "foreign_keys = ON",
        "recursive_triggers = ON",  # so that INSERT OR REPLACE cannot pass a delete trigger
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def reading(connection: Connection) -> Connection:
    """The connection, before it begins: its next transaction only reads, all of it as of one moment.

    On SQLite it waits for no writer and keeps none waiting; Postgres would let it do so anyway.
    """
    if connection.dialect.name == "sqlite":
        return connection.execution_options(**{_READING: True})
    _read_only(connection.connection.driver_connection, True)
    return connection


def _begin_sqlite(connection: Connection) -> None:
    """Who may write takes the write lock at once: a deferred transaction can fail when it first writes.

    SQLite keeps no queue, and looks again after up to a tenth of a second: whoever writes one act after the
    other, with a tenth of a thousandth between them, would keep everybody else out. So it is asked oftener.
    """
    if connection.get_execution_options().get(_READING, False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.driver_connection
    patience = monotonic() + BUSY_SECONDS
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while monotonic() < patience:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                sleep(uniform(0, 2 * _POLL_SECONDS))  # noqa: S311 - so that those who wait do not march in step
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, to fail in the words of SQLAlchemy
    finally:
        raw.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_SECONDS)}")


def _set_up_postgres(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()
