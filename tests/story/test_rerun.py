"""The last night again: nothing new; one dataset alone: no seal."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    IncidentChanged,
    NightSealed,
    ReviewOpened,
    VersionDiscovered,
)
from tests.contents import contents, differences
from tests.story.conftest import LAST_NIGHT, morning_after, open_services, read_alerts

pytestmark = pytest.mark.story

NEWS = (IncidentChanged, AlertQueued, ReviewOpened, VersionDiscovered)


def url(root: Path) -> str:
    return f"sqlite:///{root}/.governance/store.db"


def test_the_same_night_at_the_same_hour_leaves_every_table_as_it_was(copy: Path):
    before = contents(url(copy))
    assert all(before[name] for name in ("measurements", "incidents", "alerts", "reviews", "risks", "nights"))
    with open_services(copy) as opened:
        events = list(run_night(opened, LAST_NIGHT))
    assert [event for event in events if isinstance(event, NEWS)] == []
    assert differences(before, contents(url(copy))) == {}


def test_the_same_night_by_the_command_days_later_changes_only_when_it_was_sealed(copy: Path):
    """Time goes on for a review that nobody decides: it is reminded of, and expires. Nothing else is new."""
    when = ("nights.started_at", "nights.finished_at")
    before, told = contents(url(copy), without=when), read_alerts(copy)
    done = subprocess.run(
        [sys.executable, "-m", "governance_pipeline", "nightly", "--date", str(LAST_NIGHT),
         "--project", str(copy), "--format", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr  # there are breaches
    answer = json.loads(done.stdout)
    news = [event for event in answer["events"] if event["event"] in {kind.__name__ for kind in NEWS}]
    keys = [event["alert"]["key"] for event in news if event["event"] == "AlertQueued"]
    assert len(keys) == len(news)
    assert [key for key in keys if key.split("-")[2] not in {"reminded", "escalated", "expired"}] == []
    assert answer["delivery"] == {"sent": len(news), "failed": 0, "dead": 0}
    changed = differences(before, contents(url(copy), without=when))
    assert set(changed) <= ({"alerts", "review_events", "ledger"} if news else set())
    assert [row for gone, _ in changed.values() for row in gone] == []
    assert read_alerts(copy)[: len(told)] == told


def test_an_older_night_again_opens_closes_and_tells_nothing(copy: Path):
    before = contents(url(copy))
    with open_services(copy) as opened:
        events = list(run_night(opened, LAST_NIGHT - timedelta(days=20)))
    assert [event for event in events if isinstance(event, NEWS)] == []
    changed = differences(before, contents(url(copy)))
    lineage = {"lineage_edges", "lineage_nodes"}  # as the files have it now: a snapshot has come since
    assert set(changed) <= {"nights", "measurements", "profiles", "risks"} | lineage


def test_one_dataset_alone_is_measured_and_the_night_is_not_sealed(copy: Path):
    tomorrow = LAST_NIGHT + timedelta(days=1)
    with open_services(copy, morning_after(copy) + timedelta(days=1)) as opened:
        events = list(run_night(opened, tomorrow, datasets=["lending.incomes"]))
        assert [event for event in events if isinstance(event, NightSealed | ReviewOpened)] == []
        with opened.store.begin() as unit:
            assert unit.nights.get(tomorrow) is None
            assert unit.nights.latest().night == LAST_NIGHT
            measured = {measurement.entity.name for measurement in unit.measurements.of_night(tomorrow)}
    assert measured == {"lending.incomes"}
