"""The age of the last rehearsal of a rollback, judged by the playbook."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from governance_pipeline.indicators.base import Station
from governance_pipeline.indicators.rehearsal import measure
from governance_pipeline.testing import AS_OF, a_playbook, model_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

STATION = Station("2", "production", "", since=AS_OF - timedelta(days=200))


def measured(*stations: Station, **policy: Any) -> list[Measurement]:
    inputs = model_inputs(playbook=a_playbook(rehearsal=policy), stations=stations)
    return list(measure(inputs))


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(0, Outcome.PASS), (30, Outcome.PASS), (31, Outcome.WARN), (90, Outcome.WARN), (91, Outcome.FAIL)],
)
def test_an_old_rehearsal_warns_then_fails(days: int, outcome: Outcome):
    (found,) = measured(replace(STATION, rehearsed=AS_OF - timedelta(days=days)))
    assert (found.value, found.outcome, found.facet) == (days, outcome, "production")


def test_one_that_was_never_rehearsed_counts_from_its_arrival_and_says_so():
    (found,) = measured(STATION)
    assert (found.value, found.outcome) == (200, Outcome.FAIL)
    assert "never been rehearsed" in found.sentence
    assert measured(replace(STATION, since=AS_OF))[0].outcome is Outcome.PASS


def test_a_rehearsal_that_found_no_way_back_fails_whatever_its_age():
    (found,) = measured(replace(STATION, rehearsed=AS_OF, no_way_back="nothing was ever approved"))
    assert found.outcome is Outcome.FAIL
    assert "nothing was ever approved" in found.sentence


def test_each_stage_of_the_policy_is_told_and_only_those():
    found = measured(replace(STATION, stage="shadow"), STATION, stages=["production", "eu"])
    assert [(m.facet, m.n) for m in found] == [("production", 1), ("eu", 0)]
    assert found[1].outcome is Outcome.PASS


def test_a_candidate_is_not_held_up_by_the_rehearsal_of_what_serves():
    assert measured(STATION)[0].details["concerns_version"] == "2"
    assert list(measure(model_inputs())) == []
