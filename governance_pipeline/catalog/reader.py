"""What a reader of somebody else's catalogue is: one function, given its place and its surroundings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import CannotEvaluate, UsageError
from governance_pipeline.vocabulary.lineage import Reading

TABLE, PATH, DATASET, NAME = "table", "path", "dataset", "name"
"""Facts of a node by which it is joined to a contract: the table (``database.schema.table``) or the file
that holds it, or where no place is known, the dataset's own name. ``name`` is what the tool itself calls it.
"""


class SqlFound(Protocol):
    """What a piece of SQL says, see :class:`governance_pipeline.lineage.sql.SqlLineage`."""

    @property
    def columns(self) -> Mapping[str, tuple[tuple[str, str], ...]]: ...
    @property
    def tables(self) -> frozenset[str]: ...
    @property
    def transformations(self) -> Mapping[str, str]: ...
    @property
    def not_understood(self) -> tuple[str, ...]: ...


class SqlReader(Protocol):
    """:func:`governance_pipeline.lineage.sql.column_lineage`, which stands a layer above the readers."""

    def __call__(self, sql: str, *, dialect: str, schemas: Mapping[str, Sequence[str]]) -> SqlFound: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a reader may use beside its place.

    Attributes:
        root: the project's folder, which relative paths start from.
        environ: what ``${NAME}`` stands for.
        connections: those of governance.yaml by name; their ``${NAME}`` still stand there.
        until: the end of the night; what is newer does not count.
        sql: reads the lineage of SQL.
    """

    root: Path
    environ: Mapping[str, str]
    until: datetime
    sql: SqlReader
    connections: Mapping[str, Connection] = field(default_factory=dict, repr=False)


_SIGNS = re.compile(r"[%#\x00-\x1f\x7f]")


def plain(name: str, also: str = "") -> str:
    """A name as a part of a node's name, in which ``#`` stands before a column."""
    written = _SIGNS.sub(_written_out, name)
    return "".join(f"%{ord(c):02X}" if c in also else c for c in written) if also else written


def _written_out(sign: re.Match[str]) -> str:
    return f"%{ord(sign[0]):02X}"


def address_of(connection: str, around: Surroundings) -> str:
    """The URL of a connection, with its secrets. Raises CannotEvaluate where it cannot be had."""
    return _resolved(connection, _connection(connection, around).url, around)


def token_of(connection: str, around: Surroundings) -> str:
    """The bearer token of a connection, "" for none. Raises CannotEvaluate where it cannot be had."""
    return _resolved(connection, _connection(connection, around).token or "", around)


def unusable(connection: str, why: str) -> CannotEvaluate:
    """That a connection cannot be read, and what to look at."""
    return CannotEvaluate(
        f"connection '{connection}' cannot be read: {why}",
        hint=f"check connections.{connection} in governance.yaml and that what it leads to is up",
    )


def _connection(name: str, around: Surroundings) -> Connection:
    if name not in around.connections:
        raise unusable(name, "governance.yaml has no such connection")
    return around.connections[name]


def _resolved(connection: str, text: str, around: Surroundings) -> str:
    try:
        return resolve_env(text, around.environ)
    except UsageError as error:
        raise unusable(connection, error.message) from None


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of place.

    Attributes:
        name: the key in governance.yaml.
        options: the shape of what stands there.
        read: brings what the place says. Raises CannotEvaluate where the place as a whole cannot be
            read, naming it; parts that cannot are in ``Reading.not_understood``.
        state: a text that is another one when what the place says may be another, much cheaper to have than
            to read it; "" where nobody knows. Where it is that of the last night, the place is not read.
            None: the place is read every night. Raises like ``read``.
    """

    name: str
    options: type[FileModel]
    read: Callable[[Any, str, Surroundings], Reading]
    state: Callable[[Any, Surroundings], str] | None = None


def state_of_files(texts: Iterable[str], around: Surroundings) -> str:
    """The digest of files of the project; "" where one of them cannot be read."""
    digest = hashlib.sha256()
    for text in texts:
        try:
            with project_path(text, around.root).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            return ""
    return digest.hexdigest()
