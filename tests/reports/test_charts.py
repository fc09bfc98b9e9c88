"""Small charts: what they show is what was measured, and their words say the same."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.reports import charts
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NIGHT = date(2026, 3, 2)
DRIFT = Measurement(
    NIGHT, Entity.dataset("shop.people"), "drift", Outcome.FAIL, "It drifts.", "P-1", value=0.3, unit="PSI",
    n=1200, interval=(0.25, 0.36), threshold=Threshold(0.1, 0.2),
)  # fmt: skip
NUMBERS = st.floats(-1e9, 1e9)


def drawn(picture: str, name: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(picture).iter() if name in (one.get("class") or "").split()]


def past(*values: float | None) -> list[Measurement]:
    return [
        replace(DRIFT, night=NIGHT + timedelta(days=day), value=value, interval=None)
        for day, value in enumerate(values)
    ]


def test_a_value_stands_between_the_ends_of_its_interval_and_beyond_the_limit_it_breaks():
    picture = charts.band(DRIFT)
    (value,), (interval,) = drawn(picture, "chart-value"), drawn(picture, "chart-interval")
    (zone,) = drawn(picture, "chart-fail-zone")
    x = float(value.attrib["cx"])
    assert float(interval.attrib["x1"]) < x < float(interval.attrib["x2"])
    assert float(zone.attrib["x"]) < x, "it failed, so it stands in what fails"


def test_a_low_value_stands_in_what_fails_where_low_is_bad():
    low = replace(
        DRIFT, value=0.91, unit="share", interval=(0.9, 0.92), threshold=Threshold(0.99, 0.95, "below")
    )
    picture = charts.band(low)
    (value,), (zone,) = drawn(picture, "chart-value"), drawn(picture, "chart-fail-zone")
    assert float(value.attrib["cx"]) < float(zone.attrib["x"]) + float(zone.attrib["width"])


def test_the_words_say_what_the_picture_shows():
    assert charts.figures(DRIFT) == "0.3 PSI (95 % interval 0.25 to 0.36), n = 1,200"
    assert charts.bounds(DRIFT.threshold, "PSI") == "warning above 0.1 PSI, failed above 0.2 PSI"
    label = ET.fromstring(charts.band(DRIFT)).attrib["aria-label"]
    assert "0.3 PSI" in label
    assert "failed above 0.2 PSI" in label
    told = ET.fromstring(charts.line(past(0.1, 0.4, 0.3))).attrib["aria-label"]
    assert "From 0.1 PSI on 2 March 2026 to 0.3 PSI on 4 March 2026" in told
    assert "highest 0.4 PSI" in told


def test_a_night_without_a_number_is_a_gap_in_the_line():
    assert len(drawn(charts.line(past(0.1, 0.2, 0.3, 0.4)), "chart-line")) == 1
    gapped = drawn(charts.line(past(0.1, 0.2, None, 0.3, 0.4)), "chart-line")
    assert [len(one.attrib["points"].split()) for one in gapped] == [2, 2]


@pytest.mark.parametrize("values", [(), (0.1,), (None, None), (0.1, None), (math.nan, 0.2)])
def test_fewer_than_two_numbers_are_no_line(values: tuple[float | None, ...]):
    assert charts.line(past(*values)) == ""


@given(NUMBERS, st.lists(NUMBERS, min_size=2, max_size=40), st.sampled_from(["share", "PSI", "hours", ""]))
def test_everything_is_drawn_within_the_picture(bound: float, values: list[float], unit: str):
    found = [replace(one, unit=unit, threshold=Threshold(None, bound)) for one in past(*values)]
    (value,) = drawn(charts.line(found), "chart-value")
    assert 0 <= float(value.attrib["cx"]) <= charts.WIDTH
    assert 0 <= float(value.attrib["cy"]) <= charts.LINE_HEIGHT
    (spot,) = drawn(charts.band(found[-1]), "chart-value")
    assert 0 <= float(spot.attrib["cx"]) <= charts.WIDTH


def test_nothing_in_a_facet_or_a_unit_becomes_markup():
    picture = charts.band(replace(DRIFT, unit='"><script>alert(1)</script>'))
    assert "<script" not in picture
