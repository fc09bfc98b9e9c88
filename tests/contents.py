"""Everything a store holds, as text that can be compared: between runs, and between databases."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, create_engine, select

from governance_pipeline.store.engine import database_url
from governance_pipeline.store.tables import ledger_entries, metadata

_ZLIB = b"\x78"
_NEVER_ALIKE = ("ledger_entries", "ledger_payloads")  # salted and signed; each run of a night is entered anew


def contents(url: str, *, without: Collection[str] = ()) -> Mapping[str, list[str]]:
    """Every row of every table but the ledger's, one line of text each, in an order of its own. The ledger's
    entries are told as what was done to what, each once.

    Args:
        url: of the store; a SQLite path must be absolute.
        without: columns that are left out, as ``table.column``.
    """
    engine = create_engine(database_url(url))
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted(
                    repr({k: plain(v) for k, v in row.items() if f"{table.name}.{k}" not in without})
                    for row in connection.execute(select(table)).mappings()
                )
                for table in metadata.sorted_tables
                if table.name not in _NEVER_ALIKE
            } | {"ledger": sorted(set(_acts(connection)))}
    finally:
        engine.dispose()


def _acts(connection: Connection) -> Iterator[str]:
    for leaf in connection.scalars(select(ledger_entries.c.leaf)):
        entry = json.loads(leaf)
        yield f"{entry['kind']} {entry['about']}"


def differences(
    before: Mapping[str, list[str]], after: Mapping[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """By table, the rows that only one of them has; empty where they hold the same."""
    return {
        name: (sorted(set(rows) - set(after[name])), sorted(set(after[name]) - set(rows)))
        for name, rows in before.items()
        if rows != after[name]
    }


def plain(value: Any) -> Any:
    """Numbers to nine digits: threads add in no fixed order, which shows in the last bits of a sum.

    The token of a source's files names them by their path, which another folder changes: it is left out.
    """
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, bytes):  # a profile is kept as compressed JSON
        if not value.startswith(_ZLIB):
            return value.hex()
        return plain(json.loads(zlib.decompress(value)))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items()) if key != "source_state"}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
