from __future__ import annotations

import math

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.risk import Contribution
from tests.store.examples import BUREAU, INCOMES, MODEL, NIGHT, nights_after, risk


def test_a_risk_comes_back_as_it_was(store: Store):
    first = risk(BUREAU, 12.0, previous=None, contributions=())
    with store.begin() as unit:
        unit.risks.replace(NIGHT, [risk(), first])
    with store.begin() as unit:
        assert unit.risks.of_night(NIGHT) == [risk(), first]


def test_the_highest_risk_comes_first_then_by_entity(store: Store):
    with store.begin() as unit:
        unit.risks.replace(NIGHT, [risk(MODEL, 10.0), risk(INCOMES, 10.0), risk(BUREAU, 99.5)])
        found = unit.risks.of_night(NIGHT)
    assert [part.entity for part in found] == [BUREAU, INCOMES, MODEL]


def test_replacing_makes_the_risks_the_only_ones_of_the_night(store: Store):
    other = risk(night=nights_after(1))
    with store.begin() as unit:
        unit.risks.replace(NIGHT, [risk(INCOMES), risk(BUREAU)])
        unit.risks.replace(nights_after(1), [other])
    for _ in range(2):
        with store.begin() as unit:
            unit.risks.replace(NIGHT, [risk(INCOMES, 7.0)])
    with store.begin() as unit:
        assert unit.risks.of_night(NIGHT) == [risk(INCOMES, 7.0)]
        assert unit.risks.of_night(nights_after(1)) == [other]


def test_a_history_ascends_and_covers_the_newest_nights(store: Store):
    with store.begin() as unit:
        for count in (5, 0, 2):
            unit.risks.replace(nights_after(count), [risk(INCOMES, float(count), night=nights_after(count))])
        unit.risks.replace(nights_after(8), [risk(BUREAU, 1.0, night=nights_after(8))])
    with store.begin() as unit:
        assert [part.score for part in unit.risks.history(INCOMES)] == [0.0, 2.0, 5.0]
        assert [part.score for part in unit.risks.history(INCOMES, nights=4)] == [2.0, 5.0]
        assert [part.score for part in unit.risks.history(INCOMES, nights=3)] == [5.0]
        assert unit.risks.history(INCOMES, nights=0) == []
        assert unit.risks.history(MODEL) == []


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ([risk(), risk(score=1.0)], "Two risk scores for the same question"),
        ([risk(score=math.nan)], "risk of dataset:lending.incomes is not a number"),
        ([risk(contributions=(Contribution("a", math.nan, "why"),))], "contribution .* is not a number"),
        ([risk(night=nights_after(1))], "is dated 2026-03-02"),
    ],
)
def test_a_risk_that_is_no_number_or_not_the_nights_is_refused(store: Store, refused: list, reason: str):
    with store.begin() as unit:
        unit.risks.replace(NIGHT, [risk(BUREAU)])
        with pytest.raises(UsageError, match=reason):
            unit.risks.replace(NIGHT, refused)
        assert unit.risks.of_night(NIGHT) == [risk(BUREAU)]
