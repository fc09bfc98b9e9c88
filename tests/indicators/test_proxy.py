from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance_pipeline.indicators.base import Counted
from governance_pipeline.indicators.proxy import PROXY, conclude, measure
from governance_pipeline.profiles.cross_table import FOLDS, Crosses, CrossTable, table_of
from governance_pipeline.testing import NIGHT, a_count, a_model, a_playbook, a_version, model_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

TABLE = CrossTable("postcode", "race", "sensitive", levels=(), counts=())
MODEL = a_model(features=[{"column": "lending.incomes#postcode"}])


def told(by_place: dict[str, tuple[int, int]], target: str = "race", feature: str = "postcode") -> CrossTable:
    """Rows of each place: so many black, so many white, spread evenly over the folds."""
    cells = {
        (fold, f"={place}", race): count // FOLDS
        for place, counts in by_place.items()
        for race, count in zip(("black", "white"), counts, strict=True)
        for fold in range(FOLDS)
    }
    return table_of(replace(TABLE, feature=feature, target=target), cells)


def counts(*tables: CrossTable, **changes: Any) -> Counted:
    told = {name: changes.pop(name) for name in ("unmeasured", "joined") if name in changes}
    crosses = Crosses(NIGHT, tables, **told)
    return a_count(MODEL, crosses=crosses, **changes)


def measured(*counted: Counted, model: Any = MODEL, **playbook: Any) -> list[Measurement]:
    inputs = model_inputs(model=model, counted=counted, playbook=a_playbook(**playbook))
    return conclude(list(measure(inputs)), inputs.playbook)


SEGREGATED = told({"02121": (450, 50), "02108": (50, 450), "02130": (250, 250)})
MIXED = told({"02121": (250, 250), "02108": (260, 240), "02130": (240, 260)})


def test_a_postcode_that_tells_race_fails_in_words_a_lawyer_understands():
    (found,) = measured(counts(SEGREGATED), proxy={"warn": 0.7, "fail": 0.8})
    assert found.outcome is Outcome.FAIL
    # black rows 450/50/250 of 750 and white 50/450/250: pairs won 450*(250+450) + 250*450, half of the ties
    won = 450 * 700 + 250 * 450 + (450 * 50 + 50 * 450 + 250 * 250) / 2
    assert found.value == pytest.approx(won / 750**2)
    assert found.facet == "postcode~race"
    assert found.sentence == (
        "'postcode' tells race: of one person for whom race is 'white' and one for whom it is not, it names "
        "the right one in 86 of 100 cases (50 is guessing; at least 84 with 95 % confidence), more than the "
        "80 of 100 at which it fails, and knowing it removes 35.3 % of the uncertainty about race "
        "(30.5 % to 40.8 %). Most of it lies in '02108' (90 % of them) and '02121' (10 % of them); of all "
        "rows 'white' is 50 %."
    )
    # 4,000 multinomial samples of these counts hold 95 % of their shares between 31.4 % and 39.8 %
    assert found.details["information_interval"] == pytest.approx([0.314, 0.398], abs=0.015)
    assert found.details["bins"][0]["part"] == pytest.approx(0.5)


def test_a_feature_that_tells_nothing_passes():
    (found,) = measured(counts(MIXED))
    assert found.outcome is Outcome.PASS
    assert "'postcode' does not tell race well" in found.sentence
    assert found.value == pytest.approx(0.513, abs=0.02)


def test_the_lower_end_decides_not_the_area_itself():
    little = told({"02121": (45, 5), "02108": (5, 45), "02130": (25, 25)})
    (found,) = measured(counts(little), proxy={"warn": 0.7, "fail": 0.85})
    assert found.value is not None
    assert found.value > 0.85
    assert found.interval is not None
    assert found.interval[0] < 0.85
    assert found.outcome is Outcome.WARN


def test_too_few_people_of_a_group_are_no_evidence():
    few = told({"02121": (15, 300), "02108": (5, 300)})
    (found,) = measured(counts(few))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "no value has 30 rows or more" in found.sentence


def test_an_attribute_that_was_looked_up_elsewhere_is_said_to_be():
    (found,) = measured(counts(SEGREGATED, joined={"race": "lending.applicants"}))
    assert "(race is not in the training data; it was looked up in lending.applicants)" in found.sentence


def test_an_attribute_that_nobody_can_look_up_is_one_measurement_and_no_pass():
    (found,) = measured(counts(unmeasured={"~race": "'race' is nowhere."}))
    assert (found.outcome, found.facet) == (Outcome.INSUFFICIENT, "~race")
    assert found.sentence == "Whether a feature gives away race cannot be known: 'race' is nowhere."


def test_what_could_not_be_counted_is_not_run_with_its_reason():
    (lost,) = measured(counts(unmeasured={"postcode": "the engine reported OutOfMemory"}))
    (nothing,) = measured(a_count(MODEL, crosses=None, problem="the snapshot is gone"))
    (unregistered,) = measured()
    assert {m.outcome for m in (lost, nothing, unregistered)} == {Outcome.NOT_RUN}
    assert "the engine reported OutOfMemory" in lost.sentence
    assert "the snapshot is gone" in nothing.sentence
    assert "No version of Mortgage approval is registered" in unregistered.sentence


def test_a_protected_attribute_as_a_feature_is_called_what_it_is():
    model = a_model(features=[{"column": "lending.incomes#race"}])
    itself = told({"black": (300, 0), "white": (0, 300)}, feature="race")
    (found,) = measured(counts(itself), model=model)
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "The model is fed the protected attribute race itself: 'race' is one of its features."
    )


def test_a_newer_version_has_questions_of_its_own():
    newer = counts(SEGREGATED, version=replace(a_version(), version="2"), serving=False)
    found = measured(counts(MIXED), newer, proxy={"fail": 0.8})
    assert [(m.facet, m.outcome) for m in found] == [
        ("postcode~race", Outcome.PASS),
        ("postcode~race@2", Outcome.FAIL),
    ]


def test_small_groups_and_bins_are_not_shown():
    rare = told({"02121": (200, 40), "02108": (5, 400), "02199": (5, 4 - 4)})
    (found,) = measured(counts(rare))
    labels = {one["label"]: one["inside"] for one in found.details["bins"]}
    assert "'02199'" not in labels
    assert labels["'02108'"] in ("fewer than 11", "all but fewer than 11")


def test_over_many_questions_one_that_chance_explains_is_a_pass():
    borderline = told({"a": (40, 15), "b": (15, 40)})
    (alone,) = measured(counts(borderline), proxy={"warn": 0.62, "fail": 0.9, "q": 0.05})
    assert alone.outcome is Outcome.WARN
    model = a_model(features=[{"column": f"lending.incomes#f{i}"} for i in range(40)])
    tables = [told({"a": (250, 250), "b": (250, 250)}, feature=f"f{i}") for i in range(1, 40)]
    many = measured(
        counts(replace(borderline, feature="f0"), *tables),
        model=model,
        proxy={"warn": 0.62, "fail": 0.9, "q": 0.05},
    )
    assert {m.outcome for m in many} == {Outcome.PASS}
    assert "no more than chance explains" in many[0].sentence


def test_it_applies_to_models_with_protected_attributes_and_a_policy():
    assert PROXY.expects_model is not None
    assert PROXY.expects_model(a_model())
    assert not PROXY.expects_model(a_model(sensitive_attributes=[]))
    assert list(measure(model_inputs(model=a_model(sensitive_attributes=[])))) == []
