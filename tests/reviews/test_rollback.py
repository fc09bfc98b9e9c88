"""A rollback opens an incident and ends a permit; rehearsals age; the night moves back what strayed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.catalog import registry_moves
from governance_pipeline.errors import CannotEvaluate, Refused
from governance_pipeline.reviews import service
from governance_pipeline.reviews.admission import unpermitted
from governance_pipeline.reviews.promotion import gate_for_stage, issue_permit, promote
from governance_pipeline.reviews.rollback import look_back, rehearse, roll_back
from governance_pipeline.reviews.service import Table
from governance_pipeline.stages import moving_back
from governance_pipeline.testing import MODEL, NIGHT, a_playbook
from governance_pipeline.testing.project import REGISTRY
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.night import IndicatorMeasured, StageMovedBack
from governance_pipeline.vocabulary.review import ReviewAct
from tests.reviews.support import Lab, lab
from tests.reviews.test_promotion import desk, promoted_and_served, registered, stages

DAY = timedelta(days=1)


def served(tmp_path: Path, **policies: Any) -> Lab:
    """Versions 2 and 3 were approved and promoted, one after the other; 3 serves."""
    found = lab(tmp_path, playbook=a_playbook(**policies))
    found.night()
    found.approve()
    return promoted_and_served(found)


def back(found: Lab, **changes: Any) -> None:
    found.clock.tick(hours=1)
    asked = {"stage": "production", "person": "ada", "reason": "It refuses everybody."}
    roll_back(desk(found), MODEL, **(asked | changes), now=found.clock())


def by_hand(found: Lab, version: str) -> None:
    """Somebody writes another version's stage into the registry."""
    file = found.root / REGISTRY
    told = json.loads(file.read_text(encoding="utf-8"))
    for one in told["versions"]:
        one["stage"] = "production" if one["version"] == version else "replaced"
    file.write_text(json.dumps(told), encoding="utf-8")


def astray(found: Lab, version: str) -> str | None:
    with found.services.store.begin() as unit:
        return unpermitted(unit, registered(found)[version], desk(found).trust, found.clock())


def test_a_rollback_opens_an_incident_of_the_owner_and_tells_them(tmp_path: Path):
    found = served(tmp_path)
    back(found)
    with found.services.store.begin() as unit:
        (incident,) = [one for one in unit.incidents.list() if one.indicator == "rollback"]
        (event,) = unit.incidents.events(incident.id)
        alerts = [one for one in unit.outbox.list() if one.incident == incident.id]
    assert incident.owner == found.project.model(MODEL).owner
    assert incident.sentence == (
        "Ada rolled mortgage_approval back from version 3 at production to version 2: It refuses everybody."
    )
    assert (event.act, event.actor, event.note) == (IncidentAct.OPENED, "ada", "It refuses everybody.")
    assert "It refuses everybody." in alerts[0].body


def test_the_incident_of_a_rollback_outlasts_the_nights_and_opens_again(tmp_path: Path):
    found = served(tmp_path)
    back(found)
    found.night()
    with found.services.store.begin() as unit:
        (incident,) = unit.incidents.list(open_only=True)
    assert incident.status is IncidentStatus.OPEN
    assert incident.indicator == "rollback"


def test_what_was_rolled_back_from_loses_its_permit_and_the_gate(tmp_path: Path):
    found = served(tmp_path)
    assert astray(found, "3") is None
    back(found)
    by_hand(found, "3")
    assert "from where it was rolled back on 05 March 2026" in str(astray(found, "3"))
    report = gate_for_stage(desk(found), MODEL, "3", "production", found.clock())
    assert [reason.code for reason in report.reasons] == ["rolled_back", "permit_void"]
    assert "It refuses everybody." in report.reasons[0].sentence
    with pytest.raises(Refused, match="was rolled back from 'production'"):
        promote(desk(found), MODEL, "3", "production", person="ada", now=found.clock())
    by_hand(found, "2")
    with pytest.raises(Refused, match="version 3 was rolled back from on 05 March 2026 and not approved"):
        back(found, to="3")


def again_approved(found: Lab, version: str) -> None:
    found.clock.tick(hours=1)
    review = found.review(version)
    table = Table(found.project, found.services.store, found.graph(), found.clock())
    people = [(one.person, one.function) for one in review.standing.values()]
    service.revoke(table, review.id, person=people[0][0], reason="It was rolled back.")
    service.reopen(table, review.id, person=found.project.model(MODEL).owner, reason="It was repaired.")
    for person, function in people:
        found.decide(person, function, review=review.id)


def test_approved_anew_it_needs_a_new_permit_and_then_may_go_forward(tmp_path: Path):
    found = served(tmp_path)
    back(found)
    again_approved(found, "3")
    report = gate_for_stage(desk(found), MODEL, "3", "production", found.clock())
    assert [reason.code for reason in report.reasons] == ["permit_void"]
    by_hand(found, "3")
    assert astray(found, "3") is not None
    by_hand(found, "2")
    assert promote(desk(found), MODEL, "3", "production", person="ada", now=found.clock()).replaced == "2"
    assert astray(found, "3") is None


def rehearsal_outcomes(events: list[Any]) -> list[tuple[str, float | None, str]]:
    found = [one.measurement for one in events if isinstance(one, IndicatorMeasured)]
    return [(str(m.outcome), m.value, m.sentence) for m in found if m.indicator == "rehearsal"]


def test_the_night_tells_how_old_the_last_rehearsal_is(tmp_path: Path):
    found = served(tmp_path, rehearsal={"warn": 2, "fail": 4})
    found.clock.tick(days=1)
    ((_, _, sentence),) = rehearsal_outcomes(found.night(NIGHT))
    assert "never been rehearsed" in sentence
    assert rehearse(desk(found), MODEL, found.clock(), stage="production", person="ada").is_ready
    outcomes = []
    for days in range(1, 9):
        found.clock.tick(days=1)
        ((outcome, value, _),) = rehearsal_outcomes(found.night(NIGHT + days * DAY))
        outcomes.append((outcome, value))
    assert outcomes[:2] == [("pass", 0), ("pass", 0)]
    assert outcomes[-1] == ("fail", 6)
    assert ("warn", 3) in outcomes


def test_a_look_is_no_rehearsal_and_a_failed_rehearsal_fails(tmp_path: Path):
    found = served(tmp_path, rehearsal={})
    look_back(desk(found), MODEL, found.clock(), stage="production")
    found.clock.tick(days=1)
    ((_, _, sentence),) = rehearsal_outcomes(found.night(NIGHT + DAY))
    assert "never been rehearsed" in sentence
    assert not rehearse(desk(found), MODEL, found.clock(), stage="production", to="1", person="ada").is_ready
    found.clock.tick(days=1)
    ((outcome, value, sentence),) = rehearsal_outcomes(found.night(NIGHT + 2 * DAY))
    assert (outcome, value) == ("fail", 1)  # a day since it took the stage: a failed rehearsal renews nothing
    assert "version 1 was never approved" in sentence


def moves(events: list[Any]) -> list[tuple[str | None, str | None, str | None]]:
    return [(e.found, e.restored, e.problem) for e in events if isinstance(e, StageMovedBack)]


def test_the_night_moves_back_only_where_the_playbook_says_so(tmp_path: Path):
    found = served(tmp_path / "off", permits={})
    by_hand(found, "1")
    found.clock.tick(days=1)
    assert moves(found.night(NIGHT + DAY)) == []
    assert stages(found)["1"] == "production"


def test_the_night_brings_back_what_was_permitted_last_records_it_and_tells(tmp_path: Path):
    found = served(tmp_path, permits={"move_back": True})
    by_hand(found, "1")
    found.clock.tick(days=1)
    assert moves(found.night(NIGHT + DAY)) == [("1", "3", None)]
    assert stages(found) == {"1": "replaced", "2": "replaced", "3": "production"}
    review = found.review("3").id
    with found.services.store.begin() as unit:
        acts = unit.reviews.events(review)
        alerts = [one for one in unit.outbox.list() if "moved_back" in one.key]
    assert acts[-1].act is ReviewAct.MOVED_BACK
    assert (acts[-1].actor, acts[-1].data["from"], acts[-1].data["to"]) == ("nightly", "1", "3")
    assert "Version 1 was at 'production'" in alerts[0].body
    assert moves(found.night(NIGHT + DAY)) == []


def test_after_a_rollback_it_is_the_target_that_is_brought_back(tmp_path: Path):
    found = served(tmp_path, permits={"move_back": True})
    back(found)
    by_hand(found, "3")
    found.clock.tick(days=1)
    assert moves(found.night(NIGHT + DAY)) == [("3", "2", None)]


def test_a_night_that_is_caught_up_late_does_not_undo_a_later_promotion(tmp_path: Path):
    found = lab(tmp_path, playbook=a_playbook(permits={"move_back": True}))
    found.night()
    found.approve()
    found.clock.tick(days=1)
    issue_permit(desk(found), MODEL, "2", "production", person="ada", now=found.clock())
    promote(desk(found), MODEL, "2", "production", person="ada", now=found.clock())
    assert moves(found.night()) == []
    assert stages(found)["2"] == "production"


def test_where_nothing_was_ever_permitted_the_night_says_that_it_cannot(tmp_path: Path):
    found = lab(tmp_path, playbook=a_playbook(permits={"move_back": True}))
    ((left, restored, problem),) = moves(found.night())
    assert (left, restored) == ("1", None)
    assert "no version that was permitted there" in str(problem)


def test_what_could_not_be_moved_is_not_recorded_as_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = served(tmp_path, permits={"move_back": True})
    by_hand(found, "1")

    def refused(*_: object) -> None:
        raise CannotEvaluate("the registry does not answer")

    monkeypatch.setattr(moving_back, "move_stage", refused)
    found.clock.tick(days=1)
    assert moves(found.night(NIGHT + DAY)) == [(None, None, "the registry does not answer")]
    review = found.review("3").id
    with found.services.store.begin() as unit:
        acts = {event.act for event in unit.reviews.events(review)}
        assert not [one for one in unit.outbox.list() if "moved_back" in one.key]
    assert ReviewAct.MOVED_BACK not in acts
    assert registry_moves.move_stage is not refused
