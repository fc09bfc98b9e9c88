"""Past nights under another playbook: the same as running them anew, where the store holds enough to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.errors import NotFound
from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.profile import ConsentTally, Histogram
from governance_pipeline.stages.backtest.answers import backtest
from governance_pipeline.stages.backtest.differences import Backtest
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import (
    NIGHT,
    FakeEngine,
    FixedClock,
    a_healthy_scan,
    a_playbook,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.testing.project import PREDICTIONS
from governance_pipeline.testing.records import DATASET
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.night import IncidentChanged, IndicatorMeasured
from governance_pipeline.vocabulary.review import MilestoneKind
from tests.reviews.support import people

NIGHTS = 6
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Weather:
    """What the data is like on each night.

    Attributes:
        late: hours that the newest row is old; ``agreed`` of 1,000 people; ``moved`` rows of 1,000 in the
            last bin beside their own; ``gap`` of 200 decisions that one group lost.
    """

    late: tuple[int, ...] = (1,) * NIGHTS
    agreed: tuple[int, ...] = (1000,) * NIGHTS
    moved: tuple[int, ...] = (0,) * NIGHTS
    gap: tuple[int, ...] = (0,) * NIGHTS

    def features(self, plan: Any) -> Any:
        number = (plan.night - NIGHT).days
        found = a_healthy_scan(plan)
        if not 0 <= number < NIGHTS:
            return found
        valid = self.agreed[number]
        tally = ConsentTally(
            "model_training",
            "consent",
            1000,
            valid=valid,
            withdrawn=1000 - valid,
            rows=1000,
            rows_valid=valid,
        )
        ratio = found.columns["ratio"]
        assert ratio.histogram is not None
        first, *rest = ratio.histogram.counts
        moved = min(self.moved[number], first)
        counts = (first - moved, *rest[:-1], rest[-1] + moved)
        shape = Histogram(ratio.histogram.exponent, ratio.histogram.first, counts)
        columns = {**found.columns, "ratio": replace(ratio, histogram=shape)}
        watermark = plan.as_of - timedelta(hours=self.late[number])
        return replace(found, consent=(tally,), watermark=watermark, columns=columns)

    def predictions(self, plan: Any) -> Any:
        number = (plan.night - NIGHT).days
        found = a_healthy_scan(plan)
        if not 0 <= number < NIGHTS or not found.groups:
            return found
        (table,) = found.groups
        lost = min(self.gap[number], 90)

        def count(cell: Any) -> int:
            if cell.groups[0] != "black":
                return int(cell.count)
            return int(cell.count) + (lost if cell.prediction == 0 else -lost)

        cells = tuple(replace(cell, count=count(cell)) for cell in table.cells)
        return replace(found, groups=(replace(table, cells=cells),))


Told = dict[tuple[date, str, str, str], str]
Acts = set[tuple[date, str, str]]


def lived(root: Path, weather: Weather, playbook: Playbook) -> tuple[Services, Told, Acts]:
    """The project after its nights; every outcome, and what happened to incidents."""
    if not (root / "registry.json").exists():
        register_version(root, "1", stage="production")
        register_version(root, "2")
    project = a_small_project(root, charter=people(), playbook=playbook)
    engine = FakeEngine({DATASET: weather.features, PREDICTIONS: weather.predictions})
    clock = FixedClock()
    services = a_services(root, project=project, engine=engine, clock=clock)
    told: Told = {}
    acts: Acts = set()
    for number in range(NIGHTS):
        for event in run_night(services, NIGHT + number * DAY):
            if isinstance(event, IndicatorMeasured):
                found = event.measurement
                told[(found.night, *found.key)] = str(found.outcome)
            elif isinstance(event, IncidentChanged) and event.act is not IncidentAct.KEPT:
                acts.add((event.night, str(event.act), event.incident.id))
        clock.tick(days=1)
    return services, told, acts


def against(services: Services, other: Playbook, **nights: date) -> Backtest:
    return backtest(services.project, services.store, other, nights.get("first"), nights.get("last"))


def nightly(least: int, most: int, *more: int) -> st.SearchStrategy[tuple[int, ...]]:
    each = st.integers(least, most) | st.sampled_from(more or (least,))
    return st.tuples(*(each for _ in range(NIGHTS)))


WEATHERS = st.builds(
    Weather,
    late=nightly(0, 90),
    agreed=nightly(900, 989, 1000),  # of fewer than 11 who did not agree the store tells no share
    moved=nightly(0, 125),
    gap=nightly(0, 60),
)
POLICIES: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "recency": st.fixed_dictionaries({"warn": st.just(0.5), "fail": st.sampled_from([0.6, 1.0, 2.0, 9.0])}),
    "consent": st.fixed_dictionaries({"warn": st.just(0.999), "fail": st.sampled_from([0.91, 0.96, 0.99])}),
    "drift": st.fixed_dictionaries(
        {
            "warn": st.sampled_from([0.001, 0.01]),
            "fail": st.sampled_from([0.02, 0.1, 0.5]),
            "q": st.sampled_from([0.001, 0.05]),
        }
    ),
    "bias": st.fixed_dictionaries(
        {"warn": st.just(0.01), "fail": st.sampled_from([0.05, 0.3]), "persist": st.integers(1, 3)}
    ),
    "retention": st.fixed_dictionaries({"close_after": st.integers(1, 4)}),
}
CHANGED = st.sampled_from(sorted(POLICIES)).flatmap(
    lambda name: POLICIES[name].map(lambda policy: {name: policy})
)


@settings(max_examples=10, deadline=None)
@given(WEATHERS)
def test_the_unchanged_playbook_gives_no_difference(weather: Weather):
    with TemporaryDirectory() as folder:
        services, told, _ = lived(Path(folder), weather, a_playbook())
        found = against(services, a_playbook())
    assert not found.differs
    assert found.not_replayed == ()
    assert (found.nights, found.measurements) == (NIGHTS, len(told))


@settings(max_examples=20, deadline=None)
@given(WEATHERS, CHANGED)
def test_a_changed_playbook_gives_what_running_the_nights_anew_gives(
    weather: Weather, policy: dict[str, Any]
):
    other = a_playbook(**policy)
    with TemporaryDirectory() as folder:
        services, before, acts_before = lived(Path(folder), weather, a_playbook())
        _, after, acts_after = lived(Path(folder), weather, other)
        found = against(services, other)
    assert found.not_replayed == ()
    told = {(o.night, o.entity, o.indicator, o.facet): (str(o.now), str(o.then)) for o in found.outcomes}
    assert told == {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    acts = {(one.night, one.kind, one.about) for one in found.incidents}
    assert acts == acts_before ^ acts_after


LATE = Weather(late=(1, 30, 30, 30, 1, 1))


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Nights 2 to 4 were four hours past the contract's 26."""
    return lived(tmp_path_factory.mktemp("late"), LATE, a_playbook())[0]


def test_a_threshold_changed_by_hand_changes_these_nights_incidents_alerts_and_gates(late: Services):
    found = against(late, a_playbook(recency={"fail": 1.1}, version="2"))
    (count,) = found.by_indicator
    assert (count.indicator, count.outcomes, count.nights, dict(count.changes)) == (
        "recency",
        3,
        3,
        {"warn to fail": 3},
    )
    assert [one.night for one in found.outcomes] == [NIGHT + n * DAY for n in (1, 2, 3)]
    assert [(one.night, one.kind, one.only) for one in found.incidents] == [
        (NIGHT + DAY, "opened", "then"),
        (NIGHT + 5 * DAY, "resolved", "then"),
    ]
    assert {one.only for one in found.alerts} == {"then"}
    assert {(one.night, one.version) for one in found.gates} == {
        (NIGHT + n * DAY, version) for n in (1, 2, 3) for version in ("1", "2")
    }
    assert all(one.closed_now == () and "recency" in one.closed_then[0] for one in found.gates)


def test_only_the_nights_asked_for_are_told_and_all_before_them_remembered(late: Services):
    other = a_playbook(recency={"fail": 1.1, "persist": 2}, version="2")
    found = against(late, other, first=NIGHT + 2 * DAY, last=NIGHT + 2 * DAY)
    assert (found.first, found.last, found.nights) == (NIGHT + 2 * DAY, NIGHT + 2 * DAY, 1)
    assert [(one.night, one.kind) for one in found.incidents] == [(NIGHT + 2 * DAY, "opened")]
    with pytest.raises(NotFound):
        against(late, other, first=NIGHT + 60 * DAY)


def test_who_must_decide_is_replayed_on_what_was_found(tmp_path: Path):
    services = lived(tmp_path, Weather(agreed=(500,) * NIGHTS), a_playbook())[0]
    rules = services.project.playbook.reviews.model_dump(mode="json")
    rules["by_indicator"] = {**rules["by_indicator"], "consent": [{"function": "security", "people": 2}]}
    found = against(services, a_playbook(reviews=rules))
    assert {one.version for one in found.reviews} == {"1", "2"}
    assert all((one.now.get("security"), one.then.get("security")) == (None, 2) for one in found.reviews)
    looser = against(services, a_playbook(consent={"warn": 0.4, "fail": 0.4}))
    assert all("privacy" in one.now for one in looser.reviews)


BY_THE_PLAYBOOK = (MilestoneKind.RETRAINING_DUE, MilestoneKind.RISK_TIER)


def opened(services: Services) -> set[tuple[date, str, str, str]]:
    with services.store.reading() as unit:
        found = [milestone for _, milestone in unit.reviews.list()]
    return {(m.night, str(m.kind), m.model, m.sentence) for m in found if m.kind in BY_THE_PLAYBOOK}


def reviews_from(tier: str | None) -> dict[str, Any]:
    return a_playbook().reviews.model_dump(mode="json") | {"from_risk_tier": tier}


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ({}, {"retraining": {"max_age_days": 1}}),
        ({"retraining": {"max_age_days": 32}}, {"retraining": {"max_age_days": 34}}),
        ({}, {"reviews": reviews_from("medium")}),
        ({"reviews": reviews_from("medium")}, {"reviews": reviews_from("high")}),
        (
            {"reviews": reviews_from("medium")},
            {"reviews": reviews_from("medium"), "recency": {"enabled": False}},
        ),
    ],
)
def test_the_reviews_that_open_by_the_playbook_are_those_of_the_nights_run_anew(
    tmp_path: Path, now: dict[str, Any], then: dict[str, Any]
):
    weather = Weather(late=(1, 200, 1, 1, 400, 400), agreed=(1000, 1000, 1000, 500, 500, 1000))
    services = lived(tmp_path, weather, a_playbook(**now))[0]
    before = opened(services)
    after = opened(lived(tmp_path, weather, a_playbook(**then))[0])
    found = against(services, a_playbook(**then))
    told = {only: {(o.night, o.kind, o.about, o.sentence) for o in found.openings if o.only == only}
            for only in ("now", "then")}  # fmt: skip
    assert told == {"now": before - after, "then": after - before}
    assert before ^ after


def test_an_indicator_that_is_switched_off_is_not_measured_and_one_that_comes_is_named(late: Services):
    found = against(late, a_playbook(recency={"enabled": False}, permits={}))
    assert {(one.indicator, one.then) for one in found.outcomes} == {("recency", None)}
    assert [one.what for one in found.not_replayed] == ["permits"]


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ({"drift": {"window_days": 14}}, "drift window_days"),
        ({"bias": {"metrics": ["precision"]}}, "bias metrics"),
        ({"twins": {"warn": 0.5}}, "twins warn"),
        ({"withdrawals": {}}, "withdrawals"),
    ],
)
def test_what_cannot_be_replayed_is_named(late: Services, policy: dict[str, Any], named: str):
    assert named in [one.what for one in against(late, a_playbook(**policy)).not_replayed]


def test_small_groups_are_not_guessed_at(tmp_path: Path):
    services = lived(tmp_path, Weather(agreed=(995,) * NIGHTS), a_playbook())[0]
    found = against(services, a_playbook(consent={"warn": 0.999, "fail": 0.998}))
    assert found.outcomes == ()
    (named,) = found.not_replayed
    assert (named.what, named.measurements) == ("measurements that are as recorded", NIGHTS)


def test_what_was_recorded_under_another_playbook_is_left_out_and_said(late: Services):
    strict = replace(late.project, playbook=a_playbook(recency={"fail": 1.1}))
    found = backtest(strict, late.store, a_playbook(recency={"fail": 1.1}))
    assert not found.differs
    assert [(one.what, one.measurements) for one in found.not_replayed] == [
        ("measurements that are left out", 3)
    ]
