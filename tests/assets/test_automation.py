"""Which night is requested when; reviews and alerts between the nights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test, freeze_time
from dagster._utils.schedules import schedule_execution_time_iterator

from assets.automation import NIGHTLY, UNDER_WAY, alerts, catch_up, milestones, next_night
from governance_pipeline.nightly import run_night as run_in_process
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.testing import (
    DATASET,
    NIGHT,
    FakeEngine,
    FixedClock,
    a_services,
    a_small_project,
    register_version,
)
from tests.assets.support import definitions, given
from tests.assets.test_night import late

ZURICH = ZoneInfo("Europe/Zurich")


@dataclass
class Day:
    """The small project on a day, some of its nights sealed."""

    services: Any
    instance: dg.DagsterInstance

    def seal(self, *nights: date) -> None:
        at = self.services.clock()
        with self.services.store.begin() as unit:
            for night in nights:
                unit.nights.seal(NightRecord(night, at, at, 1, 1, (), "sha256:0", {}))

    def tick(self, at: datetime) -> Any:
        defs = definitions(self.services)
        context = dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=at,
            resources={"governance": given(self.services)},
            repository_def=defs.get_repository_def(),
        )
        with freeze_time(at), context:
            data = defs.resolve_schedule_def("every_night").evaluate_tick(context)
        return data.run_requests[0] if data.run_requests else data.skip_message

    def sensor(self, sensor: dg.SensorDefinition) -> Any:
        context = dg.build_sensor_context(
            instance=self.instance,
            resources={"governance": given(self.services)},
            repository_def=definitions(self.services).get_repository_def(),
        )
        with freeze_time(self.services.clock()), context:
            data = sensor.evaluate_tick(context)
        return data.run_requests[0] if data.run_requests else data.skip_message

    def run(self, night: date, status: dg.DagsterRunStatus) -> None:
        tags = {"dagster/partition": night.isoformat()}
        create_run_for_test(self.instance, job_name=NIGHTLY, status=status, tags=tags)


@pytest.fixture
def day(tmp_path, instance):
    def make(start: date, now: datetime, *, zone: str = "Europe/Zurich", cron: str = "30 2 * * *", **changes):
        settings = {"schedule": {"start": start, "timezone": zone, "cron": cron}}
        project = a_small_project(tmp_path, settings=settings)
        return Day(a_services(tmp_path, project=project, clock=FixedClock(now), **changes), instance)

    return make


def through(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("tick", "night"),
    [
        # Clocks in Zurich go forward on 29 March 2026 (02:30 does not exist that day) and back on 25 October.
        (datetime(2026, 3, 28, 1, 30, tzinfo=UTC), "2026-03-27"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 30, 0, 30, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-24"),
        (datetime(2026, 10, 26, 1, 30, tzinfo=UTC), "2026-10-25"),
    ],
)
def test_a_tick_measures_the_day_that_has_just_ended_also_when_clocks_change(day, tick, night):
    today = day(date.fromisoformat(night), tick)
    request = today.tick(tick.astimezone(ZURICH))
    assert request.partition_key == night


@pytest.mark.parametrize("around", [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)])
def test_the_schedule_ticks_once_on_every_day_also_when_clocks_change(day, around):
    schedule = definitions(day(date(2026, 1, 1), around).services).resolve_schedule_def("every_night")
    ticks = schedule_execution_time_iterator(
        around.timestamp(), schedule.cron_schedule, schedule.execution_timezone
    )
    days = [next(ticks).date() for _ in range(5)]
    assert days == through(days[0], days[0] + timedelta(days=4))


def test_nothing_is_requested_before_the_first_night(day):
    today = day(date(2026, 3, 4), datetime(2026, 3, 4, 3, tzinfo=UTC))
    assert "first night" in today.tick(datetime(2026, 3, 4, 2, 30, tzinfo=UTC))


def test_a_tick_leaves_a_night_to_the_catch_up_while_an_earlier_one_is_missing(day):
    today = day(date(2026, 3, 2), datetime(2026, 3, 5, 3, tzinfo=UTC))
    today.seal(date(2026, 3, 2))
    assert today.tick(datetime(2026, 3, 5, 2, 30, tzinfo=UTC)).startswith("2026-03-03 comes first")


def test_a_tick_for_a_night_that_is_sealed_requests_nothing(day):
    today = day(date(2026, 3, 4), datetime(2026, 3, 5, 3, tzinfo=UTC))
    today.seal(date(2026, 3, 4))
    assert today.tick(datetime(2026, 3, 5, 2, 30, tzinfo=UTC)) == "no night is missed"


def test_fourteen_missed_nights_are_caught_up_once_each_oldest_first(day):
    first, last = date(2026, 2, 19), date(2026, 3, 4)
    today = day(first, datetime(2026, 3, 5, 3, tzinfo=UTC))
    asked = []
    for _ in range(14):
        request = today.sensor(catch_up)
        asked.append(request.partition_key)
        night = date.fromisoformat(request.partition_key)
        today.run(night, dg.DagsterRunStatus.SUCCESS)
        today.seal(night)
    assert asked == [night.isoformat() for night in through(first, last)]
    assert today.sensor(catch_up) == "no night is missed"


def test_a_night_is_not_due_before_its_time_has_come(day):
    at = datetime(2026, 3, 5, 1, 29, tzinfo=UTC)  # 02:29 in Zurich; the night of the 4th is due at 02:30
    today = day(date(2026, 3, 3), at)
    today.seal(date(2026, 3, 3))
    assert today.sensor(catch_up) == "no night is missed"
    today.services = replace(today.services, clock=FixedClock(at + timedelta(minutes=1)))
    assert today.sensor(catch_up).partition_key == "2026-03-04"


@pytest.mark.parametrize(
    "status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
)
def test_nothing_is_requested_while_a_night_is_under_way(day, status):
    today = day(date(2026, 3, 2), datetime(2026, 3, 5, 3, tzinfo=UTC))
    today.run(date(2026, 3, 2), status)
    assert today.sensor(catch_up) == "a night is under way"


def test_every_state_of_a_run_that_has_not_ended_counts_as_under_way():
    ended = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
    assert set(UNDER_WAY) == set(dg.DagsterRunStatus) - ended - {dg.DagsterRunStatus.MANAGED}


def test_a_night_that_failed_three_times_is_given_up_and_the_next_one_follows(day):
    today = day(date(2026, 3, 3), datetime(2026, 3, 5, 3, tzinfo=UTC))
    keys = []
    for _ in range(3):
        request = today.sensor(catch_up)
        assert request.partition_key == "2026-03-03"
        keys.append(request.run_key)
        today.run(date(2026, 3, 3), dg.DagsterRunStatus.FAILURE)
    assert len(set(keys)) == 3, "Dagster takes a run key once: each attempt needs its own"
    following = today.sensor(catch_up)
    assert following.partition_key == "2026-03-04"
    today.run(date(2026, 3, 4), dg.DagsterRunStatus.SUCCESS)
    today.seal(date(2026, 3, 4))
    assert "run by hand" in today.sensor(catch_up)
    assert "2026-03-03" in today.sensor(catch_up)


def test_the_same_attempt_always_has_the_same_run_key(day):
    today = day(date(2026, 3, 4), datetime(2026, 3, 5, 3, tzinfo=UTC))
    assert today.sensor(catch_up).run_key == today.sensor(catch_up).run_key


def test_a_sealed_night_whose_store_was_replaced_is_requested_again(day):
    today = day(date(2026, 3, 4), datetime(2026, 3, 5, 3, tzinfo=UTC))
    first = today.sensor(catch_up)
    today.run(date(2026, 3, 4), dg.DagsterRunStatus.SUCCESS)
    again = today.sensor(catch_up)
    assert again.partition_key == first.partition_key
    assert again.run_key != first.run_key


def test_nights_run_one_at_a_time(instance):
    request = next_night(instance, [NIGHT])
    assert request.tags["governance/night"]
    limits = instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    assert {"key": "governance/night", "limit": 1} in limits


def test_a_version_registered_by_day_is_under_review_at_once_and_once(day, tmp_path):
    now = datetime(2026, 3, 5, 15, tzinfo=UTC)
    today = day(NIGHT, now)
    list(run_in_process(today.services, NIGHT))
    assert today.sensor(milestones) == "no new model version"
    register_version(tmp_path, "2", at=now - timedelta(hours=1))
    assert today.sensor(milestones).startswith("opened ")
    with today.services.store.begin() as unit:
        reviews = unit.reviews.list()
    assert [milestone.version for _, milestone in reviews].count("2") == 1
    assert today.sensor(milestones) == "no new model version"


def test_due_alerts_are_sent_once(day, tmp_path):
    today = day(NIGHT, datetime(2026, 3, 5, 7, tzinfo=UTC), engine=FakeEngine({DATASET: late}))
    list(run_in_process(today.services, NIGHT))
    received = tmp_path / "alerts.jsonl"
    assert not received.exists()
    with today.services.store.begin() as unit:
        queued = unit.outbox.list()
    assert today.sensor(alerts) == f"{len(queued)} sent"
    messages = received.read_text(encoding="utf-8").splitlines()
    assert sum("12 days old" in message for message in messages) == 1
    assert today.sensor(alerts) == "nothing to send"
    assert received.read_text(encoding="utf-8").splitlines() == messages


def test_everything_runs_without_anybody_switching_it_on(day):
    defs = definitions(day(NIGHT, datetime(2026, 3, 5, tzinfo=UTC)).services)
    assert defs.resolve_schedule_def("every_night").default_status is dg.DefaultScheduleStatus.RUNNING
    for sensor in ("catch_up", "milestones", "alerts"):
        assert defs.resolve_sensor_def(sensor).default_status is dg.DefaultSensorStatus.RUNNING
