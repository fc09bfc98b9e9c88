"""The distances equal the tests of the Evidently that is installed, on drawn data, given its bins.

:mod:`test_evidently_conformance` holds them to figures kept from 0.7.23 on real data; this needs no file.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from governance_pipeline.indicators.statistics.distances import (
    hellinger,
    jensen_shannon,
    psi,
    total_variation,
    wasserstein_normed,
)
from governance_pipeline.indicators.statistics.homogeneity import chi_square_fit_p_value, ks_p_value
from tests.indicators.statistics.test_evidently_conformance import by_value, evidently_bins, on

BOUND = 1e-9


def drawn(kind, shift):
    rng = np.random.default_rng(107)
    if kind == "number":
        return pd.Series(rng.normal(0, 1, 1500)), pd.Series(rng.normal(shift, 1 + shift, 1200))
    if kind == "ties":
        return pd.Series(rng.poisson(30, 1500) * 1.0), pd.Series(rng.poisson(30 + 9 * shift, 1200) * 1.0)
    p = np.array([0.5, 0.3, 0.15, 0.05])
    q = p + shift * np.array([-0.2, 0.1, 0.1, 0.0])
    return tuple(pd.Series(rng.choice(list("abcd"), n, p=s)) for n, s in ((1500, p), (1200, q)))


@pytest.fixture(scope="module", autouse=True)
def _evidently():
    """Imported before it is used: its own dependencies warn while they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evidently.legacy.calculations.stattests  # noqa: F401 - the import is what is wanted


def evidently(name, then, now, kind):
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    column = ColumnType.Categorical if kind == "text" else ColumnType.Numerical
    test = get_stattest(then, now, column, name)
    return float(test(then.copy(), now.copy(), column, 0.1).drift_score)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", ["number", "ties", "text"])
def test_every_distance_equals_evidentlys(kind, shift):
    then, now = drawn(kind, shift)
    binned = evidently_bins(then, now, numeric=kind != "text")
    values, *counts = by_value(then, now)
    found = {"psi": psi(*binned), "jensenshannon": jensen_shannon(*binned)}
    if kind == "text":
        found |= {"hellinger": hellinger(*counts), "chisquare": chi_square_fit_p_value(*counts)}
    else:
        distinct = on(np.histogram_bin_edges(values, bins="sturges"), then, now)
        found |= {
            "hellinger": hellinger(*distinct),
            "ks": ks_p_value(*counts),
            "wasserstein": wasserstein_normed(*counts, values, float(np.std(then))),
        }
    expected = {name: evidently(name, then, now, kind) for name in found}
    assert found == pytest.approx(expected, rel=BOUND, abs=BOUND)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_total_variation_is_that_of_evidently_which_turns_it_into_a_p_value(shift):
    from evidently.legacy.calculations.stattests.tvd_stattest import _total_variation_distance

    then, now = drawn("text", shift)
    _, *counts = by_value(then, now)
    assert total_variation(*counts) == pytest.approx(_total_variation_distance(then, now), rel=BOUND)
