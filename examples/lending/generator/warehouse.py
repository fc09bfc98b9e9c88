"""The warehouse: a folder per dataset, a Parquet file per day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


class Warehouse:
    """Writes, completes and purges the files of a project's ``data`` folder."""

    def __init__(self, root: Path) -> None:
        self._data = root / "data"

    def pattern(self, dataset: str) -> Path:
        """All files of a dataset, as a glob."""
        return self._data / dataset / "*.parquet"

    def file(self, dataset: str, name: str) -> Path:
        return self._data / dataset / f"{name}.parquet"

    def write(self, dataset: str, name: str, rows: pa.Table) -> None:
        """Write a file whole or not at all; nothing for no rows."""
        if rows.num_rows == 0:
            return
        target = self.file(dataset, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        pq.write_table(rows, partial, compression="zstd")
        partial.replace(target)

    def read(self, dataset: str, name: str) -> pa.Table:
        return pq.read_table(self.file(dataset, name))

    def purge(self, dataset: str, today: date, keep_days: int) -> None:
        """Delete the daily files older than the newest ``keep_days`` days, ``today`` included."""
        oldest = today - timedelta(days=keep_days - 1)
        for path in self.pattern(dataset).parent.glob("*.parquet"):
            if date.fromisoformat(path.stem) < oldest:
                path.unlink()
