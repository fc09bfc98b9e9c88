"""Brings files into DuckDB, and keeps small ones in its memory while the engine lives.

The next night reads the files that came since, not all of them again. Larger ones are read where they are.
Where every Parquet file is known to have the table's own columns, nothing is brought until a question about
the whole table is asked: what is measured file by file needs no table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock, RLock

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Limits
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.damage import finding
from governance_pipeline.profiles.files import FileState, Listing, listed, reader, shown
from governance_pipeline.profiles.lake import listing_of, wide_decimals
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.ragged import ragged_file
from governance_pipeline.profiles.session import FilesMoved, Session, StatementFailed
from governance_pipeline.profiles.source_table import (
    Part,
    SourceTable,
    described_here,
    described_query,
    named_table,
    unreadable,
)

_STAGED_SHARE = 1 / 4  # of the memory limit
_ONE_TABLE_SHARE = 1 / 4  # of all that may be staged
_SMALL = 1_000_000  # bytes: what such files hold need not be counted
_EXPANSION = 4  # bytes in memory for one in a file
_VALUE = 12  # bytes in memory: a number or a moment is 8, a short text 16
_FEW = 8  # files that are looked into one by one to know their columns
_UNITS = {"MB": 10**6, "GB": 10**9}


@dataclass(slots=True)
class _Staged:
    """What is known of one location's files. Held by one scan at a time.

    Attributes:
        told: the state of the files that ``schema`` and ``unread`` tell of.
        alike: files whose own columns and types are those of ``schema``.
        name: of the table or view; "" where there is none.
        state: of the ``files`` in it; ``extra`` is theirs, and ``size`` the bytes that they take in memory.
    """

    lock: RLock = field(default_factory=RLock)
    told: str = ""
    schema: tuple[tuple[str, EngineType], ...] = ()
    unread: tuple[tuple[str, str, str], ...] = ()
    alike: set[FileState] = field(default_factory=set)
    name: str = ""
    state: str = ""
    files: tuple[FileState, ...] = ()
    extra: str = ""
    size: int = 0
    in_memory: bool = False


class StagedFiles:
    """The tables of files that the engine has met."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._lock = Lock()
        self._staged: dict[Location, _Staged] = {}
        self._named = 0
        number, unit = float(limits.memory[:-2]), limits.memory[-2:]
        self._room = number * _UNITS[unit] * _STAGED_SHARE

    @contextmanager
    def open(
        self, session: Session, location: Location, known: Mapping[str, Partition]
    ) -> Iterator[SourceTable]:
        """The table of the files at ``location``, unchanged while the context lasts.

        Args:
            known: what is remembered of files, which need not be looked into again.

        Raises:
            SourceUnavailable: they are not there or cannot be read.
        """
        with self._lock:
            staged = self._staged.setdefault(location, _Staged())
        with session.holding(staged.lock), finding(session, lambda: self._each_file(session, location)):
            yield self._file_table(session, location, staged, known)

    def _each_file(self, session: Session, location: Location) -> Iterator[tuple[str, exp.Expression]]:
        listing = listing_of(session, location, self._root)
        return ((shown(file[0], self._root), listing.read([file])) for file in listing.files)

    def _file_table(
        self, session: Session, location: Location, staged: _Staged, known: Mapping[str, Partition]
    ) -> SourceTable:
        with _forgetting(staged, location):
            listing = listing_of(session, location, self._root)
            if staged.told != listing.state and not self._tell(session, location, staged, listing, known):
                self._stage(session, location, staged, listing, known)
            staged.told = listing.state
        parts: tuple[Part, ...] = ()
        if listing.apart:
            single = len(listing.files) == 1 or listing.alike
            parts = tuple(
                Part(
                    shown(file[0], self._root),
                    _state(file),
                    partial(listing.read, [file]),
                    alike=single or file in staged.alike,
                )
                for file in listing.files
            )
        rows = partial(self._brought, session, location, staged, listing)
        return SourceTable(rows, staged.schema, listing.state, parts, staged.unread)

    def _tell(
        self,
        session: Session,
        location: Location,
        staged: _Staged,
        listing: Listing,
        known: Mapping[str, Partition],
    ) -> bool:
        """Tell the columns of Parquet files without bringing them: those that came since are looked into, and
        all others were read before. False where they cannot be told, as the files are not all alike.
        """
        if location.kind != "parquet" or not listing.apart:
            return False
        read = self._read_before(listing, known)
        fresh = [file for file in listing.files if file not in read]
        if len(fresh) > (_FEW if read else 1) or not all(old.own for old in read.values()):
            return False
        if wide_decimals(session, fresh):
            return False
        schemas = {old.schema for old in read.values()}
        looked = [self._described(session, listing, [file]) for file in fresh or listing.files[-1:]]
        named = [tuple((name, type_.name) for name, type_ in found) for found in looked]
        if len({frozenset(schema) for schema in (*schemas, *named)}) != 1:
            return False
        order = next(iter(schemas), named[0])
        types = dict(looked[0])
        staged.schema, staged.unread = tuple((name, types[name]) for name, _ in order), ()
        staged.alike = set(listing.files)
        return True

    def _described(
        self, session: Session, listing: Listing, files: Sequence[FileState]
    ) -> tuple[tuple[str, EngineType], ...]:
        return described_query(session, sql.select([exp.Star()], listing.read(files)))

    def _brought(
        self, session: Session, location: Location, staged: _Staged, listing: Listing
    ) -> exp.Expression:
        """The table, once it holds the rows of the files whose columns are told."""
        if staged.state != listing.state:
            with _forgetting(staged, location):
                fits = self._fits(session, location, staged, listing)
                if not (self._grown(staged, listing, fits=fits) and self._append(session, staged, listing)):
                    self._rename(session, staged, in_memory=fits)
                    self._create(session, staged, sql.select([exp.Star()], listing.read(listing.files)))
                _hold(staged, listing)
        return named_table(staged.name)

    def _stage(
        self,
        session: Session,
        location: Location,
        staged: _Staged,
        listing: Listing,
        known: Mapping[str, Partition],
    ) -> None:
        """Bring what is staged up to date with the files, and so tell their columns."""
        files, fits = listing.files, self._fits(session, location, staged, listing)
        grown = self._grown(staged, listing, fits=fits)
        parquet, met = location.kind == "parquet", bool(staged.files)
        read = {} if met else self._read_before(listing, known)
        fresh = [file for file in _fresh(staged, listing) if file not in read]
        wide = wide_decimals(session, fresh) if parquet else ()
        if wide or not (grown and self._append(session, staged, listing)):
            if parquet and (met or (wide and read)):
                wide = wide_decimals(session, files)
            self._replace(session, location, staged, listing, wide, in_memory=fits)
            if read and not wide and self._may_hide(staged, read):
                wide = wide_decimals(session, files)
                if wide:
                    self._replace(session, location, staged, listing, wide, in_memory=fits)
        _hold(staged, listing)

    def _fits(self, session: Session, location: Location, staged: _Staged, listing: Listing) -> bool:
        """Whether the rows may be kept in memory; room is made for them."""
        if listing.in_place:
            return False
        most = self._room * _ONE_TABLE_SHARE
        size = listing.size * _EXPANSION
        if location.kind == "parquet" and listing.size > _SMALL and size <= most:
            known = staged.size if staged.files and _kept(staged, listing) else 0
            size = known + _VALUE * _values_of(session, _fresh(staged, listing) if known else listing.files)
        staged.size = size
        return size <= most and self._make_room(session, staged, size)

    def _grown(self, staged: _Staged, listing: Listing, *, fits: bool) -> bool:
        """Whether the files in memory are all there still, as they were, beside others."""
        return (
            bool(staged.files)
            and staged.in_memory
            and fits
            and staged.extra == listing.extra
            and _kept(staged, listing)
        )

    def _read_before(self, listing: Listing, known: Mapping[str, Partition]) -> dict[FileState, Partition]:
        """The files that are as they were when they were read, and what was read of them then."""
        if not known or not listing.apart:
            return {}
        found = ((file, known.get(shown(file[0], self._root))) for file in listing.files)
        return {file: old for file, old in found if old and old.state == _state(file)}

    def _may_hide(self, staged: _Staged, read: Mapping[FileState, Partition]) -> bool:
        """Whether a column of tonight was not read of a file: perhaps because it could not be."""
        names = {name for name, _ in staged.schema}
        return any(
            not names <= {name for name, _ in schema} for schema in {old.schema for old in read.values()}
        )

    def _append(self, session: Session, staged: _Staged, listing: Listing) -> bool:
        """Insert new files of the same schema; False where theirs differs."""
        fresh = _fresh(staged, listing)
        rows = sql.select([exp.Star()], listing.read(fresh))
        if not staged.alike.issuperset(fresh):
            if dict(described_query(session, rows)) != dict(staged.schema):
                return False
            if len(fresh) == 1:
                staged.alike.update(fresh)
        insert = exp.Insert(this=named_table(staged.name), expression=rows, by_name=True)
        session.rows(sql.render(insert, "duckdb"))
        return True

    def _replace(
        self,
        session: Session,
        location: Location,
        staged: _Staged,
        listing: Listing,
        wide: Sequence[tuple[str, str, str]],
        *,
        in_memory: bool,
    ) -> None:
        self._rename(session, staged, in_memory=in_memory)
        staged.alike.clear()
        staged.unread = self._unread(session, listing, wide)
        hidden = [exp.to_identifier(name, quoted=True) for name, _, _ in staged.unread]
        readable = exp.Star(except_=hidden) if hidden else exp.Star()
        self._create(session, staged, sql.select([readable], listing.read(listing.files)))
        staged.schema = described_here(session, staged.name)
        if location.kind == "csv":
            self._refuse_ragged(session, listing, [name for name, _ in staged.schema])
        booleans = self._booleans(session, staged) if location.kind == "csv" else []
        if booleans:
            told = exp.Star(replace=[_as_boolean(name) for name in booleans])
            read = sql.select([told], listing.read(listing.files))
            self._drop(session, staged, keep_name=True)
            self._create(session, staged, read)
            staged.schema = described_here(session, staged.name)

    def _rename(self, session: Session, staged: _Staged, *, in_memory: bool) -> None:
        """Drop what there is, and give a name to what takes its place."""
        self._drop(session, staged)
        with self._lock:
            self._named += 1
            staged.name = f"staged_{self._named}"
        staged.in_memory = in_memory

    def _refuse_ragged(self, session: Session, listing: Listing, columns: Sequence[str]) -> None:
        """One ragged file has all others read as it is, so each is looked at alone then."""
        if not ragged_file(listing.files, columns):
            return
        for file in listing.files:
            alone = self._described(session, listing, [file])
            if ragged_file([file], [name for name, _ in alone]):
                name = shown(file[0], self._root)
                raise StatementFailed(f"the lines of {name} have different numbers of values")
        raise StatementFailed("its files are divided in different ways")

    def _unread(
        self, session: Session, listing: Listing, wide: Sequence[tuple[str, str, str]]
    ) -> tuple[tuple[str, str, str], ...]:
        """Columns that DuckDB would read wrongly, of those with ``wide`` decimals somewhere."""
        if not wide:
            return ()
        columns = [name for name, _ in self._described(session, listing, listing.files)]
        found = tuple(one for one in wide if one[0] in columns)  # others are parts of nested values
        if len(found) == len(columns):
            raise StatementFailed(f"none of its columns can be read: {found[0][2]}")
        return found

    def _create(self, session: Session, staged: _Staged, query: exp.Expression) -> None:
        kind = "TABLE" if staged.in_memory else "VIEW"
        create = exp.Create(this=named_table(staged.name), kind=kind, expression=query)
        session.rows(sql.render(create, "duckdb"))

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
        found = session.rows(sql.render(sql.select(parts, named_table(staged.name)), "duckdb"))[0]
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
            session.rows(
                sql.render(exp.Drop(this=named_table(staged.name), kind=kind, exists=True), "duckdb")
            )
        if not keep_name:
            staged.name, staged.files, staged.state, staged.in_memory = "", (), "", False
            staged.told = ""


@contextmanager
def _forgetting(staged: _Staged, location: Location) -> Iterator[None]:
    """Have what is staged looked at anew after an error, which is told of the location."""
    try:
        yield
    except FilesMoved:
        staged.told = staged.state = ""
        raise
    except StatementFailed as error:
        staged.told = staged.state = ""
        raise unreadable(location, error.message) from error


def _hold(staged: _Staged, listing: Listing) -> None:
    """Note which files the table has, and that their columns are told."""
    staged.files, staged.extra = listing.files, listing.extra
    staged.state = staged.told = listing.state


def _values_of(session: Session, files: Sequence[FileState]) -> int:
    """How many values Parquet files hold: a column of few different ones takes next to no room in a file."""
    chunks = reader("parquet_metadata", listed(file[0] for file in files))
    total = exp.Sum(this=exp.column("num_values"))
    [[values]] = session.rows(sql.render(sql.select([total], chunks), "duckdb"))
    return int(values or 0)


def _kept(staged: _Staged, listing: Listing) -> bool:
    """Whether all files that the table has are there still, as they were."""
    return set(staged.files) <= set(listing.files)


def _fresh(staged: _Staged, listing: Listing) -> list[FileState]:
    """Files that the table does not have."""
    held = set(staged.files)
    return [file for file in listing.files if file not in held]


def _state(file: FileState) -> str:
    return f"{file[1]}:{file[2]}"


def _as_boolean(name: str) -> exp.Expression:
    boolean = exp.DataType(this=exp.DataType.Type.BOOLEAN)
    return exp.Alias(this=sql.cast(sql.named(name), boolean), alias=exp.to_identifier(name, quoted=True))
