"""What a reader of somebody else's catalogue is: one function, given its place and its surroundings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from governance_pipeline.charter.base import FileModel
from governance_pipeline.vocabulary.lineage import Reading

TABLE, PATH, NAME = "table", "path", "name"
"""Facts of a node by which it is joined to a contract: the table (``database.schema.table``) or the file
that holds it. ``name`` is what the tool itself calls it.
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
        connections: the URLs of governance.yaml by name, with their ``${NAME}``.
        until: the end of the night; what is newer does not count.
        sql: reads the lineage of SQL.
    """

    root: Path
    environ: Mapping[str, str]
    until: datetime
    sql: SqlReader
    connections: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of place.

    Attributes:
        name: the key in governance.yaml.
        options: the shape of what stands there.
        read: brings what the place says. Raises CannotEvaluate where the place as a whole cannot be
            read, naming it; parts that cannot are in ``Reading.not_understood``.
    """

    name: str
    options: type[FileModel]
    read: Callable[[Any, str, Surroundings], Reading]
