"""The night as a whole, on parts that do as they are told: what it says, in which order, and how often."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.settings import Schedule
from governance_pipeline.errors import NotFound, SourceUnavailable, StoreUnavailable, UsageError
from governance_pipeline.nightly import check_dataset, last_due_night, missed_nights, run_night
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Unit
from governance_pipeline.testing import (
    DATASET,
    MODEL,
    NIGHT,
    PREDICTIONS,
    SOURCE,
    TRAINING_SET,
    FakeEngine,
    FixedClock,
    a_healthy_scan,
    a_playbook,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    LineagePublished,
    NightSealed,
    NightStarted,
    ReviewOpened,
    RiskAssessed,
    VersionDiscovered,
)
from governance_pipeline.vocabulary.outcome import Outcome
from tests.fakes import clock_of, engine_of, morning_after
from tests.reviews.support import consent_at, late
from tests.state import state

DATASETS = (SOURCE, DATASET, TRAINING_SET, PREDICTIONS)
GONE = SourceUnavailable("the file is gone", hint="bring it back")


def day(number: int) -> date:
    """Night 1, 2 ..."""
    return NIGHT + timedelta(days=number - 1)


def set_clock(services: Services, number: int) -> None:
    clock_of(services).now = morning_after(day(number))


def run(services: Services, number: int = 1, **answers: Any) -> list[Any]:
    """Night ``number``, on the morning after it; ``answers`` replace the engine's."""
    set_clock(services, number)
    if answers:
        engine_of(services).answers = answers
    return list(run_night(services, day(number)))


def of_kind(events: list[Any], *kinds: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kinds)]


def test_a_night_says_what_it_does_in_the_order_it_does_it(tmp_path: Path):
    events = run(a_services(tmp_path, engine=FakeEngine({SOURCE: late(80)})))
    order = (
        NightStarted, VersionDiscovered, DatasetScanned, RiskAssessed, IncidentChanged, ReviewOpened,
        IndicatorMeasured, AlertQueued, LineagePublished, NightSealed,
    )  # fmt: skip
    places = [order.index(type(event)) for event in events]
    assert places == sorted(places)
    assert set(places) == set(range(len(order)))


def test_every_dataset_is_scanned_exactly_once(tmp_path: Path):
    services = a_services(tmp_path)
    run(services)
    scanned = [plan.contract.dataset for plan in engine_of(services).plans]
    # The training set twice: as a dataset, and whole as the baseline of a version that is seen first.
    assert sorted(scanned) == sorted([*DATASETS, TRAINING_SET])
    run(services, 2)
    assert sorted(plan.contract.dataset for plan in engine_of(services).plans[5:]) == sorted(DATASETS)


def test_one_unreadable_table_costs_only_itself(tmp_path: Path):
    services = a_services(tmp_path, engine=FakeEngine({SOURCE: GONE}))
    calm = {
        m.measurement.key: m.measurement
        for m in of_kind(run(a_services(tmp_path / "calm")), IndicatorMeasured)
    }
    found = {m.measurement.key: m.measurement for m in of_kind(run(services), IndicatorMeasured)}
    hurt = {key for key, m in found.items() if m.outcome is Outcome.NOT_RUN}
    assert {key[0] for key in hurt} == {f"dataset:{SOURCE}"}
    assert {key: m for key, m in found.items() if key[0] != f"dataset:{SOURCE}"} == {
        key: m for key, m in calm.items() if key[0] != f"dataset:{SOURCE}"
    }


def test_an_engine_that_breaks_in_an_unforeseen_way_is_a_missing_measurement(tmp_path: Path):
    events = run(a_services(tmp_path, engine=FakeEngine({SOURCE: RuntimeError("segments overlap")})))
    (scan,) = [event for event in of_kind(events, DatasetScanned) if event.error]
    assert scan.dataset == SOURCE
    assert "RuntimeError" in scan.error
    assert of_kind(events, NightSealed)[0].missing


def test_an_indicator_that_breaks_is_a_missing_measurement_of_that_entity_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from governance_pipeline.stages import measure as stage

    def broken(inputs: Any) -> Any:
        if inputs.contract.dataset == SOURCE:
            raise ZeroDivisionError("a bug")
        return real(inputs)

    found = [*stage.measured_by(a_playbook())]
    place = next(i for i, indicator in enumerate(found) if indicator.name == "recency")
    real = found[place].measure_dataset
    assert real is not None
    found[place] = replace(found[place], measure_dataset=broken)
    monkeypatch.setattr(stage, "measured_by", lambda _: tuple(found))
    events = run(a_services(tmp_path))
    missing = [
        m.measurement for m in of_kind(events, IndicatorMeasured) if m.measurement.outcome is Outcome.NOT_RUN
    ]
    assert [(m.entity.name, m.indicator) for m in missing] == [(SOURCE, "recency")]
    assert "ZeroDivisionError" in missing[0].sentence
    assert of_kind(events, NightSealed)[0].missing == (f"dataset:{SOURCE} recency",)


def test_a_store_that_fails_at_the_end_has_been_written_nothing(tmp_path: Path):
    services = a_services(tmp_path)
    real = services.store

    class Failing:
        """Takes reads; the transaction that seals the night fails at its end."""

        @contextmanager
        def begin(self) -> Iterator[Unit]:
            with real.begin() as found:
                yield found
                if found.nights.latest() is not None:
                    raise StoreUnavailable("the disk is full")

        def reading(self) -> AbstractContextManager[Unit]:
            return real.reading()

        def close(self) -> None: ...

    with pytest.raises(StoreUnavailable):
        list(run_night(replace(services, store=Failing()), NIGHT))
    empty = state(services.store, [NIGHT], DATASETS, [MODEL])
    assert not empty["incidents"]
    assert not empty["alerts"]
    assert not empty["measurements"][NIGHT]
    assert of_kind(run(services), NightSealed)


def test_a_night_of_a_name_that_is_not_there_is_refused_before_anything_is_read(tmp_path: Path):
    services = a_services(tmp_path)
    with pytest.raises(NotFound, match="incmes"):
        list(run_night(services, NIGHT, datasets=["lending.incmes"]))
    assert engine_of(services).plans == []


def test_a_night_that_nobody_listens_to_is_not_run(tmp_path: Path):
    """The events are a generator: a consumer that stops early stops the night, and nothing is written."""
    services = a_services(tmp_path)
    events = run_night(services, NIGHT)
    for event in events:
        if isinstance(event, DatasetScanned):
            break
    events.close()
    with services.store.begin() as unit:
        assert unit.nights.latest() is None
        assert not unit.measurements.of_night(NIGHT)


def test_a_partial_night_measures_its_datasets_and_leaves_the_rest_as_it_was(tmp_path: Path):
    services = a_services(tmp_path)
    run(services)
    before = state(services.store, [NIGHT], DATASETS, [MODEL])
    engine_of(services).answers = {SOURCE: late(80)}
    events = list(run_night(services, NIGHT, datasets=[SOURCE]))
    assert not of_kind(events, NightSealed, ReviewOpened)
    after = state(services.store, [NIGHT], DATASETS, [MODEL])
    assert after["nights"] == before["nights"]

    def others(found: dict[str, Any]) -> list[Any]:
        return [m for m in found["measurements"][NIGHT] if m.entity != Entity.dataset(SOURCE)]

    assert others(after) == others(before)
    (incident,) = after["incidents"]
    assert (incident.entity, incident.indicator) == (Entity.dataset(SOURCE), "recency")


def test_checking_one_dataset_gives_the_nights_measurements_and_writes_nothing(tmp_path: Path):
    services = a_services(tmp_path, engine=FakeEngine({SOURCE: late(80)}))
    found = check_dataset(services, SOURCE, NIGHT)
    with services.store.begin() as unit:
        assert unit.nights.latest() is None
        assert not unit.measurements.of_night(NIGHT)
        assert not unit.versions.of_model(MODEL)
    of_night = [m.measurement for m in of_kind(run(services), IndicatorMeasured)]
    assert found == [m for m in of_night if m.entity == Entity.dataset(SOURCE)]


ANSWERS = st.sampled_from([a_healthy_scan, late(30), late(80), consent_at(0.97), consent_at(0.9), GONE])
NIGHTS = 4


@st.composite
def interleavings(draw: st.DrawFn) -> list[int]:
    """Nights 1 to 4 in order, with repeats of nights that have been, anywhere."""
    order: list[int] = []
    for number in range(1, NIGHTS + 1):
        order.append(number)
        order += draw(st.lists(st.integers(1, number), max_size=2))
    return order


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])  # a lived story is slow to shrink
@given(
    order=interleavings(),
    weather=st.lists(st.tuples(ANSWERS, ANSWERS), min_size=NIGHTS, max_size=NIGHTS),
    newer=st.integers(1, NIGHTS),
)
def test_however_often_and_in_whatever_order_nights_are_repeated_the_end_is_the_same(
    order: list[int], weather: list[tuple[Any, Any]], newer: int
):
    """Each night as often as it likes, its data being what it is, and a version registered on one day."""
    days = [day(number) for number in range(1, NIGHTS + 1)]

    def lived(numbers: list[int]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            services = a_services(Path(folder))
            register_version(Path(folder), "2", at=morning_after(day(newer)) - timedelta(hours=12))
            for number in numbers:
                source, features = weather[number - 1]
                run(services, number, **{SOURCE: source, DATASET: features})
            return state(services.store, days, DATASETS, [MODEL])

    once, again = lived(list(range(1, NIGHTS + 1))), lived(order)
    for part, expected in once.items():
        assert again[part] == expected, part


def test_an_older_night_again_corrects_its_numbers_and_opens_nothing(tmp_path: Path):
    services = a_services(tmp_path)
    run(services, 1)
    run(services, 2)
    before = state(services.store, [day(2)], DATASETS, [MODEL])
    events = run(services, 1, **{SOURCE: late(80)})
    assert not of_kind(events, IncidentChanged, AlertQueued, ReviewOpened)
    with services.store.begin() as unit:
        corrected = {m.key: m.outcome for m in unit.measurements.of_night(day(1))}
        assert not unit.incidents.list()
    assert corrected[f"dataset:{SOURCE}", "recency", ""] is Outcome.FAIL
    assert state(services.store, [day(2)], DATASETS, [MODEL]) == before


def test_a_breach_is_opened_kept_and_closed_by_the_playbooks_counts(tmp_path: Path):
    """By default it opens on its first night and closes on the second night without it."""
    services = a_services(tmp_path)
    acts: list[list[IncidentAct]] = []
    for number, answer in enumerate([late(80), late(80), a_healthy_scan, a_healthy_scan, late(80)], 1):
        events = run(services, number, **{SOURCE: answer})
        acts.append([event.act for event in of_kind(events, IncidentChanged)])
    assert acts == [
        [IncidentAct.OPENED],
        [IncidentAct.KEPT],
        [IncidentAct.KEPT],
        [IncidentAct.RESOLVED],
        [IncidentAct.REOPENED],
    ]
    with services.store.begin() as unit:
        (incident,) = unit.incidents.list()
        alerts = [alert for alert in unit.outbox.list() if alert.incident]
    assert incident.status is IncidentStatus.OPEN
    assert incident.times_opened == 2
    assert [alert.night for alert in alerts] == [day(1), day(5)]


def test_a_breach_that_must_persist_opens_on_the_night_it_has(tmp_path: Path):
    project = a_small_project(tmp_path, playbook=a_playbook(recency={"persist": 3}))
    services = a_services(tmp_path, project=project)
    opened = []
    for number in range(1, 5):
        events = run(services, number, **{SOURCE: late(80)})
        opened += [
            (number, e.incident.opened)
            for e in of_kind(events, IncidentChanged)
            if e.act is IncidentAct.OPENED
        ]
    assert opened == [(3, day(1))]


def test_missed_nights_are_those_never_sealed_since_the_start_oldest_first(tmp_path: Path):
    schedule = {"start": day(2)}
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"schedule": schedule}))
    run(services, 3)
    set_clock(services, 5)
    list(run_night(services, day(4), datasets=[SOURCE]))  # partial: not sealed
    assert missed_nights(services, day(5)) == [day(2), day(4), day(5)]
    assert missed_nights(services, day(1)) == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "act",
    [
        lambda services, night: list(run_night(services, night)),
        lambda services, night: list(run_night(services, night, datasets=[SOURCE])),
        lambda services, night: check_dataset(services, SOURCE, night),
        missed_nights,
    ],
    ids=["night", "partial night", "check", "catch up"],
)
def test_a_night_whose_day_has_not_ended_is_refused_whoever_asks_for_it(
    tmp_path: Path, act: Callable[[Services, date], object], zone: str
):
    """Kept, it would be the newest: every real night before it would open and tell nothing."""
    schedule = {"start": NIGHT, "timezone": zone}
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"schedule": schedule}))
    clock = clock_of(services)
    clock.now = night_end(services.project, NIGHT) - timedelta(microseconds=1)
    with pytest.raises(UsageError, match=f"the day {NIGHT} has not ended") as raised:
        act(services, NIGHT)
    assert raised.value.hint == f"the last night that is due is {last_due_night(services)}"
    assert engine_of(services).plans == []
    with services.store.begin() as unit:
        assert not unit.measurements.of_night(NIGHT)
    clock.tick(microseconds=1)
    act(services, NIGHT)


@pytest.mark.parametrize(
    ("zone", "cron", "now", "due"),
    [
        ("UTC", "0 2 * * *", "2026-03-05T02:00:00", "2026-03-04"),
        ("UTC", "0 2 * * *", "2026-03-05T01:59:59", "2026-03-03"),
        # Tokyo is nine hours ahead: its 02:00 on the 5th is 17:00 on the 4th in UTC.
        ("Asia/Tokyo", "0 2 * * *", "2026-03-04T17:00:00", "2026-03-04"),
        ("Asia/Tokyo", "0 2 * * *", "2026-03-04T16:59:59", "2026-03-03"),
        # On 8 March 2026 New York's clocks jump from 02:00 EST (07:00 UTC) to 03:00 EDT.
        ("America/New_York", "0 2 * * *", "2026-03-08T06:59:59", "2026-03-06"),
        ("America/New_York", "0 2 * * *", "2026-03-08T07:30:00", "2026-03-07"),
        ("America/New_York", "30 2 * * *", "2026-03-08T12:00:00", "2026-03-07"),
        ("America/New_York", "30 2 * * *", "2026-03-09T07:00:00", "2026-03-08"),
        # On 1 November 2026 it is 01:30 twice: at 05:30 and at 06:30 UTC.
        ("America/New_York", "30 1 * * *", "2026-11-01T05:45:00", "2026-10-31"),
        ("America/New_York", "30 1 * * *", "2026-11-01T06:45:00", "2026-10-31"),
        ("America/New_York", "30 1 * * *", "2026-11-02T06:30:00", "2026-11-01"),
        # Lord Howe Island moves by half an hour; Kathmandu is 5:45 ahead.
        ("Australia/Lord_Howe", "0 2 * * *", "2026-04-04T16:00:00", "2026-04-04"),
        ("Asia/Kathmandu", "0 2 * * *", "2026-03-04T20:15:00", "2026-03-04"),
    ],
)
def test_the_night_that_is_due_is_the_day_before_the_last_tick_in_the_projects_zone(
    tmp_path: Path, zone: str, cron: str, now: str, due: str
):
    settings = {"schedule": {"cron": cron, "timezone": zone, "start": date(2026, 1, 1)}}
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings=settings))
    clock = FixedClock(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert last_due_night(replace(services, clock=clock)) == date.fromisoformat(due)


@given(st.integers(0, 365 * 24 * 60))
def test_every_night_of_a_year_becomes_due_once_and_in_order(minutes: int):
    """An hour later the due night is the same one or the next one, whatever the clocks do."""
    with tempfile.TemporaryDirectory() as folder:
        services = a_services(Path(folder))
    schedule = Schedule(cron="0 2 * * *", timezone="America/New_York", start=date(2026, 1, 1))
    project = replace(
        services.project, settings=services.project.settings.model_copy(update={"schedule": schedule})
    )

    def due(when: datetime) -> date:
        return last_due_night(replace(services, project=project, clock=FixedClock(when)))

    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    assert due(at + timedelta(hours=1)) - due(at) in (timedelta(0), timedelta(days=1))
