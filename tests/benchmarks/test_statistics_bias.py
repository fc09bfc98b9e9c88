"""A small version of the simulations behind the bars on groups; each sees the bug it is there for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import statistics_bias
from benchmarks.statistics_bias import accused, coverage, wald
from governance_pipeline.indicators.statistics.intervals import newcombe
from governance_pipeline.indicators.statistics.ratios import koopman


@pytest.mark.parametrize("n", [11, 100, 10_000])
def test_intervals_of_gaps_and_ratios_cover_94_to_96_percent(n):
    assert 0.94 <= coverage(newcombe, n, 4000, ratio=False) <= 0.96
    assert 0.94 <= coverage(koopman, n, 4000, ratio=True) <= 0.96


def test_the_coverage_sees_walds_interval():
    assert coverage(wald, 11, 2000, ratio=False) < 0.93


@pytest.mark.parametrize("groups", [2, 50])
def test_fair_models_are_accused_in_at_most_5_percent_of_nights(groups):
    rng = np.random.default_rng(groups)
    found = [accused(rng, groups, 60, 0.3) for _ in range(400)]
    assert sum(one for one, _ in found) / 400 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)
    if groups == 50:
        assert sum(one for _, one in found) / 400 > 0.5, "without Holm's step this would be seen"


def test_every_figure_of_the_topic_is_a_number_with_a_bar_or_a_reason(monkeypatch):
    monkeypatch.setattr(statistics_bias, "SIZES", (11,))
    monkeypatch.setattr(statistics_bias, "FAMILIES", (2,))
    monkeypatch.setattr(statistics_bias, "QUICK_SAMPLES", 40)
    found = list(statistics_bias.run(True))
    assert all(math.isfinite(figure.value) for figure in found)
    assert [figure.name for figure in found if figure.bar is None and not figure.note] == []
    assert len({figure.name for figure in found}) == len(found)
