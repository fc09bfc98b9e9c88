"""Values that few tables hold: measured as Python measures them, or named while the rest is measured."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import datetime as dt
import math
import statistics
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Location, QualityRule
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.statistics import TOO_LARGE
from tests.profiles.support import contract, plan, scan, settings, statements_of, url_of, write
from tests.spark import NEEDS_SPARK

ENGINES = ("parquet", "duckdb", "postgres", pytest.param("spark", marks=NEEDS_SPARK))


@pytest.fixture(params=ENGINES)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    def scanned(table: pa.Table, **changes: Any) -> Profile:
        url = url_of(request.param, request)
        return scan(tmp_path, contract(write(request.param, tmp_path, table, url), **changes), url=url)

    return scanned


# --- infinities, NaN, and numbers as large as a double can be ---------------------------------------

INF, NAN = math.inf, math.nan
FLOATS: dict[str, list[float | None]] = {
    "mixed": [1.0, NAN, INF, -INF, None, 2.5, -0.0, 5e-324],
    "nan and null": [NAN, None, NAN, None, NAN, None, NAN, None],
    "inf and null": [INF, None, -INF, None, INF, None, INF, None],
    "only nan": [NAN] * 8,
    "moderate and inf": [1.0, 2.0, 3.0, 4.0, INF, INF, INF, None],
    "tiny": [5e-324, 1e-308, -5e-324, 0.0, None, None, NAN, 1e-300],
    "huge": [1e308, -1e308, 1e308, 1.0, None, NAN, INF, 1.7976931348623157e308],
    "plain": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None],
}


def test_nan_infinities_and_null_are_counted_apart(run) -> None:
    table = pa.table({name: pa.array(values, pa.float64()) for name, values in FLOATS.items()})
    profile = run(table)
    assert set(profile.columns) == set(FLOATS)
    assert profile.unmeasured == {"huge": TOO_LARGE}
    for name, values in FLOATS.items():
        column = profile.columns[name]
        given = [value for value in values if value is not None]
        finite = [value for value in given if math.isfinite(value)]
        found = (column.rows, column.nulls, column.nans, column.infinities)
        assert found == (8, values.count(None), sum(map(math.isnan, given)), sum(map(math.isinf, given))), (
            name
        )
        assert (column.minimum, column.maximum) == (min(finite, default=None), max(finite, default=None)), (
            name
        )
        if name == "huge":
            assert (column.mean, column.variance) == (None, None)
        elif finite:
            assert column.mean == pytest.approx(math.fsum(finite) / len(finite), rel=1e-12), name
            expected = statistics.variance(map(Decimal, finite)) if len(finite) > 1 else 0
            assert column.variance == pytest.approx(float(expected), rel=1e-9, abs=1e-300), name
        else:
            assert column.mean is None
        if column.histogram is not None:
            assert column.histogram.total == len(finite) + column.infinities, name


def test_the_two_zeros_of_a_float_are_one_value(run) -> None:
    column = run(pa.table({"x": [0.0, -0.0, 0.25, -0.0, None]})).columns["x"]
    assert (column.categories, column.distinct) == ({"0": 3, "0.25": 1}, 2)


# --- dates at the calendar's ends -------------------------------------------------------------------

FIRST, LAST = dt.date(1, 1, 1), dt.date(9999, 12, 31)
ENDS = [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]


def test_the_first_and_the_last_day_of_the_calendar_are_told_as_they_are(run) -> None:
    table = pa.table(
        {
            "day": pa.array([FIRST, LAST, None, dt.date(1900, 2, 28)], pa.date32()),
            "naive": pa.array([*ENDS, None, dt.datetime(2026, 3, 10)], pa.timestamp("us")),
            "zoned": pa.array([*ENDS, None, dt.datetime(2026, 3, 10)], pa.timestamp("us", tz="UTC")),
        }
    )
    columns = run(table).columns
    assert (columns["day"].minimum, columns["day"].maximum) == ("0001-01-01", "9999-12-31")
    for name in ("naive", "zoned"):
        assert str(columns[name].minimum).startswith("0001-01-01 00:00:00"), name
        assert str(columns[name].maximum).startswith("9999-12-31 23:59:59.999999"), name
        assert (columns[name].rows, columns[name].nulls) == (4, 1)


@pytest.mark.parametrize("type_", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", tz="UTC")])
def test_rows_dated_at_the_calendars_ends_are_the_oldest_and_future_ones(run, type_) -> None:
    day = type_ == pa.date32()
    at = [FIRST, LAST, dt.date(2026, 3, 10)] if day else [*ENDS, dt.datetime(2026, 3, 10)]
    table = pa.table({"at": pa.array([*at, None], type_), "x": [1.0, 2.0, 4.0, 8.0]})
    profile = run(table, event_time="at")
    assert (profile.rows, profile.window_rows, profile.tonight_rows) == (4, 1, 1)
    assert (profile.future_rows, profile.undated_rows) == (1, 1)
    assert profile.oldest is not None
    assert profile.oldest.year == 1
    assert profile.furthest is not None
    assert profile.furthest.year == 9999
    assert profile.columns["x"].mean == 4.0


# --- types ------------------------------------------------------------------------------------------

MONEY = [Decimal("1.10"), None, Decimal("-99999999.99"), Decimal("0.05")]


def test_decimals_booleans_and_times_are_measured(run) -> None:
    table = pa.table(
        {
            "money": pa.array(MONEY, pa.decimal128(12, 2)),
            "yes": pa.array([True, None, False, True]),
            "nothing": pa.array([None] * 4, pa.float64()),
        }
    )
    columns = run(table).columns
    given = [value for value in MONEY if value is not None]
    money = columns["money"]
    assert (money.minimum, money.maximum) == (float(min(given)), float(max(given)))
    assert money.mean == pytest.approx(float(statistics.mean(given)), rel=1e-12)
    assert money.variance == pytest.approx(float(statistics.variance(given)), rel=1e-12)
    assert money.categories == {"-99999999.99": 1, "0.05": 1, "1.1": 1}
    assert columns["yes"].categories == {"true": 2, "false": 1}
    assert (columns["nothing"].nulls, columns["nothing"].distinct) == (4, 0)


NESTED: dict[str, pa.Array] = {
    "list": pa.array([[1, 2], None, []]),
    "struct": pa.array([{"a": 1}, None, {"a": None}]),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "binary": pa.array([b"\x00\xff", None, b""]),
    "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
}


@pytest.mark.parametrize(
    "run", ["parquet", "duckdb", pytest.param("spark", marks=NEEDS_SPARK)], indirect=True
)
def test_nested_and_binary_values_are_counted_and_not_looked_into(run) -> None:
    profile = run(pa.table({**NESTED, "x": [1.0, 2.0, 6.0]}))
    assert profile.unmeasured == {}
    for name in NESTED:
        column = profile.columns[name]
        assert (column.kind, column.rows, column.nulls, dict(column.categories)) == ("other", 3, 1, {})
    assert profile.columns["x"].mean == 3.0


UUIDS = [uuid.UUID(int=n % 2) for n in range(5)]


def test_types_that_only_parquet_files_have(tmp_path: Path) -> None:
    table = pa.table(
        {
            "uuid": pa.array([*(one.bytes for one in UUIDS), None], pa.uuid()),
            "enum": pa.array(["a", "b", "a", "a", None, "b"]).dictionary_encode(),
            "clock": pa.array([dt.time(0), dt.time(23, 59, 59, 999999), *[None] * 4], pa.time64("us")),
            "half": pa.array([1.0, 2.0, None, NAN, INF, 3.0], pa.float16()),
            "none": pa.array([None] * 6, pa.null()),
        }
    )
    profile = scan(tmp_path, contract(write("parquet", tmp_path, table)))
    columns = profile.columns
    assert dict(profile.schema)["none"] == "int32"
    assert columns["uuid"].categories == Counter(map(str, UUIDS))
    assert columns["enum"].categories == {"a": 3, "b": 2}
    assert (columns["clock"].minimum, columns["clock"].maximum) == ("00:00:00", "23:59:59.999999")
    assert (columns["half"].mean, columns["half"].nans, columns["half"].infinities) == (2.0, 1, 1)
    assert columns["none"].nulls == 6


@pytest.mark.parametrize("precision", [39, 60, 76])
def test_decimals_wider_than_duckdbs_are_named_and_not_guessed(tmp_path: Path, precision: int) -> None:
    """DuckDB reads them as doubles, some of them wrongly: a 1 of 60 digits as 281474976710656."""
    wide = pa.array([Decimal(1), None, Decimal(3)], pa.decimal256(precision, 2))
    rules = (
        QualityRule("least", "wide", "invalidValues", "mustBe", 0.0, arguments={"minimum": 2}),
        QualityRule("x", "x", "nullValues", "mustBe", 0.0),
    )
    location = write("parquet", tmp_path, pa.table({"wide": wide, "x": [1.0, 2.0, 6.0]}))
    profile = scan(tmp_path, contract(location, rules=rules))
    reason = f"its decimals have {precision} digits, and DuckDB reads up to 38"
    assert profile.unmeasured == {"wide": reason}
    assert dict(profile.schema)["wide"] == f"decimal({precision}, 2)"
    assert [(tally.failing, tally.error) for tally in profile.rules] == [(None, reason), (0, "")]
    assert profile.columns["x"].mean == 3.0
    alone = write("parquet", tmp_path, pa.table({"wide": wide}), name="alone")
    with pytest.raises(SourceUnavailable, match=r"alone\.parquet cannot be read: none of its columns"):
        scan(tmp_path, contract(alone))


def test_a_wide_decimal_in_a_later_file_or_inside_a_value_is_noticed(tmp_path: Path) -> None:
    inner = pa.array([{"wide": Decimal(1)}, None], pa.struct({"wide": pa.decimal256(60, 2)}))
    at = write("parquet", tmp_path, pa.table({"inner": inner, "x": [1.0, 2.0]}), name="inner")
    profile = scan(tmp_path, contract(at))
    assert profile.unmeasured == {}
    assert (profile.columns["inner"].kind, profile.columns["inner"].nulls) == ("other", 1)
    engine = IbisEngine(settings(), tmp_path, {})
    of = contract(Location("parquet", path="day*.parquet"))
    write("parquet", tmp_path, pa.table({"wide": [1.0], "x": [1.0]}), name="day1")
    assert engine.scan(plan(of)).columns["wide"].mean == 1.0
    later = pa.table({"wide": pa.array([Decimal(1)], pa.decimal256(60, 2)), "x": [3.0]})
    write("parquet", tmp_path, later, name="day2")
    profile = engine.scan(plan(of))
    engine.close()
    assert list(profile.unmeasured) == ["wide"]
    assert profile.columns["x"].mean == 2.0


@pytest.mark.parametrize("first", ["good", "wide"])
def test_another_process_looks_only_into_files_that_are_new_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    asked = plan(contract(Location("parquet", path="day*.parquet")))
    wide = pa.array([Decimal(1)], pa.decimal256(60, 2))
    good = pa.array([1.0])
    write("parquet", tmp_path, pa.table({"c": wide if first == "wide" else good, "x": [1.0]}), name="day1")
    known: dict[str, Partition] = {}

    def night(*looked_into: str) -> Profile:
        statements = statements_of(monkeypatch)
        engine = IbisEngine(settings(), tmp_path, {})
        found = engine.read(asked, known)
        engine.close()
        known.update({one.id: one for one in found.partitions})
        footers = " ".join(one for one in statements if "PARQUET_SCHEMA" in one)
        assert {name for name in ("day1", "day2", "day3") if name in footers} == set(looked_into)
        return found.profile

    assert list(night("day1").unmeasured) == (["c"] if first == "wide" else [])
    write("parquet", tmp_path, pa.table({"c": good, "x": [3.0]}), name="day2")
    again = night("day2") if first == "good" else night("day1", "day2")
    assert list(again.unmeasured) == (["c"] if first == "wide" else [])
    write("parquet", tmp_path, pa.table({"c": wide, "x": [5.0]}), name="day3")
    last = night("day1", "day2", "day3")
    assert list(last.unmeasured) == ["c"]
    assert last.columns["x"].mean == 3.0


# --- names ------------------------------------------------------------------------------------------

NAMES = [
    'a"b', "c'd", "e.f", "two words", "🦄", "select", "table", "null", "a`b", "a\\b", "${x}", "%s", "{x}",
    "*", "--", "/* x */", "0", "w", "c0", "s", "é", "#file", "a\tb", "x" * 60, "1; DROP TABLE things", "[a]",
    ":a", "?",
]  # fmt: skip


def test_names_of_every_kind_are_names_and_nothing_else(run) -> None:
    table = pa.table({name: pa.array([float(n), None, n + 2.0, n + 2.0]) for n, name in enumerate(NAMES)})
    rules = tuple(
        QualityRule(f"{metric} {name}", name, metric, "mustBe", 0.0, query=query)
        for name in NAMES
        for metric, query in (("nullValues", ""), ("sql", "SELECT MAX(${column}) FROM ${table}"))
    )
    repeated = tuple(
        QualityRule(f"repeated {name}", None, "duplicateValues", arguments={"properties": [name, NAMES[0]]})
        for name in NAMES[1:4]
    )
    profile = run(table, rules=rules + repeated)
    assert profile.unmeasured == {}
    assert list(profile.columns) == NAMES
    for n, name in enumerate(NAMES):
        column = profile.columns[name]
        assert (column.rows, column.nulls, column.mean) == (4, 1, pytest.approx((3 * n + 4) / 3)), name
    tallies = {tally.rule: tally for tally in profile.rules}
    for n, name in enumerate(NAMES):
        assert (tallies[f"nullValues {name}"].failing, tallies[f"nullValues {name}"].error) == (1, ""), name
        assert (tallies[f"sql {name}"].value, tallies[f"sql {name}"].error) == (n + 2.0, ""), name
    assert [tallies[rule.id].failing for rule in repeated] == [1, 1, 1]
