"""A night over 1,000 tables of 10,000 rows: what it costs beside what the engine does.

The engine alone scans the same plans with the same number of threads; the rest of the night - planning,
indicators, risk, lineage, the store on SQLite - is orchestration.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.data import nightly, project, reference_table
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, Rows
from benchmarks.figure import Figure
from benchmarks.timing import Took, took
from governance_pipeline.charter.project import Project
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.scanning import plan_scan

TABLES, QUICK_TABLES = 1_000, 60
ROWS = 10_000
DIFFERENT = 20  # tables made; the others are copies of them


def run(quick: bool) -> Iterator[Figure]:
    count = QUICK_TABLES if quick else TABLES
    governed = _project(count)
    engine = _engine_alone(governed)
    night = nightly.run(governed, NIGHT)
    yield Figure(
        f"orchestration, {count} tables", 1000 * (night.seconds - engine.wall) / count, "ms per table", 30
    )
    yield Figure(
        f"orchestration, {count} tables, CPU", 1000 * (night.cpu - engine.cpu) / count, "ms per table"
    )
    yield Figure("the engine's own time", 1000 * engine.wall / count, "ms per table")
    yield Figure("the engine's own time, CPU", 1000 * engine.cpu / count, "ms per table")
    yield Figure(f"a night over {count} tables", night.seconds, "s")
    shutil.rmtree(governed.root)


def _project(count: int) -> Project:
    files = fresh("tables")
    files.mkdir()
    for number in range(count):
        path = _file(files, number)
        if number < DIFFERENT:
            reference_table.write(path, Rows(ROWS, seed=number + 1))
        else:
            shutil.copy(_file(files, number % DIFFERENT), path)
    tables = [project.Table(f"table_{number:04}", str(_file(files, number))) for number in range(count)]
    return project.make(fresh("many"), tables)


def _file(files: Path, number: int) -> Path:
    return files / f"{number:04}.parquet"


def _engine_alone(governed: Project) -> Took:
    settings, playbook = governed.settings, governed.playbook
    plans = [plan_scan(contract, NIGHT, playbook) for contract in governed.contracts.values()]
    engine = IbisEngine(settings, governed.root, {})
    try:
        with ThreadPoolExecutor(max_workers=settings.limits.threads) as pool:
            return took(lambda: list(pool.map(engine.scan, plans)))
    finally:
        engine.close()
