from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from governance_pipeline.indicators.prediction_drift import conclude, measure
from governance_pipeline.profiles.profile import GroupTable, PredictionCell
from governance_pipeline.testing import MODEL, NIGHT, a_model, a_playbook, a_profile, model_inputs
from governance_pipeline.vocabulary.outcome import Outcome

LOG = {
    "dataset": "lending.predictions",
    "prediction": "predicted",
    "score": "score",
    "version": "model_version",
}


def days(first, last, bins, *, version="1", cut=16):
    """Predictions on each of the days back from the night, by score bin."""
    for back in range(last, first + 1):
        for place, count in bins.items():
            decision = None if place is None else int(place >= cut)
            yield PredictionCell(version, NIGHT - timedelta(days=back), decision, place, False, count)


EVEN = dict.fromkeys(range(4, 28), 5)
HIGH = dict.fromkeys(range(12, 32), 6)


def drift(*cells, log=LOG, policy=None, **changes):
    table = GroupTable(MODEL, (), (), predictions=tuple(cells))
    profile = a_profile(dataset="lending.predictions", groups=(table,), **changes)
    playbook = a_playbook(prediction_drift=policy or {})
    model = a_model(predictions=log, sensitive_attributes=[])
    found = conclude(
        list(measure(model_inputs(model=model, playbook=playbook, profiles={profile.dataset: profile}))),
        playbook,
    )
    for one in found:
        json.dumps(one.details, allow_nan=False)
        assert one.sentence.endswith(".")
    return found


def only(found):
    (one,) = found
    return one


def test_predictions_like_those_of_the_first_days_pass():
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, EVEN)))
    assert found.outcome is Outcome.PASS
    assert (found.details["n_then"], found.n) == (28 * 120, 7 * 120)
    assert (
        "from 26 February to 4 March compared with the version's first days (3 January to" in found.sentence
    )


def test_scores_that_moved_fail_and_say_how_many_are_favourable_now_and_then():
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, HIGH)))
    assert found.outcome is Outcome.FAIL
    assert found.interval[0] > 0.2
    assert found.details["favourable_then"] == 0.5
    assert found.details["favourable_now"] == pytest.approx(16 / 20)
    assert "80 % of the decisions are favourable, 50 % were then" in found.sentence


def test_without_scores_decisions_are_compared():
    cells = [replace(cell, bin=None) for cell in (*days(60, 33, EVEN), *days(6, 0, HIGH))]
    found = only(drift(*cells, log={k: v for k, v in LOG.items() if k != "score"}))
    assert found.outcome is Outcome.FAIL
    assert found.sentence.startswith("Decisions from")
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert found.value == pytest.approx(expected, abs=0.01)


def test_missing_scores_are_drift_too():
    lost = {None: 60, **dict.fromkeys(range(4, 28), 3)}
    assert only(drift(*days(60, 33, EVEN), *days(6, 0, lost))).outcome is Outcome.FAIL


def test_another_versions_predictions_are_no_reference():
    found = only(drift(*days(60, 33, EVEN, version="0"), *days(6, 0, HIGH)))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "its first days before them 0" in found.sentence


def test_the_first_days_end_where_now_begins():
    found = only(drift(*days(9, 0, EVEN)))
    assert (found.details["n_then"], found.n) == (3 * 120, 7 * 120)
    assert found.outcome is Outcome.PASS
    assert only(drift(*days(7, 0, EVEN))).outcome is Outcome.INSUFFICIENT


def test_undated_predictions_cannot_be_compared():
    undated = [replace(cell, day=None) for cell in days(9, 0, EVEN)]
    assert only(drift(*undated)).outcome is Outcome.INSUFFICIENT


def test_a_change_that_many_models_explain_is_a_pass_that_says_so():
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, HIGH)))
    surprising = replace(found, details={**found.details, "p_value": 0.002})
    others = [
        replace(found, entity=replace(found.entity, name=f"m{i}"), details={"p_value": 0.6}) for i in range(9)
    ]
    first, *_ = conclude([surprising, *others], a_playbook())
    assert first.outcome is Outcome.PASS
    assert "among 10 models" in first.sentence
    assert conclude([surprising], a_playbook())[0].outcome is Outcome.FAIL


def test_what_could_not_be_counted_is_not_run():
    reason = "the column 'score' is not in the table"
    found = only(drift(unmeasured={f"predictions:{MODEL}": reason}))
    assert found.outcome is Outcome.NOT_RUN
    assert reason in found.sentence


def test_a_model_that_predicts_numbers_is_not_asked():
    log = {"dataset": "lending.predictions", "kind": "number", "prediction": "price"}
    assert drift(log=log) == []


def test_a_version_that_did_not_change_warns_in_at_most_5_percent_of_nights():
    rng = np.random.default_rng(8)
    shares, warned, nights = rng.dirichlet(np.full(24, 2.0)), 0, 200
    for _ in range(nights):
        then, now = rng.multinomial(2000, shares), rng.multinomial(300, shares)
        cells = [
            *days(40, 40, {i + 4: int(n) for i, n in enumerate(then) if n}),
            *days(0, 0, {i + 4: int(n) for i, n in enumerate(now) if n}),
        ]
        warned += only(drift(*cells)).outcome is not Outcome.PASS
    assert warned / nights <= 0.05
