"""A drift breach gets one picture, linked from measurement and alert; without one the night goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.nightly import run_night
from governance_pipeline.response.incidents import Change
from governance_pipeline.stages.baselines import take_baselines
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.pictures import draw_pictures
from governance_pipeline.stages.recall import recall
from governance_pipeline.stages.scan import Scans
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentEvent
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    IncidentChanged,
    IndicatorMeasured,
    PictureFailed,
)
from governance_pipeline.vocabulary.outcome import Outcome
from tests.tiny import PEOPLE, change, land, morning, night, tiny_project, write


def shifted(root: Path, number: int) -> None:
    """Night's features are all near one."""
    rng = random.Random(number)
    ids = [f"P{number:02}{i:04}" for i in range(PEOPLE)]
    land(root, number, model=True)
    write(root, "features", str(night(number)), subject_id=ids, recorded_at=[morning(number - 1)] * PEOPLE,
          ratio=[0.9 + rng.random() / 10 for _ in ids])  # fmt: skip


def nights(root: Path, last: int) -> list[list[object]]:
    """The events of nights 1 to ``last``; all but the first with shifted features."""
    found = []
    for number in range(1, last + 1):
        if number > 1:
            shifted(root, number)
        with services(open_project(root), clock=FixedClock(morning(number))) as opened:
            found.append(list(run_night(opened, night(number))))
    return found


def drift(events: list[object]) -> object:
    (found,) = [
        e.measurement
        for e in events
        if isinstance(e, IndicatorMeasured) and e.measurement.indicator == "drift"
    ]
    return found


def test_the_picture_is_drawn_when_the_incident_opens_and_stays_linked(tmp_path: Path):
    root = tiny_project(tmp_path / "shop", model=True)
    runs = nights(root, 4)
    assert drift(runs[1]).outcome is Outcome.FAIL
    assert "report" not in drift(runs[1]).details  # it must stand two nights to be an incident
    page = drift(runs[2]).details["report"]
    assert page == f".governance/reports/drift/{night(2)}/shop.features.html"
    assert "ratio" in (root / page).read_text()
    assert drift(runs[3]).details["report"] == page
    assert len(list((root / ".governance" / "reports").rglob("*.html"))) == 1
    (alert,) = [e.alert for e in runs[2] if isinstance(e, AlertQueued) and e.alert.incident]
    assert page in alert.body


def test_every_incident_is_linked_to_a_page_that_is_there_whatever_night_it_began(tmp_path: Path):
    root = tiny_project(tmp_path / "shop", model=True)
    runs = nights(root, 3)
    (change,) = [e for e in runs[2] if isinstance(e, IncidentChanged) and e.act is IncidentAct.OPENED]
    incidents = [change.incident, replace(change.incident, id="INC-2", opened=night(3))]
    with services(open_project(root), clock=FixedClock(morning(3))) as opened:
        memory, found = recall(opened.store, opened.project, night(3)), discover(opened.project, morning(3))
        graph = build_graph(opened.project, found.all_versions)
        baselines = take_baselines(opened, night(3), found, memory.baselines)
        evidence = Evidence(night(3), Scans(), baselines, found, memory, graph, read_at=morning(3))
        event = IncidentEvent("INC-1", 1, IncidentAct.OPENED, morning(3), "nightly", night(3))
        changes = [Change(incident, event, change.act) for incident in incidents]
        pictures = draw_pictures(opened, evidence, changes)
    assert set(pictures.links) == {incident.id for incident in incidents}
    assert len(set(pictures.links.values())) == 2
    assert all((root / page).exists() for page in pictures.links.values())


def test_a_picture_that_cannot_be_drawn_is_told_and_costs_nothing_else(tmp_path: Path):
    root = tiny_project(tmp_path / "shop", model=True)
    change(root, "playbook/playbook.yaml", "persist: 2", "persist: 1")
    (root / ".governance").mkdir()
    (root / ".governance" / "reports").write_text("a file where the folder should be")
    runs = nights(root, 2)
    (failed,) = [event for event in runs[1] if isinstance(event, PictureFailed)]
    assert failed.dataset == "shop.features"
    assert drift(runs[1]).outcome is Outcome.FAIL
    assert "report" not in drift(runs[1]).details
    assert [e for e in runs[1] if isinstance(e, AlertQueued)]
