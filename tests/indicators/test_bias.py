from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.indicators.bias import BIAS, conclude, measure
from governance_pipeline.profiles.profile import GroupCell, GroupTable, ScoreCell
from governance_pipeline.testing import MODEL, a_model, a_playbook, a_profile, model_inputs
from governance_pipeline.vocabulary.outcome import Outcome, worst

RACE = {"column": "race", "reference": "white", "title": "race"}
SEX = {"column": "sex", "reference": "male"}


def cells(groups, true_yes, false_yes, true_no, false_no, open_yes=0, open_no=0, nothing=0):
    """The cells of one group: decisions by whether they turned out right, still open, or not made."""
    parts = [(1, 1, true_yes), (0, 1, false_yes), (0, 0, true_no), (1, 0, false_no)]
    parts += [(None, 1, open_yes), (None, 0, open_no), (None, None, nothing)]
    groups = (groups,) if isinstance(groups, str) or groups is None else groups
    return [GroupCell(groups, label, prediction, count) for label, prediction, count in parts if count]


def bias(*groups, attributes=(RACE,), policy=None, table=None, **changes):
    """All measurements of a model over these cells, concluded, by facet."""
    playbook = a_playbook(bias=policy or {})
    model = a_model(sensitive_attributes=list(attributes))
    columns = tuple(attribute["column"] for attribute in attributes)
    table = table or GroupTable(MODEL, columns, tuple(cell for group in groups for cell in group))
    profile = a_profile(dataset="lending.predictions", groups=(table,))
    inputs = model_inputs(model=model, playbook=playbook, profiles={profile.dataset: profile}, **changes)
    found = conclude(list(measure(inputs)), playbook)
    assert len({one.key for one in found}) == len(found)
    assert len(found) > 0
    for one in found:
        json.dumps(one.details, allow_nan=False)
        assert one.sentence.endswith(".")
    return {one.facet: one for one in found}


WHITE = cells("white", 500, 100, 200, 200)  # 1,000 decisions: 60 % favourable, TPR 500/700, FPR 100/300


def test_equal_groups_pass():
    found = bias(WHITE, cells("black", 250, 50, 100, 100))
    assert {one.outcome for one in found.values()} == {Outcome.PASS}
    assert set(found) == {
        f"race=black:{metric}"
        for metric in (
            "selection_rate", "true_positive_rate", "false_positive_rate", "precision", "equalized_odds"
        )
    }  # fmt: skip


def test_a_wide_gap_fails_with_its_size_interval_and_plain_words():
    found = bias(WHITE, cells("black", 200, 40, 400, 360))["race=black:selection_rate"]
    assert found.outcome is Outcome.FAIL
    assert found.value == pytest.approx(0.6 - 0.24)
    assert found.details["difference"] == pytest.approx(0.24 - 0.6)
    # Newcombe's interval by hand: Wilson (0.2146, 0.2674) for 240/1000 and (0.5693, 0.6299) for 600/1000.
    # hypot(.2674 - .24, .6 - .5693) = .0411 on one side, hypot(.24 - .2146, .6299 - .6) = .0392 on the other.
    assert found.interval == pytest.approx((0.36 - 0.0411, 0.36 + 0.0392), abs=2e-4)
    assert found.n == found.details["reference_n"] == 1000
    assert found.sentence == (
        "In the 28 days up to 4 March, 24 % of the decisions for race 'black' were favourable, against "
        "60 % for race 'white': a gap of 36 percentage points (95 % interval 31.9 to 39.9), above the limit "
        "of 20 even at its smallest."
    )
    assert (str(found.entity), found.indicator, found.unit) == (f"model:{MODEL}", "bias", "share")


def test_the_four_fifths_ratio_stands_beside_the_gap():
    found = bias(WHITE, cells("black", 200, 40, 400, 360), cells("asian", 320, 30, 100, 50))
    black, asian = (found[f"race={name}:selection_rate"].details for name in ("black", "asian"))
    assert (black["ratio"], black["four_fifths_met"]) == (pytest.approx(0.4), False)
    assert (asian["ratio"], asian["four_fifths_met"]) == (pytest.approx(0.7 / 0.6), True)


def test_a_group_that_is_favoured_is_a_gap_too():
    found = bias(WHITE, cells("black", 800, 150, 40, 10))["race=black:selection_rate"]
    assert found.outcome is Outcome.FAIL
    assert found.details["difference"] > 0


def test_a_gap_over_the_bound_by_chance_alone_does_not_warn():
    found = bias(WHITE, cells("black", 14, 4, 11, 11))["race=black:selection_rate"]
    assert found.value == pytest.approx(0.15)
    assert found.outcome is Outcome.PASS
    assert "may be above 10 by chance alone" in found.sentence


def test_rates_that_do_not_gate_are_shown_and_never_breach():
    found = bias(WHITE, cells("black", 500, 290, 10, 200))["race=black:false_positive_rate"]
    assert found.value is not None
    assert found.value > 0.5
    assert (found.outcome, found.threshold, found.details["gates"]) == (Outcome.PASS, None, False)
    assert "shown for information" in found.sentence


def test_the_policy_says_which_rates_gate():
    found = bias(WHITE, cells("black", 500, 290, 10, 200), policy={"metrics": ["false_positive_rate"]})
    assert found["race=black:false_positive_rate"].outcome is Outcome.FAIL
    assert found["race=black:selection_rate"].details["gates"] is False


def test_bounds_follow_the_models_tier():
    policy = {"by_tier": {"high": {"warn": 0.5, "fail": 0.9}}}
    found = bias(WHITE, cells("black", 200, 40, 400, 360), policy=policy)
    assert found["race=black:selection_rate"].outcome is Outcome.PASS


def test_a_group_without_a_single_positive_has_no_true_positive_rate():
    """fairlearn's own gives 0, which would be a false gap of 71 percentage points."""
    found = bias(WHITE, cells("black", 0, 30, 70, 0))
    without = found["race=black:true_positive_rate"]
    assert (without.outcome, without.value, without.n) == (Outcome.INSUFFICIENT, None, 0)
    assert found["race=black:false_positive_rate"].details["equalized_odds_gap"] is None
    assert found["race=black:false_positive_rate"].details["rate"] == pytest.approx(0.3)


def test_equalized_odds_take_the_worse_of_both_rates():
    found = bias(WHITE, cells("black", 300, 100, 100, 200))  # TPR 0.6, FPR 0.5
    details = found["race=black:true_positive_rate"].details
    assert details["equalized_odds_gap"] == pytest.approx(max(5 / 7 - 0.6, 0.5 - 1 / 3))
    assert details["all_groups"]["equalized_odds_difference"] == pytest.approx(1 / 6, abs=1e-6)


def test_equalized_odds_gate_where_the_policy_says_so():
    policy = {"metrics": ["equalized_odds"]}
    found = bias(WHITE, cells("black", 500, 290, 10, 200), policy=policy)  # FPR 290/300 against 100/300
    odds = found["race=black:equalized_odds"]
    assert odds.outcome is Outcome.FAIL
    assert odds.value == odds.details["false_positive_gap"] == pytest.approx(290 / 300 - 1 / 3)
    assert odds.interval[0] < found["race=black:false_positive_rate"].interval[0]
    assert "the larger of the gaps in true and false positive rate is 63.3 percentage points" in odds.sentence
    assert found["race=black:selection_rate"].details["gates"] is False


def test_equalized_odds_do_not_exist_where_nobody_had_one_of_the_outcomes():
    """fairlearn's own would be 1.0 here: a true positive rate of 0 for a group without positives."""
    nobody = cells("black", 0, 50, 100, 0)
    gated = bias(WHITE, nobody, policy={"metrics": ["equalized_odds"]})["race=black:equalized_odds"]
    assert (gated.outcome, gated.value) == (Outcome.INSUFFICIENT, None)
    assert "race=black:equalized_odds" not in bias(WHITE, nobody)


def test_the_four_fifths_rule_is_a_policy_of_ratios():
    """Rates of 10 and 14 % are alike by their difference, and not by the rule: 10 / 14 = 0.71."""
    groups = (cells("white", 1400, 0, 8600, 0), cells("black", 1000, 0, 9000, 0))
    by_difference = bias(*groups)["race=black:selection_rate"]
    assert by_difference.outcome is Outcome.PASS
    rule = {"compare_by": "ratio", "warn": None, "fail": 0.2}
    found = bias(*groups, policy=rule)["race=black:selection_rate"]
    assert found.outcome is Outcome.FAIL
    assert found.value == pytest.approx(1 - 10 / 14)
    # Katz' interval of the logarithm: sqrt(.9/1000 + .86/1400) = .0389, so 0.714 x exp(-+ 1.96 x .0389)
    assert found.interval == pytest.approx((1 - 0.7709, 1 - 0.6619), abs=2e-3)
    assert "the smaller rate is 28.6 % below the larger one" in found.sentence
    favoured = bias(cells("white", 1000, 0, 9000, 0), cells("black", 1400, 0, 8600, 0), policy=rule)
    assert favoured["race=black:selection_rate"].value == pytest.approx(found.value)


def test_a_ratio_that_may_be_above_four_fifths_does_not_fail():
    rule = {"compare_by": "ratio", "warn": None, "fail": 0.2}
    found = bias(cells("white", 60, 0, 40, 0), cells("black", 44, 0, 56, 0), policy=rule)
    assert found["race=black:selection_rate"].value > 0.2
    assert found["race=black:selection_rate"].outcome is Outcome.PASS


def scored(group, bins):
    """Score cells: by bin (of 32), favourable and unfavourable outcomes, each at the bin's middle."""
    for place, (yes, no) in bins.items():
        middle = (place + 0.5) / 32
        for label, count in ((1, yes), (0, no)):
            yield ScoreCell((group,), label, place, count, count * middle, count * middle**2)


def with_scores(black, policy=None):
    contingency = (*WHITE, *cells("black", 250, 50, 100, 100))
    scores = (*scored("white", {8: (133, 367), 23: (367, 133)}), *black)
    table = GroupTable(MODEL, ("race",), contingency, scores=tuple(scores))
    return bias(table=table, policy={"metrics": ["calibration"], **(policy or {})})


def test_scores_that_mean_the_same_for_both_groups_are_calibrated_alike():
    found = with_scores(scored("black", {8: (66, 184), 23: (184, 66)}))["race=black:calibration"]
    assert found.outcome is Outcome.PASS
    assert found.value < 0.01
    assert (found.n, found.details["reference_n"]) == (500, 1000)


def test_scores_that_are_too_low_for_one_group_fail_by_calibration():
    """Of those told 26.6 and 73.4 %, 60 and 100 % turned out favourable: 30 points more than said."""
    found = with_scores(scored("black", {8: (150, 100), 23: (250, 0)}))["race=black:calibration"]
    assert found.outcome is Outcome.FAIL
    assert found.details["observed"] == pytest.approx(0.8)
    assert found.details["predicted"] == pytest.approx(0.5)
    assert found.value == pytest.approx(0.3, abs=0.001)
    assert "80 % of outcomes for race 'black' turned out favourable where scores said 50 %" in found.sentence


def test_too_few_scored_outcomes_are_insufficient_for_calibration_where_it_gates():
    few = list(scored("black", {8: (12, 12)}))
    assert with_scores(few)["race=black:calibration"].outcome is Outcome.INSUFFICIENT
    assert "race=black:calibration" not in with_scores(few, {"metrics": ["selection_rate"]})
    rare = list(scored("black", {8: (500, 4)}))
    assert with_scores(rare)["race=black:calibration"].outcome is Outcome.INSUFFICIENT


DEPARTMENTS = {
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244), "E": (53, 138, 94, 299), "F": (22, 351, 24, 317),
}  # fmt: skip
"""Men admitted and rejected, women admitted and rejected (Bickel, Hammel & O'Connell 1975)."""


def admissions():
    attribute = {"column": "sex", "reference": "male"}
    rows = [
        GroupCell((sex, department), None, decision, count)
        for department, (yes, no, women_yes, women_no) in DEPARTMENTS.items()
        for sex, decision, count in (
            ("male", 1, yes), ("male", 0, no), ("female", 1, women_yes), ("female", 0, women_no)
        )
    ]  # fmt: skip
    table = GroupTable(MODEL, ("sex",), tuple(rows), strata=("department",))
    return bias(attributes=(attribute,), table=table)["sex=female:selection_rate"]


def test_a_gap_that_turns_round_within_departments_is_told_with_its_reversal():
    """Berkeley 1973: 30.4 % of women and 44.5 % of men were admitted; in A, B, D and F more of the women."""
    found = admissions()
    assert found.outcome is Outcome.WARN
    assert found.details["rate"] == pytest.approx(0.3035, abs=5e-5)
    assert found.details["reference_rate"] == pytest.approx(0.4452, abs=5e-5)
    within = found.details["within"]["department"]
    assert (within["reverses"], within["against"], within["strata"]) == (True, ["A", "B", "D", "F"], 6)
    assert within["difference"] > 0 > found.details["difference"]
    assert "Within the same department it is the other way round" in found.sentence
    assert "the sign differs in 4 of 6" in found.sentence


def test_a_gap_that_stays_within_strata_is_told_without_a_word_on_them():
    rows = [
        GroupCell((race, branch), None, decision, count)
        for branch in ("north", "south")
        for race, decision, count in (
            ("white", 1, 300),
            ("white", 0, 200),
            ("black", 1, 120),
            ("black", 0, 380),
        )
    ]
    found = bias(table=GroupTable(MODEL, ("race",), tuple(rows), strata=("branch",)))
    one = found["race=black:selection_rate"]
    assert one.outcome is Outcome.FAIL
    assert one.details["within"]["branch"]["reverses"] is False
    assert one.details["within"]["branch"]["difference"] == pytest.approx(0.24 - 0.6)
    assert "Within" not in one.sentence


def test_a_tally_that_failed_is_not_run_although_other_parts_were_counted():
    profile = a_profile(
        dataset="lending.predictions",
        groups=(GroupTable(MODEL, ("race",), ()),),
        unmeasured={f"groups:{MODEL}": "the column 'race' is not in the table"},
    )
    assert only({one.facet: one for one in measure(model_inputs(profiles={profile.dataset: profile}))})


def test_a_group_smaller_than_the_policy_wants_is_insufficient_and_shows_no_rate():
    found = bias(WHITE, cells("black", 0, 0, 15, 14))
    one = found["race=black:selection_rate"]
    assert (one.outcome, one.value, one.interval, one.n) == (Outcome.INSUFFICIENT, None, None, 29)
    assert "(29)" in one.sentence
    assert "30 of each are needed" in one.sentence


def test_a_group_under_eleven_is_not_shown_at_all_nor_what_would_give_it_away():
    """Ten of one thousand: the total less the other groups would be ten, so the next smallest goes too."""
    found = bias(
        WHITE, cells("asian", 20, 10, 10, 5), cells("black", 200, 40, 60, 60), cells("other", 4, 2, 2, 2)
    )
    assert not any("other" in facet or "asian" in facet for facet in found)
    hidden = found["race=too small to show"]
    assert (hidden.outcome, hidden.n) == (Outcome.INSUFFICIENT, 0)
    assert hidden.sentence.startswith("2 groups by race are too small")
    assert "race=black:selection_rate" in found
    text = " ".join(one.sentence + json.dumps(one.details) for one in found.values())
    assert "other" not in text
    assert "asian" not in text


def test_the_reference_is_hidden_with_the_only_other_group_when_that_is_small():
    found = bias(WHITE, cells("black", 3, 2, 2, 2))
    assert {one.outcome for one in found.values()} == {Outcome.INSUFFICIENT}
    assert all(one.n == 0 and one.value is None for one in found.values())


def test_few_outcomes_of_one_kind_hide_both_rates_by_outcome():
    """Forty decisions less thirty-five unfavourable outcomes would tell of five favourable ones."""
    found = bias(WHITE, cells("black", 3, 10, 25, 2))
    for metric in ("true_positive_rate", "false_positive_rate"):
        one = found[f"race=black:{metric}"]
        assert (one.outcome, one.n, one.value) == (Outcome.INSUFFICIENT, 0, None)
        assert "not shown" in one.sentence


def test_intersections_are_compared_with_the_pair_of_reference_groups():
    found = bias(
        cells(("white", "male"), 300, 60, 120, 120),
        cells(("white", "female"), 300, 60, 120, 120),
        cells(("black", "male"), 300, 60, 120, 120),
        cells(("black", "female"), 50, 10, 300, 240),
        attributes=(RACE, SEX),
    )
    both = found["race=black & sex=female:selection_rate"]
    assert both.outcome is Outcome.FAIL
    assert both.details["reference"] == "race=white & sex=male"
    assert "for race 'black' and sex 'female' were favourable" in both.sentence
    assert found["race=black & sex=male:selection_rate"].outcome is Outcome.PASS
    assert "race=white & sex=male:selection_rate" not in found


def test_intersections_can_be_switched_off():
    groups = [cells(pair, 300, 60, 120, 120) for pair in product(("white", "black"), ("male", "female"))]
    found = bias(*groups, attributes=(RACE, SEX), policy={"intersections": False})
    assert not any("&" in facet for facet in found)


def test_hidden_intersections_cannot_be_worked_out_from_the_single_attributes():
    found = bias(
        cells(("white", "male"), 300, 60, 120, 120),
        cells(("white", "female"), 300, 60, 120, 120),
        cells(("black", "male"), 90, 60, 50, 20),
        cells(("black", "female"), 2, 1, 1, 1),
        cells(("asian", "male"), 50, 20, 30, 20),
        cells(("asian", "female"), 40, 20, 30, 20),
        attributes=(RACE, SEX),
    )
    # black is 225 by itself: with 220 men shown, the five women would be known; likewise along sex.
    pairs = {facet.split(":")[0] for facet in found if "&" in facet}
    assert pairs == {"race & sex=too small to show", "race=white & sex=female"}


def test_a_missing_attribute_is_a_group_of_its_own():
    found = bias(WHITE, cells(None, 100, 20, 200, 180))
    assert found["race=not recorded:selection_rate"].outcome is Outcome.FAIL


def test_a_reference_group_without_decisions_is_not_run_and_names_the_file():
    found = bias(cells("White", 500, 100, 200, 200), cells("black", 500, 100, 200, 200))
    assert list(found) == ["race"]
    assert found["race"].outcome is Outcome.NOT_RUN
    assert "check its spelling in the model's file" in found["race"].sentence


def test_where_everybody_belongs_to_the_reference_group_nothing_is_called_fair():
    found = bias(WHITE)
    assert found["race"].outcome is Outcome.INSUFFICIENT
    assert "no group to compare with it" in found["race"].sentence


def test_a_small_reference_group_is_insufficient():
    found = bias(cells("white", 10, 5, 5, 5), cells("black", 500, 100, 200, 200))
    assert found["race"].outcome is Outcome.INSUFFICIENT


def test_outcomes_that_are_not_known_yet_are_insufficient_once_per_rate():
    found = bias(cells("white", 0, 0, 0, 0, 600, 400), cells("black", 0, 0, 0, 0, 590, 410))
    assert found["race=black:selection_rate"].outcome is Outcome.PASS
    assert {facet for facet, one in found.items() if one.outcome is Outcome.INSUFFICIENT} == {
        "true_positive_rate", "false_positive_rate", "precision",
    }  # fmt: skip


def test_open_outcomes_count_for_decisions_but_not_for_rates_by_outcome():
    found = bias(WHITE, cells("black", 250, 50, 100, 100, open_yes=10, open_no=490))
    assert found["race=black:selection_rate"].details["rate"] == pytest.approx(0.31)
    assert found["race=black:true_positive_rate"].details["rate"] == pytest.approx(250 / 350)
    assert found["race=black:precision"].details["rate"] == pytest.approx(250 / 300)


def test_rows_without_a_prediction_are_no_decision_and_are_counted():
    found = bias(WHITE, cells("black", 250, 50, 100, 100, nothing=40))["race=black:selection_rate"]
    assert (found.n, found.details["without_a_decision"]) == (500, 40)
    said = bias(WHITE, cells("black", 250, 50, 100, 100, nothing=40))["without a decision"]
    assert said.outcome is Outcome.WARN
    assert "40 of 1,540 logged rows hold no decision" in said.sentence
    few = bias(WHITE, cells("black", 250, 50, 100, 100, nothing=3))["without a decision"]
    assert "fewer than 11 logged rows" in few.sentence
    nobody = bias(cells("white", 0, 0, 0, 0, nothing=500))
    assert nobody[""].outcome is Outcome.INSUFFICIENT


def only(found):
    ((facet, one),) = found.items()
    assert facet == ""
    return one


def test_a_model_whose_decisions_were_not_counted_is_not_run():
    other = GroupTable("another_model", ("race",), tuple(WHITE))
    assert only(bias(table=other)).outcome is Outcome.NOT_RUN
    (unread,) = measure(model_inputs(profiles={}))
    assert unread.outcome is Outcome.NOT_RUN
    assert "lending.predictions could not be counted" in unread.sentence


def test_a_model_that_names_no_decisions_or_no_attribute_cannot_be_called_fair():
    (silent,) = measure(model_inputs(model=a_model(predictions=None)))
    assert silent.outcome is Outcome.NOT_RUN
    (unasked,) = measure(model_inputs(model=a_model(sensitive_attributes=[])))
    assert unasked.outcome is Outcome.INSUFFICIENT


def test_an_attribute_that_was_not_counted_is_not_run_and_the_others_go_on():
    found = bias(
        attributes=(RACE, SEX),
        table=GroupTable(MODEL, ("race",), (*WHITE, *cells("black", 250, 50, 100, 100))),
    )
    assert found["sex"].outcome is Outcome.NOT_RUN
    assert found["race=black:selection_rate"].outcome is Outcome.PASS


def test_a_gap_that_only_many_comparisons_explain_is_a_pass_that_says_so():
    found = bias(WHITE, cells("black", 200, 40, 400, 360))["race=black:selection_rate"]
    surprising = replace(found, details={**found.details, "p_value": 0.01})
    others = [
        replace(found, facet=f"g{i}", outcome=Outcome.PASS, details={**found.details, "p_value": 0.5})
        for i in range(9)
    ]
    playbook = a_playbook()
    assert conclude([surprising], playbook)[0].outcome is Outcome.FAIL
    first, *_ = conclude([surprising, *others], playbook)
    assert first.outcome is Outcome.PASS
    assert first.details["p_value_adjusted"] == pytest.approx(0.1)
    assert "among 10 comparisons of this model" in first.sentence


def test_families_are_kept_apart_by_model_and_rate():
    found = bias(WHITE, cells("black", 200, 40, 400, 360))["race=black:selection_rate"]
    surprising = replace(found, details={**found.details, "p_value": 0.03})
    elsewhere = [
        replace(surprising, metric="precision", facet="p"),
        replace(surprising, entity=replace(found.entity, name="pricing")),
    ]
    assert all(one.outcome is Outcome.FAIL for one in conclude([surprising, *elsewhere], a_playbook()))


def test_the_registry_entry_says_what_it_measures():
    assert (BIAS.name, BIAS.subject, BIAS.measure_dataset) == ("bias", "model", None)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["white", "black", None]),
            st.sampled_from(["male", "female"]),
            st.lists(st.integers(0, 40), min_size=7, max_size=7),
        ),
        max_size=8,
    )
)
def test_no_small_group_is_shown_and_no_rate_is_without_rows(groups):
    table = [cells((race, sex), *counts) for race, sex, counts in groups]
    found = bias(*table, attributes=(RACE, SEX))
    for one in found.values():
        assert one.n == 0 or one.n >= 11
        if one.value is not None:
            assert one.n >= 30
            assert one.interval is not None
            assert one.interval[0] - 1e-12 <= one.value <= one.interval[1] + 1e-12
        if one.outcome in (Outcome.WARN, Outcome.FAIL) and one.facet != "without a decision":
            assert one.details["gates"]
    assert worst(one.outcome for one in found.values()) is not Outcome.NOT_RUN or "race" in str(list(found))
