"""What earlier nights found reaches tonight's conclusion, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.stages.recall import recall
from governance_pipeline.testing import DATASET, NIGHT, FixedClock, a_healthy_scan, a_services
from governance_pipeline.vocabulary.night import IndicatorMeasured

RATIO = (f"dataset:{DATASET}", "ratio")


def moved(plan):
    """The healthy scan with every value half a range higher."""
    profile = a_healthy_scan(plan)
    column = profile.columns["ratio"]
    counts = column.histogram.counts
    half = len(counts) // 2
    higher = replace(column.histogram, counts=(*[0] * half, *counts[half:]), overflow=sum(counts[:half]))
    return replace(profile, columns={**profile.columns, "ratio": replace(column, histogram=higher)})


@pytest.fixture
def night(tmp_path):
    services = a_services(tmp_path)

    def run(number, *, drifted):
        when = NIGHT + timedelta(days=number - 1)
        services.engine.answers = {DATASET: moved} if drifted else {}
        assert isinstance(services.clock, FixedClock)
        services.clock.now = FixedClock().now + timedelta(days=number - 1)
        events = [event for event in run_night(services, when) if isinstance(event, IndicatorMeasured)]
        (found,) = (e.measurement for e in events if e.measurement.key == (RATIO[0], "drift", RATIO[1]))
        return found

    run.services = services
    return run


def memory(night, number):
    services = night.services
    return recall(services.store, services.project, NIGHT + timedelta(days=number - 1)).findings["drift"]


def test_a_finding_is_dated_to_the_first_of_its_nights(night):
    first, second, third = (night(number, drifted=True) for number in (1, 2, 3))
    assert [one.details["new_findings_before"] for one in (first, second, third)] == [0, 1, 1]
    assert {one.details["drifted_since"] for one in (first, second, third)} == {NIGHT.isoformat()}
    assert "it began" not in first.sentence
    assert third.sentence.endswith("; it began on 4 March.")


def test_a_night_run_again_is_decided_as_it_was_though_later_nights_found_more(night):
    night(1, drifted=False)
    second = night(2, drifted=True)
    third = night(3, drifted=True)
    assert night(2, drifted=True) == second
    assert night(3, drifted=True) == third
    assert memory(night, 2) == {}


def test_a_night_that_was_missed_adds_nothing_and_ends_nothing(night):
    night(1, drifted=True)
    assert night(4, drifted=True).details["drifted_since"] == NIGHT.isoformat()
    assert memory(night, 5) == {
        NIGHT: frozenset({RATIO}),
        NIGHT + timedelta(days=3): frozenset({RATIO}),
    }


def test_what_is_out_of_the_seasons_memory_is_not_recalled(night):
    night(1, drifted=True)
    policy = night.services.project.playbook.indicators.drift
    last = policy.season_nights + policy.window_days
    assert memory(night, 1 + last) == {NIGHT: frozenset({RATIO})}
    assert memory(night, 2 + last) == {}
