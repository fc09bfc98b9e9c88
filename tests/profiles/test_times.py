"""Event times of every type, against instants worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import psycopg
import pytest

from governance_pipeline.charter.contract import Calendar, Location
from governance_pipeline.profiles.instants import EARLIEST, LATEST
from tests.profiles.support import contract, scan

BERLIN = Calendar(timezone="Europe/Berlin")


def table_of(kind, root, url, type_, values):
    rows = ", ".join(f"({'NULL' if value is None else repr(value)}::{type_})" for value in values)
    if kind == "duckdb":
        with duckdb.connect(str(root / "t.duckdb")) as connection:
            connection.execute(f'CREATE TABLE t AS SELECT * FROM (VALUES {rows}) r("at")')
        return Location("duckdb", path="t.duckdb", table="t")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'CREATE TABLE t AS SELECT * FROM (VALUES {rows}) r("at")')
    return Location("sql", connection="pg", table="t")


@pytest.fixture(params=["duckdb", "postgres"])
def scanned(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None

    def run(type_, values, **changes):
        location = table_of(request.param, tmp_path, url, type_, values)
        night = changes.pop("night", date(2026, 3, 29))
        of = contract(location, event_time="at", calendar=BERLIN, **changes)
        return scan(tmp_path, of, url=url, night=night)

    return run


def test_naive_times_are_utc_and_the_night_is_local(scanned):
    # the night of 29 March in Berlin is [28 March 23:00, 29 March 22:00) UTC: 23 hours
    values = [
        "2026-03-28 22:59:59",
        "2026-03-28 23:00:00",
        "2026-03-29 21:59:59",
        "2026-03-29 22:00:00",
        None,
    ]
    profile = scanned("TIMESTAMP", values)
    assert profile.tonight_rows == 2
    assert profile.watermark == datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)
    assert profile.future_rows == 1
    assert profile.furthest == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert profile.undated_rows == 1
    assert profile.window_rows == 3


def test_times_with_an_offset_are_the_instants_they_name(scanned):
    values = [
        "2026-03-29 00:30:00+02",
        "2026-03-29 00:30:00+01",
        "2026-03-29 23:59:59+02",
        "2026-03-30 00:00:00+02",
    ]
    profile = scanned("TIMESTAMPTZ", values)
    assert profile.tonight_rows == 2
    assert profile.oldest == datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    assert profile.watermark == datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)
    assert profile.future_rows == 1


def test_dates_are_their_local_midnights(scanned):
    profile = scanned("DATE", ["2026-03-28", "2026-03-29", "2026-03-29", "2026-03-30"])
    assert profile.tonight_rows == 2
    assert profile.watermark == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert profile.oldest == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert profile.furthest == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert profile.future_rows == 1


def test_times_beyond_the_calendar_stay_visible(scanned):
    profile = scanned("TIMESTAMP", ["infinity", "-infinity", "2026-03-29 12:00:00"])
    assert profile.future_rows == 1
    assert profile.furthest == LATEST
    assert profile.oldest == EARLIEST
    assert profile.tonight_rows == 1


def test_a_table_with_future_rows_only_has_no_watermark(scanned):
    profile = scanned("TIMESTAMP", ["2027-01-01 00:00:00"])
    assert profile.watermark is profile.oldest is None
    assert (profile.future_rows, profile.window_rows) == (1, 0)


def test_a_column_that_is_no_time_is_named(scanned):
    profile = scanned("INTEGER", [1, 2, 3])
    for name in ("recency", "retention"):
        assert "of type int32, not a time" in profile.unmeasured[name]
    assert profile.window_start is None
    assert profile.window_rows == 3


def test_text_that_duckdb_can_read_as_times_is_read(tmp_path):
    location = table_of(
        "duckdb", tmp_path, None, "VARCHAR", ["2026-03-29T10:00:00Z", "2026-03-29 12:00:00", "soon"]
    )
    profile = scan(tmp_path, contract(location, event_time="at", calendar=BERLIN), night=date(2026, 3, 29))
    assert profile.watermark == datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert (profile.tonight_rows, profile.undated_rows) == (2, 1)
