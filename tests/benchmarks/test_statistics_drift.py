"""The promises of drift at a small size, and that each part they rest on is missed when it is gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import statistics_drift as simulated
from benchmarks.data import nights
from benchmarks.data.nights import POLICY, Night, tally, year
from governance_pipeline.charter.data_policies import DriftPolicy
from governance_pipeline.indicators.drift import conclude, measure
from governance_pipeline.indicators.statistics import decision
from governance_pipeline.indicators.statistics.bins import pair
from governance_pipeline.profiles.profile import ColumnProfile, Histogram
from governance_pipeline.testing import DATASET, a_baseline, a_model, a_playbook, a_profile, dataset_inputs
from governance_pipeline.vocabulary.outcome import Outcome

SMALL = 2000
FOUND = (Outcome.WARN, Outcome.FAIL)


def quiet(draw, count=5, policy=POLICY):
    return tally((draw(0.0) for _ in range(count)), policy)


@pytest.mark.parametrize("setting", simulated.SETTINGS)
def test_nights_without_drift_are_quiet(setting):
    """At most one night of twenty may alert; of five nights none does."""
    settings, _ = simulated.SETTINGS[setting]
    assert quiet(settings(SMALL)).alerting == 0


@pytest.mark.parametrize("setting", [name for name, (_, found) in simulated.SETTINGS.items() if found])
def test_drift_by_a_fifth_of_a_deviation_is_found(setting):
    """85 % are promised; of the 80 features here that is 68, less two standard errors of 3.2."""
    settings, _ = simulated.SETTINGS[setting]
    draw = settings(SMALL)
    found = tally(draw(0.2) for _ in range(4))
    assert found.power >= 0.85 - 2 * 3.2 / 80
    assert found.false_share <= 0.05


def test_a_year_of_twenty_metrics_keeps_its_promises():
    rng = np.random.default_rng(1)
    years = [year(*simulated.a_year(rng)) for _ in range(6)]
    assert np.mean([one.false_alerts for one in years]) <= 6
    assert np.mean([one.false_days / (one.false_days + one.true_days) for one in years]) <= 0.05
    assert sum(one.true_days for one in years) / sum(one.drifted_days for one in years) >= 0.75
    assert np.mean([delay for one in years for delay in one.delays]) <= 2


def test_a_million_rows_moved_by_a_hair_are_no_alert():
    size = replace(simulated.QUICK, features=20)
    assert simulated._hair(size).value == 0


# What is simulated is the product.


def column(counts, clusters=()):
    under, *bins, over, missing = (int(count) for count in counts)
    return ColumnProfile(
        "x", "number", "float64", int(sum(counts)), missing,
        histogram=Histogram(0, 0, tuple(bins), under, over), clusters=clusters,
    )  # fmt: skip


def measured(reference, current):
    """The product's own measurements of a night of columns."""
    names = [f"c{place:04}" for place in range(len(reference))]
    model = a_model(features=[{"column": f"{DATASET}#{name}"} for name in names])
    then, now = (
        a_profile(columns={name: replace(one, name=name) for name, one in zip(names, side, strict=True)})
        for side in (reference, current)
    )
    playbook = a_playbook(drift={"warn": POLICY.warn})
    inputs = dataset_inputs(
        profile=now, baselines=(a_baseline(model=model, profile=then),), playbook=playbook
    )
    return conclude(list(measure(inputs)), playbook)


def test_the_simulated_night_is_answered_as_the_product_answers_it():
    draw = simulated.independent(400)
    night = draw(0.3)
    answers = measured([column(row) for row in night.reference], [column(row) for row in night.current])
    found = [one.outcome in FOUND for one in answers]
    surprises = night.surprises()
    told = decision.decide(
        surprises,
        np.zeros(400, dtype=bool),
        0,
        POLICY.q,
        nights.Budget(POLICY.season_q, POLICY.season_nights),
    )
    assert found == told.found.tolist()
    assert sum(found) >= 3
    p_values = [one.details["p_value"] for one in answers]
    assert p_values == pytest.approx(night.p_values().tolist(), rel=1e-12)


def test_simulated_clusters_are_answered_as_the_product_answers_them():
    rng = np.random.default_rng(2)
    pool = simulated.Clusters(rng, pairs=200)
    then, now = pool.draw(30, 24)
    night = Night(then.sum(axis=1), now.sum(axis=1), np.zeros(30, dtype=bool), simulated._in_parts(then, now))

    def columns(counts):
        return [column(one.sum(axis=0), tuple(tuple(map(int, row)) for row in one)) for one in counts]

    before, after = columns(then), columns(now)
    answers = measured(before, after)
    pairs = [pair(*sides) for sides in zip(before, after, strict=True)]
    whole = [place for place, found in enumerate(pairs) if len(found.labels) == len(then[0][0])]
    assert len(whole) >= 5  # the product may join ranges of fewer rows than others; the simulation does not
    p_values = [answers[place].details["p_value"] for place in whole]
    # The noise of a night's columns is drawn together, and of some the product knows fewer ranges.
    assert p_values == pytest.approx(night.p_values()[whole].tolist(), rel=1e-3)


# Each part is missed.


def test_it_is_seen_when_the_questions_of_a_night_are_not_corrected_for(monkeypatch):
    monkeypatch.setattr(decision, "step_up", lambda p_values, first, q: p_values <= q)
    assert quiet(simulated.independent(SMALL)).alerting > 0


def test_it_is_seen_when_the_interval_is_not_asked():
    """Without a bound, a million rows moved by 0.005 standard deviations are found."""
    size = replace(simulated.QUICK, features=20)
    rng = np.random.default_rng(7)
    then, now = (
        rng.multinomial(1_000_000, simulated.shares(shift), 20).astype(float) for shift in (0.0, 0.005)
    )
    night = Night(then, now, np.ones(20, dtype=bool))
    without = DriftPolicy(clause="", warn=0.0, fail=None)
    assert tally(iter([night] * 3), without).alerting == 3
    assert simulated._hair(size).holds


def test_it_is_seen_when_clusters_are_taken_for_rows():
    night = simulated.clustered(SMALL)(0.0)
    assert tally(iter([replace(night, noise=None)])).alerting == 1


def test_it_is_seen_when_days_are_not_compared_with_their_weekday():
    draw = simulated.weekend(SMALL)
    night = draw(0.0)
    rng = np.random.default_rng(8)
    mixed = rng.multinomial(5000, 5 / 7 * simulated.shares() + 2 / 7 * simulated.shares(0.5), SMALL)
    assert tally(iter([replace(night, reference=mixed.astype(float))])).alerting == 1


def test_it_is_seen_when_each_night_starts_anew():
    """q = 1 % every night: 3 to 4 false alerts in a quiet year, where the season allows one in six years."""
    rng = np.random.default_rng(3)
    quiet_years = [simulated.a_year(rng, episodes=0) for _ in range(6)]
    careless = DriftPolicy(clause="", season_q=0.9, season_nights=1)
    kept = [year(*one).false_alerts for one in quiet_years]
    forgotten = [year(*one, careless).false_alerts for one in quiet_years]
    assert sum(kept) <= 4
    assert sum(forgotten) >= 12
