"""Tables in memory, and the transaction the repositories reach them through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from governance_pipeline.errors import UsageError

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Tables = dict[str, dict[Key, Row]]


class MemoryTransaction:
    """Reads and writes tables by name. Rows are never changed in place, so a copy of the tables'
    dicts is a snapshot.

    Args:
        reads: the unit of work only reads.
    """

    def __init__(self, tables: Tables, *, reads: bool = False) -> None:
        self._tables = tables
        self._reads = reads
        self._over = False

    def end(self) -> None:
        """Refuse everything from now on: the unit of work is over."""
        self._over = True

    def row(self, table: str, key: Key) -> Row | None:
        """A copy of the row under ``key``, or None."""
        return deepcopy(self._rows(table).get(key))

    def rows(
        self, table: str, where: Callable[[Row], bool] = lambda _: True, *, order: Callable[[Row], Any]
    ) -> Sequence[Row]:
        """Copies of the rows that ``where`` accepts, by ``order``."""
        return [deepcopy(row) for row in sorted(filter(where, self._rows(table).values()), key=order)]

    def put(self, table: str, key: Key, row: Row) -> None:
        """Write or replace. Raises UsageError: the unit of work only reads; so do all that write."""
        self._rows_to_write(table)[key] = row

    def put_missing(self, table: str, key: Key, row: Row) -> bool:
        """Write unless the key is there; whether it was written."""
        if key in self._rows_to_write(table):
            return False
        self.put(table, key, row)
        return True

    def remove(self, table: str, where: Callable[[Row], bool]) -> None:
        """Remove the rows that ``where`` accepts."""
        rows = self._rows_to_write(table)
        for key in [key for key, row in rows.items() if where(row)]:
            del rows[key]

    def _rows(self, table: str) -> dict[Key, Row]:
        if self._over:
            raise UsageError("This unit of work is over", hint="open a new one with store.begin()")
        return self._tables.setdefault(table, {})

    def _rows_to_write(self, table: str) -> dict[Key, Row]:
        if self._reads:
            raise UsageError("This unit of work only reads", hint="open one with store.begin()")
        return self._rows(table)
