"""Counts across a training snapshot's columns: when they are taken, and what a real small project finds."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.contract import DatasetKind
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.nightly import run_night
from governance_pipeline.stages.cross_plans import plan_crosses
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import (
    DATASET,
    NIGHT,
    PREDICTIONS,
    SOURCE,
    TRAINING_SET,
    FakeEngine,
    a_column,
    a_contract,
    a_model,
    a_playbook,
    a_profile,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IncidentChanged, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests.fakes import clock_of, engine_of
from tests.tiny import MODEL, PEOPLE, change, contract, morning, night, opened, tiny_project, write


def crossed(services: Services, nights: int, **options: Any) -> list[int]:
    """How many counts each of so many nights took."""
    engine, clock = engine_of(services), clock_of(services)
    taken = []
    for number in range(nights):
        before = len(engine.crossed)
        clock.tick(days=1 if number else 0)
        list(run_night(services, NIGHT + timedelta(days=number), **options))
        taken.append(len(engine.crossed) - before)
    return taken


def measured(services: Services, when: Any, indicator: str) -> dict[str, Measurement]:
    found = [e.measurement for e in run_night(services, when) if isinstance(e, IndicatorMeasured)]
    return {m.facet: m for m in found if m.indicator == indicator}


def test_a_snapshot_is_counted_with_its_baseline_and_again_after_a_week(tmp_path: Path):
    assert crossed(a_services(tmp_path), 9) == [1, 0, 0, 0, 0, 0, 0, 1, 0]


def test_how_often_is_the_playbooks(tmp_path: Path):
    playbook = a_playbook(proxy={"every_days": 3}, leakage={"every_days": 30})
    assert crossed(a_services(tmp_path, project=a_small_project(tmp_path, playbook=playbook)), 5) == [
        1, 0, 0, 1, 0,
    ]  # fmt: skip


def test_the_same_night_again_counts_nothing_and_measures_the_same(tmp_path: Path):
    services = a_services(tmp_path)
    first = measured(services, NIGHT, "proxy")
    assert crossed(services, 1) == [0]
    assert measured(services, NIGHT, "proxy") == first
    assert {facet: m.outcome for facet, m in first.items()} == {"ratio~race": Outcome.PASS}


def test_a_snapshot_that_is_named_is_counted_now(tmp_path: Path):
    services = a_services(tmp_path)
    assert crossed(services, 1) == [1]
    assert crossed(services, 1, datasets=(DATASET,)) == [0]
    assert crossed(services, 1, datasets=(TRAINING_SET,)) == [1]


def test_a_model_that_asks_for_something_new_is_counted_now(tmp_path: Path):
    services = a_services(tmp_path)
    assert crossed(services, 1) == [1]
    model = a_model(training={**a_model().training.model_dump(), "evaluation": PREDICTIONS})
    project = a_small_project(tmp_path, models={model.name: model})
    again = a_services(tmp_path, project=project, store=services.store)
    assert crossed(again, 2) == [1, 0]
    assert measured(again, NIGHT, "leakage")["overlap"].outcome is Outcome.PASS


def test_a_new_version_is_counted_once_and_told_apart_only_where_its_data_differs(tmp_path: Path):
    services = a_services(tmp_path)
    crossed(services, 1)
    register_version(tmp_path, "2")
    assert crossed(services, 2) == [1, 0]
    assert set(measured(services, NIGHT, "proxy")) == {"ratio~race"}


def test_without_a_policy_nothing_is_counted(tmp_path: Path):
    said = a_playbook()
    silent = said.indicators.model_copy(update={"proxy": None, "leakage": None})
    project = a_small_project(tmp_path, playbook=said.model_copy(update={"indicators": silent}))
    services = a_services(tmp_path, project=project)
    assert crossed(services, 2) == [0, 0]
    assert measured(services, NIGHT, "proxy") == {}


def test_a_count_that_fails_is_not_run_with_its_reason_and_tried_again(tmp_path: Path):
    class Broken(FakeEngine):
        """Reads the snapshot, and cannot count across it."""

        def cross(self, plan: Any) -> Any:
            super().cross(plan)
            raise SourceUnavailable("the disk is full")

    services = a_services(tmp_path, engine=Broken())
    found = measured(services, NIGHT, "proxy")
    assert found["ratio~race"].outcome is Outcome.NOT_RUN
    assert "the disk is full" in found["ratio~race"].sentence
    assert crossed(services, 2) == [1, 1]


def test_protected_attributes_are_looked_up_where_they_are_likeliest(tmp_path: Path):
    project = a_small_project(tmp_path)
    profile = a_profile(dataset=TRAINING_SET)

    def source(contracts: dict[str, Any], **attribute: Any) -> Any:
        model = a_model(sensitive_attributes=[{"column": "race", "reference": "white", **attribute}])
        planned = plan_crosses(
            a_small_project(tmp_path, contracts={**project.contracts, **contracts}),
            model,
            TRAINING_SET,
            profile,
            NIGHT,
        )
        found = [target.source for target in planned.plan.targets if target.kind == "sensitive"]
        return (found[0].dataset if found[0] else TRAINING_SET) if found else planned.unasked["~race"]

    race = a_column("race", logical_type="string", sensitive=True)
    people = a_contract(
        dataset="lending.people", kind=DatasetKind.SOURCE, columns=(*a_contract().columns, race)
    )
    mine = a_contract(
        dataset=TRAINING_SET, kind=DatasetKind.TRAINING_SNAPSHOT, columns=(*a_contract().columns, race)
    )
    log = project.contracts[PREDICTIONS]
    assert source({}) == PREDICTIONS
    assert source({people.dataset: people}) == people.dataset
    assert source({people.dataset: people, mine.dataset: mine}) == TRAINING_SET
    assert source({people.dataset: people}, source=f"{PREDICTIONS}#race") == PREDICTIONS
    nobody = {PREDICTIONS: replace(log, subject_key=None)}
    assert "no dataset that says whose row it is" in source(nobody)
    assert SOURCE in project.contracts


PLACE = (
    "      - {name: place, logicalType: string, required: true, transformSourceObjects: [shop.people.race]}\n"
)
AUDIT = """\
      - {name: outcome_code, logicalType: integer, required: true, transformSourceObjects: [shop.people.income]}
      - {name: known_at, logicalType: timestamp, required: true, transformSourceObjects: [shop.people.recorded_at]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The tiny project, whose model is also fed a place that stands for race (which the snapshot has not),
    and a code that is written with the outcome.
    """
    root = tiny_project(tmp_path / "shop", model=True)
    rng = random.Random(3)
    ids = [f"P01{i:04}" for i in range(PEOPLE)]
    races = [("white", "black")[i % 2] for i in range(PEOPLE)]  # as shop.people has them
    approved = [rng.randrange(2) for _ in ids]
    places = [
        rng.choice(["hill", "park"] if (race == "white") is (rng.random() < 0.97) else ["dock", "mill"])
        for race in races
    ]
    taken = morning(0)
    write(root, "snapshot", "taken", subject_id=ids, ratio=[rng.random() for _ in ids], approved=approved,
          place=places, outcome_code=[7 * a + (rng.random() < 0.002) for a in approved],
          known_at=[taken.isoformat()] * PEOPLE)  # fmt: skip
    write(root, "features", str(night(1)), subject_id=ids, ratio=[rng.random() for _ in ids], place=places,
          outcome_code=[7 * a for a in approved],
          recorded_at=[morning(0) + timedelta(minutes=3 * i) for i in range(PEOPLE)])  # fmt: skip
    for table in ("features", "snapshot"):
        contract(root, table, "      - {name: ratio,", PLACE + AUDIT + "      - {name: ratio,")
    change(root, f"models/{MODEL}.yaml", "  - column: shop.features#ratio\n", """\
  - column: shop.features#ratio
  - column: shop.features#place
  - {column: shop.features#outcome_code}
""")  # fmt: skip
    change(root, f"models/{MODEL}.yaml", "label: approved}\npredictions", """\
label: approved, label_time: known_at, evaluation: shop.people}
predictions""")  # fmt: skip
    change(
        root,
        "playbook/playbook.yaml",
        "  # proxy: #",
        """\
  proxy: {clause: P-8}
  leakage: {clause: P-7}
  twins: {clause: P-6}
  # proxy: #""",
    )
    return root


def test_a_real_project_is_told_of_its_proxy_its_leak_and_its_overlap(shop: Path):
    with opened(shop) as services:
        events = list(run_night(services, night(1)))
    found = {
        (m.indicator, m.facet): m
        for m in (e.measurement for e in events if isinstance(e, IndicatorMeasured))
        if m.indicator in ("proxy", "leakage")
    }
    assert {key: m.outcome for key, m in found.items()} == {
        ("proxy", "ratio~race"): Outcome.PASS,
        ("proxy", "place~race"): Outcome.FAIL,
        ("proxy", "outcome_code~race"): Outcome.PASS,
        ("leakage", "ratio~approved"): Outcome.PASS,
        ("leakage", "place~approved"): Outcome.PASS,
        ("leakage", "outcome_code~approved"): Outcome.FAIL,
        ("leakage", "late:shop.features"): Outcome.FAIL,
        ("leakage", "overlap"): Outcome.FAIL,
    }
    proxy = found["proxy", "place~race"]
    assert "it was looked up in shop.people" in proxy.sentence
    assert "'place' tells race" in proxy.sentence
    # everybody in the snapshot is in shop.people, and their features came after their labels
    assert found["leakage", "overlap"].value == 1.0
    late = found["leakage", "late:shop.features"]
    assert late.value == pytest.approx(399 / 400)  # the first row of all is as old as the label
    opened_now = {(e.incident.indicator, e.incident.facet) for e in events if isinstance(e, IncidentChanged)}
    assert {key for key, m in found.items() if m.outcome is Outcome.FAIL} <= opened_now
    stored = json.dumps([m.sentence for m in found.values()] + [dict(m.details) for m in found.values()])
    assert "P010" not in stored  # nobody's id is told
