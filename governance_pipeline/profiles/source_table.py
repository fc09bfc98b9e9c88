"""A table that the scan can select from, and its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType, engine_type
from governance_pipeline.profiles.session import Session

_UNTYPED = '"NULL"'
"""What the catalogue calls the type of a column without any value, which selects as INTEGER."""


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of a table: its name, its state (see :class:`Partition`) and its rows.

    Attributes:
        rows: makes what selects them; of most partitions a night needs nothing but the state.
        alike: its columns and their types are known to be those of the table.
    """

    id: str
    state: str
    rows: Callable[[], exp.Expression]
    alike: bool = False

    @property
    def relation(self) -> exp.Expression:
        """The rows, to stand in a FROM."""
        return self.rows()


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table to select from.

    Attributes:
        rows: makes what selects them; a table of files may have to be brought first.
        schema: its columns in order, with their types.
        state: changes when the files do; "" where the engine gives no sign.
        parts: its partitions, where the engine tells them apart; else the whole table is one.
        unread: further columns that the engine would read wrongly: name, type and the reason.
    """

    rows: Callable[[], exp.Expression]
    schema: tuple[tuple[str, EngineType], ...]
    state: str = ""
    parts: tuple[Part, ...] = ()
    unread: tuple[tuple[str, str, str], ...] = ()

    @property
    def relation(self) -> exp.Expression:
        """The table, to stand in a FROM.

        Raises:
            SourceUnavailable: its files cannot be read together.
        """
        return self.rows()

    @property
    def named_schema(self) -> tuple[tuple[str, str], ...]:
        """The columns and the names of their types."""
        return tuple((name, type_.name) for name, type_ in self.schema)

    def type_of(self, column: str | None) -> EngineType | None:
        """The type of a column, None where the table has none of that name."""
        return next((type_ for name, type_ in self.schema if name == column), None)

    def absence(self, column: str) -> str:
        """Why there is no such column to read, to follow its name in a sentence."""
        why = next((why for name, _, why in self.unread if name == column), "")
        return f"cannot be read: {why}" if why else "is not in the table"


def conformed(session: Session, part: Part, table: SourceTable) -> tuple[exp.Expression, bool]:
    """The rows of a part with the columns and types of the whole table: a file may lack a column that
    others have, or hold whole numbers where others hold text. And whether these are its own.

    Raises:
        StatementFailed: the part cannot be read.
    """
    if part.alike:
        return part.relation, not table.unread
    types = dict(described(session, part.relation))
    if all(name in types and types[name].name == type_.name for name, type_ in table.schema):
        return part.relation, len(types) == len(table.schema)
    none = sql.select([exp.Star()], table.relation).limit(0, copy=False).subquery("none", copy=False)
    empty = sql.select([exp.Star()], none)
    union = exp.Union(
        this=empty, expression=sql.select([exp.Star()], part.relation), by_name=True, distinct=False
    )
    return exp.Subquery(this=union, alias=exp.TableAlias(this=exp.Identifier(this="conformed"))), False


def described(session: Session, table: exp.Expression) -> tuple[tuple[str, EngineType], ...]:
    """The columns of one of DuckDB's tables, in order."""
    return described_query(session, sql.select([exp.Star()], table))


def described_query(session: Session, query: exp.Expression) -> tuple[tuple[str, EngineType], ...]:
    """The columns of a DuckDB query, in order."""
    rows = session.rows(f"DESCRIBE {query.sql(dialect='duckdb')}")
    return tuple((str(row[0]), _of_duckdb(str(row[1]))) for row in rows)


def described_here(session: Session, name: str) -> tuple[tuple[str, EngineType], ...]:
    """The columns of a table or view that DuckDB itself holds, in order. Its catalogue knows them; to
    DESCRIBE a view is to open every file of it once more.
    """
    here = sql.equal(exp.column("database_name"), exp.Anonymous(this="current_database"))
    mine = sql.equal(exp.column("table_name"), exp.Literal.string(name))
    columns = exp.Table(this=exp.Anonymous(this="duckdb_columns"))
    query = sql.select([exp.column("column_name"), exp.column("data_type")], columns).where(
        sql.both(here, mine), copy=False
    )
    rows = session.rows(sql.render(query.order_by("column_index", copy=False), "duckdb"))
    if any(_UNTYPED in type_ for _, type_ in rows):
        return described(session, named_table(name))
    return tuple((str(column), _of_duckdb(str(type_))) for column, type_ in rows)


@lru_cache(maxsize=1024)
def _of_duckdb(type_: str) -> EngineType:
    """The type as DuckDB writes it; thousands of columns have the same few."""
    from ibis.backends.sql.datatypes import DuckDBType

    return engine_type(DuckDBType.from_string(type_))


def named_table(name: str, schema: str = "", catalog: str = "") -> exp.Table:
    """A table by its name, quoted."""
    return exp.table_(name, db=schema or None, catalog=catalog or None, quoted=True)


def unreadable(location: Location, why: str) -> SourceUnavailable:
    """The error for a table that is there and cannot be read."""
    what = location.path or f"{location.table} in connection '{location.connection}'"
    return SourceUnavailable(
        f"{what} cannot be read: {why}", hint="repair or remove what is named, then run again"
    )
