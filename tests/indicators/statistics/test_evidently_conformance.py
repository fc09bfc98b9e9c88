"""The distances equal Evidently 0.7.23 and NannyML, given their bins, to every printed digit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from governance_pipeline.indicators.statistics.distances import (
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    wasserstein_normed,
)
from governance_pipeline.indicators.statistics.homogeneity import chi_square_fit_p_value, ks_p_value
from tests.indicators.statistics import published

SETS = {
    "bike_2011-01_vs_2011-02": (("2011-01-01", "2011-01-28"), ("2011-01-29", "2011-02-28")),
    "bike_2011-01_vs_2011-07": (("2011-01-01", "2011-01-28"), ("2011-07-01", "2011-07-31")),
    "bike_year_2011_vs_2012": (("2011-01-01", "2011-12-31"), ("2012-01-01", "2012-12-31")),
}
COLUMNS = ("temp", "atemp", "hum", "windspeed", "cnt", "season", "weathersit", "workingday", "weekday")


@pytest.fixture(scope="module")
def rides():
    return published.bikes()


def on(edges, *samples):
    return [np.histogram(sample, edges)[0] for sample in samples]


def by_value(then, now):
    values = np.union1d(then, now)
    return values, *(sample.value_counts().reindex(values, fill_value=0).to_numpy() for sample in (then, now))


def evidently_bins(then, now, *, numeric):
    """Sturges over both samples together for more than 20 distinct values, else by value."""
    if numeric and then.nunique() > 20:
        return on(np.histogram_bin_edges(np.concatenate([then, now]), bins="sturges"), then, now)
    return by_value(then, now)[1:]


def ours(then: pd.Series, now: pd.Series, *, numeric: bool) -> dict[str, float]:
    binned = evidently_bins(then, now, numeric=numeric)
    values, *counts = by_value(then, now)
    found = {"psi": psi(*binned), "jensenshannon": jensen_shannon(*binned)}
    if not numeric:
        return {**found, "chisquare": chi_square_fit_p_value(*counts)}
    # Evidently bins hellinger over the distinct values, each once, not over the rows.
    distinct = on(np.histogram_bin_edges(values, bins="sturges"), then, now)
    return {
        **found,
        "ks": ks_p_value(*counts),
        "wasserstein": wasserstein_normed(*counts, values, float(np.std(then))),
        "hellinger": hellinger(*distinct),
    }


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("column", COLUMNS)
def test_distances_equal_evidently_given_its_bins(rides, name, column):
    (start, end), (now_start, now_end) = SETS[name]
    figures = published.expected("drift_evidently_0.7.23")["sets"][name]
    then, now = rides.loc[start:end, column], rides.loc[now_start:now_end, column]
    assert (len(then), len(now)) == (figures["n_ref"], figures["n_cur"])

    wanted = dict(figures["values"][column])
    wanted.pop("kl_div", None)  # one-sided, so it depends on which side is called the reference; not offered
    found = ours(then, now, numeric="ks" in wanted)
    if math.isnan(wanted.get("chisquare", 0.0)):
        # One season only: Evidently's chi-square divides by no degree of freedom and gives NaN. A NaN
        # must never reach a verdict; one category that is all there was and is cannot have changed.
        assert wanted.pop("chisquare") != found.pop("chisquare") == 1.0

    assert found == pytest.approx(wanted, rel=1e-11, abs=1e-14)


@pytest.fixture(scope="module")
def ratios():
    name = "drift/synthetic_car_loan_{}.csv.gz"
    return [
        published.table(name.format(part), usecols=["debt_to_income_ratio"])["debt_to_income_ratio"]
        for part in ("reference", "analysis")
    ]


def chunks(values):
    return [values.iloc[start : start + 5000] for start in range(0, 50_000, 5000)]


def test_kolmogorov_smirnov_agrees_with_nannyml(ratios):
    """NannyML reads the reference's distribution from bins, so it differs by up to 2e-4; ours is exact."""
    then, analysis = ratios
    found = [kolmogorov_smirnov(*by_value(then, chunk)[1:]) for chunk in chunks(analysis)]

    assert found == pytest.approx(published.published("nannyml", "KS"), abs=2.5e-4)


def test_jensen_shannon_in_base_2_agrees_with_nannyml(ratios):
    """NannyML bins by Doane's rule over the reference and counts what lies outside as one more bin."""
    then, analysis = ratios
    edges = np.histogram_bin_edges(then, bins="doane")
    found = []
    for chunk in chunks(analysis):
        inside = on(edges, then, chunk)
        outside = [len(sample) - counts.sum() for sample, counts in zip((then, chunk), inside, strict=True)]
        pair = [np.append(counts, rest) for counts, rest in zip(inside, outside, strict=True)]
        found.append(jensen_shannon(*pair, base=2))

    # Printed to seven decimals.
    assert found == pytest.approx(published.published("nannyml", "Jensen-Shannon"), abs=5e-8)
