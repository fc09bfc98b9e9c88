from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.calibration import CalibrationGap, Scored, scored_groups
from governance_pipeline.profiles.profile import GroupTable, ScoreCell


def sums(scores, outcomes) -> Scored:
    return Scored(
        len(scores),
        int(outcomes.sum()),
        float(scores.sum()),
        float((scores**2).sum()),
        float(scores[outcomes].sum()),
    )


@pytest.mark.parametrize(("n", "m"), [(11, 11), (30, 200), (1000, 300), (10_000, 10_000)])
def test_the_interval_of_a_gap_in_calibration_covers_at_least_94_percent(n, m):
    """Scores of four shapes; those of the first group are too low by 0 or 8 points."""
    rng = np.random.default_rng(n + m)
    held, runs = 0, 1200
    for run in range(runs):
        shape, shift = [(2, 2), (0.5, 0.5), (1, 6), (8, 1)][run % 4], (0.0, 0.08)[run // 4 % 2]
        sides, truth = [], []
        for size, off in ((n, shift), (m, 0.0)):
            scores = rng.beta(*shape, size)
            chances = np.clip(scores + off, 0, 1)
            sides.append(sums(scores, rng.random(size) < chances))
            truth.append(chances.mean() - scores.mean())
        low, high = CalibrationGap(*sides).difference_interval
        held += low <= truth[0] - truth[1] <= high
    assert 0.94 <= held / runs <= 0.975


def test_sure_scores_make_a_narrow_interval_and_vague_ones_wilsons():
    vague = Scored(100, 50, 50.0, 25.0, 25.0)  # every score is 0.5
    assert vague.interval == pytest.approx((-0.0962, 0.0962), abs=1e-3)  # Wilson for 50 of 100
    sure = Scored(100, 50, 50.0, 45.0, 47.5)  # 0.95 or 0.05 and right
    assert sure.interval[1] - sure.interval[0] < 0.11


def test_the_error_is_what_was_seen_less_what_was_said():
    gap = CalibrationGap(Scored(10, 8, 5.0, 2.6, 4.0), Scored(10, 5, 5.0, 2.6, 2.5))
    assert gap.group.error == pytest.approx(0.3)
    assert gap.difference == gap.size == pytest.approx(0.3)
    assert 0 < gap.p_value < 1


def test_scores_that_are_missing_or_no_probability_do_not_count():
    cells = (
        ScoreCell(("f", "x"), 1, 3, 5, 0.5, 0.05),
        ScoreCell(("f", None), 0, 3, 5, 0.5, 0.05),
        ScoreCell(("f", "x"), None, 3, 7, 0.7, 0.07),
        ScoreCell(("f", "x"), 1, None, 7),
        ScoreCell(("f", "x"), 1, 32, 7),
        ScoreCell(("f", "x"), 1, -1, 7),
    )
    table = GroupTable("m", ("sex", "branch"), (), scores=cells)
    assert scored_groups(table, ("sex",)) == {("f",): Scored(10, 5, 1.0, 0.1, 0.5)}
    assert scored_groups(table, ("branch",))["not recorded",] == Scored(5, 0, 0.5, 0.05, 0.0)
