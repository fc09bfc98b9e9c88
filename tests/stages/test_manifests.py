"""Whom a version has learned from is taken once; who of them withdraws is counted every night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.subject_keys import SubjectKeys
from governance_pipeline.stages.impact import learned_from, withdrawal_impact
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import (
    AS_OF,
    MODEL,
    NIGHT,
    SOURCE,
    TRAINING_SET,
    FakeEngine,
    a_playbook,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured, ReviewOpened
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import MilestoneKind
from tests.fakes import clock_of, engine_of, morning_after

BEFORE = AS_OF - timedelta(days=60)
"""The version of the small project was registered 30 days before the end of the night."""


def project_with(root: Path, policy: Mapping[str, Any] | None = None, **settings: Any) -> Services:
    kept = {"subject_keys": str(root / "keys"), "consent": {"dataset": SOURCE}, **settings}
    project = a_small_project(root, settings=kept, playbook=a_playbook(withdrawals=policy or {}))
    snapshot = replace(project.contracts[TRAINING_SET], subject_key="person")
    contracts = {**project.contracts, TRAINING_SET: snapshot}
    return a_services(root, project=replace(project, contracts=contracts))


def withdraw(services: Services, count: int, when: datetime, first: int = 1) -> None:
    engine = engine_of(services)
    people = {f"person {number}": when for number in range(first, first + count)}
    engine.withdrew = {**engine.withdrew, **people}


def run(services: Services, nights: int = 0) -> tuple[dict[str, Measurement], list[ReviewOpened]]:
    """The night so many after the example's, on the morning after it."""
    night = NIGHT + timedelta(days=nights)
    clock_of(services).now = morning_after(night)
    events = list(run_night(services, night))
    found = [event.measurement for event in events if isinstance(event, IndicatorMeasured)]
    mine = {one.facet: one for one in found if one.indicator == "withdrawals"}
    opened = [event for event in events if isinstance(event, ReviewOpened)]
    return mine, [one for one in opened if one.milestone.kind is MilestoneKind.WITHDRAWALS]


def test_where_nobody_withdraws_all_is_well(tmp_path: Path):
    services = project_with(tmp_path)
    withdraw(services, 20, BEFORE, first=2000)  # who is not in the training data
    found, opened = run(services)
    assert {facet: one.outcome for facet, one in found.items()} == {
        "1": Outcome.PASS,
        "exclusion@1": Outcome.PASS,
    }
    assert found["1"].sentence == "None of the 1,000 people whom version 1 has learned from has withdrawn."
    assert "none is among the 1,000 people" in found["exclusion@1"].sentence
    assert not opened


@pytest.mark.parametrize(
    ("count", "told", "outcome", "reviewed"),
    [
        (1, "fewer than 11", Outcome.WARN, False),
        (10, "fewer than 11", Outcome.WARN, False),
        (11, "at least 11", Outcome.WARN, True),
        (21, "at least 11", Outcome.WARN, True),
        (50, "at least 44", Outcome.WARN, True),
        (51, "at least 44", Outcome.FAIL, True),
    ],
)
def test_withdrawals_are_counted_and_told_in_steps(
    tmp_path: Path, count: int, told: str, outcome: Outcome, reviewed: bool
):
    services = project_with(tmp_path)
    withdraw(services, count, AS_OF - timedelta(hours=1))
    withdraw(services, 500, AS_OF + timedelta(hours=1), first=500)  # after the night
    found, opened = run(services)
    assert found["1"].outcome is outcome
    assert found["1"].details["withdrawn"] == told
    assert found["1"].sentence.startswith(told[0].upper() + told[1:])
    assert str(count) not in found["1"].sentence.replace("11", "").replace("1,000", "").replace(" 1 ", "")
    assert found["exclusion@1"].outcome is Outcome.PASS
    assert bool(opened) is reviewed
    if opened:
        assert opened[0].milestone.sentence == found["1"].sentence
        assert not run(services)[1]  # once a version


def test_two_nights_between_which_one_person_withdraws_look_alike(tmp_path: Path):
    services = project_with(tmp_path)
    withdraw(services, 14, AS_OF - timedelta(hours=1))
    first, _ = run(services)
    withdraw(services, 1, AS_OF + timedelta(hours=1), first=15)
    second, _ = run(services, 1)
    for facet in first:
        assert second[facet].sentence == first[facet].sentence
        assert second[facet].value == first[facet].value
        assert second[facet].details == first[facet].details


def test_a_version_that_learned_from_people_who_had_withdrawn_before_fails(tmp_path: Path):
    services = project_with(tmp_path)
    withdraw(services, 3, BEFORE)
    found, _ = run(services)
    assert found["exclusion@1"].outcome is Outcome.FAIL
    assert "fewer than 11 of the 1,000 people" in found["exclusion@1"].sentence


def test_a_newer_version_shows_that_it_learned_from_none_of_them(tmp_path: Path):
    services = project_with(tmp_path)
    withdraw(services, 30, AS_OF - timedelta(hours=1))
    run(services)
    register_version(tmp_path, "2", at=AS_OF + timedelta(hours=1))  # on the same snapshot
    found, _ = run(services, 1)
    assert found["exclusion@2"].outcome is Outcome.FAIL
    assert found["exclusion@1"].outcome is Outcome.PASS
    engine_of(services).withdrew = {f"person {number}": AS_OF for number in range(5000, 5030)}
    register_version(tmp_path, "3", at=AS_OF + timedelta(days=1, hours=1))
    found, _ = run(services, 2)
    assert found["exclusion@3"].outcome is Outcome.PASS
    assert "(at least 22)" in found["exclusion@3"].sentence


@pytest.mark.parametrize(("clock", "word"), [("retrain", "replaced"), ("retire", "taken out of service")])
def test_the_playbooks_clock_runs_from_the_first_night_that_warned(tmp_path: Path, clock: str, word: str):
    services = project_with(tmp_path, {"clock": clock, "days": 3, "review_above": None})
    withdraw(services, 12, AS_OF + timedelta(hours=1))
    assert run(services)[0]["1"].outcome is Outcome.PASS
    due = (NIGHT + timedelta(days=4)).isoformat()
    for nights in (1, 2, 3):
        found, opened = run(services, nights)
        assert found["1"].outcome is Outcome.WARN
        assert found["1"].details["due"] == due
        assert f"It has to be {word}" in found["1"].sentence
        assert not opened
    found, _ = run(services, 4)
    assert found["1"].outcome is Outcome.FAIL
    assert f"It had to be {word}" in found["1"].sentence
    assert run(services, 4)[0]["1"] == found["1"]  # decided again as it was


def test_the_set_is_taken_once_and_a_key_that_rotates_leaves_it_readable(tmp_path: Path):
    services = project_with(tmp_path)
    withdraw(services, 12, AS_OF - timedelta(hours=1))
    first, _ = run(services)
    with services.store.begin() as unit:
        taken, body = unit.subjects.all(), unit.subjects.body(MODEL, "1")
    SubjectKeys(tmp_path / "keys").rotate()
    engine_of(services).answers = {TRAINING_SET: SourceUnavailable("gone")}
    again, _ = run(services)
    assert again == first
    with services.store.begin() as unit:
        assert (unit.subjects.all(), unit.subjects.body(MODEL, "1")) == (taken, body)


def test_a_manifest_names_the_notices_on_which_a_consent_counted(tmp_path: Path):
    services = project_with(tmp_path)
    playbook = services.project.playbook
    purpose = services.project.model(MODEL).training.purpose
    told = a_playbook(withdrawals={}, purposes={purpose: {"title": "Training", "notices": ["v3", "v4"]}})
    run(replace(services, project=replace(services.project, playbook=told)))
    with services.store.reading() as unit:
        (taken,) = unit.subjects.all()
    assert taken.notices == ("v3", "v4")
    assert playbook.purposes == {}


def not_known(services: Services) -> list[str]:
    found, opened = run(services)
    assert not opened
    unknown = [one for one in found.values() if one.outcome is Outcome.NOT_RUN]
    assert all(one.value is None for one in unknown)
    return [one.sentence for one in unknown]


def test_without_its_key_a_set_says_nothing(tmp_path: Path):
    services = project_with(tmp_path)
    run(services)
    (tmp_path / "keys").write_text("")
    [said] = not_known(services)
    assert "its key" in said


def test_an_erased_set_says_since_when(tmp_path: Path):
    services = project_with(tmp_path)
    run(services)
    with services.store.begin() as unit:
        unit.subjects.erase(MODEL, "1", AS_OF)
    [said] = not_known(services)
    assert f"erased on {AS_OF:%d %B %Y}" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"consent": None}, "no consent ledger"),
        ({"subject_keys": "/proc/nowhere/keys"}, "cannot be"),
    ],
)
def test_what_cannot_be_taken_is_said_and_tried_again(tmp_path: Path, change: dict[str, Any], why: str):
    broken = project_with(tmp_path, **change)
    said = not_known(broken)
    assert len(said) == 2
    assert all(why in one for one in said)
    repaired = replace(project_with(tmp_path), store=broken.store)
    assert not not_known(repaired)


def test_a_snapshot_that_names_nobody_is_no_proof(tmp_path: Path):
    services = project_with(tmp_path)
    contracts = dict(services.project.contracts)
    contracts[TRAINING_SET] = replace(contracts[TRAINING_SET], subject_key=None)
    services = replace(services, project=replace(services.project, contracts=contracts))
    assert all("names no subject column" in one for one in not_known(services))


def test_a_playbook_without_the_policy_asks_nothing_and_takes_nothing(tmp_path: Path):
    services = a_services(tmp_path)
    run(services)
    with services.store.begin() as unit:
        assert not unit.subjects.all()


# --- asked by people ----------------------------------------------------------------------------------


def test_the_impact_reaches_the_versions_and_where_they_serve(tmp_path: Path):
    services = project_with(tmp_path, {"clock": "retrain", "days": 10})
    withdraw(services, 12, AS_OF - timedelta(days=20))
    withdraw(services, 12, AS_OF - timedelta(hours=1), first=100)
    register_version(tmp_path, "2")
    run(services)
    first, second = withdrawal_impact(services, NIGHT)
    assert (first.version, first.people, first.withdrawn) == ("1", 1000, "at least 22")
    assert first.deployments == services.project.models[MODEL].deployments
    assert first.owed == "replaced within 10 days"
    assert (second.version, second.deployments) == ("2", ())
    since, _ = withdrawal_impact(services, NIGHT, AS_OF - timedelta(days=1))
    assert since.withdrawn == "at least 11"


def test_one_persons_question_is_answered(tmp_path: Path):
    services = project_with(tmp_path)
    run(services)
    assert [one.learned for one in learned_from(services, "person 7")] == [True]
    assert [one.learned for one in learned_from(services, "person 7000")] == [False]
    with services.store.begin() as unit:
        unit.subjects.erase(MODEL, "1", AS_OF)
    [answer] = learned_from(services, "person 7")
    assert answer.learned is None
    assert "erased" in answer.problem


def test_no_store_holds_who_they_are(tmp_path: Path):
    services = project_with(tmp_path)
    run(services)
    with services.store.begin() as unit:
        body = unit.subjects.body(MODEL, "1")
    assert body is not None
    assert b"person" not in body
    assert isinstance(engine_of(services), FakeEngine)
