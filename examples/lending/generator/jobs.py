"""The platform's jobs: SQL over the rows that arrived, run by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

SCHEMA = "lending"


class Jobs:
    """One DuckDB connection in memory; tables are called as in the contracts, ``lending.incomes``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._given: dict[str, Any] = {}  # DuckDB reads these where they are: they must live as long
        self._connection: Any = duckdb.connect(config={"threads": 2})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"CREATE SCHEMA {SCHEMA}; USE {SCHEMA}")

    def give(self, tables: Mapping[str, pa.Table]) -> None:
        """Put these rows where the jobs read; what stood there before is replaced."""
        for name, rows in tables.items():
            self._given[name] = rows
            self._connection.from_arrow(rows).create_view(name, replace=True)

    def give_files(self, name: str, pattern: Path) -> None:
        """Let the jobs read all files of a dataset, those that come later included."""
        self._connection.read_parquet(str(pattern)).create_view(name, replace=True)

    def run(self, name: str) -> pa.Table:
        """Run ``sql/<name>.sql`` of the project."""
        query = (self._root / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        return self._connection.sql(query).to_arrow_table()

    def close(self) -> None:
        self._connection.close()
