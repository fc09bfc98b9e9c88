"""Scanning: a few at a time, in order, each on its own; what is refused is not read."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.settings import Schedule
from governance_pipeline.nightly import run_night
from governance_pipeline.stages.scan import night_end
from governance_pipeline.testing import (
    DATASET,
    NIGHT,
    SOURCE,
    TRAINING_SET,
    FakeEngine,
    a_healthy_scan,
    a_services,
    a_small_project,
)
from governance_pipeline.vocabulary.night import DatasetScanned, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome


def test_no_more_datasets_are_read_at_once_than_the_limits_allow(tmp_path: Path):
    inside = threading.Semaphore(2)

    def scan(plan: Any) -> Any:
        assert inside.acquire(blocking=False), "three at once"
        try:
            return a_healthy_scan(plan)
        finally:
            inside.release()

    project = a_small_project(tmp_path, settings={"limits": {"threads": 2}})
    engine = FakeEngine(dict.fromkeys(project.contracts, scan))
    events = list(run_night(a_services(tmp_path, project=project, engine=engine), NIGHT))
    assert not [event for event in events if isinstance(event, DatasetScanned) and event.error]


def test_scans_are_told_in_the_order_of_the_contracts_whichever_ends_first(tmp_path: Path):
    order: list[str] = []
    last_begun = threading.Event()

    def slow(plan: Any) -> Any:
        last_begun.wait(5)  # until the second has begun: the first ends after it
        order.append(plan.contract.dataset)
        return a_healthy_scan(plan)

    def quick(plan: Any) -> Any:
        order.append(plan.contract.dataset)
        last_begun.set()
        return a_healthy_scan(plan)

    engine = FakeEngine({SOURCE: slow, DATASET: quick})
    events = list(run_night(a_services(tmp_path, engine=engine), NIGHT, datasets=[DATASET, SOURCE]))
    assert order == [DATASET, SOURCE]
    assert [event.dataset for event in events if isinstance(event, DatasetScanned)] == [SOURCE, DATASET]


def test_stopping_in_the_middle_waits_for_what_has_begun_and_reads_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    begun, stopping = threading.Event(), threading.Event()
    shut = ThreadPoolExecutor.shutdown

    def shutdown(self: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shut(self, wait=False, cancel_futures=cancel_futures)
        stopping.set()
        shut(self, wait=wait)

    def second(plan: Any) -> Any:
        begun.set()
        assert stopping.wait(20)
        return a_healthy_scan(plan)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)
    project = a_small_project(tmp_path, settings={"limits": {"threads": 1}})
    engine = FakeEngine({DATASET: second})
    events = run_night(a_services(tmp_path, project=project, engine=engine), NIGHT)
    next(event for event in events if isinstance(event, DatasetScanned))
    assert begun.wait(20)
    with pytest.raises(KeyboardInterrupt):
        events.throw(KeyboardInterrupt)
    assert [plan.contract.dataset for plan in engine.plans] == [TRAINING_SET, SOURCE, DATASET]


def test_a_refused_contract_is_not_read_and_nothing_of_it_is_measured(tmp_path: Path):
    project = replace(a_small_project(tmp_path), refused={SOURCE: "datasets/x.odcs.yaml:3:1: no such thing"})
    engine = FakeEngine()
    events = list(run_night(a_services(tmp_path, project=project, engine=engine), NIGHT))
    assert SOURCE not in [plan.contract.dataset for plan in engine.plans]
    own = [
        e.measurement
        for e in events
        if isinstance(e, IndicatorMeasured) and e.measurement.entity.name == SOURCE
    ]
    assert {m.outcome for m in own} == {Outcome.NOT_RUN}
    assert all("datasets/x.odcs.yaml:3:1" in m.sentence for m in own)


@pytest.mark.parametrize(
    ("zone", "night", "end"),
    [
        ("UTC", "2026-03-04", "2026-03-05T00:00"),
        ("America/New_York", "2026-03-07", "2026-03-08T05:00"),
        ("America/New_York", "2026-03-08", "2026-03-09T04:00"),  # a day of 23 hours
        ("America/New_York", "2026-11-01", "2026-11-02T05:00"),  # a day of 25
        ("Asia/Kathmandu", "2026-03-04", "2026-03-04T18:15"),
    ],
)
def test_a_night_ends_at_the_projects_midnight(tmp_path: Path, zone: str, night: str, end: str):
    project = a_small_project(tmp_path)
    schedule = Schedule(timezone=zone, start=date(2026, 1, 1))
    project = replace(project, settings=project.settings.model_copy(update={"schedule": schedule}))
    assert night_end(project, date.fromisoformat(night)) == datetime.fromisoformat(end).replace(tzinfo=UTC)
