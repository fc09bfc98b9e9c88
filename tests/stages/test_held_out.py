"""What a version said of training data that it had not learned from reaches the night that follows it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests import tiny

UNSCORED = 100


def scored_project(root: Path, *, served: float) -> Path:
    """One night of the project; scores are a number's square, ``served`` higher than in training."""
    tiny.tiny_project(root, model=True)
    followed = "indicators:\n  prediction_drift: {clause: P-3}\n"
    tiny.change(root, "playbook/playbook.yaml", "indicators:\n", followed)
    tiny.change(
        root, "models/approval.yaml", "label: approved}\npred", "label: approved, score: held_out}\npred"
    )
    tiny.change(
        root, "models/approval.yaml", "prediction: predicted,", "prediction: predicted, score: score,"
    )
    column = "      - {name: %s, logicalType: number, transformSourceObjects: [shop.features.ratio]}\n"
    for table, name, before in (("snapshot", "held_out", "ratio"), ("predictions", "score", "predicted")):
        first = f"      - {{name: {before},"
        tiny.contract(root, table, first, column % name + first)
    rng = random.Random(4)
    people = range(tiny.PEOPLE)
    tiny.write(root, "snapshot", "taken", subject_id=[f"P01{i:04}" for i in people],
               ratio=[rng.random() for _ in people], approved=[i % 2 for i in people],
               held_out=[None if i < UNSCORED else rng.random() ** 2 for i in people])  # fmt: skip
    midnight = datetime.combine(tiny.night(1), datetime.min.time(), UTC)
    times = [midnight + timedelta(minutes=3 * i) for i in people]
    scores = [min(1.0, rng.random() ** 2 + served) for _ in people]
    tiny.write(root, "predictions", str(tiny.night(1)), recorded_at=times, score=scores,
               predicted=[float(i % 2) for i in people], approved=[i % 2 for i in people],
               race=[("white", "black")[i // 2 % 2] for i in people])  # fmt: skip
    return root


def prediction_drift(root: Path) -> Measurement:
    with tiny.opened(root) as services:
        events = list(run_night(services, tiny.night(1)))
    (found,) = [
        event.measurement
        for event in events
        if isinstance(event, IndicatorMeasured) and event.measurement.indicator == "prediction_drift"
    ]
    return found


@pytest.mark.parametrize(("served", "outcome"), [(0.0, Outcome.PASS), (0.3, Outcome.FAIL)])
def test_scores_are_compared_with_those_of_the_training_data_on_the_first_night(
    tmp_path: Path, served: float, outcome: Outcome
):
    found = prediction_drift(scored_project(tmp_path, served=served))
    assert found.outcome is outcome
    assert (found.n, found.details["n_then"]) == (tiny.PEOPLE, tiny.PEOPLE - UNSCORED)
    assert "compared with the training data" in found.sentence


def test_without_the_column_in_the_snapshot_prediction_drift_is_not_run(tmp_path: Path):
    root = scored_project(tmp_path, served=0.0)
    rng = random.Random(5)
    people = range(tiny.PEOPLE)
    tiny.write(root, "snapshot", "taken", subject_id=[f"P01{i:04}" for i in people],
               ratio=[rng.random() for _ in people], approved=[i % 2 for i in people])  # fmt: skip
    found = prediction_drift(root)
    assert found.outcome is Outcome.NOT_RUN
    assert "the column 'held_out' is not in the table" in found.sentence
