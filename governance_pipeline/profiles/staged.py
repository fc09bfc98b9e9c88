"""Brings files into DuckDB, and keeps small ones in its memory while the engine lives.

The next night reads the files that came since, not all of them again. Larger ones are read where they are.
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
from governance_pipeline.profiles.files import FileState, Listing, shown
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

_STAGED_SHARE = 1 / 16  # of the memory limit, counted in file bytes; rows take several times that
_ONE_TABLE_SHARE = 1 / 4  # of all that may be staged
_UNITS = {"MB": 10**6, "GB": 10**9}


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
        return ((shown(Path(file[0]), self._root), listing.read([file])) for file in listing.files)

    def _file_table(
        self, session: Session, location: Location, staged: _Staged, known: Mapping[str, Partition]
    ) -> SourceTable:
        try:
            listing = listing_of(session, location, self._root)
            if staged.state != listing.state:
                self._stage(session, location, staged, listing, known)
        except FilesMoved:
            staged.state = ""
            raise
        except StatementFailed as error:
            staged.state = ""
            raise unreadable(location, error.message) from error
        parts: tuple[Part, ...] = ()
        if listing.apart:
            single = len(listing.files) == 1 or listing.alike
            parts = tuple(
                Part(
                    shown(Path(file[0]), self._root),
                    _state(file),
                    partial(listing.read, [file]),
                    alike=single or file in staged.alike,
                )
                for file in listing.files
            )
        return SourceTable(named_table(staged.name), staged.schema, listing.state, parts, staged.unread)

    def _stage(
        self,
        session: Session,
        location: Location,
        staged: _Staged,
        listing: Listing,
        known: Mapping[str, Partition],
    ) -> None:
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
        parquet, met = location.kind == "parquet", bool(staged.files)
        read = {} if met else self._read_before(listing, known)
        wide = wide_decimals(session, [file for file in fresh if file not in read]) if parquet else ()
        if wide or not (grown and self._append(session, staged, listing, fresh)):
            if parquet and (met or (wide and read)):
                wide = wide_decimals(session, files)
            self._replace(session, location, staged, listing, wide, in_memory=fits)
            if read and not wide and self._may_hide(staged, read):
                wide = wide_decimals(session, files)
                if wide:
                    self._replace(session, location, staged, listing, wide, in_memory=fits)
        staged.files, staged.size = files, size
        staged.state, staged.extra = listing.state, listing.extra

    def _read_before(
        self, listing: Listing, known: Mapping[str, Partition]
    ) -> dict[FileState, tuple[tuple[str, str], ...]]:
        """The files that are as they were when they were read, and the columns that were read then."""
        if not known or not listing.apart:
            return {}
        found = ((file, known.get(shown(Path(file[0]), self._root))) for file in listing.files)
        return {file: old.schema for file, old in found if old and old.state == _state(file)}

    def _may_hide(self, staged: _Staged, read: Mapping[FileState, tuple[tuple[str, str], ...]]) -> bool:
        """Whether a column of tonight was not read of a file: perhaps because it could not be."""
        names = {name for name, _ in staged.schema}
        return any(not names <= {name for name, _ in schema} for schema in set(read.values()))

    def _append(
        self, session: Session, staged: _Staged, listing: Listing, fresh: Sequence[FileState]
    ) -> bool:
        """Insert new files of the same schema; False where theirs differs."""
        rows = sql.select([exp.Star()], listing.read(fresh))
        described = described_query(session, rows)
        if dict(described) != dict(staged.schema):
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
        self._drop(session, staged)
        staged.alike.clear()
        with self._lock:
            self._named += 1
            staged.name = f"staged_{self._named}"
        staged.in_memory = in_memory
        staged.unread = self._unread(session, listing, wide)
        hidden = [exp.to_identifier(name, quoted=True) for name, _, _ in staged.unread]
        readable = exp.Star(except_=hidden) if hidden else exp.Star()
        self._create(session, staged, sql.select([readable], listing.read(listing.files)))
        if location.kind == "csv":
            self._refuse_ragged(session, listing, [name for name, _ in staged.schema])
        booleans = self._booleans(session, staged) if location.kind == "csv" else []
        if booleans:
            told = exp.Star(replace=[_as_boolean(name) for name in booleans])
            read = sql.select([told], listing.read(listing.files))
            self._drop(session, staged, keep_name=True)
            self._create(session, staged, read)

    def _refuse_ragged(self, session: Session, listing: Listing, columns: Sequence[str]) -> None:
        """One ragged file has all others read as it is, so each is looked at alone then."""
        if not ragged_file(listing.files, columns):
            return
        for file in listing.files:
            alone = described_query(session, sql.select([exp.Star()], listing.read([file])))
            if ragged_file([file], [name for name, _ in alone]):
                name = shown(Path(file[0]), self._root)
                raise StatementFailed(f"the lines of {name} have different numbers of values")
        raise StatementFailed("its files are divided in different ways")

    def _unread(
        self, session: Session, listing: Listing, wide: Sequence[tuple[str, str, str]]
    ) -> tuple[tuple[str, str, str], ...]:
        """Columns that DuckDB would read wrongly, of those with ``wide`` decimals somewhere."""
        if not wide:
            return ()
        columns = [
            name
            for name, _ in described_query(session, sql.select([exp.Star()], listing.read(listing.files)))
        ]
        found = tuple(one for one in wide if one[0] in columns)  # others are parts of nested values
        if len(found) == len(columns):
            raise StatementFailed(f"none of its columns can be read: {found[0][2]}")
        return found

    def _create(self, session: Session, staged: _Staged, query: exp.Expression) -> None:
        kind = "TABLE" if staged.in_memory else "VIEW"
        create = exp.Create(this=named_table(staged.name), kind=kind, expression=query)
        session.rows(sql.render(create, "duckdb"))
        staged.schema = described_here(session, staged.name)

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


def _state(file: FileState) -> str:
    return f"{file[1]}:{file[2]}"


def _as_boolean(name: str) -> exp.Expression:
    boolean = exp.DataType(this=exp.DataType.Type.BOOLEAN)
    return exp.Alias(this=sql.cast(sql.named(name), boolean), alias=exp.to_identifier(name, quoted=True))
