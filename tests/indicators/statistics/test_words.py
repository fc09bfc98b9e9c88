from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics import bias_words, drift_words, live_words
from governance_pipeline.indicators.statistics.words import apart, day, number, points, ranges


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("inf"), "infinity"), (-1.797e308, "-infinity"),
        (33.1234, "33.1"), (0.0042, "0.0042"), (1_250_000.4, "1,250,000"), (999.6, "1,000"), (-0.5, "-0.5"),
        (0.0, "0"), (100, "100"), (0.999999, "1"), (1e-9, "0.000000001"), (-12.345, "-12.3"),
    ],
)  # fmt: skip
def test_numbers_have_three_significant_digits_and_no_exponent(value, text):
    assert number(value) == text


@given(st.floats(-1e12, 1e12))
def test_a_number_reads_back_to_within_its_digits(value):
    text = number(value)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_two_numbers_get_as_many_digits_as_tell_them_apart():
    assert apart(0.33, 33.1) == ("0.33", "33.1")
    assert apart(33.121, 33.122) == ("33.121", "33.122")
    assert apart(2.0, 2.0) == ("2", "2")


def test_ranges_are_named_by_rounded_edges():
    assert ranges([0.1, 0.2, 0.5999999]) == (
        "values below 0.1", "values from 0.1 to 0.2", "values from 0.2 to 0.6", "values above 0.6",
    )  # fmt: skip
    assert ranges([1000.1, 1000.2])[1] == "values from 1,000.1 to 1,000.2"


def test_points_and_days():
    assert (points(0.2415), points(0.2), points(0.0)) == ("24.1", "20", "0")
    assert day(date(2026, 3, 3)) == "3 March"


def test_one_of_a_kind_is_told_in_the_singular():
    column = drift_words.Subject("debt_ratio", ("Approval",), None)
    night = date(2026, 3, 4)
    assert "debt_ratio has 1 row; 30 are needed" in drift_words.too_few(column, 1, 50, 30)
    assert "has only 1 row of debt_ratio" in drift_words.too_few(column, 50, 1, 30)
    assert "among 1 column compared" in drift_words.by_chance("debt_ratio", 0.3, 1)
    assert bias_words.window(1, night) == "On 4 March"
    assert bias_words.window(2, night) == "In the 2 days up to 4 March"
    assert live_words.window(1, night) == "Of outcomes that arrived on 4 March"
    assert live_words.too_few_predictions(1, (None, 3), 30).startswith("The last day holds 3 predictions")
