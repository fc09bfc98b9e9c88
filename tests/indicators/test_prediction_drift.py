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


def days(first, last, bins, *, version="1", cut=16, each=1):
    """Predictions on each of the days back from the night, by score bin."""
    for back in range(last, first + 1):
        for place, count in bins.items():
            decision = None if place is None else int(place >= cut)
            yield PredictionCell(version, NIGHT - timedelta(days=back), decision, place, False, each * count)


EVEN = dict.fromkeys(range(4, 28), 5)
HIGH = dict.fromkeys(range(12, 32), 6)


def drift(*cells, log=LOG, policy=None, training=None, baseline=None, **changes):
    table = GroupTable(MODEL, (), (), predictions=tuple(cells))
    profile = a_profile(dataset="lending.predictions", groups=(table,), **changes)
    playbook = a_playbook(prediction_drift=policy or {})
    model = a_model(predictions=log, sensitive_attributes=[], **({"training": training} if training else {}))
    inputs = model_inputs(
        model=model, playbook=playbook, profiles={profile.dataset: profile}, baseline=baseline
    )
    found = conclude(list(measure(inputs)), playbook)
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


def test_a_move_says_which_scores_carry_it_in_order():
    """Twelve in a hundred rows leave a quarter of the scores evenly; all of them arrive in two bins."""
    moved = {**dict.fromkeys(range(4, 10), 3), **dict.fromkeys(range(10, 28), 5), 28: 9, 29: 3}
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, moved)))
    assert found.outcome in (Outcome.WARN, Outcome.FAIL)
    labels = [one["label"] for one in found.details["bins"]]
    assert labels[:2] == ["values from 0.875 to 0.906", "values from 0.906 to 0.938"]
    parts = [one["psi"] for one in found.details["bins"]]
    assert parts == sorted(parts, reverse=True)
    assert "; almost all of it is scores from 0.875 to 0.938;" in found.sentence


def test_a_move_to_no_score_says_so():
    lost = {None: 60, **dict.fromkeys(range(4, 28), 3)}
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, lost)))
    assert "; almost all of it is predictions without a score; " in found.sentence
    assert found.details["bins"][0]["label"] == "no value"


def test_scores_beyond_their_range_have_bins_of_their_own():
    beyond = {**dict.fromkeys(range(4, 28), 4), -1: 12, 32: 12}
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, beyond)))
    assert {one["label"] for one in found.details["bins"][:2]} == {"values below 0", "values above 1"}
    decided = only(
        drift(*days(60, 33, EVEN), *days(6, 0, HIGH), log={k: v for k, v in LOG.items() if k != "score"})
    )
    assert {one["label"] for one in decided.details["bins"]} == {
        "favourable decisions",
        "unfavourable decisions",
    }
    assert "of it is" not in decided.sentence


def test_a_pass_names_no_scores():
    assert "of it is" not in only(drift(*days(60, 33, EVEN), *days(6, 0, EVEN))).sentence


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


def held_out(bins, *, unscored=0, **changes):
    """A baseline that holds what the version said of rows it had not learned from."""
    cells = [PredictionCell(None, None, int(place >= 16), place, True, n) for place, n in bins.items()]
    others = [PredictionCell(None, None, None, None, True, unscored)] if unscored else []
    table = GroupTable(MODEL, (), (), predictions=(*cells, *others))
    return a_profile(dataset="lending.training_set", groups=(table,), **changes)


SCORED = {"snapshot": "lending.training_set", "purpose": "training", "label": "approved", "score": "held_out"}


def test_a_version_that_is_served_otherwise_than_it_was_trained_is_found_on_its_first_night():
    found = only(
        drift(*days(0, 0, HIGH, each=20), training=SCORED, baseline=held_out(dict.fromkeys(EVEN, 80)))
    )
    assert found.outcome is Outcome.FAIL
    assert found.details["then"] == "training data"
    assert (found.details["n_then"], found.details["favourable_then"]) == (24 * 80, 0.5)
    assert found.sentence.startswith(
        "Scores from 4 March to 4 March compared with the training data: a popul"
    )


def test_a_version_that_is_served_as_it_was_trained_passes_though_it_has_no_first_days_yet():
    found = only(
        drift(*days(0, 0, EVEN, each=20), training=SCORED, baseline=held_out(dict.fromkeys(EVEN, 80)))
    )
    assert found.outcome is Outcome.PASS


def test_rows_that_the_version_learned_from_are_no_missing_scores():
    baseline = held_out(dict.fromkeys(EVEN, 80), unscored=50_000)
    found = only(drift(*days(60, 33, HIGH), *days(6, 0, EVEN), training=SCORED, baseline=baseline))
    assert found.outcome is Outcome.PASS
    assert found.details["n_then"] == 24 * 80


def test_decisions_alone_are_compared_where_the_training_data_holds_no_scores():
    decided = {**SCORED, "score": None, "prediction": "held_out"}
    cells = [PredictionCell(None, None, place, None, True, 500) for place in (0, 1)]
    baseline = a_profile(groups=(GroupTable(MODEL, (), (), predictions=tuple(cells)),))
    found = only(drift(*days(6, 0, HIGH), training=decided, baseline=baseline))
    assert found.outcome is Outcome.FAIL
    assert found.sentence.startswith("Decisions from")
    assert "80 % of the decisions are favourable, 50 % were then" in found.sentence


def test_training_data_that_could_not_be_counted_is_not_run_and_says_why():
    reason = "the column 'held_out' is not in the table"
    baseline = a_profile(unmeasured={f"predictions:{MODEL}": reason})
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, EVEN), training=SCORED, baseline=baseline))
    assert found.outcome is Outcome.NOT_RUN
    assert reason in found.sentence


def test_few_rows_of_training_data_are_insufficient():
    found = only(drift(*days(6, 0, EVEN), training=SCORED, baseline=held_out({4: 150})))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "hold 840 predictions of this version and the training data 150" in found.sentence


def test_a_version_first_seen_before_its_training_scores_were_named_is_held_to_its_first_days():
    found = only(drift(*days(60, 33, EVEN), *days(6, 0, EVEN), training=SCORED, baseline=a_profile()))
    assert found.outcome is Outcome.PASS
    assert "the version's first days" in found.sentence


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
