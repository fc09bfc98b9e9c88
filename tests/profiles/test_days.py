"""A table's rows by the day of their event: counted as pandas counts them, on every engine."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Calendar
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.day_codec import days_from_json, days_to_json
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import of_histogram
from governance_pipeline.profiles.merge import merge_many
from governance_pipeline.profiles.profile import ColumnProfile, Histogram
from governance_pipeline.profiles.scanning import plan_baseline
from tests.profiles.support import KINDS, NIGHT, contract, plan, url_of, write
from tests.profiles.support import settings as project_settings

ROWS = 1650
FIRST = datetime(2025, 12, 30)
COMPARED = frozenset({"ratio", "rooms", "grade", "open", "nothing", "gone"})


def things(at=None):
    """A row an hour from the last days of 2025 on, unless ``at`` says when."""
    rng = np.random.default_rng(9)
    ratio = rng.normal(1.0, 2.0, ROWS)
    ratio[::50] = np.nan
    grades = rng.choice(["a", "b", "c"], ROWS)
    at = [FIRST + timedelta(hours=n) for n in range(ROWS)] if at is None else at
    return pa.table(
        {
            "ratio": pa.array(ratio),
            "rooms": pa.array(rng.integers(1, 6, ROWS)),
            "grade": pa.array([None if n % 11 == 0 else str(one) for n, one in enumerate(grades)]),
            "open": pa.array(rng.random(ROWS) < 0.3),
            "nothing": pa.array([None] * ROWS, pa.float64()),
            "other": pa.array(rng.normal(size=ROWS)),
            "at": pa.array(at, pa.timestamp("us")),
        }
    )


@pytest.fixture
def told(request, tmp_path):
    """The days of a table of some kind, and its whole profile."""

    def read(kind, rows, **changes):
        url = url_of(kind, request)
        of = contract(write(kind, tmp_path, rows, url), **{"event_time": "at", **changes})
        engine = IbisEngine(project_settings(url), tmp_path, {})
        whole_plan = plan_baseline(of, NIGHT)
        try:
            whole = engine.scan(whole_plan)
            grids = {n: of_histogram(c.histogram) for n, c in whole.columns.items() if c.histogram}
            return engine.days(replace(whole_plan, grids=grids, compared=COMPARED)), whole
        finally:
            engine.close()

    return read


@pytest.mark.parametrize("kind", KINDS)
def test_each_day_is_counted_as_pandas_counts_it(kind, told):
    days, whole = told(kind, things())
    frame = things().to_pandas()
    by_day = frame.groupby(frame["at"].dt.date)
    assert list(days) == sorted(by_day.groups)
    assert len(days) == 69  # more than one statement counts
    for day, rows in by_day:
        columns = days[day]
        assert set(columns) - {"nothing"} == COMPARED - {"gone", "nothing"}
        ratio = columns["ratio"]
        edges = [-np.inf, *whole.columns["ratio"].histogram.edges, np.inf]
        counted, _ = np.histogram(rows["ratio"].dropna(), edges)
        assert ratio.rows == len(rows)
        assert ratio.nulls + ratio.nans == rows["ratio"].isna().sum()
        assert [ratio.histogram.underflow, *ratio.histogram.counts, ratio.histogram.overflow] == [*counted]
        assert columns["grade"].categories == rows["grade"].value_counts().to_dict()
        assert columns["grade"].nulls == rows["grade"].isna().sum()
        assert columns["open"].categories.get("true", 0) == rows["open"].sum()
        assert columns["rooms"].histogram.total == len(rows)


def test_all_days_together_are_the_whole(told):
    days, whole = told("parquet", things())
    for name in ("ratio", "rooms", "grade", "open"):
        merged = merge_many([columns[name] for columns in days.values()])
        column = whole.columns[name]
        assert (merged.rows, merged.nulls, merged.nans) == (column.rows, column.nulls, column.nans)
        assert merged.histogram == column.histogram
        if column.kind != "number":
            assert merged.categories == column.categories


def test_days_are_those_of_the_contracts_time_zone(told):
    """Clocks in Berlin went back on 26 October: that day had 25 hours."""
    days, _ = told(
        "parquet",
        things([datetime(2025, 10, 1) + timedelta(hours=n) for n in range(ROWS)]),
        calendar=Calendar(timezone="Europe/Berlin"),
    )
    rows = {day: columns["open"].rows for day, columns in days.items()}
    assert rows[date(2025, 10, 1)] == 22  # the first row was written at two in the morning there
    assert rows[date(2025, 10, 2)] == 24
    assert rows[date(2025, 10, 26)] == 25


def when(*rows_of_days):
    """So many rows of each day, given as year, month, day; None for no date."""
    return [None if day is None else datetime(*day) for rows, day in rows_of_days for _ in range(rows)]


ONE, TWO = (2026, 3, 1), (2026, 3, 2)


@pytest.mark.parametrize(
    ("at", "known"),
    [
        pytest.param(when((ROWS, ONE)), 0, id="one day"),
        pytest.param(when((ROWS - 1, ONE), (1, TWO)), 2, id="two days"),
        pytest.param(when((ROWS, None)), 0, id="no dates"),
        pytest.param(when((160, None), (745, ONE), (745, TWO)), 2, id="nine rows in ten"),
        pytest.param(when((170, None), (740, ONE), (740, TWO)), 0, id="fewer"),
        pytest.param(when((200, (2027, 1, 1)), (725, ONE), (725, TWO)), 0, id="after the night"),
        pytest.param(when((1, (9999, 1, 1)), (825, ONE), (824, TWO)), 2, id="a wrong date"),
        pytest.param(when((1, (1, 1, 1)), (825, (2020, 3, 1)), (824, (2020, 3, 2))), 2, id="old"),
        pytest.param([datetime(2026, 3, 1) - timedelta(days=n) for n in range(ROWS)], 0, id="too many days"),
        pytest.param([datetime(2016, 3, 1) - timedelta(days=n % 900) for n in range(ROWS)], 900, id="years"),
    ],
)
def test_days_stand_for_a_table_only_where_nearly_all_rows_have_one(told, at, known):
    days, _ = told("parquet", things(at))
    assert len(days) == known


def test_without_a_column_that_dates_rows_there_are_no_days(told):
    assert told("parquet", things(), event_time="grade_time")[0] == {}
    assert told("parquet", things(), event_time=None)[0] == {}


# --- storing -------------------------------------------------------------------------------------

COUNTS = st.integers(0, 3)


def a_day(draw, name, kind):
    if kind == "number":
        counts = draw(st.lists(COUNTS, min_size=6, max_size=6))
        histogram = Histogram(-2, 7, tuple(counts[1:5]), counts[0], counts[5]) if sum(counts) else None
        nulls, nans = draw(COUNTS), draw(COUNTS)
        return ColumnProfile(
            name, kind, "float64", sum(counts) + nulls + nans, nulls, nans, histogram=histogram
        )
    counts = draw(st.dictionaries(st.sampled_from(["a", "b", "ü", ""]), st.integers(1, 5)))
    ordered = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    nulls, other = draw(COUNTS), draw(COUNTS)
    rows = sum(counts.values()) + nulls + other
    return ColumnProfile(name, "category", "string", rows, nulls, categories=ordered, other=other)


@st.composite
def some_days(draw):
    days = draw(st.lists(st.dates(), unique=True, max_size=4))
    columns = [("ratio", "number"), ("grade", "category")]
    return {
        day: {name: a_day(draw, name, kind) for name, kind in columns if draw(st.booleans())}
        for day in sorted(days)
    }


@settings(max_examples=200, deadline=None)
@given(some_days())
def test_days_survive_being_stored(days):
    assert days_from_json(json.loads(json.dumps(days_to_json(days)))) == days


def test_a_hundred_days_are_stored_in_little_space(told):
    days, _ = told("parquet", things())
    assert len(json.dumps(days_to_json(days))) < 69 * 4 * 150


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 1}, "have format 1"),
        ({"days": ["no day"]}, "damaged"),
        ({"columns": {"ratio": {"kind": "number"}}}, "damaged"),
        ({"columns": {"ratio": {"kind": "number", "type": "float64", "rows": [[1, 0]]}}}, "damaged"),
        ({"columns": None}, "damaged"),
    ],
)
def test_what_cannot_be_read_is_told(change, said):
    column = ColumnProfile("ratio", "number", "float64", 1, 0, histogram=Histogram(0, 0, (1,)))
    stored = days_to_json({date(2026, 3, 1): {"ratio": column}, date(2026, 3, 2): {"ratio": column}})
    with pytest.raises(CannotEvaluate, match=said):
        days_from_json({**stored, **change})


def test_words_that_a_baseline_is_compared_with_have_windows_and_days_too(tmp_path):
    of = contract(write("parquet", tmp_path, things()), event_time="at")
    engine = IbisEngine(project_settings(), tmp_path, {})
    try:
        scan = engine.read(plan(of, compared=["grade"]), {})
    finally:
        engine.close()
    assert {days: list(columns) for days, columns in scan.profile.windows.items()} == {
        1: [],  # the last row is two days old
        7: ["grade"],
        28: ["grade"],
    }
    assert (min(scan.days), max(scan.days)) == (NIGHT - timedelta(days=34), date(2026, 3, 8))
    assert {name for columns in scan.days.values() for name in columns} == {"grade"}
