"""From a review's events to its state. Pure, and the same for every reader.

Whoever appends an event has asked :mod:`~governance_pipeline.reviews.rights` first; the fold asks nobody, but
it never lets a review that has ended change its mind: what comes after the end and is no re-opening counts
for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from governance_pipeline.reviews.conditions import condition_of
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import (
    Assessment,
    Decision,
    Delegation,
    ReviewAct,
    ReviewEvent,
    ReviewStatus,
    Verdict,
    Waiver,
    Why,
)


def fold(events: Iterable[ReviewEvent]) -> ReviewState:
    """The state after ``events``. Raises ValueError for an empty or headless sequence."""
    state: ReviewState | None = None
    for event in events:
        state = _opened(event) if state is None else after(state, event)
    if state is None:
        raise ValueError("a review without events does not exist")
    return state


def after(state: ReviewState, event: ReviewEvent) -> ReviewState:
    """The state after one more event."""
    numbered = replace(state, sequence=event.sequence)
    apply = _RULES.get(event.act)
    return numbered if apply is None else apply(numbered, event)


def _opened(event: ReviewEvent) -> ReviewState:
    if event.act is not ReviewAct.OPENED:
        raise ValueError(f"review {event.review} does not begin with its opening")
    data = event.data
    expires = data.get("expires")
    return ReviewState(
        id=event.review,
        model=data["model"],
        version=data["version"],
        required=_required(data["required"]),
        evidence=Evidence.from_json(data["evidence"]),
        opened_at=event.at,
        due=datetime.fromisoformat(data["due"]),
        valid_days=int(data["valid_days"]),
        expires_at=datetime.fromisoformat(expires) if expires else None,
        stage=data.get("stage", ""),
        sequence=event.sequence,
    )


def _required(data: Mapping[str, Any]) -> dict[Function, int]:
    return {Function(name): int(people) for name, people in data.items()}


def _decided(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    decision = Decision(
        function=data["function"],
        person=event.actor,
        verdict=Verdict(data["verdict"]),
        reason=data["reason"],
        evidence=data["evidence"],
        at=event.at,
        conditions=tuple(condition_of(one) for one in data.get("conditions", ())),
        on_behalf=data.get("on_behalf", ""),
        trade_off=data.get("trade_off", ""),
    )
    key = (decision.person, decision.function)
    stale = decision.evidence != state.evidence.digest
    if stale or not state.status.is_open or key in state.fallen or decision.person in state.recused:
        return replace(state, void=(*state.void, decision))
    state = replace(state, decisions=(*state.decisions, decision))
    verdict = state.verdict
    if verdict.is_open:
        return state
    return replace(
        state, ended=verdict, ended_by=event.actor, ended_reason=decision.reason, settled_at=event.at
    )


def _attached(state: ReviewState, event: ReviewEvent) -> ReviewState:
    if not (state.status.is_open or state.is_approved):
        return state
    required = _required(event.data["required"]) if "required" in event.data else state.required
    return replace(_renewed(state, Evidence.from_json(event.data["evidence"])), required=required)


def _reopened(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    status = state.status_at(event.at)
    if status.is_open or status.is_approval:
        return state
    evidence = Evidence.from_json(data["evidence"])
    return replace(
        _renewed(state, evidence),
        required=_required(data["required"]),
        opened_at=event.at,
        due=datetime.fromisoformat(data["due"]),
        expires_at=datetime.fromisoformat(data["expires"]),
        recused={},
        fallen=(),
        stand_ins=(),
        escalated=0,
        reminded_at=(),
        round=state.round + 1,
    )


def _renewed(state: ReviewState, evidence: Evidence) -> ReviewState:
    """On new evidence every decision is void; waivers stand while model, data and policy are the same."""
    same = replace(evidence, findings=()) == replace(state.evidence, findings=())
    return replace(
        state,
        evidence=evidence,
        void=state.void + state.decisions,
        decisions=(),
        waivers=state.waivers if same else (),
        fulfilled=(),
        ended=None,
        ended_by="",
        ended_reason="",
        why=None,
        settled_at=None,
    )


def _recused(state: ReviewState, event: ReviewEvent) -> ReviewState:
    recused = {**state.recused, event.actor: event.data["reason"]}
    return _without(replace(state, recused=recused), lambda one: one.person == event.actor)


def _fell(state: ReviewState, event: ReviewEvent) -> ReviewState:
    fallen = tuple((person, function) for person, function in event.data["fallen"])
    kept = replace(state, fallen=(*state.fallen, *fallen))
    return _without(kept, lambda one: (one.person, one.function) in fallen)


def _without(state: ReviewState, gone: Callable[[Decision], bool]) -> ReviewState:
    """Open decisions that fall. A review that has ended stays as it was decided."""
    if not state.status.is_open:
        return state
    return replace(
        state,
        decisions=tuple(one for one in state.decisions if not gone(one)),
        void=(*state.void, *(one for one in state.decisions if gone(one))),
    )


def _delegated(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    handed = Delegation(
        person=event.actor,
        to=data["to"],
        function=data["function"],
        since=date.fromisoformat(data["since"]),
        until=date.fromisoformat(data["until"]),
    )
    others = (d for d in state.delegations if (d.person, d.function) != (handed.person, handed.function))
    return replace(state, delegations=(*others, handed))


def _reminded(state: ReviewState, event: ReviewEvent) -> ReviewState:
    return replace(state, reminded_at=(*state.reminded_at, event.at))


def _escalated(state: ReviewState, event: ReviewEvent) -> ReviewState:
    asked = tuple((person, function) for person, function in event.data["stand_ins"])
    return replace(state, stand_ins=(*state.stand_ins, *asked), escalated=int(event.data["step"]))


def _waived(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    entity, indicator, facet = data["key"]
    fresh = Waiver(
        clause=data["clause"],
        key=(entity, indicator, facet),
        approvers=((data["function"], event.actor),),
        needed={name: int(people) for name, people in data["needed"].items()},
        control=data["control"],
        until=date.fromisoformat(data["until"]),
        reason=data["reason"],
    )
    waivers = list(state.waivers)
    for place, known in enumerate(waivers):
        if known.key == fresh.key and known.control == fresh.control and known.until == fresh.until:
            if event.actor not in {person for _, person in known.approvers}:
                waivers[place] = replace(known, approvers=(*known.approvers, *fresh.approvers))
            return replace(state, waivers=tuple(waivers))
    return replace(state, waivers=(*waivers, fresh))


def _assessed(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    found = Assessment(
        data["questionnaire"], data["digest"], data["answers"], data["inputs"], by=event.actor, at=event.at
    )
    return replace(state, assessments=(*state.assessments, found))


def _fulfilled(state: ReviewState, event: ReviewEvent) -> ReviewState:
    return replace(state, fulfilled=(*state.fulfilled, int(event.data["condition"])))


def _ending(status: ReviewStatus, *, from_approval: bool, from_open: bool) -> Callable[..., ReviewState]:
    """The rule of an act that ends a review as ``status``; where it stands otherwise, nothing changes."""

    def end(state: ReviewState, event: ReviewEvent) -> ReviewState:
        ends = from_open if state.status.is_open else from_approval and state.is_approved
        if not ends:
            return state
        reason = str(event.data.get("reason") or event.data.get("by") or "")
        why = Why(event.data["why"]) if "why" in event.data else None
        return replace(
            state, ended=status, ended_by=event.actor, ended_reason=reason, why=why, settled_at=event.at
        )

    return end


_RULES: Mapping[ReviewAct, Callable[[ReviewState, ReviewEvent], ReviewState]] = {
    ReviewAct.DECIDED: _decided,
    ReviewAct.EVIDENCE_ATTACHED: _attached,
    ReviewAct.RECUSED: _recused,
    ReviewAct.DELEGATED: _delegated,
    ReviewAct.REMINDED: _reminded,
    ReviewAct.ESCALATED: _escalated,
    ReviewAct.FELL: _fell,
    ReviewAct.WAIVED: _waived,
    ReviewAct.FULFILLED: _fulfilled,
    ReviewAct.ASSESSED: _assessed,
    ReviewAct.WITHDRAWN: _ending(ReviewStatus.WITHDRAWN, from_open=True, from_approval=False),
    ReviewAct.SUPERSEDED: _ending(ReviewStatus.SUPERSEDED, from_open=True, from_approval=False),
    ReviewAct.EXPIRED: _ending(ReviewStatus.EXPIRED, from_open=True, from_approval=True),
    ReviewAct.REVOKED: _ending(ReviewStatus.REVOKED, from_open=False, from_approval=True),
    ReviewAct.REOPENED: _reopened,
}
"""What each act changes; an act without a rule (a comment) changes nothing."""
