"""Expectations by hand from the 2026 calendar: in New York clocks go forward on Sunday 8 March (a day
of 23 hours) and back on Sunday 1 November (25 hours)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Calendar
from governance_pipeline.indicators.working_time import elapsed, has_days_off, is_working_day

NEW_YORK = Calendar("America/New_York", workdays=(1, 2, 3, 4, 5))
EVERY_DAY = Calendar("America/New_York")


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (local(2026, 3, 6, 17), local(2026, 3, 10)),  # over a weekend of 24 + 23 hours
        (local(2026, 10, 30, 17), local(2026, 11, 3)),  # over one of 24 + 25 hours
        (local(2026, 6, 5, 17), local(2026, 6, 9)),
    ],
)
def test_a_weekend_takes_its_real_hours_out(since: datetime, until: datetime) -> None:
    """Friday 17:00 to the end of Monday is 7 + 24 working hours, whatever the clocks do on Sunday."""
    assert elapsed(since, until, NEW_YORK) == timedelta(hours=31)


def test_a_working_day_on_which_the_clocks_change_counts_its_real_hours() -> None:
    assert elapsed(local(2026, 3, 8), local(2026, 3, 9), EVERY_DAY) == timedelta(hours=23)
    assert elapsed(local(2026, 11, 1), local(2026, 11, 2), EVERY_DAY) == timedelta(hours=25)


def test_a_holiday_does_not_age_data() -> None:
    calendar = Calendar("America/New_York", (1, 2, 3, 4, 5), (date(2026, 7, 3),))
    # Thursday noon to Monday noon over the holiday Friday and the weekend: 12 + 12 hours.
    assert elapsed(local(2026, 7, 2, 12), local(2026, 7, 6, 12), calendar) == timedelta(hours=24)


def test_of_a_day_off_on_which_the_data_was_written_only_the_rest_is_taken_out() -> None:
    # Saturday 10:00 to the end of Monday: only Monday counts.
    assert elapsed(local(2026, 6, 6, 10), local(2026, 6, 9), NEW_YORK) == timedelta(hours=24)


def test_a_night_inside_a_weekend_does_not_age_fridays_data_further() -> None:
    assert elapsed(local(2026, 6, 5, 17), local(2026, 6, 7), NEW_YORK) == timedelta(hours=7)


def test_the_day_is_the_datasets_own_and_not_that_of_utc() -> None:
    # Friday 20:00 in New York is Saturday 00:00 in UTC, and still a working hour.
    assert elapsed(local(2026, 6, 5, 20), local(2026, 6, 5, 23), NEW_YORK) == timedelta(hours=3)


def test_a_date_before_all_calendars_is_just_very_old() -> None:
    age = elapsed(datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), NEW_YORK)
    assert age > timedelta(days=2000 * 365)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        elapsed(local(2026, 3, 1), local(2026, 3, 2), Calendar("Mars/Olympus"))


def test_days_off_are_recognised() -> None:
    assert not has_days_off(EVERY_DAY)
    assert has_days_off(NEW_YORK)
    assert has_days_off(Calendar(holidays=(date(2026, 1, 1),)))
    assert is_working_day(date(2026, 3, 6), NEW_YORK)
    assert not is_working_day(date(2026, 3, 7), NEW_YORK)


hours = st.integers(0, 24 * 40).map(lambda h: datetime(2026, 2, 20, tzinfo=UTC) + timedelta(hours=h))
calendars = st.builds(
    Calendar,
    st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland"]),
    st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days))),
    st.lists(st.dates(date(2026, 2, 20), date(2026, 3, 31)), max_size=3).map(tuple),
)


@given(hours, hours, calendars)
def test_it_equals_counting_hour_by_hour(one: datetime, other: datetime, calendar: Calendar) -> None:
    since, until = sorted((one, other))
    zone = ZoneInfo(calendar.timezone)
    steps = (since + timedelta(hours=h) for h in range(int((until - since) / timedelta(hours=1))))
    counted = sum(is_working_day(step.astimezone(zone).date(), calendar) for step in steps)
    assert elapsed(since, until, calendar) == timedelta(hours=counted)


@given(hours, hours, hours, calendars)
def test_age_never_falls_while_time_passes(a: datetime, b: datetime, c: datetime, calendar: Calendar) -> None:
    since, earlier, later = sorted((a, b, c))
    assert timedelta(0) <= elapsed(since, earlier, calendar) <= elapsed(since, later, calendar)
