"""The parts for tests do as they are told, and nothing that they were not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline import testing
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.nightly import run_night
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.scan import plan_for
from governance_pipeline.testing import (
    DATASET,
    MODEL,
    NIGHT,
    SOURCE,
    FakeEngine,
    FixedClock,
    a_profile,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.night import DatasetScanned, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome


def test_with_nothing_changed_every_measurement_of_the_small_project_passes(tmp_path: Path):
    found = [
        e.measurement for e in run_night(a_services(tmp_path), NIGHT) if isinstance(e, IndicatorMeasured)
    ]
    assert {m.outcome for m in found} == {Outcome.PASS}
    assert {m.indicator for m in found} == {
        "recency", "consent", "quality", "retention", "ownership", "provenance", "drift", "bias",
        "prediction_drift", "performance",
        "proxy", "leakage", "twins",
    }  # fmt: skip


def test_the_clock_stands_until_it_is_moved():
    clock = FixedClock(datetime(2026, 3, 5, tzinfo=UTC))
    assert clock() == clock()
    assert clock.tick(hours=2) == clock() == datetime(2026, 3, 5, 2, tzinfo=UTC)


def test_the_engine_moves_a_profile_to_the_night_that_is_asked_for(tmp_path: Path):
    services = a_services(tmp_path, engine=FakeEngine({DATASET: a_profile()}))
    later = NIGHT + timedelta(days=30)
    project = services.project
    plan = plan_for(project, project.contract(DATASET), later, discover(project, services.clock()), {})
    found = services.engine.scan(plan)
    assert (found.night, found.as_of) == (later, plan.as_of)
    assert found.as_of - found.watermark == a_profile().as_of - a_profile().watermark


def test_the_engine_raises_what_it_is_given_and_remembers_what_it_was_asked(tmp_path: Path):
    engine = FakeEngine({SOURCE: SourceUnavailable("gone")})
    events = list(run_night(a_services(tmp_path, engine=engine), NIGHT))
    assert {e.dataset for e in events if isinstance(e, DatasetScanned) and e.error} == {SOURCE}
    assert SOURCE in [plan.contract.dataset for plan in engine.plans]


def test_the_engine_has_no_rows_to_give(tmp_path: Path):
    services = a_services(tmp_path)
    project = services.project
    plan = plan_for(project, project.contract(DATASET), NIGHT, discover(project, services.clock()), {})
    with pytest.raises(SourceUnavailable):
        services.engine.sample(plan, ("ratio",), 10)


def test_services_release_what_they_hold(tmp_path: Path):
    engine = FakeEngine()
    a_services(tmp_path, engine=engine).close()
    assert engine.closed


def test_a_version_registered_again_takes_its_own_place(tmp_path: Path):
    project = a_small_project(tmp_path)
    register_version(tmp_path, "2")
    register_version(tmp_path, "2", content=b"other", stage="production")
    versions = discover(project, FixedClock()()).versions[MODEL]
    assert [(version.version, version.stage) for version in versions] == [
        ("1", "production"),
        ("2", "production"),
    ]


def test_all_that_is_offered_is_there():
    assert all(hasattr(testing, name) for name in testing.__all__)
