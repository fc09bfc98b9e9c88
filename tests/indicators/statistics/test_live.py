"""Live figures against scikit-learn on the raw rows."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.live import of_classes, of_numbers
from governance_pipeline.indicators.statistics.reliability import reliability
from governance_pipeline.profiles.profile import ErrorCell, OutcomeCell

NIGHT = None


def cells(scores, labels, cut=0.5):
    """What an engine counts of these rows."""
    found = defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    for score, label in zip(scores, labels, strict=True):
        inside = 0 <= score <= 1
        place = -1 if score < 0 else 256 if score > 1 else min(int(score * 256), 255)
        entry = found[int(label), int(score >= cut), place]
        given = np.clip(score if label else 1 - score, 2.0**-52, 1 - 2.0**-52)
        for index, part in enumerate((1, score, score**2, -np.log(given))):
            entry[index] += part if inside or index == 0 else 0
    return [OutcomeCell("1", NIGHT, *key, *sums) for key, sums in found.items()]


def rows(n=4000, seed=2):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.5, 2, n)
    return scores, (rng.random(n) < scores**1.2).astype(int)


def test_every_figure_is_scikit_learns():
    from sklearn import metrics as sk

    scores, labels = rows()
    chosen = (scores >= 0.5).astype(int)
    found = {live.figure: live for live in of_classes(cells(scores, labels))}
    expected = {
        "accuracy": sk.accuracy_score(labels, chosen),
        "precision": sk.precision_score(labels, chosen),
        "recall": sk.recall_score(labels, chosen),
        "specificity": sk.recall_score(1 - labels, 1 - chosen),
        "f1": sk.f1_score(labels, chosen),
        "brier": sk.brier_score_loss(labels, scores),
        "log_loss": sk.log_loss(labels, scores),
    }
    for figure, value in expected.items():
        assert found[figure].value == pytest.approx(value, rel=1e-9), figure
        low, high = found[figure].interval
        assert low < value < high
    assert abs(found["auc"].value - sk.roc_auc_score(labels, scores)) <= found["auc"].blur < 0.003
    assert set(found) == {*expected, "auc"}


def test_scores_outside_0_to_1_rank_and_are_no_probabilities():
    scores, labels = rows(500)
    found = {live.figure for live in of_classes(cells(scores * 4 - 1, labels))}
    assert "auc" in found
    assert not {"brier", "log_loss"} & found


def test_predictions_that_are_missing_count_for_scores_only():
    found = {
        live.figure: live for live in of_classes([OutcomeCell("1", NIGHT, 1, None, 128, 9, 4.5, 2.25, 6.2)])
    }
    assert set(found) == {"brier", "log_loss"}


def test_errors_of_numbers_are_scikit_learns():
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error

    rng = np.random.default_rng(4)
    actual = rng.normal(100, 20, 3000)
    predicted = actual + rng.normal(2, 5, 3000)
    e = predicted - actual
    parts = [
        ErrorCell("1", NIGHT, len(p), 0, p.sum(), np.abs(p).sum(), (p**2).sum(), (p**4).sum())
        for p in np.array_split(e, 7)
    ]
    found = {live.figure: live for live in of_numbers(parts)}
    assert found["mae"].value == pytest.approx(mean_absolute_error(actual, predicted))
    assert found["rmse"].value == pytest.approx(root_mean_squared_error(actual, predicted))
    low, high = found["mae"].interval
    assert high - low == pytest.approx(2 * 1.96 * np.abs(e).std() / np.sqrt(3000), rel=1e-3)
    assert list(of_numbers([])) == []


def test_the_errors_of_a_model_cover_94_to_96_percent():
    rng = np.random.default_rng(5)
    held = {"mae": 0, "rmse": 0, "brier": 0}
    runs, truth = 1200, {"mae": np.sqrt(2 / np.pi), "rmse": 1.0, "brier": 1 / 6}
    for _ in range(runs):
        e = rng.normal(0, 1, 300)
        found = [*of_numbers([ErrorCell("1", NIGHT, 300, 0, 0, np.abs(e).sum(), (e**2).sum(), (e**4).sum())])]
        scores = rng.random(300)
        found += [
            live for live in of_classes(cells(scores, rng.random(300) < scores)) if live.figure == "brier"
        ]
        for live in found:
            held[live.figure] += live.interval[0] <= truth[live.figure] <= live.interval[1]
    for figure, count in held.items():
        assert 0.935 <= count / runs <= 0.965, figure


def test_the_observed_calibration_error_is_that_of_sixteen_bins_by_hand():
    scores, labels = rows(800)
    found = reliability(cells(scores, labels))
    places = np.minimum((scores * 16).astype(int), 15)
    parts = [(np.sum(m := places == b), abs(labels[m].mean() - scores[m].mean())) for b in set(places)]
    assert found.observed == pytest.approx(sum(n * gap for n, gap in parts) / 800)
    assert (found.all.n, found.all.favourable) == (800, labels.sum())
    assert found.value == pytest.approx(max(0.0, found.observed - found.chance))


@pytest.mark.parametrize("n", [200, 1000, 10_000])
def test_calibrated_scores_are_accused_in_at_most_5_percent_and_what_chance_adds_is_taken_off(n):
    rng = np.random.default_rng(n)
    above, values, observed, runs = 0, [], [], 300
    for _ in range(runs):
        scores = rng.beta(2, 2, n)
        found = reliability(cells(scores, (rng.random(n) < scores).astype(int)))
        above += found.interval[0] > 0
        values.append(found.value)
        observed.append(found.observed)
    assert above / runs <= 0.05
    assert np.mean(values) < 0.3 * np.mean(observed)


def test_an_error_that_is_there_lies_in_the_interval():
    """Scores are too high by a tenth of a tenth to a tenth: outcomes follow the score's square."""
    rng = np.random.default_rng(7)
    truth = float(np.mean([x - x**2 for x in rng.beta(2, 2, 400_000)]))
    held = 0
    for _ in range(200):
        scores = rng.beta(2, 2, 2000)
        found = reliability(cells(scores, (rng.random(2000) < scores**2).astype(int)))
        held += found.interval[0] <= truth <= found.interval[1]
        assert found.interval[0] > 0.1
    assert held >= 190


def test_outcomes_without_a_score_say_nothing_of_calibration():
    assert reliability([OutcomeCell("1", NIGHT, 1, 1, None, 9)]) is None
    assert reliability([OutcomeCell("1", NIGHT, 1, 1, -1, 9), OutcomeCell("1", NIGHT, 1, 1, 256, 9)]) is None
