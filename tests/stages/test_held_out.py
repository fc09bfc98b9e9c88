"""What a version said of training data that it had not learned from reaches the night that follows it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.reviews.compare.candidates import Comparison
from governance_pipeline.stages.compared import what_was_measured
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


def learned(root: Path, *, favoured: float, race: bool = True) -> None:
    """The snapshot of a version that decides for a share of white people, and for half of the others."""
    people, half = range(tiny.PEOPLE), tiny.PEOPLE // 2
    columns = {"race": [("white", "black")[i // half] for i in people]} if race else {}
    decided = [i / half < favoured if i < half else i % 2 == 0 for i in people]
    tiny.write(root, "snapshot", "taken", subject_id=[f"P01{i:04}" for i in people],
               ratio=[(i * 7 % 100) / 100 for i in people], approved=[i % 2 for i in people],
               held_out=[float(one) for one in decided], **columns)  # fmt: skip


def compared(root: Path, *, favoured: float, race: bool = True) -> Comparison:
    """What is said of version 2, where version 1, which serves, decides alike for all."""
    tiny.tiny_project(root, model=True, nights=2)
    tiny.change(
        root, "models/approval.yaml", "label: approved}\npred", "label: approved, prediction: held_out}\npred"
    )
    columns = "      - {name: held_out, logicalType: number, transformSourceObjects: [shop.features.ratio]}\n"
    if race:
        columns += (
            "      - {name: race, logicalType: string, transformSourceObjects: [shop.people.race],"
            " customProperties: [{property: sensitiveAttribute, value: true}]}\n"
        )
    tiny.contract(root, "snapshot", "      - {name: ratio,", columns + "      - {name: ratio,")
    learned(root, favoured=0.5, race=race)
    with tiny.opened(root) as services:
        list(run_night(services, tiny.night(1)))
    learned(root, favoured=favoured, race=race)
    tiny.register(root, "2", at=tiny.morning(1))
    with tiny.opened(root, 2) as services:
        list(run_night(services, tiny.night(2)))
        (found,) = what_was_measured(services.project, services.project, services.store).candidates
    return found


def test_a_version_that_has_decided_about_nobody_is_compared_by_what_it_said_of_held_out_rows(
    tmp_path: Path,
):
    found = compared(tmp_path, favoured=0.9)
    assert found.unknown == ""
    (told,) = [one for one in found.worse if "of the decisions" in one]
    assert told.startswith("On the training data that version 2 had not learned from, 50 % of the decisions")
    assert "against 90 %" in told


def test_a_version_that_is_like_the_one_before_it_is_no_finding(tmp_path: Path):
    assert compared(tmp_path, favoured=0.52) == Comparison(tiny.MODEL, "2", "1")


def test_without_the_sensitive_column_in_the_snapshot_nothing_is_said_of_a_version(tmp_path: Path):
    found = compared(tmp_path, favoured=0.9, race=False)
    assert found.worse == ()
    assert "holds no decisions by group" in found.unknown
