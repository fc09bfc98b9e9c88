from __future__ import annotations

import math

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.ratios import koopman, shortfall


@pytest.mark.parametrize(
    "counts",
    [
        (12, 40, 30, 60),
        (0, 30, 5, 40),
        (30, 30, 20, 40),
        (3, 11, 5, 11),
        (400, 1000, 600, 1000),
        (1, 2000, 3, 9),
    ],
)
def test_a_ratios_interval_is_statsmodels_score_interval(counts):
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(*counts, compare="ratio", method="score", correction=False)
    assert koopman(*counts) == pytest.approx((low, high), rel=1e-9, abs=1e-12)


def test_its_ends_turn_around_with_it():
    low, high = koopman(12, 40, 30, 60)
    assert koopman(30, 60, 12, 40) == pytest.approx((1 / high, 1 / low))


def test_rates_of_nothing_have_no_end():
    assert koopman(0, 20, 0, 30) == (0.0, math.inf)
    assert koopman(5, 20, 0, 30)[1] == math.inf
    assert koopman(0, 20, 5, 30)[0] == 0.0


def test_no_rows_have_no_ratio():
    with pytest.raises(ValueError, match="is not a proportion"):
        koopman(0, 0, 1, 5)


def test_four_fifths_is_a_shortfall_of_a_fifth_on_either_side():
    assert shortfall(0.8) == pytest.approx(0.2)
    assert shortfall(1.25) == pytest.approx(0.2)
    assert (shortfall(1.0), shortfall(0.0), shortfall(math.inf)) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize(("n", "m"), [(11, 11), (30, 200), (1000, 400)])
def test_it_covers_94_to_96_percent(n, m):
    rng = np.random.default_rng(n)
    held, runs = 0, 3000
    for p, q in rng.uniform(0.1, 0.9, (runs, 2)):
        low, high = koopman(int(rng.binomial(n, p)), n, int(rng.binomial(m, q)), m)
        held += low <= p / q <= high
    assert 0.94 <= held / runs <= 0.965
