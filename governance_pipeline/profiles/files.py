"""Which files a location means tonight, and how DuckDB reads them.

What lies in the folder of a Delta or Iceberg table is not its rows: files of deleted and overwritten rows
lie there too. Such a folder is read by the table's own log (:mod:`delta`) or refused, never by a pattern.

Paths are texts here: a table of a year's days has hundreds, looked at every night, and pathlib takes longer
for each than the operating system.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles import sql

_CSV_TYPES = ("NULL", "BIGINT", "DOUBLE", "TIME", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR")
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a line of a CSV file."""
LOG = "_delta_log"
_A = {"delta": "a Delta", "iceberg": "an Iceberg"}
_ICEBERG = "metadata/*.metadata.json"

FileState = tuple[str, int, int]
"""A file's absolute path, its size, and the time of its last change."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one table as they are now.

    Attributes:
        read: the rows of some of them, to stand in a FROM.
        apart: each file is a partition.
        alike: every file is read with the table's columns and types, whatever is in it.
        extra: what else the rows depend on.
        in_place: never to be copied into memory: the files listed do not tell how large the table is.
    """

    files: tuple[FileState, ...]
    read: Callable[[Sequence[FileState]], exp.Expression]
    apart: bool = False
    alike: bool = False
    extra: str = ""
    in_place: bool = False

    @property
    def state(self) -> str:
        """Changes when the rows do."""
        told = (self.files, self.extra) if self.extra else self.files
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file[1] for file in self.files)


def plain_files(location: Location, root: Path) -> Listing:
    """The Parquet or CSV files of a path or pattern, sorted.

    Raises:
        SourceUnavailable: there are none, or they are parts of a Delta or Iceberg table.
    """
    whole = root / location.path
    pattern = shown(whole, root)  # relative, as the project's own folder may have a name with brackets
    found = [pattern] if whole.is_file() else _matching(pattern, root)
    files = file_states(sorted(os.path.join(root, name) for name in found))  # noqa: PTH118
    if not files:
        raise _nothing_there(whole, pattern)
    folders = {os.path.dirname(file[0]) for file in files}  # noqa: PTH120
    _refuse_lake_tables(map(Path, folders), root)
    return Listing(files, lambda some: _reader(location.kind, some), apart=location.kind == "parquet")


def shown(path: Path | str, root: Path) -> str:
    """A path as the contract has it: relative where it is in the project."""
    return "." if str(path) == str(root) else str(path).removeprefix(os.path.join(root, ""))  # noqa: PTH118


def file_state(path: Path) -> FileState:
    """Raises FileNotFoundError where the file is gone."""
    found = path.stat()
    return (str(path), found.st_size, found.st_mtime_ns)


def file_states(paths: Iterable[Path | str]) -> tuple[FileState, ...]:
    """Of those that are files and still there."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            state = os.stat(path)  # noqa: PTH116
            if stat.S_ISREG(state.st_mode):
                found.append((str(path), state.st_size, state.st_mtime_ns))
    return tuple(found)


def reader(function: str, *arguments: exp.Expression, **options: exp.Expression) -> exp.Expression:
    """A call of one of DuckDB's reading functions, to stand in a FROM."""
    named = [
        exp.PropertyEQ(this=exp.Identifier(this=name), expression=value) for name, value in options.items()
    ]
    return exp.Table(this=exp.Anonymous(this=function, expressions=[*arguments, *named]))


def listed(paths: Iterable[str]) -> exp.Expression:
    """A list of texts."""
    return exp.Array(expressions=[exp.Literal.string(path) for path in paths])


def _reader(kind: str, files: Sequence[FileState]) -> exp.Expression:
    """Exactly these files, columns matched by name, types unified."""
    paths = listed(file[0] for file in files)
    if kind == "parquet":
        return reader("read_parquet", paths, union_by_name=exp.true())
    return reader(
        "read_csv",
        paths,
        union_by_name=exp.true(),
        sample_size=sql.number(-1),  # a type is only right if all rows have it
        auto_type_candidates=listed(_CSV_TYPES),
        skip=sql.number(0),  # else lines before one that does not fit are left out
        max_line_size=sql.number(LONGEST_LINE),
        buffer_size=sql.number(2 * LONGEST_LINE),
    )


def _matching(pattern: str, root: Path) -> list[str]:
    return glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern


def _nothing_there(whole: Path, pattern: str) -> SourceUnavailable:
    kind = lake_kind(whole) if whole.is_dir() else ""
    if kind:
        return is_a_lake_table(kind, pattern)
    return SourceUnavailable(
        f"there is no data: no file matches {pattern}",
        hint="check the path in the contract's server, and that the feed has arrived",
    )


def lake_kind(folder: Path) -> str:
    """``delta`` or ``iceberg`` where the folder is that of such a table, else ""."""
    if (folder / LOG).is_dir():
        return "delta"
    return "iceberg" if next(folder.glob(_ICEBERG), None) else ""


def _refuse_lake_tables(folders: Iterable[Path], root: Path) -> None:
    """Files that are a table's parts say nothing about its rows."""
    seen: set[Path] = set()
    for folder in folders:
        for above in (folder, *folder.parents):
            if above in seen:
                break
            seen.add(above)
            kind = lake_kind(above)
            if kind:
                raise is_a_lake_table(kind, shown(above, root))


def is_a_lake_table(kind: str, folder: str) -> SourceUnavailable:
    """Why the files of a folder are not read as they lie there."""
    return SourceUnavailable(
        f"{folder} is {_A[kind]} table, whose files hold deleted rows too",
        hint=f"in the contract's server write  path: {folder}  and  format: {kind}",
    )
