"""Finds a dataset's table and gives it to the scan as something to select from.

Small files are read once into DuckDB's memory and kept there while the engine lives: the next night
reads the files that came since, not all of them again. Larger ones are read where they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, RLock

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Limits
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType, engine_type
from governance_pipeline.profiles.connect import Connections
from governance_pipeline.profiles.damage import finding
from governance_pipeline.profiles.files import FileState, Listing, file_state, shown
from governance_pipeline.profiles.lake import listing_of, wide_decimals
from governance_pipeline.profiles.session import FilesMoved, Session, StatementFailed, reason

_STAGED_SHARE = 1 / 16  # of the memory limit, counted in file bytes; rows take several times that
_ONE_TABLE_SHARE = 1 / 4  # of all that may be staged
_UNITS = {"MB": 10**6, "GB": 10**9}


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of a table: its name, its state (see :class:`Partition`) and its rows.

    Attributes:
        alike: its columns and their types are known to be those of the table.
    """

    id: str
    state: str
    rows: exp.Expression
    alike: bool = False

    @property
    def relation(self) -> exp.Expression:
        """The rows, to stand in a FROM."""
        return self.rows.copy()


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table to select from.

    Attributes:
        schema: its columns in order, with their types.
        state: changes when the files do; "" where the engine gives no sign.
        parts: its partitions, where the engine tells them apart; else the whole table is one.
        unread: further columns that the engine would read wrongly: name, type and the reason.
    """

    rows: exp.Expression
    schema: tuple[tuple[str, EngineType], ...]
    state: str = ""
    parts: tuple[Part, ...] = ()
    unread: tuple[tuple[str, str, str], ...] = ()

    @property
    def relation(self) -> exp.Expression:
        """The table, to stand in a FROM."""
        return self.rows.copy()

    @property
    def named_schema(self) -> tuple[tuple[str, str], ...]:
        """The columns and the names of their types."""
        return tuple((name, type_.name) for name, type_ in self.schema)

    def type_of(self, column: str | None) -> EngineType | None:
        """The type of a column, None where the table has none of that name."""
        return next((type_ for name, type_ in self.schema if name == column), None)


@dataclass(slots=True)
class _Staged:
    """What is known of one location's files. Held by one scan at a time."""

    lock: RLock = field(default_factory=RLock)
    name: str = ""
    state: str = ""
    files: tuple[FileState, ...] = ()
    extra: str = ""
    schema: tuple[tuple[str, EngineType], ...] = ()
    unread: tuple[tuple[str, str, str], ...] = ()
    size: int = 0
    in_memory: bool = False
    alike: set[FileState] = field(default_factory=set)


class Tables:
    """Every table the engine has met."""

    def __init__(self, connections: Connections, root: Path, limits: Limits) -> None:
        self._connections = connections
        self._root = root
        self._lock = Lock()
        self._staged: dict[Location, _Staged] = {}
        self._named = 0
        number, unit = float(limits.memory[:-2]), limits.memory[-2:]
        self._room = number * _UNITS[unit] * _STAGED_SHARE

    @contextmanager
    def open(self, session: Session, location: Location) -> Iterator[SourceTable]:
        """The table at ``location``, unchanged while the context lasts.

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
            with self._lock:
                staged = self._staged.setdefault(location, _Staged())
            with session.holding(staged.lock), finding(session, lambda: self._each_file(session, location)):
                yield self._file_table(session, location, staged)

    def _each_file(self, session: Session, location: Location) -> Iterator[tuple[str, exp.Expression]]:
        listing = listing_of(session, location, self._root)
        return ((shown(Path(file[0]), self._root), listing.read([file])) for file in listing.files)

    def _database_table(self, session: Session, location: Location) -> SourceTable:
        if location.kind != "sql" and not hasattr(session.backend, "view_of"):
            raise _unreadable(
                location, f"the connection '{location.connection}' is no Spark, which reads files"
            )
        if session.backend is None:
            return self._described(session, _table(location.table, location.schema), location)
        try:
            table, database = self._placed(session, location)
            found = session.backend.get_schema(table, database=database or None)
        except SourceUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
            session.broken = True
            raise (
                _gone(location)
                if type(error).__name__ == "TableNotFound"
                else _unreadable(location, reason(error, session.secrets))
            ) from None
        schema = tuple((name, _as_text(engine_type(dtype))) for name, dtype in found.items())
        return SourceTable(_table(table, database), schema)

    def _placed(self, session: Session, location: Location) -> tuple[str, str]:
        """Table and schema to read; of files that are read through a connection, a view of them."""
        if location.kind == "sql":
            return location.table, location.schema
        path, root = location.path, str(self._root)
        if Path(path).is_relative_to(root):  # only what the contract says is a pattern
            path = re.sub(r"[\\\[\]{}*?]", r"\\\g<0>", root) + path.removeprefix(root)
        return session.backend.view_of(location.kind, path), ""

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
            raise _unreadable(location, error.message) from error
        table = _table(location.table, location.schema or "main", alias)
        return self._described(session, table, location, _state(path))

    def _described(
        self, session: Session, table: exp.Table, location: Location, state: str = ""
    ) -> SourceTable:
        try:
            return SourceTable(table, _describe(session, table.copy()), state)
        except StatementFailed as error:
            raise (
                _gone(location) if "does not exist" in error.message else _unreadable(location, error.message)
            ) from error

    def _file_table(self, session: Session, location: Location, staged: _Staged) -> SourceTable:
        try:
            listing = listing_of(session, location, self._root)
            if staged.state != listing.state:
                self._stage(session, location, staged, listing)
        except FilesMoved:
            staged.state = ""
            raise
        except StatementFailed as error:
            staged.state = ""
            raise _unreadable(location, error.message) from error
        parts: tuple[Part, ...] = ()
        if listing.apart:
            single = len(listing.files) == 1 or listing.alike
            parts = tuple(
                Part(
                    shown(Path(file[0]), self._root),
                    f"{file[1]}:{file[2]}",
                    listing.read([file]),
                    alike=single or file in staged.alike,
                )
                for file in listing.files
            )
        return SourceTable(_table(staged.name), staged.schema, listing.state, parts, staged.unread)

    def _stage(self, session: Session, location: Location, staged: _Staged, listing: Listing) -> None:
        """Bring what is staged up to date with the files."""
        files, size = listing.files, listing.size
        fits = (
            not listing.in_place
            and size <= self._room * _ONE_TABLE_SHARE
            and self._make_room(session, staged, size)
        )
        fresh = [file for file in files if file not in staged.files]
        grown = (
            bool(staged.files) and staged.in_memory and fits and len(fresh) + len(staged.files) == len(files)
        )
        grown = grown and staged.extra == listing.extra
        wide = wide_decimals(session, fresh) if location.kind == "parquet" else ()
        if wide or not (grown and self._append(session, staged, listing, fresh)):
            self._replace(session, location, staged, listing, in_memory=fits)
        staged.files, staged.size = files, size
        staged.state, staged.extra = listing.state, listing.extra

    def _append(
        self, session: Session, staged: _Staged, listing: Listing, fresh: Sequence[FileState]
    ) -> bool:
        """Insert new files of the same schema; False where theirs differs."""
        rows = sql.select([exp.Star()], listing.read(fresh))
        described = _describe_query(session, rows)
        if dict(described) != dict(staged.schema):
            return False
        if len(fresh) == 1:
            staged.alike.update(fresh)
        insert = exp.Insert(this=_table(staged.name), expression=rows, by_name=True)
        session.rows(sql.render(insert, "duckdb"))
        return True

    def _replace(
        self, session: Session, location: Location, staged: _Staged, listing: Listing, *, in_memory: bool
    ) -> None:
        self._drop(session, staged)
        staged.alike.clear()
        with self._lock:
            self._named += 1
            staged.name = f"staged_{self._named}"
        staged.in_memory = in_memory
        staged.unread = self._unread(session, listing) if location.kind == "parquet" else ()
        hidden = [exp.to_identifier(name, quoted=True) for name, _, _ in staged.unread]
        readable = exp.Star(except_=hidden) if hidden else exp.Star()
        self._create(session, staged, sql.select([readable], listing.read(listing.files)))
        booleans = self._booleans(session, staged) if location.kind == "csv" else []
        if booleans:
            told = exp.Star(replace=[_as_boolean(name) for name in booleans])
            read = sql.select([told], listing.read(listing.files))
            self._drop(session, staged, keep_name=True)
            self._create(session, staged, read)

    def _unread(self, session: Session, listing: Listing) -> tuple[tuple[str, str, str], ...]:
        """Columns that DuckDB would read wrongly."""
        wide = wide_decimals(session, listing.files)
        if not wide:
            return ()
        columns = [
            name
            for name, _ in _describe_query(session, sql.select([exp.Star()], listing.read(listing.files)))
        ]
        found = tuple(one for one in wide if one[0] in columns)  # others are parts of nested values
        if len(found) == len(columns):
            raise StatementFailed(f"none of its columns can be read: {found[0][2]}")
        return found

    def _create(self, session: Session, staged: _Staged, query: exp.Expression) -> None:
        kind = "TABLE" if staged.in_memory else "VIEW"
        create = exp.Create(this=_table(staged.name), kind=kind, expression=query)
        session.rows(sql.render(create, "duckdb"))
        staged.schema = _describe(session, _table(staged.name))

    def _booleans(self, session: Session, staged: _Staged) -> list[str]:
        """Text columns of a CSV file that hold nothing but true and false.

        DuckDB itself would also take yes, no, t and f for booleans, and their spelling would be lost.
        """
        names = [name for name, type_ in staged.schema if type_.kind == "category"]
        if not names:
            return []
        words = [exp.Literal.string("true"), exp.Literal.string("false")]
        parts = [
            exp.LogicalAnd(this=exp.In(this=exp.Lower(this=sql.named(name)), expressions=words))
            for name in names
        ]
        found = session.rows(sql.render(sql.select(parts, _table(staged.name)), "duckdb"))[0]
        return [name for name, only in zip(names, found, strict=True) if only]

    def _make_room(self, session: Session, staged: _Staged, size: int) -> bool:
        """Drop other staged tables, the longest staged first, until ``size`` bytes fit."""
        with self._lock:
            others = [other for other in self._staged.values() if other is not staged and other.in_memory]
        free = self._room - sum(other.size for other in others)
        for other in others:
            if free >= size:
                break
            if other.lock.acquire(blocking=False):
                try:
                    self._drop(session, other)
                    free += other.size
                finally:
                    other.lock.release()
        return free >= size

    def _drop(self, session: Session, staged: _Staged, *, keep_name: bool = False) -> None:
        if staged.name:
            kind = "TABLE" if staged.in_memory else "VIEW"
            session.rows(sql.render(exp.Drop(this=_table(staged.name), kind=kind, exists=True), "duckdb"))
        if not keep_name:
            staged.name, staged.files, staged.state, staged.in_memory = "", (), "", False


def conformed(session: Session, part: Part, table: SourceTable) -> exp.Expression:
    """The rows of a part with the columns and types of the whole table: a file may lack a column that
    others have, or hold whole numbers where others hold text.

    Raises:
        StatementFailed: the part cannot be read.
    """
    if part.alike:
        return part.relation
    types = dict(_describe(session, part.relation))
    if all(name in types and types[name].name == type_.name for name, type_ in table.schema):
        return part.relation
    none = sql.select([exp.Star()], table.relation).limit(0, copy=False).subquery("none", copy=False)
    empty = sql.select([exp.Star()], none)
    union = exp.Union(
        this=empty, expression=sql.select([exp.Star()], part.relation), by_name=True, distinct=False
    )
    return exp.Subquery(this=union, alias=exp.TableAlias(this=exp.Identifier(this="conformed")))


def _as_boolean(name: str) -> exp.Expression:
    boolean = exp.DataType(this=exp.DataType.Type.BOOLEAN)
    return exp.Alias(this=sql.cast(sql.named(name), boolean), alias=exp.to_identifier(name, quoted=True))


def _describe(session: Session, table: exp.Expression) -> tuple[tuple[str, EngineType], ...]:
    return _describe_query(session, sql.select([exp.Star()], table))


def _describe_query(session: Session, query: exp.Expression) -> tuple[tuple[str, EngineType], ...]:
    """The columns of a DuckDB query, in order."""
    from ibis.backends.sql.datatypes import DuckDBType

    rows = session.rows(f"DESCRIBE {query.sql(dialect='duckdb')}")
    return tuple((str(row[0]), engine_type(DuckDBType.from_string(str(row[1])))) for row in rows)


def _as_text(type_: EngineType) -> EngineType:
    """Ibis calls a database's enumerations strings; as text they are."""
    return replace(type_, cast=True) if type_.kind == "category" else type_


def _table(name: str, schema: str = "", catalog: str = "") -> exp.Table:
    return exp.table_(name, db=schema or None, catalog=catalog or None, quoted=True)


def _state(path: Path) -> str:
    return hashlib.sha256(repr([file_state(path)]).encode()).hexdigest()[:32]


def _gone(location: Location) -> SourceUnavailable:
    table = ".".join(part for part in (location.schema, location.table) if part)
    where = f"connection '{location.connection}'" if location.kind == "sql" else location.path
    return SourceUnavailable(
        f"the table {table} is not in {where}", hint="restore the table, or remove or correct its contract"
    )


def _unreadable(location: Location, why: str) -> SourceUnavailable:
    what = location.path or f"{location.table} in connection '{location.connection}'"
    return SourceUnavailable(
        f"{what} cannot be read: {why}", hint="repair or remove what is named, then run again"
    )
