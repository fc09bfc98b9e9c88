from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.indicators.drift import DRIFT, conclude, measure
from governance_pipeline.profiles.grid import Grid, covering
from governance_pipeline.profiles.merge import merge_columns
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.testing import (
    DATASET,
    NIGHT,
    a_baseline,
    a_column_profile,
    a_contract,
    a_histogram,
    a_model,
    a_playbook,
    a_profile,
    a_version,
    dataset_inputs,
)
from governance_pipeline.vocabulary.outcome import Outcome

GRID = covering(0.0, 0.6)
COARSE = covering(0.0, 0.6, bins=20)
MARCH_3 = datetime(2026, 3, 3, tzinfo=UTC)


def numbers(values, grid=GRID, name="ratio", **changes):
    """The column profile that a scan makes of these values (nan is null)."""
    values = np.asarray(values, dtype=float)
    seen = values[~np.isnan(values)]
    column = ColumnProfile(
        name=name, kind="number", engine_type="float64", rows=len(values), nulls=len(values) - len(seen)
    )
    if len(seen):
        column = replace(
            column,
            minimum=float(seen.min()),
            maximum=float(seen.max()),
            mean=float(seen.mean()),
            variance=float(seen.var(ddof=1)) if len(seen) > 1 else None,
            histogram=a_histogram(seen, grid),
        )
    return replace(column, **changes)


def words(counts, name="ratio", other=0, nulls=0):
    rows = sum(counts.values()) + other + nulls
    return ColumnProfile(name, "category", "string", rows, nulls, categories=counts, other=other)


def tonight(column, **changes):
    columns = {} if column is None else {"ratio": column}
    return a_profile(columns=columns, window_start=MARCH_3, **changes)


def trained_on(column, **changes):
    return a_baseline(profile=a_profile(dataset="lending.training_set", columns={"ratio": column}), **changes)


def drift(then, now, **policy):
    """The measurement of one column, concluded as the only question of its night."""
    playbook = a_playbook(drift=policy)
    inputs = dataset_inputs(profile=tonight(now), baselines=(trained_on(then),), playbook=playbook)
    (found,) = conclude(list(measure(inputs)), playbook)
    return found


@pytest.fixture
def debt_ratios():
    return np.random.default_rng(7).normal(0.33, 0.08, 3000).clip(0.01, 0.599)


def test_unchanged_values_pass_and_say_so(debt_ratios):
    found = drift(numbers(debt_ratios), numbers(debt_ratios[1::3]))
    assert found.outcome is Outcome.PASS
    assert found.sentence.startswith(
        "The values of ratio since 3 March are like those Mortgage approval was trained on"
    )
    assert (str(found.entity), found.facet, found.metric, found.unit) == (
        f"dataset:{DATASET}", "ratio", "psi", "PSI",
    )  # fmt: skip
    assert (found.n, found.details["n_then"]) == (1000, 3000)
    assert found.clause == a_playbook().indicators.drift.clause
    assert found.interval is not None
    assert found.interval[0] == 0


def test_a_unit_that_changed_fails_and_the_sentence_says_what_happened(debt_ratios):
    found = drift(numbers(debt_ratios[:2000]), numbers(100 * debt_ratios[2000:]))
    assert found.outcome is Outcome.FAIL
    before, after = debt_ratios[:2000].mean(), 100 * debt_ratios[2000:].mean()
    assert f"the average moved from {before:.3g} to {after:.3g}" in found.sentence
    assert "limit 0.2" in found.sentence
    assert found.sentence.endswith("almost all of it is values above 0.602.")
    assert found.value is not None
    assert found.value > 5
    assert found.details["wasserstein"] == pytest.approx(after - before, rel=0.3)


def test_the_bins_that_carry_the_drift_come_first(debt_ratios):
    found = drift(numbers(debt_ratios[:2000]), numbers(100 * debt_ratios[2000:]))
    first = found.details["bins"][0]
    assert first == {
        "label": "values above 0.602", "share_then": 0.0, "share_now": 1.0, "psi": first["psi"],
    }  # fmt: skip
    parts = [entry["psi"] for entry in found.details["bins"] if entry["psi"] is not None]
    assert parts == sorted(parts, reverse=True)


def test_growing_nulls_are_drift_though_the_values_stay(debt_ratios):
    now = debt_ratios[2000:].copy()
    now[:140] = np.nan
    found = drift(numbers(debt_ratios[:2000]), numbers(now))
    assert found.outcome is Outcome.FAIL
    assert "the share without a value went from 0 % to 14 %" in found.sentence
    assert found.sentence.endswith("most of it is missing values.")
    assert found.details["missing_now"] == 0.14


def test_nan_counts_as_no_value_like_null(debt_ratios):
    now = debt_ratios[2000:].copy()
    now[:140] = np.nan
    as_nulls = numbers(now)
    as_nans = replace(as_nulls, nulls=0, nans=140)
    then = numbers(debt_ratios[:2000])
    assert drift(then, as_nans).value == drift(then, as_nulls).value


@pytest.mark.parametrize("kind", ["number", "category", "other"])
def test_a_column_without_any_value_left_fails_whatever_type_the_engine_calls_it(debt_ratios, kind):
    empty = ColumnProfile("ratio", kind, "null", rows=500, nulls=500)
    found = drift(numbers(debt_ratios), empty)
    assert found.outcome is Outcome.FAIL
    assert "went from 0 % to 100 %" in found.sentence


def test_a_column_that_never_had_a_value_passes_until_it_gets_one(debt_ratios):
    empty = ColumnProfile("ratio", "number", "float64", rows=1000, nulls=1000)
    assert drift(empty, empty).outcome is Outcome.PASS
    assert drift(empty, numbers(debt_ratios)).outcome is Outcome.FAIL


def test_a_constant_column_passes_while_it_stays_and_fails_when_it_jumps():
    grid = covering(5.0, 5.0)
    five, six = numbers([5.0] * 1000, grid), numbers([6.0] * 1000, grid)
    assert drift(five, five).outcome is Outcome.PASS
    assert drift(five, six).outcome is Outcome.FAIL


def test_infinite_values_are_beyond_the_last_range(debt_ratios):
    now = numbers(debt_ratios[2000:])
    histogram = replace(now.histogram, counts=tuple(c // 2 for c in now.histogram.counts))
    infinite = replace(now, histogram=replace(histogram, overflow=1000 - histogram.total))
    found = drift(numbers(debt_ratios[:2000]), infinite)
    assert found.outcome is Outcome.FAIL
    assert "values above 0.602" in found.sentence


def test_numbers_that_became_text_fail_with_a_clear_sentence(debt_ratios):
    found = drift(numbers(debt_ratios), words({"0.33": 600, "0.34": 400}))
    assert found.outcome is Outcome.FAIL
    assert found.value is None
    assert found.sentence == (
        "ratio held numbers when Mortgage approval learned from it and holds text since 3 March: they can "
        "neither be compared nor be read as they were then."
    )
    assert (found.details["type_then"], found.details["type_now"]) == ("float64", "string")


def test_a_feature_that_is_gone_from_the_table_fails(debt_ratios):
    inputs = dataset_inputs(
        profile=tonight(None, schema=(("subject_id", "string"),)),
        baselines=(trained_on(numbers(debt_ratios)),),
    )
    (found,) = measure(inputs)
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "The column ratio, an input of Mortgage approval, is not in the table any more."
    )


def test_a_feature_that_is_there_but_was_not_counted_is_not_run(debt_ratios):
    inputs = dataset_inputs(
        profile=tonight(None, unmeasured={"ratio": "unsupported"}),
        baselines=(trained_on(numbers(debt_ratios)),),
    )
    (found,) = measure(inputs)
    assert found.outcome is Outcome.NOT_RUN
    assert "could not be counted this night (unsupported)" in found.sentence


def test_a_feature_the_training_data_lacks_is_not_run(debt_ratios):
    baseline = a_baseline(profile=a_profile(dataset="lending.training_set", columns={}))
    (found,) = measure(dataset_inputs(profile=tonight(numbers(debt_ratios)), baselines=(baseline,)))
    assert found.outcome is Outcome.NOT_RUN
    assert "has no column ratio" in found.sentence


@pytest.mark.parametrize(("then", "now"), [(2000, 199), (199, 2000), (2000, 0), (0, 2000)])
def test_too_few_rows_on_either_side_are_insufficient_however_far_apart(then, now):
    found = drift(numbers(np.full(then, 0.1)), numbers(np.full(now, 50.0)))
    assert found.outcome is Outcome.INSUFFICIENT
    assert found.value is None
    assert "200 are needed" in found.sentence


def test_categories_are_compared_by_value():
    then = words({"branch": 600, "online": 400})
    assert drift(then, words({"branch": 290, "online": 210})).outcome is Outcome.PASS
    found = drift(then, words({"online": 420, "branch": 80}))
    assert found.outcome is Outcome.FAIL
    assert "almost all of it is 'online'" in found.sentence


def test_yes_and_no_are_compared_by_value():
    def flag(yes, no):
        return replace(words({"true": yes, "false": no}), kind="boolean", engine_type="bool")

    assert drift(flag(500, 500), flag(260, 240)).outcome is Outcome.PASS
    assert drift(flag(500, 500), flag(450, 50)).outcome is Outcome.FAIL


def test_values_that_one_scan_listed_and_the_other_counted_as_rare_are_not_called_drift():
    """A profile lists 64 values; which of equally rare ones make the list is chance."""
    then = words({"a": 500, "b": 300, "c": 10, "d": 10}, other=200)
    now = words({"a": 500, "b": 300, "e": 10, "f": 10}, other=200)
    found = drift(then, now)
    assert found.outcome is Outcome.PASS
    assert found.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"a": 500, "b": 310, "c": 190}, "almost all of it is 'b', then 'c'."),
        ({"a": 500, "b": 200, "c": 170, "d": 130}, "almost all of it is 'b', then 'c', then 'd'."),
        ({"a": 480, "e": 5, "b": 315, "c": 200}, "almost all of it is 'b', then 'c'."),
        ({"a": 400, **dict.fromkeys("bcdefg", 100)}, "limit 0.2)."),
    ],
)
def test_categories_that_carry_a_drift_are_named_in_order_and_no_more_than_three(now, told):
    found = drift(words({"a": 1000}), words(now))
    assert found.outcome is Outcome.FAIL
    assert found.sentence.endswith(told)


def test_a_new_category_is_found_and_named_only_from_eleven_rows_on():
    then = words({"branch": 1000})
    seen = drift(then, words({"branch": 300, "agent": 100}))
    assert "'agent'" in json.dumps(seen.details)
    rare = drift(then, words({"branch": 300, **{f"person-{i}": 10 for i in range(10)}}))
    assert rare.outcome is Outcome.FAIL
    assert "person" not in json.dumps(rare.details) + rare.sentence


def test_counts_under_eleven_cannot_be_worked_out_from_the_details():
    found = drift(words({"branch": 900, "online": 100}), words({"branch": 995, "online": 5}))
    online = next(entry for entry in found.details["bins"] if entry["label"] == "'online'")
    assert (online["share_then"], online["share_now"], online["psi"]) == (0.1, None, None)


def test_the_mean_of_a_handful_of_rows_is_not_shown():
    values = np.full(500, np.nan)
    values[:10] = 0.4321
    found = drift(numbers(np.linspace(0, 0.6, 1000)), numbers(values))
    assert found.details["mean_now"] is None
    assert "0.432" not in found.sentence


def test_dates_are_compared_by_presence_only_and_never_pass():
    def dates(nulls):
        return a_column_profile("ratio", "time", nulls=nulls)

    assert drift(dates(0), dates(0)).outcome is Outcome.INSUFFICIENT
    found = drift(dates(0), dates(300))
    assert found.outcome is Outcome.FAIL
    assert "went from 0 % to 30 %" in found.sentence


def test_histograms_on_different_grids_are_compared_on_the_coarser(debt_ratios):
    then = numbers(debt_ratios[:2000])
    coarse = numbers(debt_ratios[2000:], COARSE)
    assert drift(then, coarse).outcome is Outcome.PASS
    assert drift(then, numbers(debt_ratios[2000:] + 0.1, COARSE)).outcome is Outcome.FAIL


def test_histograms_without_a_common_range_are_insufficient(debt_ratios):
    found = drift(numbers(debt_ratios), numbers(debt_ratios, Grid(exponent=0, first=90, bins=10)))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "other ranges" in found.sentence


def test_bounds_follow_the_tier(debt_ratios):
    then, now = numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:] + 0.04)
    assert drift(then, now, fail=0.05, warn=0.01).outcome is Outcome.FAIL
    assert drift(then, now, fail=0.05, by_tier={"high": {"warn": 5.0, "fail": 9.0}}).outcome is Outcome.PASS


def two_models(second_column):
    other = a_model(name="pricing", title="Pricing")
    return (
        trained_on(a_column_profile()),
        trained_on(second_column, model=other, version=a_version(model="pricing")),
    )


def test_models_that_learned_from_the_same_values_share_one_measurement():
    baselines = two_models(a_column_profile())
    (found,) = measure(dataset_inputs(profile=tonight(a_column_profile()), baselines=baselines))
    assert found.facet == "ratio"
    assert [model["model"] for model in found.details["models"]] == ["mortgage_approval", "pricing"]
    assert "Mortgage approval and Pricing were trained on" in found.sentence


def test_models_that_learned_from_other_values_are_measured_apart():
    baselines = two_models(a_column_profile(rows=2000))
    found = list(measure(dataset_inputs(profile=tonight(a_column_profile()), baselines=baselines)))
    assert [one.facet for one in found] == ["ratio@mortgage_approval", "ratio@pricing"]
    assert len({one.key for one in found}) == 2


def test_a_column_known_by_another_name_in_the_snapshot_is_found_there():
    model = a_model(features=[{"column": f"{DATASET}#ratio", "snapshot_column": "debt_ratio"}])
    snapshot = a_profile(
        dataset="lending.training_set", columns={"debt_ratio": a_column_profile("debt_ratio")}
    )
    baseline = a_baseline(model=model, profile=snapshot)
    (found,) = measure(dataset_inputs(profile=tonight(a_column_profile()), baselines=(baseline,)))
    assert found.outcome is Outcome.PASS


def test_a_dataset_that_no_model_reads_is_not_measured():
    assert list(measure(dataset_inputs(baselines=()))) == []
    elsewhere = a_baseline(model=a_model(features=[{"column": "lending.property#value"}]))
    assert list(measure(dataset_inputs(baselines=(elsewhere,)))) == []


def test_a_difference_that_only_many_questions_explain_is_a_pass_that_says_so(debt_ratios):
    """Alone p = 0.0004 is paid by the season's budget (0.04 / 90 = 0.00044); as the smallest of a hundred
    it is what chance gives.
    """
    playbook = a_playbook()
    found = drift(numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:] * 1.2))
    assert found.outcome is Outcome.FAIL
    surprising = replace(found, details={**found.details, "p_value": 0.0004})
    others = [
        replace(found, facet=f"c{i}", outcome=Outcome.PASS, details={**found.details, "p_value": i / 100})
        for i in range(1, 100)
    ]
    assert conclude([surprising], playbook)[0].outcome is Outcome.FAIL
    first, *rest = conclude([surprising, *others], playbook)
    assert first.outcome is Outcome.PASS
    assert "among 100 columns compared this night" in first.sentence
    assert first.details["p_value_adjusted"] == pytest.approx(0.04)
    assert [one.facet for one in rest] == [one.facet for one in others]


def test_a_difference_that_is_certain_but_perhaps_small_is_judged_by_its_smallest_size():
    """Moved by 0.42 standard deviations, 2,000 and 1,000 rows: the index is above the bound of
    0.1; that it is more than 0.1 nobody can say, though that it is not 0 is as good as certain.
    """
    rng = np.random.default_rng(39)
    grid = covering(-4.0, 4.0)
    then, now = numbers(rng.normal(0, 1, 2000), grid), numbers(rng.normal(0.42, 1, 1000), grid)
    found = drift(then, now, warn=0.1)
    assert found.value is not None
    assert found.interval is not None
    assert found.value > 0.1 > found.interval[0]
    assert found.details["p_value"] < 1e-9
    assert found.outcome is Outcome.PASS
    assert "may differ" in found.sentence
    assert drift(then, now, warn=0.05).outcome is Outcome.WARN


def test_what_is_certain_and_of_no_consequence_does_not_pay_for_others(debt_ratios):
    """Nine columns of millions of rows, each certain to have moved by a hair: were they findings, the
    tenth could have a p-value of 0.009.
    """
    found = drift(numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:] * 1.2))
    hair = replace(found, outcome=Outcome.PASS, details={**found.details, "p_value": 1e-30})
    others = [replace(hair, facet=f"c{place}") for place in range(9)]
    surprising = replace(found, details={**found.details, "p_value": 0.002})
    assert conclude([surprising, *others], a_playbook())[0].outcome is Outcome.PASS


def test_a_column_that_changed_its_type_is_not_excused_by_the_nights_other_questions(debt_ratios):
    broken = drift(numbers(debt_ratios), words({"x": 1000}))
    quiet = drift(numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:]))
    concluded = conclude([broken, *[quiet] * 50], a_playbook())
    assert concluded[0].outcome is Outcome.FAIL
    assert conclude([], a_playbook()) == []


def test_details_are_json_and_hold_no_nan(debt_ratios):
    for now in (debt_ratios * 100, np.full(500, np.nan), np.full(500, 0.2)):
        json.dumps(drift(numbers(debt_ratios), numbers(now)).details, allow_nan=False)


def test_the_registry_entry_says_what_it_measures():
    assert (DRIFT.name, DRIFT.subject, DRIFT.measure_model) == ("drift", "dataset", None)


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1, 2) | st.just(float("nan")), min_size=0, max_size=300),
    st.lists(st.floats(-1, 2) | st.just(float("nan")), min_size=0, max_size=300),
)
def test_any_two_columns_get_one_honest_measurement(then, now):
    found = drift(numbers(then), numbers(now), minimum_rows=20)
    if min(len(then), len(now)) < 20:
        assert found.outcome is Outcome.INSUFFICIENT
    elif found.outcome.is_breach or found.outcome is Outcome.WARN:
        assert found.interval is not None
        assert found.interval[0] > 0.1
    json.dumps(found.details, allow_nan=False)


# Simulations: what a night of many features does when nothing, or something small, has changed.

SHAPES = {
    "smooth": lambda rng, n: rng.normal(0.3, 0.1, n),
    "skewed": lambda rng, n: rng.lognormal(-1.5, 0.8, n),
    "tied": lambda rng, n: rng.integers(0, 7, n) / 10,
    "constant": lambda _, n: np.full(n, 0.3),
    "all null": lambda _, n: np.full(n, np.nan),
    "half null": lambda rng, n: np.where(rng.random(n) < 0.5, np.nan, rng.normal(0.3, 0.1, n)),
    "almost constant": lambda rng, n: np.where(rng.random(n) < 0.01, 0.5, 0.3),
}


@pytest.mark.parametrize("rows", [50, 200, 1000, 20_000])
def test_almost_nothing_fails_or_warns_when_nothing_changed(rows):
    """A bound of 20 in 10,000 at fail: of 420 features none may fail and one may warn."""
    rng = np.random.default_rng(rows)
    outcomes = []
    for shape in SHAPES.values():
        for _ in range(60):
            then, now = shape(rng, 3000), shape(rng, rows)
            seen = then[~np.isnan(then)]
            low, high = (seen.min(), seen.max()) if len(seen) else (0, 1)
            grid = covering(low, high)
            outcomes.append(drift(numbers(then, grid), numbers(now, grid), minimum_rows=20).outcome)
    assert outcomes.count(Outcome.FAIL) == 0
    assert outcomes.count(Outcome.WARN) <= 1
    assert outcomes.count(Outcome.PASS) >= 419


def test_a_million_rows_moved_by_a_hair_page_nobody():
    """0.005 standard deviations: certain at this size, and of no consequence."""
    rng = np.random.default_rng(1)
    grid = covering(-4.0, 4.0)
    then, now = rng.normal(0, 1, 1_000_000), rng.normal(0.005, 1, 1_000_000)
    assert drift(numbers(then, grid), numbers(now, grid)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("change", "least"),
    [
        pytest.param(lambda values: values * 100, 1.0, id="another unit"),
        pytest.param(lambda values: values + 0.5, 0.85, id="half a standard deviation"),
        pytest.param(lambda values: values + 1.0, 1.0, id="a standard deviation"),
    ],
)
def test_changes_that_matter_are_found_at_500_rows(change, least):
    """Half a standard deviation has an index of 0.25: more than a warning's 0.1, near a failure's 0.2."""
    rng = np.random.default_rng(23)
    found = 0
    for _ in range(60):
        then, now = rng.normal(0, 1, 3000), change(rng.normal(0, 1, 500))
        grid = covering(then.min(), then.max())
        found += drift(numbers(then, grid), numbers(now, grid)).outcome in (Outcome.WARN, Outcome.FAIL)
    assert found / 60 >= least


BRANCHES = 24


def by_branch(rng, rows, grid, branches=BRANCHES, spread=0.2, buckets=64):
    """A column of branches with a mean of their own (ICC 0.2), with its counts by hashed branch."""
    values = rng.normal(0, spread**0.5, (branches, 1)) + rng.normal(0, (1 - spread) ** 0.5, (branches, rows))
    column = numbers(values.ravel(), grid)
    clusters = [[0] * (grid.bins + 3) for _ in range(buckets)]
    for branch, mine in enumerate(values):
        of = numbers(mine, grid)
        clusters[7 * branch % buckets] = [
            of.histogram.underflow,
            *of.histogram.counts,
            of.histogram.overflow,
            0,
        ]
    return replace(column, clusters=tuple(map(tuple, clusters)))


def test_rows_that_come_in_clusters_are_not_called_drift():
    """24 branches, each with its own mean: a test that takes rows for independent flags 37 %."""
    rng = np.random.default_rng(29)
    grid = covering(-4.0, 4.0)
    outcomes, plain = [], []
    for _ in range(60):
        then, now = by_branch(rng, 208, grid), by_branch(rng, 42, grid)
        outcomes.append(drift(then, now).outcome)
        plain.append(drift(replace(then, clusters=()), replace(now, clusters=())).outcome)
    assert outcomes.count(Outcome.PASS) == 60
    assert plain.count(Outcome.PASS) < 50


def test_a_drift_of_every_branch_is_found_though_rows_come_in_clusters():
    rng = np.random.default_rng(30)
    grid = covering(-4.0, 4.0)
    means = rng.normal(0, 0.45, (BRANCHES, 1))

    def column(rows, shift):
        found = by_branch(rng, rows, grid, spread=0.0)
        values = means + shift + rng.normal(0, 0.9, (BRANCHES, rows))
        parts = [numbers(mine, grid).histogram for mine in values]
        clusters = tuple((part.underflow, *part.counts, part.overflow, 0) for part in parts)
        return replace(numbers(values.ravel(), grid), clusters=clusters, name=found.name)

    assert drift(column(208, 0.0), column(42, 0.0)).outcome is Outcome.PASS
    found = drift(column(208, 0.0), column(42, 0.6))
    assert found.outcome in (Outcome.WARN, Outcome.FAIL)
    assert found.details["clusters"] == pytest.approx(BRANCHES, rel=0.01)


def test_too_few_branches_are_insufficient_and_the_sentence_names_what_rows_belong_to():
    rng = np.random.default_rng(31)
    then, now = (by_branch(rng, 500, covering(-4.0, 4.0), branches=3) for _ in range(2))
    inputs = dataset_inputs(
        profile=tonight(now), baselines=(trained_on(then),), contract=a_contract(cluster="branch_id")
    )
    (found,) = measure(inputs)
    assert found.outcome is Outcome.INSUFFICIENT
    assert "the rows belong together by branch_id" in found.sentence


def test_rows_that_belong_together_and_were_not_counted_so_are_insufficient():
    rng = np.random.default_rng(32)
    then, now = (by_branch(rng, 200, covering(-4.0, 4.0)) for _ in range(2))
    profile = tonight(replace(now, clusters=()))
    for unmeasured, said in (
        ({f"clusters:{now.name}": "no such column."}, "by it: no such column."),
        ({}, "by it."),
    ):
        inputs = dataset_inputs(
            profile=replace(profile, unmeasured=unmeasured),
            baselines=(trained_on(then),),
            contract=a_contract(cluster="branch_id"),
        )
        (found,) = measure(inputs)
        assert found.outcome is Outcome.INSUFFICIENT
        assert found.sentence.endswith(
            f"the rows belong together by branch_id, and they could not be counted {said}"
        )


# What earlier nights found, and what single days show.

NIGHT_BEFORE = NIGHT - timedelta(days=1)
RATIO = (f"dataset:{DATASET}", "ratio")


def drifting(p_value, playbook, debt_ratios, earlier=None):
    now, then = numbers(debt_ratios[2000:] * 1.2), numbers(debt_ratios[:2000])
    (found,) = measure(dataset_inputs(profile=tonight(now), baselines=(trained_on(then),), playbook=playbook))
    found = replace(found, details={**found.details, "p_value": p_value})
    return conclude([found], playbook, earlier)[0]


def test_a_first_finding_must_be_paid_by_the_season_and_a_repetition_need_not(debt_ratios):
    playbook = a_playbook()
    assert drifting(0.002, playbook, debt_ratios).outcome is Outcome.PASS
    stood = {NIGHT_BEFORE: frozenset({RATIO})}
    assert drifting(0.002, playbook, debt_ratios, stood).outcome is Outcome.FAIL


def test_a_season_of_true_findings_pays_for_smaller_ones(debt_ratios):
    playbook = a_playbook()
    last_month = NIGHT - timedelta(days=30)
    findings = {last_month: frozenset((f"dataset:d{i}", "x") for i in range(9))}
    assert drifting(0.002, playbook, debt_ratios, findings).outcome is Outcome.FAIL
    assert drifting(0.002, playbook, debt_ratios, findings).details["new_findings_before"] == 9


def test_the_night_itself_and_later_ones_pay_for_nothing(debt_ratios):
    """A night that is run again is decided as it was."""
    later = {NIGHT + timedelta(days=i): frozenset({RATIO}) for i in range(3)}
    playbook = a_playbook()
    assert drifting(0.002, playbook, debt_ratios, later) == drifting(0.002, playbook, debt_ratios)


def test_the_sentence_says_since_which_night_it_has_been_so(debt_ratios):
    stood = {NIGHT - timedelta(days=i): frozenset({RATIO}) for i in (1, 2, 4)}
    found = drifting(1e-9, a_playbook(), debt_ratios, stood)
    assert found.sentence.endswith("; it began on 28 February.")
    assert found.details["drifted_since"] == "2026-02-28"
    first = drifting(1e-9, a_playbook(), debt_ratios)
    assert "it began" not in first.sentence
    assert first.details["drifted_since"] == NIGHT.isoformat()


def test_single_days_say_when_it_began_better_than_nights_do(debt_ratios):
    rng = np.random.default_rng(33)
    days = {
        NIGHT - timedelta(days=back): {
            "ratio": numbers(rng.choice(debt_ratios, 150) * (1.3 if back < 5 else 1))
        }
        for back in range(14)
    }
    inputs = dataset_inputs(
        profile=tonight(numbers(debt_ratios[2000:] * 1.3)),
        baselines=(trained_on(numbers(debt_ratios)),),
        days=days,
    )
    (found,) = conclude(list(measure(inputs)), a_playbook())
    assert found.details["drifted_since"] == (NIGHT - timedelta(days=4)).isoformat()
    assert found.sentence.endswith("; it began on 28 February.")


def test_a_change_older_than_the_known_days_began_before_them(debt_ratios):
    days = {NIGHT - timedelta(days=back): {"ratio": numbers(debt_ratios[:200] * 1.3)} for back in range(6)}
    inputs = dataset_inputs(
        profile=tonight(numbers(debt_ratios[2000:] * 1.3)),
        baselines=(trained_on(numbers(debt_ratios)),),
        days=days,
    )
    (found,) = conclude(list(measure(inputs)), a_playbook())
    assert found.sentence.endswith("; it began before 27 February.")


def test_a_window_of_a_weekend_is_compared_with_weekends():
    """Ratios are higher on Saturdays and Sundays; a window of these alone has not drifted."""
    rng = np.random.default_rng(35)

    def day(when, rows=100):
        return numbers(rng.normal(0.4 if when.weekday() >= 5 else 0.3, 0.08, rows).clip(0, 0.599))

    def of(days):
        parts = [column for _, column in sorted(days.items())]
        together = parts[0]
        for part in parts[1:]:
            together = merge_columns(together, part)
        return together

    trained = {
        date(2026, 1, 5) + timedelta(days=i): day(date(2026, 1, 5) + timedelta(days=i)) for i in range(42)
    }
    weekend = {date(2026, 2, 28): day(date(2026, 2, 28), 300), date(2026, 3, 1): day(date(2026, 3, 1), 300)}
    then, now = of(trained), of(weekend)
    assert drift(then, now).outcome is Outcome.FAIL
    inputs = dataset_inputs(
        profile=tonight(now),
        baselines=(trained_on(then, days={when: {"ratio": column} for when, column in trained.items()}),),
        days={when: {"ratio": column} for when, column in weekend.items()},
    )
    (found,) = conclude(list(measure(inputs)), a_playbook())
    assert found.outcome is Outcome.PASS, found.sentence
    assert found.details["same_weekdays"]


def test_other_windows_are_shown_and_judge_nothing(debt_ratios):
    then = numbers(debt_ratios[:2000])
    windows = {
        1: {"ratio": numbers(debt_ratios[:100])},
        7: {"ratio": numbers(debt_ratios[2000:])},
        28: {"ratio": numbers(debt_ratios[:900] * 1.5)},
    }
    inputs = dataset_inputs(
        profile=tonight(numbers(debt_ratios[2000:]), windows=windows), baselines=(trained_on(then),)
    )
    (found,) = conclude(list(measure(inputs)), a_playbook())
    assert found.outcome is Outcome.PASS
    assert list(found.details["windows"]) == ["28"], (
        "a day of 100 rows says too little; 7 days are the judged"
    )
    assert found.details["windows"]["28"]["interval"][0] > 0.2


def test_hellinger_and_total_variation_stand_beside_the_index(debt_ratios):
    found = drift(words({"a": 500, "b": 500}), words({"a": 200, "b": 800}))
    assert found.details["total_variation"] == pytest.approx(0.3)
    overlap = (0.5 * 0.2) ** 0.5 + (0.5 * 0.8) ** 0.5
    assert found.details["hellinger"] == pytest.approx((1 - overlap) ** 0.5, rel=1e-5)
    assert found.details["psi_cut"] < 0.05
