"""One connection that statements run on, with a time limit, and errors that tell no secret and no row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from governance_pipeline.errors import CannotEvaluate, ScanTimedOut, SourceUnavailable

_RETRY_SECONDS = 0.05
# Messages of these kinds speak of files, tables and servers; of others they may quote a row's values.
_SPEAKS_OF_NO_ROW = frozenset(
    {"IOException", "CatalogException", "BinderException", "PermissionException", "HTTPException",
     "OperationalError", "UndefinedTable", "UndefinedColumn", "InsufficientPrivilege", "InvalidSchemaName",
     "SparkFailed"}
)  # fmt: skip
_NOT_PARQUET = re.compile(
    r"(?:magic bytes found at end of|too small to be a Parquet).*|File '[^']+' too small"
)
_FILE = re.compile(r"[Ff]ile ['\"]([^'\"]+)['\"]")
# How DuckDB and Spark say that a file which was there when the table was opened is there no more.
_VANISHED = re.compile(r"^No files found that match|FILE_NOT_EXIST")


class StatementFailed(CannotEvaluate):
    """The engine refused a statement; the message is fit to be shown."""

    code = "statement_failed"


class FilesMoved(SourceUnavailable):
    """A file disappeared while its table was read: whoever opens the table again sees it as it is now."""

    code = "files_moved"


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
    _limit: _Limit | None = field(default=None, repr=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and fetch what it returns.

        Raises:
            StatementFailed: the engine refused it.
            FilesMoved: a file that it reads has disappeared.
            ScanTimedOut: the time given by :meth:`limited` is over.
        """
        limit = self._limit
        if limit is not None and limit.passed:
            raise limit.error()
        try:
            return self._fetch(statement)
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            self.broken = True
            if (limit is not None and limit.passed) or type(error).__name__ == "QueryCanceled":
                raise (limit.error() if limit else ScanTimedOut("the statement was cut off")) from None
            said = reason(error, self.secrets)
            # the cause may quote rows
            raise (FilesMoved if _VANISHED.search(said) else StatementFailed)(said) from None

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        if self.backend is None:
            return list(self.connection.execute(statement).fetchall())
        cursor = self.backend.raw_sql(statement)
        if not hasattr(cursor, "fetchall"):  # BigQuery's result is its rows
            return [tuple(row) for row in cursor]
        try:
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    @contextmanager
    def limited(self, seconds: float, dataset: str) -> Iterator[None]:
        """Everything inside must be done in ``seconds``; a running statement is interrupted."""
        limit = _Limit(seconds, dataset, self._interrupt)
        self._limit = limit
        try:
            with limit.watching():
                yield
        finally:
            self._limit = None

    def _interrupt(self) -> None:
        interrupt = getattr(self.connection, "interrupt", None) or getattr(
            self.connection, "cancel_safe", None
        )
        if interrupt is not None:
            interrupt()

    def close(self) -> None:
        """Give the connection back; one that is already gone is no error."""
        with suppress(Exception):  # closing a broken connection may raise whatever broke it
            self.connection.close()


@dataclass(slots=True)
class _Limit:
    """Interrupts again and again once the time is over: an interrupt between two statements is lost."""

    seconds: float
    dataset: str
    interrupt: Callable[[], None]
    passed: bool = False
    _done: Event = field(default_factory=Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        watcher = Thread(target=self._watch, name=f"limit-{self.dataset}", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._done.set()
            watcher.join()  # no late interrupt may hit the connection's next user

    def _watch(self) -> None:
        wait = self.seconds
        while not self._done.wait(wait):
            self.passed = True
            wait = _RETRY_SECONDS
            with suppress(Exception):  # the statement may just have ended, or the connection gone
                self.interrupt()

    def error(self) -> ScanTimedOut:
        return ScanTimedOut(
            f"the scan of {self.dataset} took longer than the {self.seconds:g} seconds it may take",
            hint="raise limits.table_timeout_seconds in governance.yaml, or make the table smaller",
        )


def reason(error: Exception, secrets: Sequence[str] = ()) -> str:
    """Why a statement failed, in one line without row values and secrets."""
    lines = str(error).strip().splitlines() or [""]
    name = type(error).__name__
    if _NOT_PARQUET.search(lines[0]):
        file = _FILE.search(lines[0])
        return f"{file.group(1) if file else 'a file'} is not a Parquet file, or was cut off"
    if name not in _SPEAKS_OF_NO_ROW:
        return f"the engine reported {name}"
    said = re.sub(r"^[A-Z]\w*(?: \w+)? Error: ", "", lines[0]).rstrip(".: ")
    for secret in secrets:
        said = said.replace(secret, "***")
    return said
