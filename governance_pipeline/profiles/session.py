"""One connection that statements run on, with a time limit, and errors that tell no secret and no row."""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from governance_pipeline.errors import CannotEvaluate, ScanTimedOut, SourceUnavailable
from governance_pipeline.profiles.limit import Limit

_CANCEL_SECONDS = 2.0
_DEAF_SECONDS = 4.0  # after the limit: whoever has not answered to a cancellation by then is not there
# Messages of these kinds speak of files, tables and servers; of others they may quote a row's values.
_SPEAKS_OF_NO_ROW = frozenset(
    {"IOException", "CatalogException", "BinderException", "PermissionException", "HTTPException",
     "OperationalError", "UndefinedTable", "UndefinedColumn", "InsufficientPrivilege", "InvalidSchemaName",
     "SparkFailed"}
)  # fmt: skip
_NOT_PARQUET = re.compile(
    r"(?:magic bytes found at end of|too small to be a Parquet).*|File '[^']+' too small"
)
_NO_COLUMNS = "Need at least one non-root column"
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_NO_DIALECT = re.compile(r"It was not possible to automatically detect the CSV parsing dialect")
_CSV_REASONS = (
    ("Invalid unicode", "is not text in UTF-8"),
    ("Maximum line size", "has a line that is longer than 16 MB"),
)
_FILE = re.compile(r"[Ff]ile ['\"]([^'\"]+)['\"]")
_READ_FILES = ("duckdb", "spark")
# How these say that a file's footer can be read and what it points at cannot; some of it names the file.
_DAMAGED = re.compile(
    r"Failed to read file|encoding found in Parquet file|[Cc]orrupt|FAILED_READ_FILE\.NO_HINT"
)
# How DuckDB and Spark say that a file which was there when the table was opened is there no more.
_VANISHED = re.compile(r"^No files found that match|FILE_NOT_EXIST")


class StatementFailed(CannotEvaluate):
    """The engine refused a statement; the message is fit to be shown."""

    code = "statement_failed"


class FilesMoved(SourceUnavailable):
    """A file disappeared while its table was read: whoever opens the table again sees it as it is now."""

    code = "files_moved"


class FileDamaged(SourceUnavailable):
    """A file is what it says it is, but a part of it does not hold what was written.

    Attributes:
        file: its path; "" where the engine does not tell which of those that it read.
    """

    code = "file_damaged"

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file or 'a file'} is damaged: a part of it cannot be read",
            hint="put it back from its source or from a backup, or remove it, then run the night again",
        )
        self.file = file


@dataclass(slots=True)
class Session:
    """A connection in the hands of one thread.

    Attributes:
        dialect: the engine's SQL dialect as sqlglot names it.
        family: connections of one family can join each other's tables.
        connection: DB-API-like: ``execute`` (or ``cursor``) and a way to be interrupted.
        secrets: texts that must not appear in any message.
        broken: a statement failed; the connection's state is not known.
    """

    dialect: str
    family: str
    connection: Any
    backend: Any = None
    secrets: Sequence[str] = ()
    broken: bool = False
    _limit: Limit | None = field(default=None, repr=False)
    _steady: bool = field(default=False, repr=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and fetch what it returns.

        Raises:
            StatementFailed: the engine refused it.
            FilesMoved: a file that it reads has disappeared.
            FileDamaged: a part of a file that it reads is destroyed.
            ScanTimedOut: the time given by :meth:`limited` is over.
        """
        limit = self._limit
        if limit is not None and limit.is_over():
            raise limit.error()
        try:
            return self._fetch(statement)
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            self.broken = True
            if (limit is not None and limit.passed) or type(error).__name__ == "QueryCanceled":
                raise (limit.error() if limit else ScanTimedOut("the statement was cut off")) from None
            if self.dialect in _READ_FILES and _is_damage(error):
                raise FileDamaged(_file_in(str(error))) from None
            said = reason(error, self.secrets)
            # the cause may quote rows
            raise (FilesMoved if _VANISHED.search(said) else StatementFailed)(said) from None

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        if self._steady:
            return self._in_transaction(statement)
        if self.backend is None:
            return list(self.connection.execute(statement).fetchall())
        cursor = self.backend.raw_sql(statement)
        if not hasattr(cursor, "fetchall"):  # BigQuery's result is its rows
            return [tuple(row) for row in cursor]
        try:
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def _in_transaction(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement whose failure leaves the transaction, and what it sees of the table, as it is."""
        self.connection.execute("SAVEPOINT statement")
        try:
            rows = list(self.connection.execute(statement).fetchall())
        except Exception:
            with suppress(Exception):  # where the connection is gone, the statement's own error says it
                self.connection.execute("ROLLBACK TO SAVEPOINT statement")
            raise
        self.connection.execute("RELEASE SAVEPOINT statement")
        return rows

    @contextmanager
    def steady(self) -> Iterator[None]:
        """On Postgres, every statement inside sees the tables as the first one does, whoever writes.

        Other engines are asked statement by statement; files are those that were listed at the start.

        Raises:
            StatementFailed: the connection is gone.
        """
        if self.dialect != "postgres":
            yield
            return
        self._tell("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._steady = True
        try:
            yield
        finally:
            self._steady = False
            with suppress(StatementFailed):  # a connection that is gone is not lent again
                self._tell("ROLLBACK")

    @contextmanager
    def limited(self, limit: Limit) -> Iterator[None]:
        """Everything inside must be done within the limit; a running statement is interrupted.

        Raises:
            StatementFailed: the connection is gone.
        """
        self._limit = limit
        try:
            with limit.watching(self._interrupt):
                self._tell_server(limit.seconds)
                yield
        finally:
            self._limit = None

    def holding(self, lock: Any) -> AbstractContextManager[Any]:
        """Hold a lock that another scan may hold; the time waited for it is not counted as this scan's."""
        held: AbstractContextManager[Any] = lock if self._limit is None else self._limit.holding(lock)
        return held

    def _tell_server(self, seconds: float) -> None:
        """Have Postgres itself end what runs too long, should this process be gone by then."""
        if self.dialect == "postgres":
            self._tell(f"SET statement_timeout = {math.ceil(seconds * 1000)}")

    def _tell(self, command: str) -> None:
        try:
            self.connection.execute(command)
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            self.broken = True
            raise StatementFailed(reason(error, self.secrets)) from None

    def _interrupt(self) -> None:
        if hasattr(self.connection, "interrupt"):
            self.connection.interrupt()
        elif hasattr(self.connection, "cancel_safe"):
            if self._limit is not None and self._limit.left() < -_DEAF_SECONDS:
                self._hang_up()
            self.connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def _hang_up(self) -> None:
        """Wake a statement that waits for a server which does not answer any more."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back; one that is already gone is no error."""
        with suppress(Exception):  # closing a broken connection may raise whatever broke it
            self.connection.close()


def reason(error: Exception, secrets: Sequence[str] = ()) -> str:
    """Why a statement failed, in one line without row values and secrets."""
    lines = str(error).strip().splitlines() or [""]
    name = type(error).__name__
    if _NOT_PARQUET.search(lines[0]):
        return f"{_file_in(lines[0]) or 'a file'} is not a Parquet file, or was cut off"
    if _NO_COLUMNS in lines[0]:
        return f"{_file_in(lines[0]) or 'a file'} is a Parquet file without columns"
    if name == "InvalidInputException" and (said := _said_of_csv(str(error))):
        return said
    if name == "OutOfMemoryException":
        return "it needs more memory than limits.memory in governance.yaml allows"
    if name not in _SPEAKS_OF_NO_ROW:
        return f"the engine reported {name}"
    said = re.sub(r"^[A-Z]\w*(?: \w+)? Error: ", "", lines[0]).rstrip(".: ")
    for secret in secrets:
        said = said.replace(secret, "***")
    return said


def _said_of_csv(message: str) -> str:
    """Which line of a CSV file cannot be read and why, without quoting it as the message does."""
    line = _CSV_LINE.search(message)
    if line is None:
        return "its lines have different numbers of values" if _NO_DIALECT.search(message) else ""
    for why, told in _CSV_REASONS:
        if why in message:
            return f"about line {line[1]} it {told}"
    return f"line {line[1]} is not as the others are"


def _is_damage(error: Exception) -> bool:
    """What DuckDB's readers of pages meet unprepared has no kind of its own and is just an error."""
    bare = type(error).__name__ == "Error"
    return not _NOT_PARQUET.search(str(error)) and (bare or _DAMAGED.search(str(error)) is not None)


def _file_in(message: str) -> str:
    found = _FILE.search(message)
    return found.group(1) if found else ""
