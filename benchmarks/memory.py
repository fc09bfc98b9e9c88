"""Memory of a night over 100M rows in 100 daily files, and their subjects' consent, as a whole process.

The table is made day by day and deleted afterwards: 12 GB of disk, and some minutes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

from benchmarks import processes
from benchmarks.data import project
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, Rows, write_days
from benchmarks.data.standard import consents
from benchmarks.figure import Figure

ROWS, QUICK_ROWS = 100_000_000, 1_000_000
DAYS = 100
MOST = 1500


def run(quick: bool) -> Iterator[Figure]:
    rows = QUICK_ROWS if quick else ROWS
    files = fresh("large")
    try:
        for _ in write_days(files, Rows(rows, subjects=rows // 10, days=10 if quick else DAYS)):
            pass
        governed = project.make(
            fresh("large-project"),
            [project.Table("rows", str(files / "*.parquet"), consent=True)],
            ledger_path=consents(rows // 10),
            start=NIGHT - timedelta(days=1),
            limits={"table_timeout_seconds": 7200},
        )
        night = processes.run("benchmarks.peers.our_night", str(governed.root))
    finally:
        shutil.rmtree(files, ignore_errors=True)
    yield Figure(f"memory of a night over {rows / 1e6:g}M rows", night.memory / 1e6, "MB", MOST)
    yield Figure(f"a night over {rows / 1e6:g}M rows", night.seconds, "s")
