"""Drift of 20 columns, 1M rows against 1M rows: ours beside Evidently's default preset.

Each side is a process of its own; its time is counted from the read of the tables to the verdict, without
imports, its memory over the whole process. Ours is ``governance check``: it also takes the baseline,
refines its bins, and measures what else there is to measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import processes
from benchmarks.data import project, standard
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, NUMERIC
from benchmarks.figure import Figure
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.statistics.distances import jensen_shannon, psi
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import Histogram, Profile
from governance_pipeline.profiles.scanning import plan_baseline

ROWS, QUICK_ROWS = 1_000_000, 100_000
_BY_VALUE = 20  # Evidently bins numbers with more distinct values, and counts others by value


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
    """By distance, the largest difference of any column between ours and Evidently's."""
    told = processes.run("benchmarks.peers.evidently_distances", str(then), str(now)).told
    return {
        name: max(abs(found[column] - told[name][column]) for column in NUMERIC)
        for name, found in _distances(governed).items()
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


def _distances(governed: Project) -> dict[str, dict[str, float]]:
    """PSI and JS of our histograms on the edges that Evidently would choose."""
    then, now = _profiles(governed, {})
    edges = {name: _sturges(then, now, name) for name in NUMERIC if _distinct(then, name) > _BY_VALUE}
    then, now = _profiles(governed, edges)
    found: dict[str, dict[str, float]] = {"psi": {}, "jensen_shannon": {}}
    for name in NUMERIC:
        counts = _counts(then, name, edges), _counts(now, name, edges)
        values = sorted({*counts[0], *counts[1]})
        pair = [[side.get(value, 0) for value in values] for side in counts]
        found["psi"][name] = psi(*pair)
        found["jensen_shannon"][name] = jensen_shannon(*pair)
    return found


def _profiles(governed: Project, edges: dict[str, tuple[float, ...]]) -> tuple[Profile, Profile]:
    engine = IbisEngine(governed.settings, governed.root, {})
    try:
        plans = [
            replace(plan_baseline(governed.contracts[f"bench.{name}"], NIGHT, governed.settings), edges=edges)
            for name in ("training", "features")
        ]
        return engine.scan(plans[0]), engine.scan(plans[1])
    finally:
        engine.close()


def _distinct(profile: Profile, name: str) -> float:
    """Distinct values; large where they were too many to be counted."""
    distinct = profile.columns[name].distinct
    return float("inf") if distinct is None else distinct


def _sturges(then: Profile, now: Profile, name: str) -> tuple[float, ...]:
    """Edges by Sturges (1926) over both tables: numpy's rule needs their size and their extremes only."""
    sides = then.columns[name], now.columns[name]
    low, high = min(float(c.minimum or 0) for c in sides), max(float(c.maximum or 0) for c in sides)
    stand_in = np.full(sum(c.present for c in sides), low)
    stand_in[-1] = high
    return tuple(float(edge) for edge in np.histogram_bin_edges(stand_in, bins="sturges"))


def _counts(profile: Profile, name: str, edges: dict[str, tuple[float, ...]]) -> dict[str, int]:
    column = profile.columns[name]
    if name not in edges:
        return dict(column.categories)
    assert isinstance(column.histogram, Histogram)
    return {f"{place:04}": count for place, count in enumerate(column.histogram.counts)}
