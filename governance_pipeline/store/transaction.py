"""One open transaction on a database: what the repositories run their statements through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Executable, Select, Table, bindparam, func, select
from sqlalchemy.dialects import sqlite

from governance_pipeline.errors import UsageError
from governance_pipeline.store.failures import translated

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


_COUNTED = {"preserve_rowcount": True}
"""Without it SQLAlchemy reports -1 for an insertion on Postgres."""


class Transaction:
    """Runs statements on one connection; every failure comes out as an error of this project.

    Args:
        where: the database in words, see :func:`engine.describe`.
        reads: the unit of work only reads.
    """

    def __init__(self, connection: Connection, where: str, *, reads: bool = False) -> None:
        self._connection = connection
        self._where = where
        self._postgres = connection.dialect.name == "postgresql"
        self._insert = _postgres_insert if self._postgres else sqlite.insert
        self._reads = reads
        self._over = False

    def end(self) -> None:
        """Refuse everything from now on: the unit of work is over."""
        self._over = True

    def rows(self, statement: Executable) -> Sequence[Mapping[str, Any]]:
        """All rows a query finds, by column name."""
        self._must_be_open()
        with translated(self._where):
            return [dict(row) for row in self._connection.execute(statement).mappings()]

    def tuples(self, statement: Executable) -> Sequence[Sequence[Any]]:
        """All rows a query finds, in the order of its columns: for many, of which names would take longer."""
        self._must_be_open()
        with translated(self._where):
            return self._connection.execute(statement).all()

    def row(self, statement: Executable) -> Mapping[str, Any] | None:
        """The first row a query finds, or None."""
        found = self.rows(statement)
        return found[0] if found else None

    def claim(self, statement: Select[Any]) -> Sequence[Mapping[str, Any]]:
        """As :meth:`rows`, to be changed: on Postgres without those that another transaction is changing.

        Raises UsageError: the unit of work only reads.
        """
        self._must_not_read_only()
        return self.rows(statement.with_for_update(skip_locked=True))

    def run(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> int:
        """Run a statement, once per set of parameters; how many rows it touched (for a single set).

        Raises UsageError: the unit of work only reads.
        """
        self._must_be_open()
        self._must_not_read_only()
        if parameters is not None and not parameters:
            return 0
        with translated(self._where):
            return self._connection.execute(statement, parameters, execution_options=_COUNTED).rowcount

    def insert_missing(
        self, table: Table, row: Mapping[str, Any], *, where: ColumnElement[bool] | None = None
    ) -> bool:
        """Insert ``row`` unless a row with one of its unique keys is there; whether it was inserted.

        Decided by the database, so of two writers at the same moment exactly one gets True.

        Args:
            where: what must hold as well, asked in the same statement: of the row's values by their names, as
                ``bindparam("with_id")``. One object for all calls.
        """
        if where is None:
            return self.run(self._insert(table).on_conflict_do_nothing(), row) == 1
        statement = _inserting(self._insert, table, tuple(row), where)
        return self.run(statement, {f"with_{name}": value for name, value in row.items()}) == 1

    def insert_both(
        self, tables: tuple[Table, Table], rows: tuple[Mapping[str, Any], Mapping[str, Any]]
    ) -> None:
        """Insert a row into each of two tables; on Postgres in one statement, with one answer to wait for."""
        if not self._postgres:
            for table, row in zip(tables, rows, strict=True):
                self.run(table.insert(), row)
            return
        values = {
            f"{table.name}_{name}": value
            for table, row in zip(tables, rows, strict=True)
            for name, value in row.items()
        }
        self.run(_inserting_both(tables, (tuple(rows[0]), tuple(rows[1]))), values)

    def upsert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those with the same primary key."""
        statement = self._insert(table)
        keys = list(table.primary_key.columns)
        rest = {
            column.name: statement.excluded[column.name] for column in table.columns if column not in keys
        }
        self.run(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)

    def lock(self, name: str) -> None:
        """Hold the lock ``name`` until the transaction ends, waiting for whoever has it.

        For deletions followed by insertions, where Postgres would let two writers interleave.
        SQLite needs none: a transaction there is the only writer from its beginning.
        """
        self._must_not_read_only()
        if self._postgres:
            self.tuples(_locking(name))

    def _must_be_open(self) -> None:
        if self._over:
            raise UsageError("This unit of work is over", hint="open a new one with store.begin()")

    def _must_not_read_only(self) -> None:
        if self._reads:
            raise UsageError("This unit of work only reads", hint="open one with store.begin()")


def _postgres_insert(table: Table) -> Insert:
    from sqlalchemy.dialects import postgresql  # slow to load, and SQLite needs none of it

    return postgresql.insert(table)


@lru_cache(maxsize=64)
def _inserting(
    insert: Callable[[Table], Insert], table: Table, names: tuple[str, ...], where: ColumnElement[bool]
) -> Executable:
    """Made once: to build such a statement takes longer than to run it."""
    values = [bindparam(f"with_{name}", type_=table.c[name].type) for name in names]
    return insert(table).from_select(names, select(*values).where(where)).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _locking(name: str) -> Executable:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    return select(func.pg_advisory_xact_lock(number))


@lru_cache(maxsize=64)
def _inserting_both(
    tables: tuple[Table, Table], names: tuple[tuple[str, ...], tuple[str, ...]]
) -> Executable:
    one, other = (
        _postgres_insert(table).values({name: bindparam(f"{table.name}_{name}") for name in columns})
        for table, columns in zip(tables, names, strict=True)
    )
    return one.add_cte(other.cte("other"))
