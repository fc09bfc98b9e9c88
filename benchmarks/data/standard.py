"""The tables and the project that several topics measure, each made once in a run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.data import ledger, project, reference_table
from benchmarks.data.cache import fresh, kept
from benchmarks.data.reference_table import COLUMNS, NIGHT, Rows
from governance_pipeline.charter.project import Project
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import of_histogram
from governance_pipeline.profiles.plan import ConsentPlan, GroupPlan, ScanPlan
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.scanning import night_bounds, plan_baseline, plan_scan

THREADS, MEMORY = 2, "1GB"
"""The limits of governance.yaml by default, and so the peers'."""

SHIFT = 0.2
"""Standard deviations by which a column of the serving table drifts, so that there is something to find."""

_FED = tuple(name for name in COLUMNS if name not in ("group", "label", "prediction"))


def training(rows: int) -> Path:
    """What the model learned from: ``rows`` rows of one day, a fifth as many subjects."""
    return kept(f"training-{rows}.parquet", lambda path: reference_table.write(path, Rows(rows)))


def serving(rows: int) -> Path:
    """What the model is fed, with its decisions: other rows of the same population."""
    return kept(f"serving-{rows}.parquet", lambda path: reference_table.write(path, _serving(rows)))


def fed(rows: int) -> Path:
    """:func:`serving` without the decisions."""
    return kept(f"fed-{rows}.parquet", lambda path: reference_table.write(path, _serving(rows), _FED))


def decisions(rows: int) -> Path:
    """The decisions of :func:`serving`."""
    return kept(
        f"decisions-{rows}.parquet",
        lambda path: reference_table.write(path, _serving(rows), project.DECISIONS),
    )


def consents(subjects: int) -> Path:
    """The ledger of ``subjects`` subjects."""
    return kept(f"consents-{subjects}.parquet", lambda path: ledger.write(path, subjects))


def model_project(rows: int) -> Project:
    """A model, what it learned from, what it is fed, what it decides, and its subjects' consents."""
    tables = project.with_model(str(training(rows)), str(fed(rows)), str(decisions(rows)))
    return project.make(fresh("model"), tables, ledger_path=consents(rows // 5), model=True)


def duckdb_like_ours() -> duckdb.DuckDBPyConnection:
    """A DuckDB with the threads and the memory that our engine has."""
    connection = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY})
    connection.execute("SET preserve_insertion_order = false")
    return connection


class ScanCase:
    """One partition of the reference table, and the plan that asks all there is to ask about it."""

    def __init__(self, rows: int) -> None:
        self.path = serving(rows)
        table = project.Table("rows", str(self.path), consent=True)
        before = project.Table("before", str(training(rows)), "training_snapshot")
        self.project = project.make(fresh("scan"), (table, before), ledger_path=consents(rows // 5))
        settings, playbook = self.project.settings, self.project.playbook
        contract = self.project.contracts["bench.rows"]
        baseline = self.scan(plan_baseline(self.project.contracts["bench.before"], NIGHT))
        grids = {name: of_histogram(c.histogram) for name, c in baseline.columns.items() if c.histogram}
        assert settings.consent is not None
        location = self.project.contracts[settings.consent.dataset].location
        start, _ = night_bounds(contract, NIGHT)
        group = GroupPlan(
            project.MODEL, ("group",), "prediction", "label", "1", window_start=start - timedelta(days=27)
        )
        self.plan = plan_scan(
            contract,
            NIGHT,
            playbook,
            grids=grids,
            consent=ConsentPlan(settings.consent, location),
            groups=(group,),
        )

    def scan(self, plan: ScanPlan | None = None) -> Profile:
        """A scan by an engine of its own, which knows nothing of an earlier one."""
        engine = IbisEngine(self.project.settings, self.project.root, {})
        try:
            return engine.scan(plan or self.plan)
        finally:
            engine.close()


def _serving(rows: int) -> Rows:
    return Rows(rows, seed=2, shift=SHIFT)
