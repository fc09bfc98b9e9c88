"""What a night does to a review that stands: let run out, renew, remind, escalate, revoke. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from governance_pipeline.charter.playbook import EscalationStep, ReviewPolicy
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.conditions import broken
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.fold import after
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ReviewEvent, Why


@dataclass(frozen=True, slots=True)
class Seen:
    """What a night knows of one review.

    Attributes:
        evidence: of tonight; None where the version is not there any more.
        required: who must decide on that evidence.
        measurements: of tonight, all of them.
    """

    circle: Circle
    evidence: Evidence | None
    required: Mapping[Function, int]
    measurements: Sequence[Measurement]
    policy: ReviewPolicy
    now: datetime


def upkeep(seen: Seen) -> list[ReviewEvent]:
    """The events that tonight adds to a review, in order; none for one that has ended."""
    state = seen.circle.state
    if not (state.status.is_open or state.is_approved):
        return []
    if state.status_at(seen.now) is not state.status:
        return [acts.expiring(state, at=seen.now)]
    return _of_approval(seen) if state.is_approved else _of_open(seen)


def broken_conditions(seen: Seen) -> list[str]:
    """Why an approval does not hold any longer, a sentence for each condition that is broken."""
    state = seen.circle.state
    found = broken(state.conditions, state.fulfilled, seen.measurements, seen.circle.day)
    return [f"The condition '{condition.sentence}' is broken: {why}" for condition, why in found]


def _of_approval(seen: Seen) -> list[ReviewEvent]:
    state = seen.circle.state
    why = broken_conditions(seen)
    if why:
        reason = " ".join(why)
        return [acts.revoking(state, at=seen.now, reason=reason, why=Why.BROKEN_CONDITION)]
    if seen.evidence is None or state.evidence.covers(seen.evidence):
        return []
    reason = state.evidence.what_changed(seen.evidence)
    revoked = acts.revoking(state, at=seen.now, reason=reason, why=Why.CHANGED_INPUT)
    again = acts.reopening(
        after(state, revoked),
        at=seen.now,
        reason=reason,
        required=seen.required,
        evidence=seen.evidence,
        due_days=seen.policy.due_days,
        open_days=seen.policy.open_days,
    )
    return [revoked, again]


def _of_open(seen: Seen) -> list[ReviewEvent]:
    """New evidence, people who may decide no more, steps of the escalation, a reminder."""
    circle, events = seen.circle, list[ReviewEvent]()

    def add(event: ReviewEvent) -> None:
        nonlocal circle
        events.append(event)
        circle = Circle(circle.project, after(circle.state, event), circle.interests, circle.day)

    if seen.evidence is not None and not circle.state.evidence.covers(seen.evidence):
        add(acts.attaching(circle.state, seen.evidence, required=seen.required, at=seen.now))
    if fallen := circle.fallen():
        add(acts.falling(circle.state, fallen, at=seen.now))
    for number, step in _steps_due(seen, circle.state):
        add(acts.escalating(circle.state, number, _asked(step, circle.state), step.tell, at=seen.now))
    if _reminder_due(seen, circle.state):
        people = {person.id for free in circle.eligible().values() for person in free}
        add(acts.reminding(circle.state, sorted(people), at=seen.now))
    return events


def _steps_due(seen: Seen, state: ReviewState) -> list[tuple[int, EscalationStep]]:
    steps = sorted(seen.policy.escalation, key=lambda step: step.after_days)
    return [
        (number, step)
        for number, step in enumerate(steps, 1)
        if number > state.escalated and seen.now >= state.opened_at + timedelta(days=step.after_days)
    ]


def _asked(step: EscalationStep, state: ReviewState) -> list[tuple[str, str]]:
    """The stand-ins of functions that are still missing."""
    missing = state.missing
    return [(person, str(function)) for function, person in step.stand_ins.items() if function in missing]


def _reminder_due(seen: Seen, state: ReviewState) -> bool:
    """Whether a day of reminding has come since which nobody was reminded."""
    days = [state.opened_at + timedelta(days=day) for day in seen.policy.remind_days]
    come = [day for day in days if day <= seen.now]
    return bool(come) and not any(at >= max(come) for at in state.reminded_at)
