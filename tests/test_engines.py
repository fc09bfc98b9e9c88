"""The same project on files, Delta tables, Postgres and Spark: the same nights, the same findings."""

from __future__ import annotations

import math
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests import tiny
from tests.delta import Delta
from tests.profiles.support import url_of, write_postgres
from tests.spark import NEEDS_SPARK

NIGHTS = 3
TABLES = ("people", "consents", "features", "snapshot", "predictions")
_FILES = '- {server: local, type: local, path: "data/%s/*.parquet", format: parquet}'
_DELTA = '- {server: local, type: local, path: "data/%s", format: delta}'
_POSTGRES = "- {server: engine, type: postgres, host: h, port: 5432, database: d, schema: public}"
_SPARK = '- {server: engine, type: custom, path: "data/%s/*.parquet", format: parquet}'
RELATIVE = 1e-9


def troubled_project(root: Path) -> Path:
    """Two clean nights, and a third on which features drift and gaps, bias and withdrawals appear."""
    tiny.tiny_project(root, model=True, nights=NIGHTS)
    rng = random.Random(3)
    day = tiny.night(NIGHTS)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    count = tiny.PEOPLE
    ids = [f"P{NIGHTS:02}{i:04}" for i in range(count)]
    times = [midnight + timedelta(seconds=86400 * (i + 0.5) / count) for i in range(count)]
    ratios = [None if i % 10 == 0 else 0.5 + rng.random() for i in range(count)]
    tiny.write(root, "features", str(day), subject_id=ids, recorded_at=times, ratio=ratios)
    races = [("white", "black")[i % 2] for i in range(count)]
    decided = [int(race == "white" or i % 6 == 1) for i, race in enumerate(races)]
    tiny.write(root, "predictions", str(day), recorded_at=times, predicted=[float(d) for d in decided],
               approved=[(i // 2) % 2 for i in range(count)], race=races)  # fmt: skip
    left = ids[::4]
    gone = len(left)
    tiny.write(root, "consents", "withdrawn", subject_id=left, purpose=["model_training"] * gone,
               basis=["consent"] * gone, status=["withdrawn"] * gone, valid_from=[midnight] * gone,
               valid_to=[None] * gone, recorded_at=[midnight] * gone)  # fmt: skip
    return root


def move(root: Path, kind: str, url: str | None) -> None:
    """Read the project's tables through a connection to the engine, or as Delta tables."""
    if kind == "delta":
        for table in TABLES:
            tiny.contract(root, table, _FILES % table, _DELTA % table)
            _log(root / "data" / table)
    if url is None:
        return
    for table in TABLES:
        tiny.contract(root, table, _FILES % table, _SPARK % table if kind == "spark" else _POSTGRES)
        if kind == "postgres":
            write_postgres(url, pq.read_table(root / "data" / table), table)
    settings = root / "governance.yaml"
    settings.write_text(f"{settings.read_text()}connections:\n  engine: {{url: '{url}'}}\n")


def _log(folder: Path) -> None:
    """Make a Delta table of a folder's files, with one more file that was deleted."""
    names = sorted(path.name for path in folder.glob("*.parquet"))
    table = Delta(folder, pq.read_schema(folder / names[0])).create()
    table.commit(*map(table.of_file, names))
    twice = pq.read_table(folder / names[0])
    table.commit(table.add(twice, "deleted.parquet"))
    table.commit(table.remove("deleted.parquet"))


def measured(root: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {}
    for number in range(1, NIGHTS + 1):
        with tiny.opened(root, number) as services:
            for event in run_night(services, tiny.night(number)):
                if isinstance(event, IndicatorMeasured):
                    found[number, *event.measurement.key] = asdict(event.measurement)
    return found


def differ(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return not math.isclose(a, b, rel_tol=RELATIVE, abs_tol=RELATIVE)
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) != list(b) or any(differ(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) != len(b) or any(map(differ, a, b))
    return bool(a != b)


@pytest.fixture(scope="module")
def on_files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Any, ...], dict[str, Any]]:
    return measured(troubled_project(tmp_path_factory.mktemp("files") / "shop"))


def test_the_third_night_finds_something_of_every_kind(on_files) -> None:
    troubled = {
        (key[2], found["outcome"])
        for key, found in on_files.items()
        if key[0] == NIGHTS and found["outcome"] is not Outcome.PASS
    }
    fails = {(name, Outcome.FAIL) for name in ("drift", "consent", "quality")}
    assert troubled == {*fails, ("bias", Outcome.WARN)}


@pytest.mark.parametrize(
    "kind",
    [
        "delta",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("spark", marks=NEEDS_SPARK),
    ],
)
def test_every_engine_finds_the_same(kind, on_files, tmp_path, request) -> None:
    root = troubled_project(tmp_path / "shop")
    move(root, kind, url_of(kind, request))
    found = measured(root)
    assert list(found) == list(on_files)
    different = {
        (*key, name): (value, found[key][name])
        for key, one in on_files.items()
        for name, value in one.items()
        if differ(value, found[key][name])
    }
    assert not different
