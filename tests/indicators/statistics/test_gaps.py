from __future__ import annotations

import math

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.gaps import beside, gap, large_enough, tellable
from governance_pipeline.indicators.statistics.groups import METRICS, Tally
from governance_pipeline.indicators.statistics.multiplicity import holm
from governance_pipeline.indicators.statistics.rates import fairness_rates

UNKNOWN = dict.fromkeys(METRICS)


def decided(favourable, n):
    return Tally(open_favourable=favourable, open_unfavourable=n - favourable)


def selection(tally):
    hits, n = tally.share("selection_rate")
    return {**UNKNOWN, "selection_rate": hits / n}


def test_the_interval_of_a_gap_starts_at_the_end_nearest_to_none():
    down = gap(
        "selection_rate",
        *zip(*[(selection(t), t) for t in (decided(20, 100), decided(60, 100))], strict=True),
    )
    up = gap(
        "selection_rate",
        *zip(*[(selection(t), t) for t in (decided(60, 100), decided(20, 100))], strict=True),
    )
    none = gap(
        "selection_rate",
        *zip(*[(selection(t), t) for t in (decided(55, 100), decided(50, 100))], strict=True),
    )
    assert down.size == up.size == pytest.approx(0.4)
    assert down.difference_interval == pytest.approx([-end for end in up.difference_interval[::-1]])
    assert down.interval == pytest.approx(up.interval)
    assert 0 < down.interval[0] < 0.4 < down.interval[1]
    assert none.interval[0] == 0


def test_a_rate_that_is_not_there_makes_no_gap():
    tally = decided(1, 2)
    assert gap("precision", (UNKNOWN, UNKNOWN), (tally, tally)) is None


@pytest.mark.parametrize(
    ("positives", "negatives", "told"), [(5, 50, False), (50, 5, False), (0, 50, True), (11, 11, True)]
)
def test_outcomes_are_told_only_where_neither_kind_is_few(positives, negatives, told):
    tally = Tally(true_favourable=positives, true_unfavourable=negatives)
    assert tellable(tally, "true_positive_rate", 11) is told
    assert tellable(tally, "false_positive_rate", 11) is told


def test_rates_of_few_decisions_are_left_out():
    tally = Tally(true_favourable=20, false_favourable=5, true_unfavourable=100, false_unfavourable=40)
    rates = fairness_rates({0: tally})[0]
    kept = {metric for metric, rate in large_enough(rates, tally, 30, 11).items() if rate is not None}
    assert kept == {"selection_rate", "true_positive_rate", "false_positive_rate"}


def test_four_fifths_of_nothing_is_met_by_nothing():
    zero, some = {**UNKNOWN, "selection_rate": 0.0}, {**UNKNOWN, "selection_rate": 0.5}
    assert beside("selection_rate", zero, zero) == {"ratio": None, "four_fifths_met": True}
    assert beside("selection_rate", zero, some) == {"ratio": 0.0, "four_fifths_met": False}
    assert beside("selection_rate", some, zero) == {"ratio": None, "four_fifths_met": False}
    assert beside("precision", some, zero) == {}


@pytest.mark.parametrize(
    ("groups", "size", "rate"), [(2, 2000, 0.5), (2, 11, 0.3), (10, 60, 0.1), (49, 40, 0.3), (20, 300, 0.02)]
)
def test_a_fair_model_is_accused_in_at_most_5_percent_of_nights(groups, size, rate):
    """Any of 2 to 49 groups at a bound of zero, where nothing but the interval and Holm decide."""
    rng = np.random.default_rng(groups + size)
    nights, accused, alone = 400, 0, 0
    for _ in range(nights):
        reference = decided(int(rng.binomial(10 * size, rate)), 10 * size)
        found = []
        for favourable in rng.binomial(size, rate, groups):
            tally = decided(int(favourable), size)
            found.append(gap("selection_rate", (selection(tally), selection(reference)), (tally, reference)))
        family = holm([one.p_value for one in found])
        accused += any(one.interval[0] > 0 and p <= 0.05 for one, p in zip(found, family, strict=True))
        alone += any(one.interval[0] > 0 and one.p_value <= 0.05 for one in found)
    assert accused / nights <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / nights)
    if groups >= 10:
        assert alone / nights > 0.15, "without the family-wise step this would be seen"
