from datetime import date, timedelta

import pytest

from governance_pipeline.indicators import wording


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=45), "45 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=26), "26 hours"),
        (timedelta(hours=26, minutes=18), "26 hours and 18 minutes"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=76), "3 days and 4 hours"),
        (timedelta(days=3, minutes=5), "3 days"),
        (timedelta(days=365), "365 days"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(length: timedelta, words: str) -> None:
    assert wording.duration(length) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.943, "94.3 %"),
        (0.9999, "99.99 %"),
        (0.99967, "99.97 %"),
        (0.999_999_9, "more than 99.999 %"),
        (0.0001, "0.01 %"),
        (0.000_014, "0.001 %"),
        (0.000_000_1, "less than 0.001 %"),
        (0.1, "10 %"),
        (0.5, "50 %"),
    ],
)
def test_a_share_never_rounds_to_all_or_nothing(share: float, words: str) -> None:
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (12.0, "12"),
        (1204.25, "1,204.25"),
        (0.0, "0"),
        (0.00012, "0.00012"),
        (-3.5, "-3.5"),
        (float("nan"), "no number"),
        (float("inf"), "an infinite number"),
    ],
)
def test_a_number_is_written_without_needless_digits(value: float, words: str) -> None:
    assert wording.number(value) == words


def test_a_long_list_says_how_many_more() -> None:
    assert wording.listed([]) == ""
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_counts_agree_with_their_noun() -> None:
    assert wording.counted(1, "row") == "1 row"
    assert wording.counted(12_000, "row") == "12,000 rows"
    assert wording.counted(2, "person", "people") == "2 people"


def test_days_and_places_are_named_as_people_say_them() -> None:
    assert wording.long_date(date(2026, 3, 4)) == "Wednesday 4 March 2026"
    assert wording.place("America/New_York") == "New York"
    assert wording.place("UTC") == "UTC"


def test_a_date_has_no_leading_nought() -> None:
    assert wording.calendar_date(date(2026, 3, 6)) == "6 March 2026"
    assert wording.long_date(date(2026, 3, 6)) == "Friday 6 March 2026"
