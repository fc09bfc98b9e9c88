"""Rates on counts equal fairlearn on rows, and published figures, to every printed digit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics.groups import Tally, tallies
from governance_pipeline.indicators.statistics.rates import fairness_rates, summary
from governance_pipeline.profiles.profile import GroupCell, GroupTable
from tests.indicators.statistics import published

COMPAS = "fairness/compas-scores-two-years.nopii.csv.gz"
FAIRLEARN_NAMES = {
    "selection_rate": "selection_rate",
    "true_positive_rate": "tpr",
    "false_positive_rate": "fpr",
    "precision": "precision",
}


def by_group(rows: pd.DataFrame, attribute: str) -> dict[str, Tally]:
    """Tallies from rows with a 0/1 ``label`` and ``prediction``, through the profile's own table."""
    counted = rows.groupby([attribute, "label", "prediction"]).size().reset_index(name="count")
    cells = tuple(
        GroupCell((str(group),), int(label), int(prediction), int(count))
        for group, label, prediction, count in counted.itertuples(index=False, name=None)
    )
    found = tallies(GroupTable("m", (attribute,), cells), (attribute,))
    return {group[0]: tally for group, tally in found.items()}


def agrees(found: dict[str, Tally], wanted: dict) -> None:
    """Rates of each group and the figures over all groups, as fairlearn 0.15.0 printed them."""
    rates = fairness_rates(found)
    assert found.keys() == wanted["by_group"].keys()
    for group, figures in wanted["by_group"].items():
        assert found[group].decided == figures["count"]
        for metric, name in FAIRLEARN_NAMES.items():
            assert round(rates[group][metric], 10) == figures[name], (group, metric)
    for name, figure in summary(rates.values()).items():
        assert figure == pytest.approx(wanted[name], rel=1e-13), name


@pytest.fixture(scope="module")
def compas():
    rows = published.table(COMPAS, usecols=["race", "sex", "decile_score", "two_year_recid"])
    return rows.assign(prediction=(rows["decile_score"] >= 5).astype(int), label=rows["two_year_recid"])


@pytest.mark.parametrize(
    ("name", "attribute", "races"),
    [
        ("compas_ge5_race_all", "race", None),
        ("compas_ge5_black_white", "race", ["African-American", "Caucasian"]),
        ("compas_ge5_sex", "sex", None),
    ],
)
def test_compas_agrees_with_fairlearn(compas, name, attribute, races):
    rows = compas if races is None else compas[compas["race"].isin(races)]
    agrees(by_group(rows, attribute), published.expected("fairness_fairlearn_0.15.0")["sets"][name])


@pytest.mark.parametrize("name", ["adult_rf_gender", "adult_rf_race"])
def test_adult_agrees_with_fairlearn(name):
    """The forest's predictions are not kept, but its printed rates and counts have one solution in
    whole numbers, which is the contingency that we then measure.
    """
    wanted = published.expected("fairness_fairlearn_0.15.0")["sets"][name]
    agrees({group: solved(figures) for group, figures in wanted["by_group"].items()}, wanted)


def solved(figures: dict) -> Tally:
    """The one contingency with these ten-digit rates: right = accuracy n, favourable = selection n."""
    n = int(figures["count"])
    favourable, right = round(figures["selection_rate"] * n), round(figures["accuracy"] * n)
    true_favourable = round(figures["precision"] * favourable)
    true_unfavourable = right - true_favourable
    false_favourable = favourable - true_favourable
    return Tally(true_favourable, false_favourable, true_unfavourable, n - favourable - true_unfavourable)


def test_compas_has_the_error_rates_that_propublica_printed(compas):
    everyone = by_group(compas.assign(all="all"), "all")["all"]
    rates = fairness_rates({"all": everyone})["all"]
    wanted = published.published("compas/", "vs two_year_recid, all")
    counts = (everyone.true_unfavourable, everyone.false_favourable)
    assert (everyone.decided, *counts) == (wanted["n"], wanted["tn"], wanted["fp"])
    assert (everyone.false_unfavourable, everyone.true_favourable) == (wanted["fn"], wanted["tp"])
    assert round(100 * rates["false_positive_rate"], 2) == wanted["fpr_pct"]
    assert round(100 * (1 - rates["true_positive_rate"]), 1) == wanted["fnr_pct"]

    # The notebook divides the percentages as printed, with two decimals.
    percentages = {
        race: (
            round(100 * found["false_positive_rate"], 2),
            round(100 * (1 - found["true_positive_rate"]), 2),
        )
        for race, found in fairness_rates(by_group(compas, "race")).items()
    }
    black, white = percentages["African-American"], percentages["Caucasian"]
    for race, printed in (("African-American", black), ("Caucasian", white)):
        wanted = published.published("compas/", f"same, {race}")
        assert printed == (wanted["fpr_pct"], wanted["fnr_pct"])
    ratios = published.published("compas/", "ratio Black/White")
    assert round(black[0] / white[0], 4) == ratios["fpr_ratio"]
    assert round(white[1] / black[1], 4) == ratios["fnr_ratio"]


@pytest.fixture(scope="module")
def aequitas():
    rows = published.table("fairness/compas_for_aequitas.csv")
    return rows.assign(prediction=rows["score"].astype(int), label=rows["label_value"])


def test_the_aequitas_crosstab_is_counted_alike(aequitas):
    for attribute, groups in published.published("aequitas/", "crosstab").items():
        found = by_group(aequitas, attribute)
        assert found.keys() == groups.keys()
        for group, wanted in groups.items():
            tally = found[group]
            favourable = tally.share("selection_rate")[0]
            assert [
                favourable,
                tally.decided - favourable,
                tally.false_favourable,
                tally.false_unfavourable,
                tally.true_unfavourable,
                tally.true_favourable,
            ] == wanted


def test_aequitas_disparities_are_our_ratios_to_the_reference(aequitas):
    rates = fairness_rates(by_group(aequitas, "race"))
    reference = rates["African-American"]
    wanted = published.published("aequitas/", "disparities")
    for group, figure in wanted["fpr"].items():
        assert round(rates[group]["false_positive_rate"] / reference["false_positive_rate"], 6) == figure
        # Aequitas' "pprev" is the share predicted positive.
        assert (
            round(rates[group]["selection_rate"] / reference["selection_rate"], 6) == wanted["pprev"][group]
        )
        misses = (1 - rates[group]["true_positive_rate"]) / (1 - reference["true_positive_rate"])
        assert round(misses, 6) == wanted["fnr"][group]


def selection(rows: pd.DataFrame, attribute: str) -> dict[str, float]:
    """Selection rates of a 0/1 column ``label``, read as the decision."""
    found = fairness_rates(by_group(rows.assign(prediction=rows["label"]), attribute))
    return {group: rates["selection_rate"] for group, rates in found.items()}


def test_adult_has_the_parity_figures_of_aif360():
    names = [*(f"c{i}" for i in range(8)), "race", "sex", *(f"d{i}" for i in range(4)), "income"]
    parts = [
        published.table(
            f"fairness/adult.{part}.gz", header=None, names=names, skipinitialspace=True, skiprows=skip
        )
        for part, skip in (("data", 0), ("test", 1))
    ]
    people = pd.concat(parts)
    people["label"] = people["income"].str.startswith(">50K").astype(int)
    complete = people[~(people == "?").any(axis=1)]
    wanted = published.published("fairness_adult", "SPD & DI")
    assert (len(people), len(complete)) == (wanted["rows_all"], wanted["rows_complete"])
    assert complete["label"].mean() == pytest.approx(wanted["label_mean"], abs=5e-5)

    sexes = selection(complete, "sex")
    assert round(sexes["Female"] - sexes["Male"], 6) == wanted["spd_sex"]
    races = selection(complete.assign(race=np.where(complete["race"] == "White", "White", "other")), "race")
    assert round(races["other"] - races["White"], 6) == wanted["spd_race_nonwhite"]
    # AIF360 prints 0.3601 for a random 70 % of all rows; 0.003 is that sample's error.
    everyone = selection(people, "sex")
    ratio = published.published("fairness_adult", "disparate impact")["di_train"]
    assert everyone["Female"] / everyone["Male"] == pytest.approx(ratio, abs=0.003)


def test_german_credit_has_its_published_parity():
    rows = published.table("fairness/german_data_credit.csv.gz")
    wanted = published.published("german", "good-credit")
    rows = rows.assign(
        label=(rows["class-label"] == 1).astype(int), old=np.where(rows["age"] > 25, "old", "young")
    )
    assert (len(rows), int(rows["label"].sum())) == (wanted["rows"], wanted["good"])
    rates = selection(rows, "old")
    assert round(rates["young"] - rates["old"], 6) == wanted["spd"]
    assert round(rates["young"] / rates["old"], 6) == wanted["di"]


def test_berkeley_admissions_show_the_reversal_that_bickel_published():
    rows = published.table("fairness/datasets_UCBAdmissions.csv.gz")
    rows = rows.loc[rows.index.repeat(rows["Freq"])].assign(
        label=lambda r: (r["Admit"] == "Admitted").astype(int)
    )
    wanted = published.published("UCB", "admission rates")
    rates = selection(rows, "Gender")
    assert {group: round(rate, 4) for group, rate in rates.items()} == {
        group: wanted[group] for group in ("Male", "Female")
    }
    for department, figures in wanted["by_dept"].items():
        inside = selection(rows[rows["Dept"] == department], "Gender")
        assert [round(inside["Male"], 4), round(inside["Female"], 4)] == figures


def test_bank_marketing_on_counts_equals_fairlearn_on_rows():
    """No figures are published for this file; fairlearn on its forty thousand rows is the oracle."""
    from fairlearn import metrics

    rows = published.table("fairness/bank-full.csv.gz")
    rows = rows.assign(
        label=(rows["y"] == "yes").astype(int), prediction=(rows["duration"] > 400).astype(int)
    )
    frame = metrics.MetricFrame(
        metrics={
            "selection_rate": metrics.selection_rate,
            "true_positive_rate": metrics.true_positive_rate,
            "false_positive_rate": metrics.false_positive_rate,
        },
        y_true=rows["label"],
        y_pred=rows["prediction"],
        sensitive_features=rows["marital"],
    )
    rates = fairness_rates(by_group(rows, "marital"))
    for metric, wanted in frame.by_group.items():
        assert {group: rates[group][metric] for group in rates} == pytest.approx(wanted.to_dict(), rel=1e-12)
    odds = metrics.equalized_odds_difference(
        rows["label"], rows["prediction"], sensitive_features=rows["marital"]
    )
    assert summary(rates.values())["equalized_odds_difference"] == pytest.approx(odds, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 500), min_size=6, max_size=6).filter(any), min_size=1, max_size=6))
def test_every_rate_is_its_share_and_none_where_nobody_could_have_it(groups):
    found = {place: Tally(*counts) for place, counts in enumerate(groups)}
    for place, rates in fairness_rates(found).items():
        for metric, rate in rates.items():
            hits, n = found[place].share(metric)
            assert rate == (pytest.approx(hits / n, rel=1e-12) if n else None)


def test_no_group_has_no_rates_and_one_group_has_nobody_to_differ_from():
    assert fairness_rates({}) == {}
    alone = fairness_rates({"a": Tally(5, 5, 5, 5)})
    assert set(summary(alone.values()).values()) == {None}


def test_a_group_without_positives_does_not_make_a_false_equalized_odds_gap():
    """fairlearn's own equalized odds difference would be 1.0 here (its trap: a rate of 0 by 0 is 0)."""
    rates = fairness_rates({"a": Tally(50, 10, 30, 0), "b": Tally(0, 10, 30, 0), "c": Tally(40, 12, 28, 10)})
    assert rates["b"]["true_positive_rate"] is None
    assert summary(rates.values())["equalized_odds_difference"] == pytest.approx(1.0 - 0.8)


def test_where_nobody_is_favoured_nobody_is_favoured_less():
    rates = fairness_rates({"a": Tally(0, 0, 10, 5), "b": Tally(0, 0, 20, 5)})
    assert summary(rates.values())["demographic_parity_ratio"] == 1.0
