"""Numbers and outcomes in the words of the pages."""

from __future__ import annotations

from typing import Any

import pytest

from governance_pipeline.reports.evidence.wording import (
    about,
    has_no_limit,
    interval,
    tallied,
    value,
    word,
)
from governance_pipeline.testing import MODEL, NIGHT
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold


def one(indicator: str = "bias", outcome: Outcome = Outcome.PASS, **changes: Any) -> Measurement:
    return Measurement(NIGHT, Entity.model(MODEL), indicator, outcome, "It holds.", "P-1", **changes)


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (0.0209, "share", "2.1 %"),
        (57.5737, "per cent", "57.6 %"),
        (1178.0833, "hours", "1,178.1 hours"),
        (0.82138, "PSI", "0.8214 PSI"),
        (0.7336, "AUC", "0.7336 AUC"),
        (2.0, "people", "2 people"),
        (3.0, "", "3"),
    ],
)
def test_a_value_is_told_in_its_unit(number: float, unit: str, said: str):
    assert value(one(value=number, unit=unit)) == said


def test_an_interval_names_a_bare_unit_once():
    assert interval(one(value=0.8, unit="PSI", interval=(0.7, 0.9))) == "0.7 to 0.9"
    assert interval(one(value=0.02, unit="share", interval=(0.0, 0.04))) == "0 % to 4 %"
    assert interval(one(value=0.8, unit="PSI")) == ""


def test_where_there_is_no_number_nothing_is_told():
    assert value(one(unit="PSI")) == ""
    assert interval(one(unit="PSI", interval=(0.1, 0.2))) == ""


def test_a_facet_is_told_as_people_read_it():
    assert about(one(facet="race=black:selection_rate")) == "Bias: race=black, selection rate"
    assert about(one("prediction_drift")) == "Prediction drift"
    assert about(one("proxy", facet="score~race")) == "Proxy: score and race"


def test_a_figure_without_a_limit_is_never_said_to_hold():
    """Whatever it is, it would have passed."""
    free, bound = one(value=0.9), one(value=0.1, threshold=Threshold(0.1, 0.2))
    assert (has_no_limit(free), has_no_limit(bound)) == (True, False)
    assert (word(free), word(bound)) == ("no limit applies", "holds")
    assert tallied([free, bound, bound]) == "2 hold, 1 has no limit"


def test_the_worst_is_told_first():
    found = [one("quality", outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.NOT_RUN)]
    assert tallied(found) == "1 does not hold, 1 could not be measured, 1 holds"
    assert tallied([]) == "nothing was measured"
