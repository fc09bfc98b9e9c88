from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.onset import changed_since

FIRST = date(2026, 3, 1)


def slices(*counts):
    return {FIRST + timedelta(days=i): row for i, row in enumerate(counts)}


def test_the_day_the_counts_turn_is_found():
    days = slices(*[(50, 50)] * 20, *[(10, 90)] * 5)
    assert changed_since((5000, 5000), days) == FIRST + timedelta(days=20)


def test_a_change_before_all_known_days_is_dated_to_the_first():
    assert changed_since((5000, 5000), slices(*[(10, 90)] * 6)) == FIRST


def test_a_day_without_rows_is_passed_over():
    days = slices(*[(50, 50)] * 10, (0, 0), *[(10, 90)] * 5)
    assert changed_since((5000, 5000), days) == FIRST + timedelta(days=11)


def test_without_days_nothing_is_dated():
    assert changed_since((10, 10), {}) is None
    assert changed_since((10, 10), slices((0, 0))) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_drift_by_a_third_of_a_deviation_is_dated_to_within_two_days(seed):
    """35 days of 300 rows, the last ten moved by 0.33 standard deviations."""
    rng = np.random.default_rng(seed)
    edges = np.linspace(-3, 3, 19)

    def day(shift):
        return np.histogram(rng.normal(shift, 1, 300), np.r_[-np.inf, edges, np.inf])[0]

    found = changed_since(
        np.histogram(rng.normal(0, 1, 5000), np.r_[-np.inf, edges, np.inf])[0],
        slices(*[day(0.0) for _ in range(25)], *[day(0.33) for _ in range(10)]),
    )
    assert abs((found - FIRST).days - 25) <= 2
