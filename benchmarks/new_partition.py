"""A night that finds one new partition of 365, beside a night that has seen none of them.

Three nights in a row each find one new daily file; the full run is a night by a project with an empty
store over the same files. Every night opens its services anew, so that only the store remembers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.data import nightly, project
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, Rows, write_days
from benchmarks.figure import Figure
from governance_pipeline.charter.project import Project

ROWS, QUICK_ROWS = 5_000_000, 365_000
DAYS = 365
NEW = 3


def run(quick: bool) -> Iterator[Figure]:
    files = fresh("partitions")
    days = write_days(files, Rows(QUICK_ROWS if quick else ROWS, days=DAYS))
    for _ in range(DAYS - NEW):
        next(days)
    start = NIGHT - timedelta(days=NEW)
    growing = _project(files)
    nightly.run(growing, start)
    nights = []
    for number in range(1, NEW + 1):
        next(days)
        nights.append(nightly.run(growing, start + timedelta(days=number)))
    full = nightly.run(_project(files), NIGHT)
    if nights[-1].rows != full.rows:
        raise RuntimeError(f"the two nights saw {nights[-1].rows} and {full.rows}")
    seconds = median(night.seconds for night in nights)
    scans = median(sum(night.scans.values()) for night in nights)
    yield Figure("one new partition of 365, share of a full run", 100 * seconds / full.seconds, "%", 3)
    cpu = median(night.cpu for night in nights)
    yield Figure("one new partition of 365, share of a full run, CPU", 100 * cpu / full.cpu, "%")
    yield Figure("its scan alone, share of the full scan", 100 * scans / sum(full.scans.values()), "%")
    yield Figure("a night with one new partition", seconds, "s")
    yield Figure("a full run over 365 partitions", full.seconds, "s")
    shutil.rmtree(files)


def _project(files: Path) -> Project:
    table = project.Table("rows", str(files / "*.parquet"))
    return project.make(fresh("partitioned"), [table], start=NIGHT - timedelta(days=NEW))
