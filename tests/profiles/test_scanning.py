from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Calendar, DatasetKind, Location
from governance_pipeline.profiles.instants import EARLIEST, LATEST, parse
from governance_pipeline.profiles.scanning import first_date_from, local_midnight, night_bounds, plan_baseline
from tests.profiles.support import contract, plan

PLACE = Location("parquet", path="x.parquet")
ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
DAYS = st.dates(date(1975, 1, 1), date(2037, 1, 1))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "night", "start", "end"),
    [
        ("UTC", date(2026, 3, 10), utc(2026, 3, 10), utc(2026, 3, 11)),
        # clocks go forward at 2:00 on 29 March 2026, back at 3:00 on 25 October 2026 (directive 2000/84/EC)
        ("Europe/Berlin", date(2026, 3, 29), utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("Europe/Berlin", date(2026, 10, 25), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ("Asia/Kathmandu", date(2026, 3, 10), utc(2026, 3, 9, 18, 15), utc(2026, 3, 10, 18, 15)),
        # midnight was skipped on 4 November 2018: the day began at 1:00, 3:00 UTC
        ("America/Sao_Paulo", date(2018, 11, 4), utc(2018, 11, 4, 3), utc(2018, 11, 5, 2)),
        # midnight came twice on 1 November 2020: the clocks went from 1:00 back to 0:00
        ("America/Havana", date(2020, 11, 1), utc(2020, 11, 1, 4), utc(2020, 11, 2, 5)),
        # 30 December 2011 did not happen
        ("Pacific/Apia", date(2011, 12, 29), utc(2011, 12, 29, 10), utc(2011, 12, 30, 10)),
    ],
)
def test_a_night_is_the_local_day_of_the_contract(zone, night, start, end):
    of = contract(PLACE, calendar=Calendar(timezone=zone))
    assert night_bounds(of, night) == (start, end)


@given(ZONES, DAYS)
def test_nights_follow_one_another_without_gap_or_overlap(zone, day):
    of = contract(PLACE, calendar=Calendar(timezone=zone))
    assert night_bounds(of, day)[1] == night_bounds(of, day + timedelta(days=1))[0]


@given(ZONES, DAYS, st.integers(-90_000, 90_000))
def test_a_date_is_at_or_after_an_instant_exactly_if_its_midnight_is(zone, day, seconds):
    at = local_midnight(day, ZoneInfo(zone)) + timedelta(seconds=seconds)
    bound = first_date_from(at, ZoneInfo(zone))
    for other in (day + timedelta(days=n) for n in range(-3, 4)):
        assert (other >= bound) == (local_midnight(other, ZoneInfo(zone)) >= at)


def test_the_window_is_so_many_local_days_and_ends_with_the_night():
    of = contract(PLACE, event_time="at", calendar=Calendar(timezone="Europe/Berlin"))
    made = plan(of, night=date(2026, 3, 30), window_days=3)
    assert made.window_start == utc(2026, 3, 27, 23)
    assert made.night_start == utc(2026, 3, 29, 22)
    assert made.as_of == utc(2026, 3, 30, 22)


def test_snapshots_and_undated_tables_are_profiled_whole():
    assert plan(contract(PLACE)).window_start is None
    snapshot = contract(PLACE, event_time="at", kind=DatasetKind.TRAINING_SNAPSHOT)
    assert plan(snapshot).window_start is None
    baseline = plan_baseline(contract(PLACE, event_time="at"), date(2026, 3, 10))
    assert baseline.whole


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-10 12:30:00", utc(2026, 3, 10, 12, 30)),
        ("2026-03-10 12:30:00.5", utc(2026, 3, 10, 12, 30, 0, 500_000)),
        ("2026-03-10 12:30:00.123456789", utc(2026, 3, 10, 12, 30, 0, 123_456)),
        ("2026-03-10 12:30:00+00", utc(2026, 3, 10, 12, 30)),
        ("2026-03-10 12:30:00+05:30", utc(2026, 3, 10, 7)),
        ("2026-03-10T12:30:00Z", utc(2026, 3, 10, 12, 30)),
        ("2026-03-10", utc(2026, 3, 10)),
        ("infinity", LATEST),
        ("-infinity", EARLIEST),
        ("12026-01-01 00:00:00", LATEST),
        ("0044-03-15 (BC)", EARLIEST),
        ("0044-03-15 00:00:00 BC", EARLIEST),
    ],
)
def test_every_spelling_of_a_time_is_read(text, instant):
    assert parse(text) == instant
