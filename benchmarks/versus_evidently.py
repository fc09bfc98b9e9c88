"""Drift of 20 columns, 1M rows against 1M rows: ours beside Evidently's default preset.

Each side is a process of its own; its time is counted from the read of the tables to the verdict, without
imports, its memory over the whole process. Ours is ``governance check``: it also takes the baseline,
refines its bins, and measures what else there is to measure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.data import project, standard
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, NUMERIC
from benchmarks.figure import Figure
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.statistics.distances import jensen_shannon, psi
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import aligned
from governance_pipeline.profiles.profile import Histogram
from governance_pipeline.profiles.scanning import plan_baseline

ROWS, QUICK_ROWS = 1_000_000, 100_000


def run(quick: bool) -> Iterator[Figure]:
    rows = QUICK_ROWS if quick else ROWS
    then, now = standard.training(rows), standard.serving(rows)
    governed = governed_drift(then, now)
    theirs = processes.run("benchmarks.peers.evidently_preset", str(then), str(now))
    ours = processes.run("benchmarks.peers.our_check", str(governed.root), "bench.features")
    if ours.told["compared"] != len(NUMERIC):
        raise RuntimeError(f"{ours.told['compared']} columns were compared, not {len(NUMERIC)}")
    yield Figure(
        "times faster than Evidently's preset", theirs.told["seconds"] / ours.told["seconds"], "x", 25, ">="
    )
    yield Figure("times less CPU than Evidently's preset", theirs.told["cpu"] / ours.told["cpu"], "x")
    yield Figure("memory, share of Evidently's", ours.memory / theirs.memory, "", round(1 / 3, 4))
    yield Figure("Evidently's preset", theirs.told["seconds"], "s")
    yield Figure("Evidently's preset, memory", theirs.memory / 1e6, "MB")
    yield Figure("our check of the same", ours.told["seconds"], "s")
    yield Figure("our check, memory", ours.memory / 1e6, "MB")
    for name, apart in differences(governed, then, now).items():
        yield Figure(f"{name}, largest difference to Evidently's", apart, "", 1e-9)


def differences(governed: Project, then: Path, now: Path) -> dict[str, float]:
    """By distance, the largest difference of any column between ours and Evidently's, on the same bins."""
    pairs = _pairs(governed)
    exponents = {name: before.exponent for name, (before, _) in pairs.items()}
    told = processes.run(
        "benchmarks.peers.evidently_distances", str(then), str(now), json.dumps(exponents)
    ).told
    return {
        name: max(abs(distance(a.counts, b.counts) - told[name][column]) for column, (a, b) in pairs.items())
        for name, distance in (("psi", psi), ("jensen_shannon", jensen_shannon))
    }


def governed_drift(then: Path, now: Path) -> Project:
    """A model of the 20 numeric columns, trained on ``then`` and fed ``now``."""
    columns = ("event_time", "subject", *NUMERIC)
    known = dict.fromkeys(columns, "features")
    tables = (
        project.Table("training", str(then), "training_snapshot", (*columns, "label"), known=known),
        project.Table("features", str(now), columns=columns),
    )
    return project.make(fresh("evidently"), tables, model=True, features=NUMERIC, predictions=False)


def _pairs(governed: Project) -> dict[str, tuple[Histogram, Histogram]]:
    """Each column's histograms then and now, on one grid that holds all values of both."""
    engine = IbisEngine(governed.settings, governed.root, {})
    try:
        then, now = (
            engine.scan(plan_baseline(governed.contracts[f"bench.{name}"], NIGHT))
            for name in ("training", "features")
        )
    finally:
        engine.close()
    found = {}
    for name in NUMERIC:
        before, after = then.columns[name].histogram, now.columns[name].histogram
        assert before is not None
        assert after is not None
        found[name] = aligned(before, after)
    return found
