"""What nights do to reviews that stand, and whom they tell, by whole nights of the small project."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.reviews import service
from governance_pipeline.reviews.planned import open_review
from governance_pipeline.reviews.service import Table, list_reviews
from governance_pipeline.testing import DATASET, MODEL, NIGHT, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.review import MilestoneKind, ReviewStatus, Stage, Verdict, Why
from tests.reviews.support import Lab, lab, late, people


def with_rules(root: Path, answers: dict[str, Any] | None = None, **rules: Any) -> Lab:
    policy = a_playbook().reviews.model_dump(mode="json") | rules
    bounds = {"low": 0.0, "medium": 10.0, "high": 45.0, "critical": 70.0}
    found = lab(root, answers, playbook=a_playbook(reviews=policy, risk={"bounds": bounds}))
    found.night()
    return found


def table(found: Lab) -> Table:
    return Table(found.project, found.services.store, found.graph(), found.clock())


def a_night_later(found: Lab, days: int) -> list[Alert]:
    """Another night that many days later; the alerts it queued about the review of version 2."""
    with found.services.store.begin() as unit:
        before = {alert.key for alert in unit.outbox.list()}
    found.clock.now += timedelta(days=days)
    found.night(NIGHT + timedelta(days=days))
    review = found.review().id
    with found.services.store.begin() as unit:
        return [a for a in unit.outbox.list() if a.key not in before and a.key.startswith(review)]


def test_those_who_are_missing_are_reminded_once_when_the_day_comes(tmp_path: Path):
    found = with_rules(tmp_path, remind_days=[3])
    found.decide("lea", Function.LEGAL)
    assert a_night_later(found, 2) == []
    told = a_night_later(found, 2)
    assert {alert.recipient for alert in told} == {"pia", "pax", "eli"}
    assert "your decision is still asked" in told[0].subject
    assert "--function" in told[0].body
    assert a_night_later(found, 1) == []


def test_an_escalation_lets_somebody_stand_in_and_tells_them(tmp_path: Path):
    steps = [{"after_days": 2, "stand_ins": {"ethics": "sam"}, "tell": ["lea"]}]
    found = with_rules(tmp_path, remind_days=[], escalation=steps)
    with pytest.raises(service.Refused, match="do not hold the function ethics"):
        found.decide("sam", Function.ETHICS)
    told = a_night_later(found, 2)
    assert {alert.recipient for alert in told} == {"sam", "lea"}
    found.decide("sam", Function.ETHICS)
    assert Function.ETHICS not in found.review().missing


def test_the_open_decision_of_somebody_who_left_falls_and_the_owner_is_told(tmp_path: Path):
    found = with_rules(tmp_path, remind_days=[])
    found.decide("pia", Function.PRIVACY)
    found.change(charter=people(pia="2026-03-05"))
    told = a_night_later(found, 1)
    assert {alert.recipient for alert in told} == {found.project.models[MODEL].owner}
    assert found.review().fallen == (("pia", "privacy"),)
    assert Function.PRIVACY in found.review().missing


def test_an_approval_of_somebody_who_leaves_later_stands(tmp_path: Path):
    found = with_rules(tmp_path)
    found.approve()
    found.change(charter=people(lea="2026-03-05"))
    a_night_later(found, 1)
    assert found.review().is_approved


def test_a_review_that_nobody_decides_expires_and_can_be_opened_again(tmp_path: Path):
    found = with_rules(tmp_path, remind_days=[], open_days=4)
    told = a_night_later(found, 5)
    assert found.review().status is ReviewStatus.EXPIRED
    assert [alert.recipient for alert in told] == [found.project.models[MODEL].owner]
    owner = found.project.charter.members(found.project.models[MODEL].owner, NIGHT)[0]
    state = service.reopen(table(found), found.review().id, person=owner.id, reason="We are back.")
    assert (state.status, state.round) == (ReviewStatus.IN_REVIEW, 2)


def test_a_changed_input_revokes_the_approval_and_asks_again(tmp_path: Path):
    found = with_rules(tmp_path)
    found.approve()
    found.engine.answers[DATASET] = late(90)
    told = a_night_later(found, 1)
    state = found.review()
    assert (state.status, state.round, state.decisions) == (ReviewStatus.IN_REVIEW, 2, ())
    with found.services.store.begin() as unit:
        acts = [(e.act, e.data.get("why")) for e in unit.reviews.events(state.id)][-2:]
    assert acts == [("revoked", Why.CHANGED_INPUT), ("reopened", None)]
    assert {"the approval is revoked", "your decision is asked again"} <= {
        alert.subject.rpartition(": ")[2] for alert in told
    }


def with_condition(found: Lab, condition: str) -> None:
    found.decide("lea", Function.LEGAL, Verdict.APPROVE_WITH_CONDITIONS, conditions=[condition])
    found.approve()
    assert found.review().status is ReviewStatus.APPROVED_WITH_CONDITIONS


def test_a_measured_condition_that_breaks_revokes_the_approval_and_opens_an_incident(tmp_path: Path):
    found = with_rules(tmp_path)
    with_condition(found, f"dataset:{DATASET} recency <= 20")
    assert a_night_later(found, 1) == []
    found.engine.answers[DATASET] = late(22)  # within the contract, past the condition
    told = a_night_later(found, 1)
    state = found.review()
    assert (state.status, state.why) == (ReviewStatus.REVOKED, Why.BROKEN_CONDITION)
    assert "is broken" in state.ended_reason
    assert told
    with found.services.store.begin() as unit:
        (incident,) = [i for i in unit.incidents.list() if i.indicator == "review_condition"]
    assert (incident.entity, incident.facet) == (Entity.model(MODEL), state.id)
    assert "review_not_approved" in found.codes()


def test_a_condition_with_an_owner_breaks_the_day_after_unless_it_is_reported(tmp_path: Path):
    found = with_rules(tmp_path)
    with_condition(found, "Tell the branches @eli by 2026-03-06")
    a_night_later(found, 1)
    assert found.review().is_approved
    service.fulfil(table(found), found.review().id, person="eli", condition=1, note="They know.")
    a_night_later(found, 3)
    assert found.review().is_approved


def test_a_condition_that_nobody_reports_breaks(tmp_path: Path):
    found = with_rules(tmp_path)
    with_condition(found, "Tell the branches @eli by 2026-03-06")
    a_night_later(found, 3)
    assert found.review().why is Why.BROKEN_CONDITION


@pytest.mark.parametrize(
    "condition",
    [
        "Soon.",
        "Tell them @nobody by 2026-04-01",
        "dataset:no.table drift <= 1",
        f"dataset:{DATASET} beauty <= 1",
    ],
)
def test_a_condition_that_nobody_could_check_is_refused(tmp_path: Path, condition: str):
    found = with_rules(tmp_path)
    with pytest.raises(service.NotFound.__mro__[1]):
        found.decide("lea", Function.LEGAL, Verdict.APPROVE_WITH_CONDITIONS, conditions=[condition])


def test_a_planned_stage_asks_the_functions_of_the_playbook_and_tells_them(tmp_path: Path):
    found = with_rules(tmp_path, by_stage={"idea": [{"function": "ethics"}]})
    opened = open_review(table(found), MODEL, person="lea", reason="A first thought.", stage=Stage.IDEA)
    again = open_review(table(found), MODEL, person="eva", reason="The same day.", stage=Stage.IDEA)
    assert opened == again
    state, milestone = next((s, m) for m, s in list_reviews(found.services.store) if s.id == opened)
    assert (milestone.kind, state.stage, state.version) == (MilestoneKind.STAGE, "idea", None)
    assert dict(state.required) == {Function.ETHICS: 1}
    with found.services.store.begin() as unit:
        told = {alert.recipient for alert in unit.outbox.list() if alert.key.startswith(opened)}
    assert "eli" in told
    assert found.decide("eli", Function.ETHICS, review=opened).is_approved
    a_night_later(found, 1)


def test_a_risk_that_rises_to_the_tier_is_reviewed_once(tmp_path: Path):
    found = with_rules(tmp_path, from_risk_tier="medium")
    for day in (1, 2):
        found.engine.answers |= dict.fromkeys(found.project.contracts, late(500))
        a_night_later(found, day)
    kinds = [milestone.kind for milestone, _ in list_reviews(found.services.store)]
    assert kinds.count(MilestoneKind.RISK_TIER) == 1
