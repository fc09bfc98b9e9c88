from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.indicators.drift import DRIFT, conclude, measure
from governance_pipeline.profiles.profile import ColumnProfile, Histogram
from governance_pipeline.testing import (
    DATASET,
    a_baseline,
    a_column_profile,
    a_model,
    a_playbook,
    a_profile,
    a_version,
    dataset_inputs,
)
from governance_pipeline.vocabulary.outcome import Outcome

EDGES = tuple(np.linspace(0, 0.6, 21))
MARCH_3 = datetime(2026, 3, 3, tzinfo=UTC)


def numbers(values, edges=EDGES, name="ratio", **changes):
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
            histogram=Histogram(
                tuple(edges),
                tuple(int(count) for count in np.histogram(seen, edges)[0]),
                int((seen < edges[0]).sum()),
                int((seen > edges[-1]).sum()),
            ),
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
    found = drift(numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:]))
    assert found.outcome is Outcome.PASS
    assert found.sentence.startswith(
        "The values of ratio since 3 March are like those Mortgage approval was trained on"
    )
    assert (str(found.entity), found.facet, found.metric, found.unit) == (
        f"dataset:{DATASET}", "ratio", "psi", "PSI",
    )  # fmt: skip
    assert (found.n, found.details["n_then"]) == (1000, 2000)
    assert found.clause == a_playbook().indicators.drift.clause
    assert found.interval is not None
    assert found.interval[0] == 0


def test_a_unit_that_changed_fails_and_the_sentence_says_what_happened(debt_ratios):
    found = drift(numbers(debt_ratios[:2000]), numbers(100 * debt_ratios[2000:]))
    assert found.outcome is Outcome.FAIL
    before, after = debt_ratios[:2000].mean(), 100 * debt_ratios[2000:].mean()
    assert f"the average moved from {before:.3g} to {after:.3g}" in found.sentence
    assert "limit 0.2" in found.sentence
    assert found.sentence.endswith("almost all of it is values above 0.6.")
    assert found.value is not None
    assert found.value > 5
    assert found.details["wasserstein"] == pytest.approx(after - before, rel=0.3)


def test_the_bins_that_carry_the_drift_come_first(debt_ratios):
    found = drift(numbers(debt_ratios[:2000]), numbers(100 * debt_ratios[2000:]))
    first = found.details["bins"][0]
    assert first == {
        "label": "values above 0.6", "share_then": 0.0, "share_now": 1.0, "psi": first["psi"],
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
    edges = (4.5, 5.5)
    five, six = numbers([5.0] * 1000, edges), numbers([6.0] * 1000, edges)
    assert drift(five, five).outcome is Outcome.PASS
    assert drift(five, six).outcome is Outcome.FAIL


def test_infinite_values_are_beyond_the_last_range(debt_ratios):
    now = numbers(debt_ratios[2000:])
    histogram = replace(now.histogram, counts=tuple(c // 2 for c in now.histogram.counts))
    infinite = replace(now, histogram=replace(histogram, overflow=1000 - histogram.total))
    found = drift(numbers(debt_ratios[:2000]), infinite)
    assert found.outcome is Outcome.FAIL
    assert "values above 0.6" in found.sentence


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
    assert "could not be counted" in found.sentence


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


def test_another_histogram_is_compared_on_the_edges_both_have(debt_ratios):
    then = numbers(debt_ratios[:2000])
    coarse = numbers(debt_ratios[2000:], EDGES[::4])
    assert drift(then, coarse).outcome is Outcome.PASS
    assert drift(then, numbers(debt_ratios[2000:] + 0.1, EDGES[::4])).outcome is Outcome.FAIL


def test_rows_exactly_on_a_last_edge_do_not_look_like_drift():
    """The last bin is closed: where another histogram goes on, the same rows lie in its next bin."""
    values = np.r_[np.linspace(0, 0.9, 500), np.full(500, 1.0)]
    short, long = numbers(values, (0.0, 0.25, 0.5, 1.0)), numbers(values, (0.0, 0.25, 0.5, 1.0, 2.0))
    for pair in ((short, long), (long, short)):
        assert drift(*pair).outcome is Outcome.PASS


def test_histograms_without_common_edges_are_insufficient(debt_ratios):
    found = drift(numbers(debt_ratios), numbers(debt_ratios, (0.001, 0.4, 0.7)))
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
    """Alone p = 0.002 passes q = 0.01; as the smallest of a hundred it is what chance gives."""
    playbook = a_playbook()
    found = drift(numbers(debt_ratios[:2000]), numbers(debt_ratios[2000:] * 1.2))
    assert found.outcome is Outcome.FAIL
    surprising = replace(found, details={**found.details, "p_value": 0.002})
    others = [
        replace(found, facet=f"c{i}", outcome=Outcome.PASS, details={**found.details, "p_value": i / 100})
        for i in range(1, 100)
    ]
    assert conclude([surprising], playbook)[0].outcome is Outcome.FAIL
    first, *rest = conclude([surprising, *others], playbook)
    assert first.outcome is Outcome.PASS
    assert "among 100 columns compared this night" in first.sentence
    assert first.details["p_value_adjusted"] == pytest.approx(0.2)
    assert [one.facet for one in rest] == [one.facet for one in others]


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
            edges = np.linspace(low, high if high > low else low + 1, 21)
            outcomes.append(drift(numbers(then, edges), numbers(now, edges), minimum_rows=20).outcome)
    assert outcomes.count(Outcome.FAIL) == 0
    assert outcomes.count(Outcome.WARN) <= 1
    assert outcomes.count(Outcome.PASS) >= 419


def test_a_million_rows_moved_by_a_hair_page_nobody():
    """0.005 standard deviations: certain at this size, and of no consequence."""
    rng = np.random.default_rng(1)
    edges = np.linspace(-4, 4, 21)
    then, now = rng.normal(0, 1, 1_000_000), rng.normal(0.005, 1, 1_000_000)
    assert drift(numbers(then, edges), numbers(now, edges)).outcome is Outcome.PASS


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
        edges = np.linspace(then.min(), then.max(), 21)
        found += drift(numbers(then, edges), numbers(now, edges)).outcome in (Outcome.WARN, Outcome.FAIL)
    assert found / 60 >= least


def test_rows_that_come_in_clusters_are_not_called_drift():
    """24 branches, each with its own mean (ICC 0.2): a test that takes rows for independent flags 37 %."""
    rng = np.random.default_rng(29)
    outcomes = []
    for _ in range(60):
        then = rng.normal(0, 1, 5000)
        now = np.repeat(rng.normal(0, 0.2**0.5, 24), 42) + rng.normal(0, 0.8**0.5, 24 * 42)
        edges = np.linspace(then.min(), then.max(), 21)
        outcomes.append(drift(numbers(then, edges), numbers(now, edges)).outcome)
    assert outcomes.count(Outcome.PASS) >= 57
    assert Outcome.FAIL not in outcomes
