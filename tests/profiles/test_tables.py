"""Files: what is read, what is kept in memory, and when it is read again."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Column, Location
from governance_pipeline.profiles.engine import IbisEngine
from tests.profiles.support import contract, plan, settings, write

DAYS = Location("parquet", path="days/*.parquet")


def day(root, number, value, **columns):
    at = pa.array([datetime(2026, 3, 1) + timedelta(days=number)] * 3, pa.timestamp("us"))
    (root / "days").mkdir(exist_ok=True)
    pq.write_table(pa.table({"x": [value] * 3, "at": at, **columns}), root / f"days/{number:02}.parquet")


@pytest.fixture
def engine(tmp_path):
    engine = IbisEngine(settings(), tmp_path, {})
    yield engine
    engine.close()


def test_files_that_came_since_are_added(tmp_path, engine):
    of = contract(DAYS, event_time="at")
    states = set()
    for number in range(4):
        day(tmp_path, number, float(number))
        profile = engine.scan(plan(of, window_days=30))
        assert profile.rows == 3 * (number + 1)
        assert profile.columns["x"].maximum == number
        states.add(profile.source_state)
    assert len(states) == 4


def test_a_file_that_did_not_change_is_not_read_again(tmp_path, engine):
    of = contract(DAYS, event_time="at")
    day(tmp_path, 0, 1.0)
    first = engine.read(plan(of), {})
    assert first.profile.rows == 3
    path = tmp_path / "days/00.parquet"
    was = path.stat()
    path.write_bytes(b"x" * was.st_size)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    day(tmp_path, 1, 2.0)
    second = engine.read(plan(of), {one.id: one for one in first.partitions})
    assert second.profile.rows == 6
    assert second.read == {"days/01.parquet"}


def test_a_file_that_changed_or_went_is_noticed(tmp_path, engine):
    of = contract(DAYS, event_time="at")
    day(tmp_path, 0, 1.0)
    day(tmp_path, 1, 2.0)
    first = engine.scan(plan(of, window_days=30))
    day(tmp_path, 1, 5.0)
    changed = engine.scan(plan(of, window_days=30))
    assert (changed.rows, changed.columns["x"].maximum) == (6, 5.0)
    assert changed.source_state != first.source_state
    (tmp_path / "days/00.parquet").unlink()
    assert engine.scan(plan(of)).rows == 3


def test_a_type_that_changes_from_one_day_to_the_next_is_unified(tmp_path, engine):
    of = contract(DAYS, event_time="at")
    day(tmp_path, 0, 1, flag=[True, False, True])
    assert dict(engine.scan(plan(of, window_days=30)).schema)["x"] == "int64"
    day(tmp_path, 1, 2.5)
    profile = engine.scan(plan(of, window_days=30))
    assert dict(profile.schema)["x"] == "float64"
    assert profile.columns["x"].mean == 1.75
    assert profile.columns["flag"].nulls == 3
    day(tmp_path, 2, "3 rooms")
    profile = engine.scan(plan(of, window_days=30))
    assert dict(profile.schema)["x"] == "string"
    assert profile.columns["x"].kind == "category"
    assert profile.rows == 9


def test_large_files_are_read_in_place_with_the_same_result(tmp_path):
    for number in range(3):
        day(tmp_path, number, float(number))
    found = []
    for memory in ("2GB", "0.001MB"):
        engine = IbisEngine(settings(), tmp_path, {})
        engine._tables._files._room = 0 if memory == "0.001MB" else engine._tables._files._room
        found.append(engine.scan(plan(contract(DAYS, event_time="at"), window_days=30)))
        day(tmp_path, 0, 0.0)
        engine.close()
    from dataclasses import replace

    assert replace(found[0], source_state="") == replace(found[1], source_state="")


def test_memory_is_given_up_for_newer_tables(tmp_path, engine):
    locations = [
        write("parquet", tmp_path, pa.table({"x": [float(n)] * 100}), name=f"t{n}") for n in range(6)
    ]
    engine._tables._files._room = 3 * (tmp_path / "t0.parquet").stat().st_size
    for _ in range(2):
        for number, location in enumerate(locations):
            assert engine.scan(plan(contract(location))).columns["x"].mean == number


def test_csv_words_stay_words_and_only_true_and_false_are_booleans(tmp_path, engine):
    (tmp_path / "t.csv").write_text(
        "answer,flag,country,clock,code,at\nyes,true,NO,12:30:45,007,2026-03-10 10:00:00\n"
        "no,False,SE,11:00:00,010,2026-03-10 11:00:00\n"
    )
    of = contract(Location("csv", path="t.csv"), Column("flag"), event_time="at")
    profile = engine.scan(plan(of))
    types = dict(profile.schema)
    assert (types["answer"], types["flag"], types["country"]) == ("string", "boolean", "string")
    assert profile.columns["answer"].categories == {"no": 1, "yes": 1}
    assert profile.columns["flag"].categories == {"true": 1, "false": 1}
    assert profile.columns["country"].categories == {"NO": 1, "SE": 1}
    assert profile.tonight_rows == 2


def test_csv_days_without_a_value_do_not_change_a_columns_type(tmp_path, engine):
    (tmp_path / "a.csv").write_text("x,y\n1,2.5\n")
    (tmp_path / "b.csv").write_text("x,y\n,\n,\n")
    (tmp_path / "c.csv").write_text("x,y\n")
    profile = engine.scan(plan(contract(Location("csv", path="*.csv"))))
    assert dict(profile.schema) == {"x": "int64", "y": "float64"}
    assert (profile.rows, profile.columns["x"].nulls) == (3, 2)


def test_a_project_folder_may_have_any_name(tmp_path):
    root = tmp_path / "my [project] *?"
    root.mkdir()
    day(root, 0, 1.0)
    for path in ("days/*.parquet", str(root / "days/*.parquet"), "days/00.parquet", "**/*.parquet"):
        engine = IbisEngine(settings(), root, {})
        assert engine.scan(plan(contract(Location("parquet", path=path)))).rows == 3
        engine.close()


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "postgres"])
def test_many_threads_may_scan_at_once(tmp_path, request, kind):
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    locations = [write(kind, tmp_path, pa.table({"x": [float(n)] * 50}), url, name=f"t{n}") for n in range(6)]
    engine = IbisEngine(settings(url), tmp_path, {})
    start = threading.Barrier(4)

    def scan(worker):
        start.wait(timeout=60)
        return [engine.scan(plan(contract(location))).columns["x"].mean for location in locations]

    with ThreadPoolExecutor(4) as pool:
        for means in pool.map(scan, range(4)):
            assert means == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    engine.close()


@pytest.mark.parametrize("in_memory", [True, False], ids=["kept in memory", "read in place"])
def test_a_column_without_a_type_is_told_as_the_engine_selects_it(tmp_path, engine, in_memory):
    day(tmp_path, 1, 1.0, none=pa.nulls(3), many=[[1], [2], None])
    engine._tables._files._room = engine._tables._files._room if in_memory else 0
    schema = dict(engine.scan(plan(contract(DAYS))).schema)
    assert (schema["none"], schema["many"]) == ("int32", "array<int64>")
