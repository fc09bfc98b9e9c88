"""Finds a dataset's table and gives it to the scan as something to select from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Limits
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.columns import EngineType, engine_type
from governance_pipeline.profiles.connect import Connections
from governance_pipeline.profiles.damage import finding
from governance_pipeline.profiles.files import file_state, shown
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.session import Session, StatementFailed, reason
from governance_pipeline.profiles.source_table import SourceTable, described, named_table, unreadable
from governance_pipeline.profiles.staged import StagedFiles

_NOTHING: Mapping[str, Partition] = {}


class Tables:
    """Every table the engine has met."""

    def __init__(self, connections: Connections, root: Path, limits: Limits) -> None:
        self._connections = connections
        self._root = root
        self._files = StagedFiles(root, limits)

    @contextmanager
    def open(
        self, session: Session, location: Location, known: Mapping[str, Partition] = _NOTHING
    ) -> Iterator[SourceTable]:
        """The table at ``location``, unchanged while the context lasts.

        Args:
            known: what is remembered of its partitions.

        Raises:
            SourceUnavailable: it is not there or cannot be read.
        """
        if location.connection:
            yield self._database_table(session, location)
        elif location.kind == "duckdb":
            with finding(
                session, lambda: [(location.path, self._attached_table(session, location).relation)]
            ):
                yield self._attached_table(session, location)
        else:
            with self._files.open(session, location, known) as table:
                yield table

    def _database_table(self, session: Session, location: Location) -> SourceTable:
        if location.kind != "sql" and not hasattr(session.backend, "view_of"):
            raise unreadable(
                location, f"the connection '{location.connection}' is no Spark, which reads files"
            )
        if session.backend is None:
            return self._described(session, named_table(location.table, location.schema), location)
        try:
            table, database, unread = self._placed(session, location)
            found = session.backend.get_schema(table, database=database or None)
        except SourceUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            session.broken = True
            raise (
                _gone(location)
                if type(error).__name__ == "TableNotFound"
                else unreadable(location, reason(error, session.secrets))
            ) from None
        schema = tuple((name, _as_text(engine_type(dtype))) for name, dtype in found.items())
        return SourceTable(named_table(table, database).copy, schema, unread=unread)

    def _placed(
        self, session: Session, location: Location
    ) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
        """Table and schema to read; of files that are read through a connection, a view of them, and the
        columns that it leaves out.
        """
        if location.kind == "sql":
            return location.table, location.schema, ()
        path, root = location.path, str(self._root)
        if Path(path).is_relative_to(root):  # only what the contract says is a pattern
            path = re.sub(r"[\\\[\]{}*?]", r"\\\g<0>", root) + path.removeprefix(root)
        view, unread = session.backend.view_of(location.kind, path)
        return view, "", unread

    def _attached_table(self, session: Session, location: Location) -> SourceTable:
        path = self._root / location.path
        if not path.is_file():
            raise SourceUnavailable(
                f"there is no DuckDB database at {shown(path, self._root)}",
                hint="check the contract's server",
            )
        try:
            alias = self._connections.attach(session, path)
        except StatementFailed as error:
            raise unreadable(location, error.message) from error
        table = named_table(location.table, location.schema or "main", alias)
        return self._described(session, table, location, _state(path))

    def _described(
        self, session: Session, table: exp.Table, location: Location, state: str = ""
    ) -> SourceTable:
        try:
            return SourceTable(table.copy, described(session, table.copy()), state)
        except StatementFailed as error:
            raise (
                _gone(location) if "does not exist" in error.message else unreadable(location, error.message)
            ) from error


def _as_text(type_: EngineType) -> EngineType:
    """Ibis calls a database's enumerations strings; as text they are."""
    return replace(type_, cast=True) if type_.kind == "category" else type_


def _state(path: Path) -> str:
    return hashlib.sha256(repr([file_state(path)]).encode()).hexdigest()[:32]


def _gone(location: Location) -> SourceUnavailable:
    table = ".".join(part for part in (location.schema, location.table) if part)
    where = f"connection '{location.connection}'" if location.kind == "sql" else location.path
    return SourceUnavailable(
        f"the table {table} is not in {where}", hint="restore the table, or remove or correct its contract"
    )
