from __future__ import annotations

import json
from datetime import timedelta

import pytest

from governance_pipeline.indicators.calibration import measure as measure_calibration
from governance_pipeline.indicators.performance import measure
from governance_pipeline.profiles.profile import ErrorCell, GroupTable, OutcomeCell, PredictionCell
from governance_pipeline.testing import (
    MODEL,
    NIGHT,
    a_model,
    a_playbook,
    a_profile,
    a_version,
    model_inputs,
)
from governance_pipeline.vocabulary.outcome import Outcome

LOG = {
    "dataset": "lending.predictions",
    "prediction": "predicted",
    "label": "approved",
    "score": "score",
    "version": "model_version",
}
NUMBERS = {"dataset": "lending.predictions", "kind": "number", "prediction": "price", "label": "paid"}


def outcomes(right=400, wrong=100, refused=400, missed=100, *, arrived=NIGHT, version="1", low=64, high=191):
    """Known outcomes; favourable decisions have the score ``high`` / 256, others ``low`` / 256."""
    for label, prediction, count in ((1, 1, right), (0, 1, wrong), (0, 0, refused), (1, 0, missed)):
        bin_ = high if prediction else low
        score = (bin_ + 0.5) / 256
        yield OutcomeCell(
            version, arrived, label, prediction, bin_, count, count * score, count * score**2, count * 0.5
        )


def inputs(*cells, promised=None, metrics=None, policy=None, log=LOG, open_=0, errors=(), **changes):
    predictions = [PredictionCell("1", NIGHT, 1, 128, False, 1000)]
    if open_:
        predictions.append(PredictionCell("1", NIGHT, 1, 128, True, open_))
    table = GroupTable(
        MODEL, (), (), outcomes=tuple(cells), predictions=tuple(predictions), errors=tuple(errors)
    )
    profile = a_profile(dataset="lending.predictions", groups=(table,), **changes)
    return model_inputs(
        model=a_model(predictions=log, promised=promised or {}, sensitive_attributes=[]),
        version=a_version(metrics=metrics or {}),
        playbook=a_playbook(performance=policy or {}, calibration={}),
        profiles={profile.dataset: profile},
    )


def performance(*cells, **changes):
    found = list(measure(inputs(*cells, **changes)))
    assert len({one.facet for one in found}) == len(found)
    for one in found:
        json.dumps(one.details, allow_nan=False)
        assert one.sentence.endswith(".")
    return {one.facet: one for one in found}


def test_what_nobody_promised_is_shown_with_its_interval_and_never_breaks():
    found = performance(*outcomes())
    assert set(found) == {
        "accuracy", "precision", "recall", "specificity", "f1", "auc", "brier", "log_loss",
    }  # fmt: skip
    assert {one.outcome for one in found.values()} == {Outcome.PASS}
    accuracy = found["accuracy"]
    assert (accuracy.value, accuracy.n, accuracy.threshold) == (0.8, 1000, None)
    assert accuracy.interval == pytest.approx((0.774, 0.8236), abs=1e-3)  # Wilson for 800 of 1,000
    assert found["auc"].value == pytest.approx(0.8)  # two scores: half of right and refused
    assert "nothing was promised" in accuracy.sentence


def test_a_promise_that_is_kept_within_the_tolerance_passes():
    found = performance(*outcomes(), metrics={"accuracy": 0.81})["accuracy"]
    assert found.outcome is Outcome.PASS
    assert (found.threshold.warn, found.threshold.fail) == (pytest.approx(0.79), pytest.approx(0.76))
    assert "version 1 promised 0.81" in found.sentence


def test_a_live_figure_fails_only_where_its_interval_excludes_the_promise_by_more_than_the_tolerance():
    """80 % of 1,000 is at most 82.4 %; 80 % of 100 may be 86.7 %."""
    failed = performance(*outcomes(), metrics={"accuracy": 0.90})["accuracy"]
    assert failed.outcome is Outcome.FAIL
    assert "even at its best that is worse than the playbook tolerates" in failed.sentence
    warned = performance(*outcomes(), metrics={"accuracy": 0.86})["accuracy"]
    assert warned.outcome is Outcome.WARN
    few = performance(*outcomes(40, 11, 40, 11), metrics={"accuracy": 0.87})["accuracy"]
    assert few.value == pytest.approx(80 / 102)
    assert few.outcome is Outcome.PASS


def test_a_promise_may_stand_in_the_registry_under_another_name():
    found = performance(*outcomes(), promised={"recall": "hit_rate"}, metrics={"hit_rate": 0.95})
    assert found["recall"].outcome is Outcome.FAIL
    assert found["recall"].details["promised"] == 0.95
    assert found["accuracy"].details["promised"] is None


def test_what_binning_may_hide_is_in_the_interval_of_the_area():
    """All scores lie in two bins, so the area may be 16 points off; that excludes no promise of 0.95."""
    found = performance(*outcomes(), metrics={"auc": 0.95})["auc"]
    assert found.details["binning"] == pytest.approx(0.16)
    assert found.interval[1] > 0.96
    assert found.outcome is Outcome.PASS


def test_errors_break_a_promise_by_growing():
    brier = performance(*outcomes())["brier"].value
    kept = performance(*outcomes(), metrics={"brier": brier})["brier"]
    broken = performance(*outcomes(), metrics={"brier": brier / 2})["brier"]
    assert (kept.outcome, broken.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert broken.threshold.fail == pytest.approx(1.25 * brier / 2)
    better = performance(*outcomes(), metrics={"brier": brier * 2, "accuracy": 0.5})
    assert better["brier"].outcome is better["accuracy"].outcome is Outcome.PASS


def test_only_outcomes_that_arrived_in_the_window_count_and_open_ones_are_told():
    late = outcomes(10_000, 0, 10_000, 0, arrived=NIGHT + timedelta(days=1))
    old = outcomes(10_000, 0, 10_000, 0, arrived=NIGHT - timedelta(days=28))
    found = performance(*outcomes(), *late, *old, open_=500)["accuracy"]
    assert (found.value, found.n) == (0.8, 1000)
    assert (found.details["still_open"], found.details["predictions"]) == (500, 1500)
    assert "The outcomes of 500 decisions of these days are still open." in found.sentence


def test_another_versions_predictions_are_not_this_ones():
    found = performance(*outcomes(), *outcomes(5_000, 0, 5_000, 0, version="2"))["accuracy"]
    assert found.value == 0.8


def test_too_few_outcomes_are_insufficient_and_how_many_are_open_is_said():
    found = performance(*outcomes(20, 5, 20, 5), open_=3000)
    assert (found[""].outcome, list(found)) == (Outcome.INSUFFICIENT, [""])
    assert "50 are known; 100 are needed" in found[""].sentence
    assert "75 % of the decisions of these days are still open" in found[""].sentence
    none = performance()[""]
    assert none.outcome is Outcome.INSUFFICIENT


def test_a_rare_kind_of_outcome_is_not_told():
    found = performance(*outcomes(5, 100, 400, 2), metrics={"accuracy": 0.99})
    assert {one.outcome for one in found.values()} == {Outcome.INSUFFICIENT}
    assert all(one.value is None and one.n == 0 for one in found.values())


def test_a_promise_that_nothing_speaks_of_is_insufficient():
    log = {name: value for name, value in LOG.items() if name != "score"}
    plain = [OutcomeCell(c.version, c.arrived, c.label, c.prediction, None, c.count) for c in outcomes()]
    found = performance(*plain, metrics={"auc": 0.8}, log=log)
    assert found["auc"].outcome is Outcome.INSUFFICIENT
    assert found["accuracy"].outcome is Outcome.PASS


def test_what_could_not_be_counted_is_not_run_with_the_reason():
    reason = "the column 'score' is not in the table"
    (found,) = performance(*outcomes(), unmeasured={f"outcomes:{MODEL}": reason}).values()
    assert found.outcome is Outcome.NOT_RUN
    assert reason in found.sentence
    (unread,) = measure(model_inputs(profiles={}))
    assert unread.outcome is Outcome.NOT_RUN


def test_a_model_without_outcomes_is_not_asked():
    silent = {"dataset": "lending.predictions", "prediction": "predicted"}
    assert list(measure(inputs(log=silent))) == []


def test_predicted_numbers_are_held_to_their_promised_errors():
    error = ErrorCell("1", NIGHT, 1000, 0, 0.0, 2000.0, 5000.0, 60_000.0)  # MAE 2, MSE 5
    found = performance(errors=[error], log=NUMBERS, metrics={"mae": 1.9, "rmse": 1.5})
    assert (found["mae"].value, found["mae"].outcome) == (2.0, Outcome.PASS)
    assert (found["rmse"].value, found["rmse"].outcome) == (pytest.approx(5**0.5), Outcome.FAIL)


def test_numbers_that_cannot_be_used_are_told():
    error = ErrorCell("1", NIGHT, 1000, 40, 0.0, 2000.0, 5000.0, 60_000.0)
    found = performance(errors=[error], log=NUMBERS)["unusable"]
    assert found.outcome is Outcome.WARN
    assert "40 stand beside a prediction" in found.sentence


def calibration(*cells, **changes):
    (found,) = measure_calibration(inputs(*cells, **changes))
    json.dumps(found.details, allow_nan=False)
    assert found.sentence.endswith(".")
    return found


def test_scores_that_mean_what_they_say_pass():
    found = calibration(*outcomes(373, 127, 374, 126))  # 0.748 and 0.252, as scored
    assert found.outcome is Outcome.PASS
    assert found.value == pytest.approx(0, abs=0.01)
    assert [(b["from"], b["n"]) for b in found.details["bins"]] == [(0.25, 500), (0.6875, 500)]


def test_scores_that_promise_too_much_fail():
    found = calibration(*outcomes(250, 250, 374, 126))  # half of those scored 0.748
    assert found.outcome is Outcome.FAIL if found.interval[0] > 0.1 else Outcome.WARN
    assert found.details["observed_error"] == pytest.approx(0.125, abs=0.003)
    assert "percentage points off on average" in found.sentence
    assert found.details["carriers"] == [
        {"from": 0.6875, "to": 0.75, "part": pytest.approx(0.124, abs=1e-4)},
        {"from": 0.25, "to": 0.3125, "part": pytest.approx(0, abs=1e-4)},
    ]
    assert sum(one["part"] for one in found.details["bins"]) == pytest.approx(found.details["observed_error"])
    assert found.sentence.endswith(
        "; the largest part of it is scores from 0.688 to 0.75, of which 50 % were favourable."
    )


def test_scores_that_are_no_probabilities_or_too_few_are_insufficient():
    outside = OutcomeCell("1", NIGHT, 1, 1, 256, 5)
    assert calibration(*outcomes(), outside).outcome is Outcome.INSUFFICIENT
    assert calibration(*outcomes(30, 5, 30, 5)).outcome is Outcome.INSUFFICIENT
    assert calibration(*outcomes(5, 100, 400, 2)).outcome is Outcome.INSUFFICIENT
    reason = "the column 'score' is not in the table"
    unread = calibration(*outcomes(), unmeasured={f"outcomes:{MODEL}": reason})
    assert unread.outcome is Outcome.NOT_RUN


def test_a_bin_with_a_rare_outcome_is_not_shown():
    found = calibration(*outcomes(490, 10, 374, 126))
    assert [b["from"] for b in found.details["bins"]] == [0.25]


def test_a_model_without_scores_is_not_asked_for_calibration():
    log = {name: value for name, value in LOG.items() if name != "score"}
    assert list(measure_calibration(inputs(*outcomes(), log=log))) == []
