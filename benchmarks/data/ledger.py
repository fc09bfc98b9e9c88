"""A consent ledger whose states are known from the number of the subject.

Of every hundred subjects two are unknown to it, five have withdrawn what they had given, one gave a
consent that has expired, and the others' consent is valid.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import sqlglot

PURPOSE = "model_training"
COLUMNS = ("subject", "purpose", "basis", "status", "valid_from", "valid_to", "recorded_at")

UNKNOWN = "s % 50 = 0"
WITHDRAWN = "s % 20 = 1"
EXPIRED = "s % 100 = 3"


def write(path: Path, subjects: int) -> Path:
    """One zstd Parquet file with the records of ``subjects`` subjects, in the order of recording."""
    ends = f"CASE WHEN {EXPIRED} THEN TIMESTAMP '2026-01-15' ELSE TIMESTAMP '2034-01-01' END"
    given = _records("given", "2024-01-01", ends, f"NOT {UNKNOWN}", subjects)
    withdrawn = _records("withdrawn", "2026-02-01", "CAST(NULL AS TIMESTAMP)", WITHDRAWN, subjects)
    both = given.union(withdrawn, distinct=False, copy=False)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.sql(both.sql(dialect="duckdb")).write_parquet(str(path), compression="zstd")
    return path


def _records(status: str, since: str, ends: str, where: str, subjects: int) -> sqlglot.exp.Select:
    start = f"TIMESTAMP '{since}' + to_hours(CAST(s % 240 AS BIGINT))"
    values = ("s", f"'{PURPOSE}'", "'consent'", f"'{status}'", start, ends, start)
    named = (f"{value} AS {name}" for name, value in zip(COLUMNS, values, strict=True))
    return (
        sqlglot.select(*named, dialect="duckdb")
        .from_(f"range({subjects}) AS r(s)", dialect="duckdb")
        .where(where, dialect="duckdb")
    )
