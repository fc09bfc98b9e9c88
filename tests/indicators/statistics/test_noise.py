from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from governance_pipeline.indicators.statistics.noise import Effect, squeezed


def effect(measured, growth=1.0, degrees=20.0, **changes):
    measured = np.asarray(measured, float)
    return Effect(measured, np.full(measured.shape, growth), np.full(measured.shape, degrees), **changes)


@pytest.mark.parametrize("degrees", [5.0, 23.0, 84.0])
def test_a_measured_variance_gives_students_t(degrees):
    z = np.array([0.5, 2.0, 5.0, 8.0])
    found = effect([4.0] * 4, degrees=degrees).tails(z, np.zeros(4))
    assert found == pytest.approx(2 * t.sf(z / 2, degrees), rel=1e-9)


def test_averaging_over_what_the_variance_may_be_comes_to_students_t_where_nothing_is_extrapolated():
    z = np.array([2.0, 4.0, 6.0])
    nearly = effect([1.0] * 3, growth=1 + 1e-12, degrees=23.0).tails(z, np.zeros(3))
    assert nearly == pytest.approx(2 * t.sf(z, 23), rel=1e-6)


def test_p_values_are_honest_where_the_variance_is_extrapolated():
    """The variance is measured on 30 degrees of freedom at a fifth of the size it is needed at. The average
    is not exact (no test of a sum of two variances is); by simulation it errs by up to a quarter.
    """
    rng = np.random.default_rng(41)
    draws, truth, growth = 200_000, 1.5, 5.0
    measured = truth * rng.chisquare(30, draws) / 30
    z = rng.normal(0, (1 + growth * (truth - 1)) ** 0.5, draws)
    found = effect(measured, growth, 30.0, least=1.0).tails(z, np.zeros(draws))
    plain = effect(measured, growth, np.inf, least=1.0).tails(z, np.zeros(draws))
    for level in (0.05, 1e-3, 1e-4):
        assert (found <= level).mean() <= 1.25 * level + 4 * (level / draws) ** 0.5
    assert (plain <= 1e-4).mean() > 1e-3, "the test would notice that the estimate is taken for the truth"


def test_columns_with_one_variance_borrow_from_each_other_and_others_do_not():
    rng = np.random.default_rng(43)
    alike = squeezed(effect(2.0 * rng.chisquare(20, 400) / 20))
    assert alike.measured == pytest.approx(np.full(400, 2.0), rel=0.25)
    assert alike.degrees.min() > 100
    differing = np.exp(rng.normal(0, 1.5, 400))
    apart = squeezed(effect(differing * rng.chisquare(20, 400) / 20))
    assert apart.degrees.max() < 25
    assert np.corrcoef(np.log(apart.measured), np.log(differing))[0, 1] > 0.9


def test_the_prior_degrees_of_freedom_are_found_again():
    """Smyth's model itself: variances 1.5 x 8 / chi-square(8), each measured on 20."""
    rng = np.random.default_rng(47)
    true = 1.5 * 8 / rng.chisquare(8, 20_000)
    found = squeezed(effect(true * rng.chisquare(20, 20_000) / 20))
    assert found.degrees[0] - 20 == pytest.approx(8, rel=0.1)


def test_few_columns_are_left_as_they_are():
    few = effect([1.0, 5.0, 9.0])
    assert squeezed(few) is few
