"""A database's failures, as the errors of this project.

SQLAlchemy's exceptions stay inside the store. Whoever calls it sees StoreUnavailable (nothing was
written; a gate stays closed) or Conflict (somebody else was first; read again and decide).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from governance_pipeline.errors import Conflict, GovernanceError, StoreUnavailable

UPGRADE = "run governance store upgrade"

_BY_SQLSTATE = {
    "40001": "conflict",  # serialization_failure
    "40P01": "conflict",  # deadlock_detected
    "42P01": "schema",  # undefined_table
    "42703": "schema",  # undefined_column
    "53100": "full",  # disk_full
    "25006": "readonly",  # read_only_sql_transaction
    "55P03": "busy",  # lock_not_available
}
"""Postgres error codes: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_BY_SQLITE_NAME = {
    "SQLITE_FULL": "full",
    "SQLITE_IOERR": "broken",
    "SQLITE_READONLY": "readonly",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_CORRUPT": "corrupt",
    "SQLITE_NOTADB": "corrupt",
    "SQLITE_CANTOPEN": "missing",
}
"""Primary result codes: https://www.sqlite.org/rescode.html"""

_SENTENCES = {
    "full": (
        "is full: the disk or the file's limit has been reached",
        "free space, then run the night again",
    ),
    "readonly": ("cannot be written", "give this account the right to write there"),
    "busy": ("is busy: another process has been writing for too long", "wait for it to end and try again"),
    "corrupt": ("is damaged or is not a database", "restore it from its last backup"),
    "missing": (
        "cannot be opened",
        "check that its folder exists and that this account may read and write it",
    ),
    "broken": ("cannot be read or written by the disk", "check the disk, then run again"),
    "schema": ("lacks a table or column that this release needs", UPGRADE),
}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn SQLAlchemy's exceptions into ours. ``where`` describes the database without secrets."""
    try:
        yield
    except SQLAlchemyError as error:
        raise failure(error, where) from error


def failure(error: SQLAlchemyError, where: str) -> GovernanceError:
    """What a SQLAlchemy exception means for the caller."""
    if isinstance(error, PoolTimeout):
        return StoreUnavailable(
            f"The store ({where}) has too many units of work open", hint="close some first"
        )
    kind = _kind(error)
    if kind == "conflict" or isinstance(error, IntegrityError):
        return Conflict(
            f"Somebody else changed the same record of the store ({where}) first",
            hint="read its new state and decide again",
        )
    if kind in _SENTENCES:
        what, hint = _SENTENCES[kind]
        return StoreUnavailable(f"The store ({where}) {what}", hint=hint)
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _refused(error)):
        return StoreUnavailable(
            f"The store ({where}) does not answer: {_reason(error)}",
            hint="check that it runs, and its address and password in governance.yaml",
        )
    return StoreUnavailable(
        f"The store ({where}) failed: {_reason(error)}",
        hint="nothing was written; correct this and run again",
    )


def _kind(error: SQLAlchemyError) -> str:
    original = error.orig if isinstance(error, DBAPIError) else None
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _BY_SQLSTATE.get(state, "")
    name = getattr(original, "sqlite_errorname", None)
    if name is None:
        return ""
    if "no such table" in str(original) or "no such column" in str(original):
        return "schema"
    return next((kind for prefix, kind in _BY_SQLITE_NAME.items() if name.startswith(prefix)), "")


def _refused(error: DBAPIError) -> bool:
    """Whether a connection was never made: psycopg gives such errors no SQLSTATE."""
    return type(error.orig).__module__.startswith("psycopg") and getattr(error.orig, "sqlstate", "") is None


def _reason(error: SQLAlchemyError) -> str:
    """The database's own first line. Statement and parameters are never in it."""
    text = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    return text.strip().partition("\n")[0]
