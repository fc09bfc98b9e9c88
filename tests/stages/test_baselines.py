"""A version's baseline is taken when it is first seen, and never again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.nightly import check_dataset, run_night
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.plan import Scan, ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Profile
from governance_pipeline.stages import baselines as stage
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import (
    DATASET,
    MODEL,
    NIGHT,
    TRAINING_SET,
    FakeEngine,
    a_healthy_scan,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.night import IndicatorMeasured, NightEvent
from governance_pipeline.vocabulary.outcome import Outcome
from tests.fakes import clock_of, engine_of, morning_after


def run(services: Services, night: date) -> list[NightEvent]:
    """The night, on the morning after it."""
    clock_of(services).now = morning_after(night)
    return list(run_night(services, night))


def drift(events) -> dict[str, Outcome]:
    found = [e.measurement for e in events if isinstance(e, IndicatorMeasured)]
    return {m.facet: m.outcome for m in found if m.indicator == "drift" and m.entity.name == DATASET}


def test_a_baseline_is_taken_once_per_version(tmp_path: Path):
    services = a_services(tmp_path)
    run(services, NIGHT)
    with services.store.begin() as unit:
        first = unit.profiles.get_baseline(MODEL, "1")
    register_version(tmp_path, "2")
    run(services, NIGHT + timedelta(days=1))
    with services.store.begin() as unit:
        assert unit.profiles.get_baseline(MODEL, "1") == first
        assert unit.profiles.get_baseline(MODEL, "2") is not None


class Remembering(FakeEngine):
    """Every table is one file that never changes, and is read unless it is known."""

    def __init__(self) -> None:
        super().__init__()
        self.files_read: list[str] = []

    def read(self, plan: ScanPlan, known: Mapping[str, Partition]) -> Scan:
        file = f"{plan.contract.dataset}.parquet"
        if file not in known:
            self.files_read.append(file)
        one = known.get(file) or Partition(file, "as it was", "all", (), 0, (), {})
        return replace(super().read(plan, known), partitions=(one,), read=frozenset({file} - known.keys()))


def test_a_snapshot_read_for_a_baseline_is_not_read_again_that_night_nor_later(tmp_path: Path):
    engine = Remembering()
    services = a_services(tmp_path, engine=engine)
    run(services, NIGHT)
    assert sorted(engine.files_read) == sorted(f"{name}.parquet" for name in services.project.contracts)
    register_version(tmp_path, "2")
    engine.files_read.clear()
    run(services, NIGHT + timedelta(days=1))
    assert engine.files_read == []


class Crowded(FakeEngine):
    """The numbers of the snapshot crowd into one bin, until they are counted on a finer grid."""

    def __init__(self) -> None:
        super().__init__({TRAINING_SET: self.snapshot})
        self.counted_again: list[dict[str, Grid]] = []

    def snapshot(self, plan: ScanPlan) -> Profile:
        profile = a_healthy_scan(plan)
        ratio = replace(profile.columns["ratio"], histogram=Histogram(3, 0, (999, *[0] * 126, 1)))
        again = plan.grids.get("ratio")
        return profile if again else replace(profile, columns={**profile.columns, "ratio": ratio})

    def on_grids(self, plan: ScanPlan) -> Mapping[str, ColumnProfile]:
        self.counted_again.append(dict(plan.grids))
        return super().on_grids(plan)


def test_of_a_snapshot_only_the_columns_that_need_finer_grids_are_counted_again(tmp_path: Path):
    engine = Crowded()
    services = a_services(tmp_path, engine=engine)
    run(services, NIGHT)
    [finer] = [grids for grids in engine.counted_again if grids]
    assert list(finer) == ["ratio"]
    assert finer["ratio"].exponent < 3
    with services.store.begin() as unit:
        stored = unit.profiles.get_baseline(MODEL, "1")
    assert stored is not None
    assert stored["columns"]["ratio"]["histogram"]["exponent"] == finer["ratio"].exponent


def test_without_a_readable_snapshot_drift_is_not_run_and_says_why(tmp_path: Path):
    services = a_services(
        tmp_path, engine=FakeEngine({TRAINING_SET: SourceUnavailable("the snapshot is gone")})
    )
    events = run(services, NIGHT)
    assert drift(events) == {f"@{MODEL}": Outcome.NOT_RUN}
    (sentence,) = [
        e.measurement.sentence
        for e in events
        if isinstance(e, IndicatorMeasured) and e.measurement.indicator == "drift"
    ]
    assert "the snapshot is gone" in sentence


def test_once_the_snapshot_is_back_the_baseline_is_taken(tmp_path: Path):
    engine = FakeEngine({TRAINING_SET: SourceUnavailable("gone")})
    services = a_services(tmp_path, engine=engine)
    run(services, NIGHT)
    engine.answers = {TRAINING_SET: a_healthy_scan}
    assert drift(run(services, NIGHT)) == {"ratio": Outcome.PASS}


def test_without_any_version_there_is_nothing_to_compare_with_and_that_is_said(tmp_path: Path):
    services = a_services(tmp_path)
    (tmp_path / "registry.json").write_text('{"model": "mortgage_approval", "versions": []}')
    assert drift(run(services, NIGHT)) == {f"@{MODEL}": Outcome.NOT_RUN}


# The days of the training data.


def dated(root: Path, **changes: Any) -> Services:
    """A project whose training snapshot says when its rows happened, and an engine that knows its days."""
    project = a_small_project(root)
    snapshot = replace(project.contracts[TRAINING_SET], event_time="decided_at")
    project = replace(project, contracts={**project.contracts, TRAINING_SET: snapshot})
    days = {date(2026, 1, day): {"ratio": of_a_day(day)} for day in range(1, 32)}
    return a_services(root, project=project, engine=FakeEngine(by_day={TRAINING_SET: days}, **changes))


def of_a_day(rows: int) -> ColumnProfile:
    return ColumnProfile("ratio", "number", "float64", rows, 0, histogram=Histogram(-3, 0, (rows, *[0] * 7)))


def compared_by_weekday(services: Services, night: date) -> bool:
    events = run(services, night)
    (found,) = [
        e.measurement
        for e in events
        if isinstance(e, IndicatorMeasured) and e.measurement.key == (f"dataset:{DATASET}", "drift", "ratio")
    ]
    return bool(found.details["same_weekdays"])


def told_apart(services: Services) -> list[str]:
    return [plan.contract.dataset for plan in engine_of(services).told_apart]


def test_the_days_of_the_training_data_are_read_once_on_the_grids_of_the_whole(tmp_path: Path):
    services = dated(tmp_path)
    engine = engine_of(services)
    engine.by_day = {**engine.by_day, DATASET: {NIGHT: {"ratio": of_a_day(500)}}}
    assert compared_by_weekday(services, NIGHT)
    assert compared_by_weekday(services, NIGHT)
    assert compared_by_weekday(services, NIGHT + timedelta(days=1))
    assert told_apart(services) == [TRAINING_SET]
    plan = engine.told_apart[0]
    assert plan.compared == {"ratio"}
    grid = plan.grids["ratio"]
    with services.store.begin() as unit:
        stored = unit.profiles.get_baseline(MODEL, "1")
    assert stored is not None
    assert stored["columns"]["ratio"]["histogram"]["exponent"] == grid.exponent


def test_a_snapshot_without_dates_has_no_days(tmp_path: Path):
    services = a_services(tmp_path)
    assert not compared_by_weekday(services, NIGHT)
    assert told_apart(services) == []
    with services.store.begin() as unit:
        assert unit.profiles.get_baseline_days(MODEL, "1") is None


def test_without_its_days_a_dated_snapshot_is_read_again_the_next_night(tmp_path: Path):
    services = dated(tmp_path)
    engine = engine_of(services)
    days, engine.by_day = engine.by_day, {TRAINING_SET: SourceUnavailable("gone")}
    assert drift(run(services, NIGHT)) == {f"@{MODEL}": Outcome.NOT_RUN}
    with services.store.begin() as unit:
        assert unit.profiles.get_baseline(MODEL, "1") is None
    engine.by_day = days
    assert drift(run(services, NIGHT + timedelta(days=1))) == {"ratio": Outcome.PASS}


def test_only_days_that_are_compared_with_are_recalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    services = dated(tmp_path)
    run(services, NIGHT)
    recalled: list[int] = []
    read = stage.days_from_json
    monkeypatch.setattr(stage, "days_from_json", lambda stored: recalled.append(1) or read(stored))
    check_dataset(services, TRAINING_SET, NIGHT)
    assert recalled == []
    check_dataset(services, DATASET, NIGHT)
    assert recalled == [1]
    register_version(tmp_path, "2")  # a candidate, which serves nobody yet
    run(services, NIGHT + timedelta(days=1))
    run(services, NIGHT + timedelta(days=2))
    assert recalled == [1, 1, 1]


def test_days_that_cannot_be_read_any_more_end_no_night(tmp_path: Path):
    services = dated(tmp_path)
    engine = engine_of(services)
    engine.by_day = {**engine.by_day, DATASET: {NIGHT: {"ratio": of_a_day(500)}}}
    assert compared_by_weekday(services, NIGHT)
    with services.store.begin() as unit:
        profile = unit.profiles.get_baseline(MODEL, "1")
        unit.profiles.drop_baseline(MODEL, "1")
        unit.profiles.put_baseline(MODEL, "1", profile or {}, {"version": 1})
    assert not compared_by_weekday(services, NIGHT)
