"""Parquet files with columns that Spark refuses: these are named, and everything else is measured."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Column, Location, QualityRule
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import Profile
from tests.profiles.support import contract, plan, scan, settings
from tests.spark import NEEDS_SPARK

pytestmark = list(NEEDS_SPARK)

ILLEGAL = "PARQUET_TYPE_ILLEGAL: Illegal Parquet type"
X = [1.0, 2.0, 6.0]
REFUSED: dict[str, tuple[pa.Array, str, str]] = {
    "id": (
        pa.array([uuid.UUID(int=n).bytes for n in range(3)], pa.uuid()),
        "uuid",
        "Spark does not read Parquet's type uuid; write the column as text",
    ),
    "half": (
        pa.array(X, pa.float16()),
        "float16",
        "Spark does not read Parquet's type float16; write the column as a 32-bit float",
    ),
    "clock": (
        pa.array([dt.time(1)] * 3, pa.time32("ms")),
        "time",
        "Spark does not read Parquet's type time(millis,false); write the column as a time of microseconds",
    ),
    "wide": (
        pa.array([Decimal(n) for n in range(3)], pa.decimal256(60, 2)),
        "decimal(60, 2)",
        "its decimals have 60 digits, and Spark reads up to 38",
    ),
    "nested": (
        pa.array([{"half": None}] * 3, pa.struct({"half": pa.float16()})),
        "unknown",
        f"Spark does not read what is in it ({ILLEGAL}: FIXED_LEN_BYTE_ARRAY (FLOAT16))",
    ),
}


@pytest.fixture
def scanned(spark_url: str, tmp_path: Path) -> Callable[..., Profile]:
    def run(path: str = "*.parquet", *columns: Column, **changes: Any) -> Profile:
        location = Location("parquet", path=str(tmp_path / path), connection="pg")
        return scan(tmp_path, contract(location, *columns, **changes), url=spark_url)

    return run


def test_columns_that_spark_refuses_are_named_and_the_others_are_measured(scanned, tmp_path: Path) -> None:
    columns = {name: values for name, (values, _, _) in REFUSED.items()}
    pq.write_table(pa.table({**columns, "x": X}), tmp_path / "a.parquet")
    profile = scanned()
    assert profile.unmeasured == {name: why for name, (_, _, why) in REFUSED.items()}
    assert dict(profile.schema) == {
        "x": "float64",
        **{name: type_ for name, (_, type_, _) in REFUSED.items()},
    }
    assert (profile.rows, profile.columns["x"].mean) == (3, 3.0)


def test_where_nothing_can_be_read_it_is_said_why(scanned, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": REFUSED["id"][0]}), tmp_path / "a.parquet")
    with pytest.raises(SourceUnavailable, match=r"none of its columns can be read: .* type uuid"):
        scanned()


def test_a_key_that_cannot_be_read_is_not_said_to_be_missing(scanned, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": REFUSED["id"][0], "x": X}), tmp_path / "a.parquet")
    key, why = Column("id", primary_key=True), REFUSED["id"][2]
    rule = QualityRule("twice", None, "duplicateValues", arguments={"properties": ["x", "id"]})
    profile = scanned("*.parquet", key, subject_key="id", event_time="id", rules=(rule,))
    assert [tally.error for tally in profile.rules] == [f"the column 'id' cannot be read: {why}"]
    assert profile.unmeasured == {
        "id": why,
        "duplicate_keys": f"the key column 'id' cannot be read: {why}",
        "subjects": f"the subject column 'id' cannot be read: {why}",
        "recency": f"the column 'id' that dates a record cannot be read: {why}",
        "retention": f"the column 'id' that dates a record cannot be read: {why}",
    }


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_times_of_day_are_measured(scanned, tmp_path: Path, unit: str) -> None:
    values = pa.array([dt.time(0), dt.time(23, 59, 59), None], pa.time64(unit))
    pq.write_table(pa.table({"clock": values}), tmp_path / "a.parquet")
    column = scanned().columns["clock"]
    assert (column.kind, column.nulls) == ("time", 1)
    assert (column.minimum, column.maximum) == ("00:00:00", "23:59:59")


# --- timestamps in nanoseconds ----------------------------------------------------------------------

NIGHT = datetime(2026, 3, 10, 12, tzinfo=UTC)
NANOS = [int(NIGHT.timestamp()) * 10**9 + 123_456_789, -1, None]


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_nanoseconds_are_cut_to_microseconds(scanned, tmp_path: Path, zone: str | None) -> None:
    table = pa.table({"a `b`.c": pa.array(NANOS, pa.timestamp("ns", tz=zone)), "x": X})
    pq.write_table(table, tmp_path / "a.parquet")
    profile = scanned(event_time="a `b`.c")
    column = profile.columns["a `b`.c"]
    offset = "+00" if zone else ""
    assert profile.unmeasured == {}
    assert (profile.tonight_rows, profile.undated_rows, column.rows) == (1, 1, 1)
    assert profile.watermark == NIGHT.replace(microsecond=123_456)
    assert profile.oldest == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert column.maximum == f"2026-03-10 12:00:00.123456{offset}"


def test_what_is_in_nanoseconds_inside_a_value_is_counted(scanned, tmp_path: Path) -> None:
    inner = pa.array([{"at": 1}, None, {"at": None}], pa.struct({"at": pa.timestamp("ns")}))
    pq.write_table(pa.table({"inner": inner, "x": X}), tmp_path / "a.parquet")
    column = scanned().columns["inner"]
    assert (column.kind, column.nulls) == ("other", 1)


def test_files_that_changed_their_unit_and_their_columns_are_one_table(scanned, tmp_path: Path) -> None:
    """As when a job is moved to a newer pandas. Names may hold what would be a pattern."""
    old = pa.table({"at": pa.array(NANOS, pa.timestamp("ns")), "id": REFUSED["id"][0], "x": X})
    new = pa.table({"at": pa.array([NIGHT.replace(tzinfo=None)] * 2, pa.timestamp("us")), "y": ["b", "c"]})
    pq.write_table(old, tmp_path / "a [1].parquet")
    pq.write_table(new, tmp_path / "b {2} ü.parquet")
    profile = scanned()
    assert profile.unmeasured == {"id": REFUSED["id"][2]}
    assert (profile.rows, profile.columns["at"].nulls, profile.columns["at"].kind) == (5, 1, "time")
    assert profile.columns["at"].maximum == "2026-03-10 12:00:00.123456"
    assert (profile.columns["x"].mean, profile.columns["x"].nulls) == (3.0, 2)
    assert (profile.columns["y"].categories, profile.columns["y"].nulls) == ({"b": 1, "c": 1}, 3)


@pytest.mark.parametrize("second", ["us", "ns"])
def test_columns_that_stand_in_the_names_of_folders_are_kept(scanned, tmp_path: Path, second: str) -> None:
    for day, unit in (("2026-03-09", "ns"), ("2026-03-10", second)):
        folder = tmp_path / "lake" / f"day={day}"
        folder.mkdir(parents=True)
        at = pa.array([1_000_000], pa.timestamp(unit))
        pq.write_table(pa.table({"at": at, "x": [2.0]}), folder / "a.parquet")
    profile = scanned("lake")
    assert (profile.columns["day"].minimum, profile.columns["day"].maximum) == ("2026-03-09", "2026-03-10")
    assert (profile.rows, profile.columns["at"].kind) == (2, "time")


def test_a_table_that_is_read_meanwhile_changes_nothing_for_another(spark_url: str, tmp_path: Path) -> None:
    """Integers stay integers, and nanoseconds times, whichever of two tables a session opens first."""
    times, whole = (
        contract(Location("parquet", path=str(tmp_path / f"{name}.parquet"), connection="pg"))
        for name in ("times", "whole")
    )
    pq.write_table(pa.table({"a": pa.array(NANOS, pa.timestamp("ns"))}), tmp_path / "times.parquet")
    pq.write_table(pa.table({"a": [1, 2, 3]}), tmp_path / "whole.parquet")
    engine = IbisEngine(settings(spark_url, threads=1), tmp_path, {})
    kinds = [engine.scan(plan(of)).columns["a"].kind for of in (times, whole, times, whole)]
    engine.close()
    assert kinds == ["time", "number", "time", "number"]
