from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.homogeneity import change_p_values
from governance_pipeline.indicators.statistics.seasons import day_noise, same_weekdays

WEEKS = np.arange(70) % 7


def by_weekday(days, counts):
    rows = np.zeros((counts.shape[0], 7))
    for place, weekday in enumerate(days):
        rows[:, weekday] += counts[:, place].sum(axis=1)
    return rows


def test_a_weekend_is_compared_with_weekends():
    """By hand: Mondays hold 9 of 10 in the first bin, Sundays 1 of 10."""
    days = np.array([0, 6, 0, 6])
    reference = np.array([[[9.0, 1.0], [1.0, 9.0], [9.0, 1.0], [1.0, 9.0]]])
    rows = np.zeros((1, 7))
    rows[0, 6] = 50
    assert same_weekdays(reference, days, rows) == pytest.approx(np.array([[2.0, 18.0]]))


def test_the_same_mix_of_weekdays_leaves_the_training_data_as_it_is():
    rng = np.random.default_rng(79)
    reference = rng.multinomial(30, [0.5, 0.3, 0.2], (1, 14)).astype(float)
    days = np.arange(14) % 7
    found = same_weekdays(reference, days, by_weekday(days, reference))
    assert found == pytest.approx(reference.sum(axis=1))


def test_a_weekday_the_training_data_never_saw_is_compared_with_all_its_days():
    reference = np.array([[[9.0, 1.0], [1.0, 9.0]]])
    rows = np.zeros((1, 7))
    rows[0, 3] = 8
    found = same_weekdays(reference, np.array([0, 1]), rows)
    assert found == pytest.approx(np.array([[10.0, 10.0]]))


def test_an_uneven_mix_is_worth_fewer_rows():
    """A window of Sundays only can use the seventh of the training rows that are Sundays."""
    reference = np.full((1, 14, 2), 10.0)
    rows = np.zeros((1, 7))
    rows[0, 6] = 100
    assert same_weekdays(reference, np.arange(14) % 7, rows).sum() == pytest.approx(40)


def days(rng, columns, weekdays, rows, between):
    """Counts (columns, days, 7): a day's shares scatter around those of its weekday."""
    weights = np.linspace(1, 2, 6) + np.where(weekdays >= 5, 1.0, 0.0)[:, None] * np.arange(6)
    drawn = rng.gamma(weights / between) if between else np.broadcast_to(weights, (columns, len(weekdays), 6))
    if between:
        drawn = rng.gamma(np.broadcast_to(weights / between, (columns, len(weekdays), 6)))
    counts = rng.multinomial(rows, drawn / drawn.sum(axis=2, keepdims=True))
    return np.concatenate([counts, np.zeros((columns, len(weekdays), 1))], axis=2).astype(float)


def test_days_that_differ_by_chance_and_weekday_alone_have_no_noise_of_their_own():
    rng = np.random.default_rng(83)
    found = day_noise(days(rng, 300, WEEKS, 80, 0.0), WEEKS, ordered=True)
    assert found is not None
    assert found.degrees == 63
    assert found.overall.mean() == pytest.approx(1, abs=0.05)
    assert found.location.mean() == pytest.approx(1, abs=0.05)


def test_two_weeks_say_too_little_about_how_days_differ():
    fortnight = np.arange(13) % 7
    assert day_noise(np.ones((1, 13, 3)), fortnight, ordered=True) is None


@pytest.mark.parametrize(("between", "rows_now"), [(0.0, 80), (0.05, 80), (0.05, 800)])
def test_p_values_of_stable_days_are_honest(between, rows_now):
    """Ten weeks of 80 rows a day against a week of 80 or 800; bounds four standard errors above."""
    rng = np.random.default_rng(89)
    week = np.arange(7)
    then, now = days(rng, 10_000, WEEKS, 80, between), days(rng, 10_000, week, rows_now, between)
    reference = same_weekdays(then, WEEKS, by_weekday(week, now))
    noise = day_noise(then, WEEKS, ordered=True).of_difference(then.sum(axis=2), now.sum(axis=2))
    found = change_p_values(reference, now.sum(axis=1), ordered=True, noise=noise)
    for level in (0.05, 1e-3, 1e-4):
        assert (found <= level).mean() <= level + 4 * (level / len(found)) ** 0.5
    if between:
        plain = change_p_values(reference, now.sum(axis=1), ordered=True)
        assert (plain <= 1e-3).mean() > 0.005
