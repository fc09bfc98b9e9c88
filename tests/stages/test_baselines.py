"""A version's baseline is taken when it is first seen, and never again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import (
    DATASET,
    MODEL,
    NIGHT,
    TRAINING_SET,
    FakeEngine,
    a_healthy_scan,
    a_services,
    register_version,
)
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome


def drift(events) -> dict[str, Outcome]:
    found = [e.measurement for e in events if isinstance(e, IndicatorMeasured)]
    return {m.facet: m.outcome for m in found if m.indicator == "drift" and m.entity.name == DATASET}


def test_a_baseline_is_taken_once_per_version(tmp_path: Path):
    services = a_services(tmp_path)
    list(run_night(services, NIGHT))
    with services.store.begin() as unit:
        first = unit.profiles.get_baseline(MODEL, "1")
    register_version(tmp_path, "2")
    list(run_night(services, NIGHT + timedelta(days=1)))
    with services.store.begin() as unit:
        assert unit.profiles.get_baseline(MODEL, "1") == first
        assert unit.profiles.get_baseline(MODEL, "2") is not None


def test_without_a_readable_snapshot_drift_is_not_run_and_says_why(tmp_path: Path):
    services = a_services(
        tmp_path, engine=FakeEngine({TRAINING_SET: SourceUnavailable("the snapshot is gone")})
    )
    events = list(run_night(services, NIGHT))
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
    list(run_night(services, NIGHT))
    engine.answers = {TRAINING_SET: a_healthy_scan}
    assert drift(run_night(services, NIGHT)) == {"ratio": Outcome.PASS}


def test_without_any_version_there_is_nothing_to_compare_with_and_that_is_said(tmp_path: Path):
    services = a_services(tmp_path)
    (tmp_path / "registry.json").write_text('{"model": "mortgage_approval", "versions": []}')
    assert drift(run_night(services, NIGHT)) == {f"@{MODEL}": Outcome.NOT_RUN}
