"""Real nights over rows that belong together: a branch's rows are alike, and branches differ by chance.

Forty columns are forty independent questions, so that one night is a small simulation.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.codec import from_json
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests.tiny import MODEL, STAMP, change, contract, night, opened, tiny_project, write_table

BRANCHES = 24
THEN, NOW = 208, 42  # rows of a branch
COLUMNS = [f"x{n}" for n in range(40)]
MOVED = COLUMNS[:10]
ALIKE = 0.2  # correlation within a branch
FOUND = (Outcome.WARN, Outcome.FAIL)


def drawn(rng: np.random.Generator, means: np.ndarray, each: int, moved: float = 0.0) -> pa.Table:
    """``each`` rows of every branch, of columns with a variance of 1."""
    rows = BRANCHES * each
    spread = rng.normal(0, (1 - ALIKE) ** 0.5, (len(COLUMNS), BRANCHES, each))
    values = (means[:, :, None] + spread).reshape(len(COLUMNS), rows)
    start = np.datetime64("2026-03-02")
    return pa.table(
        {
            "subject_id": [f"P{n:05}" for n in range(rows)],
            "recorded_at": pa.array(start + np.arange(rows).astype("timedelta64[s]"), STAMP),
            "branch": np.repeat([f"branch {n}" for n in range(BRANCHES)], each),
            "ratio": rng.random(rows),
            **{name: values[at] + (moved if name in MOVED else 0.0) for at, name in enumerate(COLUMNS)},
        }
    )


def branch_means(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, ALIKE**0.5, (len(COLUMNS), BRANCHES))


def project(root: Path, then: pa.Table, now: pa.Table, *, clustered: bool) -> Path:
    tiny_project(root, model=True)
    for table in ("features", "snapshot"):
        ratio = "      - {name: ratio, logicalType: number"
        names = "".join(f"      - {{name: {name}, logicalType: number}}\n" for name in COLUMNS)
        contract(root, table, ratio, f"      - {{name: branch, logicalType: string}}\n{names}{ratio}")
        if clustered:
            subject = "      - {property: subjectKey"
            contract(root, table, subject, f"      - {{property: clusterColumn, value: branch}}\n{subject}")
    features = "".join(f"  - column: shop.features#{name}\n" for name in COLUMNS)
    change(root, f"models/{MODEL}.yaml", "  - column: shop.features#ratio\n", features)
    snapshot = then.drop_columns(["recorded_at"])
    write_table(
        root, "snapshot", "taken", snapshot.append_column("approved", pa.array(np.arange(len(then)) % 2))
    )
    write_table(root, "features", str(night(1)), now)
    return root


def drift(root: Path, number: int = 1) -> dict[str, Measurement]:
    with opened(root, number) as services:
        events = list(run_night(services, night(number)))
    measured = [event.measurement for event in events if isinstance(event, IndicatorMeasured)]
    return {m.facet: m for m in measured if m.indicator == "drift" and m.facet in COLUMNS}


def found(measured: dict[str, Measurement]) -> set[str]:
    assert set(measured) == set(COLUMNS)
    return {name for name, one in measured.items() if one.outcome in FOUND}


def test_branches_that_differ_are_called_drift_unless_rows_belong_together_by_them(tmp_path: Path):
    """Nothing moved but that the branches of today are others than those of the training data."""
    rng = np.random.default_rng(41)
    then, now = drawn(rng, branch_means(rng), THEN), drawn(rng, branch_means(rng), NOW)
    assert len(found(drift(project(tmp_path / "rows", then, now, clustered=False)))) >= 8
    measured = drift(project(tmp_path / "branches", then, now, clustered=True))
    assert not found(measured)
    assert {one.outcome for one in measured.values()} == {Outcome.PASS}
    sizes = Counter(hashlib.md5(f"branch {n}".encode()).digest()[0] % 64 for n in range(BRANCHES)).values()
    # some branches share a bucket: the effective number of Carter, Schnepel and Steigerwald (2017)
    counted = sum(size**2 for size in sizes) ** 2 / sum(size**4 for size in sizes)
    for one in measured.values():
        assert one.details["clusters"] == pytest.approx(counted, rel=1e-3)


def test_a_shift_in_all_branches_is_found_and_nothing_else(tmp_path: Path):
    rng = np.random.default_rng(42)
    means = branch_means(rng)
    then, now = drawn(rng, means, THEN), drawn(rng, means, NOW, moved=0.6)
    assert found(drift(project(tmp_path / "p", then, now, clustered=True))) == set(MOVED)


def test_the_next_night_knows_the_clusters_of_a_training_set_that_is_gone(tmp_path: Path):
    rng = np.random.default_rng(43)
    means = branch_means(rng)
    then, now = drawn(rng, means, THEN), drawn(rng, means, NOW, moved=0.6)
    root = project(tmp_path / "p", then, now, clustered=True)
    first = drift(root)
    (root / "data" / "snapshot" / "taken.parquet").unlink()
    second = drift(root, 2)
    assert found(second) == found(first) == set(MOVED)
    assert {name: one.interval for name, one in second.items()} == {
        n: one.interval for n, one in first.items()
    }
    with opened(root, 2) as services, services.store.begin() as unit:
        baseline = from_json(unit.profiles.get_baseline(MODEL, "1") or {})
        tonight = from_json(unit.profiles.latest_before("shop.features", night(3)) or {})
    assert all(baseline.columns[name].clusters for name in COLUMNS)
    assert not any(column.clusters for column in tonight.columns.values())  # they are kept with its days


def test_a_cluster_column_that_the_table_lacks_makes_drift_insufficient(tmp_path: Path):
    rng = np.random.default_rng(44)
    then, now = drawn(rng, branch_means(rng), THEN), drawn(rng, branch_means(rng), NOW)
    root = project(tmp_path / "p", then, now.drop_columns(["branch"]), clustered=True)
    measured = drift(root)
    assert {one.outcome for one in measured.values()} == {Outcome.INSUFFICIENT}
    assert measured["x0"].sentence.endswith(
        "the rows belong together by branch, and they could not be counted by it: the column 'branch' is not "
        "in the table."
    )
