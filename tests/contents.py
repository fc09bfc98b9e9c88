"""Everything a store holds, as values that can be compared: between runs, and between databases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import create_engine, select

from governance_pipeline.store.engine import database_url
from governance_pipeline.store.tables import metadata

Rows = list[tuple[tuple[str, Any], ...]]


def contents(url: str, *, without: Collection[str] = ()) -> Mapping[str, Rows]:
    """Every row of every table, in an order of its own.

    Args:
        url: of the store; a SQLite path must be absolute.
        without: columns that are left out, as ``table.column``.
    """
    engine = create_engine(database_url(url))
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted(
                    (
                        tuple((k, v) for k, v in row.items() if f"{table.name}.{k}" not in without)
                        for row in connection.execute(select(table)).mappings()
                    ),
                    key=repr,
                )
                for table in metadata.sorted_tables
            }
    finally:
        engine.dispose()


def differences(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> dict[str, tuple[Rows, Rows]]:
    """By table, the rows that only one of them has; empty where they hold the same."""
    return {
        name: (_missing(rows, after[name]), _missing(after[name], rows))
        for name, rows in before.items()
        if rows != after[name]
    }


def _missing(rows: Rows, among: Rows) -> Rows:
    known = set(map(repr, among))
    return [row for row in rows if repr(row) not in known]
