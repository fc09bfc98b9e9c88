from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), max_size=60)

NEUHAUS = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
)  # fmt: skip
"""The fifteen p-values of Neuhaus et al. (1992) that Benjamini & Hochberg (1995), section 4, decide."""


def test_the_example_of_benjamini_and_hochberg_rejects_the_four_smallest():
    assert [p <= 0.05 for p in benjamini_hochberg(NEUHAUS)] == [True] * 4 + [False] * 11


def test_holm_rejects_the_three_smallest_of_the_same_example():
    # 15 x .0001, 14 x .0004, 13 x .0019 are below 0.05; 12 x .0095 = 0.114 is not.
    assert [p <= 0.05 for p in holm(NEUHAUS)] == [True] * 3 + [False] * 12


@given(p_values.filter(bool))
def test_benjamini_hochberg_equals_scipy(values):
    assert benjamini_hochberg(values) == pytest.approx(tuple(false_discovery_control(values)), rel=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_equals_closed_testing_with_bonferroni(values):
    """Marcus, Peritz & Gabriel (1976): a question stands when every set of questions with it stands."""
    places = range(len(values))
    sets = [chosen for size in range(1, len(values) + 1) for chosen in combinations(places, size)]
    closed = [
        max(min(1.0, len(chosen) * min(values[i] for i in chosen)) for chosen in sets if place in chosen)
        for place in places
    ]
    assert holm(values) == pytest.approx(closed, rel=1e-12)


@given(p_values, st.randoms())
def test_the_answer_does_not_depend_on_the_order_of_the_questions(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    for adjust in (benjamini_hochberg, holm):
        shuffled = adjust([values[place] for place in order])
        straight = adjust(values)
        assert shuffled == tuple(straight[place] for place in order)


@given(p_values)
def test_adjusting_never_makes_a_question_more_surprising(values):
    for adjust in (benjamini_hochberg, holm):
        assert all(
            after >= before * (1 - 1e-12) for before, after in zip(values, adjust(values), strict=True)
        )
        assert all(after <= 1 for after in adjust(values))


@pytest.mark.parametrize("unknown", [math.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(unknown):
    for adjust in (benjamini_hochberg, holm):
        with pytest.raises(ValueError, match="p-values"):
            adjust([0.5, unknown])


def test_false_discoveries_stay_under_q_and_family_errors_under_alpha():
    """1,000 nights of 50 questions, ten of them true: rates stay at their level (0.04 and 0.05), within
    four standard errors; without the corrections a night has 2 false alarms on average.
    """
    rng = np.random.default_rng(5)
    false_share, family_errors = [], 0
    for _ in range(1000):
        null, real = rng.uniform(size=40), rng.uniform(size=10) * 1e-4
        night = [*null, *real]
        rejected = [p <= 0.05 for p in benjamini_hochberg(night)]
        false_share.append(sum(rejected[:40]) / max(1, sum(rejected)))
        family_errors += any(p <= 0.05 for p in holm(night)[:40])
    assert np.mean(false_share) <= 0.05
    assert family_errors / 1000 <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 1000)
