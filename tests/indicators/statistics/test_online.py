from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics.decision import decide
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.indicators.statistics.online import (
    Budget,
    openings,
    remembered,
    run_start,
    standing,
    step_up,
)

FIRST = date(2026, 3, 1)
p_values = st.lists(st.floats(0, 1), max_size=40).map(np.array)


def within(values, q):
    """By adjusted p-values. The two ways round apart: where one lies on q itself, either answer is right."""
    adjusted = np.array(benjamini_hochberg(values.tolist()))
    assume(not np.isclose(adjusted, q, rtol=1e-12, atol=0).any())
    return adjusted <= q


def nights(*found):
    return {FIRST + timedelta(days=i): frozenset(keys) for i, keys in enumerate(found) if keys is not None}


def test_the_level_of_a_night_is_that_of_lond():
    """Javanmard & Montanari (2015), equation 5: alpha_i = beta_i (D(i - 1) + 1), the betas adding up to
    alpha; here 90 equal ones of 0.04.
    """
    budget = Budget(0.04, 90)
    assert budget.first(0) * 90 == pytest.approx(0.04)
    assert budget.first(5) == pytest.approx(6 * budget.first(0))


@given(p_values, st.floats(0.001, 0.2))
@example(np.array([0.0, 0.0, 0.19]), 0.2)
def test_where_the_first_finding_may_cost_all_of_q_it_is_benjamini_and_hochberg(values, q):
    assert step_up(values, 1.0, q).tolist() == within(values, q).tolist()


@given(p_values, st.floats(0.0001, 0.2), st.floats(0.001, 0.2))
def test_nothing_is_found_that_benjamini_and_hochberg_would_not_find(values, first, q):
    assert not (step_up(values, first, q) & ~within(values, q)).any()


def test_the_first_finding_must_be_paid_and_opens_the_door_to_the_next():
    """By hand, ten questions at q = 0.01, the first for 0.0005: bounds are 0.00005, 0.00105, 0.00205."""
    alone = np.array([0.0002, *[0.5] * 9])
    assert not step_up(alone, 0.0005, 0.01).any()
    assert step_up(np.array([0.00004, *[0.5] * 9]), 0.0005, 0.01).sum() == 1
    assert step_up(np.array([0.0002, 0.001, *[0.5] * 8]), 0.0005, 0.01).sum() == 2


def test_a_quiet_season_errs_as_seldom_as_it_may():
    """P(any finding in 90 nights without drift) is at most 0.04 + 90 q^2 / 2 = 0.0445, not 1 - 0.99^90 =
    0.6; two standard errors of 2,000 seasons are 0.0092.
    """
    rng = np.random.default_rng(97)
    budget = Budget(0.04, 90)
    erred = 0
    for _ in range(2000):
        season = rng.uniform(size=(90, 20))
        erred += any(step_up(night, budget.first(0), 0.01).any() for night in season)
    assert erred / 2000 <= 0.0445 + 0.0092


def test_a_finding_counts_once_while_it_stands_or_its_windows_overlap():
    found = nights({"a"}, {"a"}, {"a", "b"}, set(), None, {"a"}, {"b"})
    assert list(openings(found, overlap=1).values()) == [1, 0, 1, 0, 1, 1]
    assert list(openings(found, overlap=7).values()) == [1, 0, 1, 0, 0, 0]


def test_a_night_is_decided_by_the_nights_before_it_alone():
    found = nights({"a"}, {"b"}, {"c"}, {"d"})
    budget = Budget(0.04, 90)
    asked = FIRST + timedelta(days=2)
    before = {night: keys for night, keys in found.items() if night < asked}
    assert remembered(found, asked, budget, 7) == remembered(before, asked, budget, 7) == 2


def test_findings_are_forgotten_after_the_season():
    found = nights({"a"}, {"b"})
    assert remembered(found, FIRST + timedelta(days=91), Budget(0.04, 90), 7) == 1
    assert remembered(found, FIRST + timedelta(days=92), Budget(0.04, 90), 7) == 0


def test_a_missed_night_ends_nothing_within_the_overlap():
    found = nights({"a"}, None, None)
    assert standing(found, FIRST + timedelta(days=3), 7) == {"a"}
    assert standing(found, FIRST + timedelta(days=8), 7) == set()


def test_a_run_begins_with_the_first_of_nights_that_follow_each_other():
    found = nights({"a"}, set(), set(), {"a"}, {"a", "b"}, None, {"a"})
    night = FIRST + timedelta(days=7)
    assert run_start(found, "a", night, overlap=2) == FIRST + timedelta(days=3)
    assert run_start(found, "a", night, overlap=3) == FIRST
    assert run_start(found, "c", night, overlap=3) == night


def test_what_stood_the_night_before_is_not_asked_against_ten_thousand_others_again():
    p_values = np.array([0.004, *np.linspace(0.01, 1, 9999)])
    stood = np.zeros(10_000, dtype=bool)
    assert not decide(p_values, stood, 0, 0.01, Budget(0.04, 90)).found.any()
    stood[0] = True
    assert np.flatnonzero(decide(p_values, stood, 0, 0.01, Budget(0.04, 90)).found).tolist() == [0]
