from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.odcs_terms import CalendarTerm, UnfitDuration, duration


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (90, "s", timedelta(seconds=90)),
        (30, "min", timedelta(minutes=30)),
        (4, "h", timedelta(hours=4)),
        (1.5, "hours", timedelta(minutes=90)),
        (4, "d", timedelta(days=4)),
        ("4", "days", timedelta(days=4)),
        (2, "w", timedelta(days=14)),
        (1, "Day", timedelta(days=1)),
    ],
)
def test_units_shorter_than_a_month_are_exact(value: object, unit: str, expected: timedelta) -> None:
    assert duration(value, unit) == expected


@given(st.integers(1, 100), st.integers(1970, 2100), st.integers(1, 12))
def test_a_row_kept_for_exactly_that_many_calendar_years_is_never_too_old(
    years: int, year: int, month: int
) -> None:
    age = date(year + years, month, 1) - date(year, month, 1)
    allowed = duration(years, "y")
    assert age <= allowed + timedelta(days=1), "a century without its leap day may differ by one"
    assert allowed - age <= timedelta(days=2)


def test_seven_years_hold_the_usual_two_leap_days() -> None:
    assert duration(7, "y") == timedelta(days=2557)  # 7 x 365.2425 = 2556.7, rounded up
    assert duration(12, "mo") == duration(1, "year") == timedelta(days=366)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (4, None, "unit is missing"),
        (4, "", "unit is missing"),
        (4, "m", "minutes or months"),
        (4, "fortnights", "not known"),
        (0, "d", "above 0"),
        (-1, "d", "above 0"),
        ("soon", "d", "above 0"),
        (True, "d", "above 0"),
        (None, "d", "above 0"),
        ("nan", "d", "above 0"),
        ("inf", "d", "above 0"),
        (1e300, "y", "200 years"),
    ],
)
def test_what_is_no_length_of_time_is_refused_with_the_reason(
    value: object, unit: str | None, words: str
) -> None:
    with pytest.raises(UnfitDuration, match=words):
        duration(value, unit)


def test_workdays_become_iso_weekdays_once_each_and_in_order() -> None:
    term = CalendarTerm(workdays=("fri", "mon", "mon"), holidays=(date(2026, 12, 25), date(2026, 1, 1)))
    assert term.calendar().workdays == (1, 5)
    assert term.calendar().holidays == (date(2026, 1, 1), date(2026, 12, 25))
