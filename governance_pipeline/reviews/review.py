"""A review is a fold over its events. Pure: identity and time come in as arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from governance_pipeline.errors import Conflict, Refused
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import (
    Decision,
    ReviewAct,
    ReviewEvent,
    ReviewStatus,
    Verdict,
)

_CONSENTING = (Verdict.APPROVE, Verdict.APPROVE_WITH_CONDITIONS)


@dataclass(frozen=True, slots=True)
class ReviewState:
    """One review as its events leave it.

    Attributes:
        required: function to the number of distinct people who must approve for it.
        evidence: what decisions are made on now.
        decisions: every decision, oldest first; those on replaced evidence are in ``void``.
        settled_at: when the last needed approval, or the rejection, came.
        valid_until: an approval's last instant; None until approved.
        sequence: of the newest event.
    """

    id: str
    model: str
    version: str | None
    required: Mapping[Function, int]
    evidence: Evidence
    opened_at: datetime
    due: datetime
    valid_days: int
    decisions: tuple[Decision, ...] = ()
    void: tuple[Decision, ...] = ()
    ended: ReviewStatus | None = None
    settled_at: datetime | None = None
    sequence: int = 0

    @property
    def status(self) -> ReviewStatus:
        """Where the review stands, apart from the passing of time (see :meth:`status_at`)."""
        if self.ended is not None:
            return self.ended
        standing = self.standing.values()
        if any(decision.verdict is Verdict.REJECT for decision in standing):
            return ReviewStatus.REJECTED
        if any(decision.verdict is Verdict.REQUEST_CHANGES for decision in standing):
            return ReviewStatus.CHANGES_REQUESTED
        if self.missing:
            return ReviewStatus.IN_REVIEW
        if any(decision.conditions for decision in standing if decision.verdict in _CONSENTING):
            return ReviewStatus.APPROVED_WITH_CONDITIONS
        return ReviewStatus.APPROVED

    def status_at(self, now: datetime) -> ReviewStatus:
        """The status, with an approval that has run out shown as expired."""
        if self.is_approved and self.valid_until is not None and now > self.valid_until:
            return ReviewStatus.EXPIRED
        return self.status

    @property
    def is_approved(self) -> bool:
        return self.status in (ReviewStatus.APPROVED, ReviewStatus.APPROVED_WITH_CONDITIONS)

    @property
    def valid_until(self) -> datetime | None:
        if not self.is_approved or self.settled_at is None:
            return None
        return self.settled_at + timedelta(days=self.valid_days)

    @property
    def standing(self) -> dict[tuple[str, str], Decision]:
        """Each person's newest decision per function, on the present evidence."""
        return {(d.person, d.function): d for d in self.decisions}

    @property
    def missing(self) -> dict[Function, int]:
        """How many more people each function still has to bring. People count once, for one
        function: a second hat does not make a second person.
        """
        counted: dict[Function, set[str]] = {function: set() for function in self.required}
        used: set[str] = set()
        for decision in self.decisions:
            function = Function(decision.function)
            newest = self.standing[decision.person, decision.function]
            if newest is decision and decision.verdict in _CONSENTING and decision.person not in used:
                counted.setdefault(function, set()).add(decision.person)
                used.add(decision.person)
        return {f: n - len(counted[f]) for f, n in self.required.items() if len(counted[f]) < n}


def opening(
    review_id: str,
    *,
    at: datetime,
    required: Mapping[Function, int],
    evidence: Evidence,
    model: str,
    version: str | None,
    due_days: int,
    valid_days: int,
) -> ReviewEvent:
    """The first event of a review."""
    data = {
        "model": model,
        "version": version,
        "required": {str(function): people for function, people in required.items()},
        "evidence": evidence.to_json(),
        "due": (at + timedelta(days=due_days)).isoformat(),
        "valid_days": valid_days,
    }
    return ReviewEvent(review_id, 1, ReviewAct.OPENED, at, "nightly", data)


def deciding(
    state: ReviewState,
    *,
    at: datetime,
    person: str,
    function: Function,
    verdict: Verdict,
    reason: str,
    conditions: Sequence[str] = (),
) -> ReviewEvent:
    """The event of one person's decision.

    Raises:
        Conflict: the review has ended.
        Refused: the function is not asked, the person already counts for another one, the reason is
            empty, or conditions and verdict do not go together.
    """
    if not state.status.is_open:
        raise Conflict(
            f"review {state.id} has ended: {state.status.value.replace('_', ' ')}",
            hint="a new milestone, or a change of the evidence, opens it again",
        )
    if function not in state.required:
        asked = ", ".join(sorted(state.required))
        raise Refused(f"review {state.id} does not ask {function}", hint=f"it asks: {asked}")
    other = next((d.function for d in state.decisions if d.person == person and d.function != function), None)
    if other is not None:
        raise Refused(
            f"{person} has already decided for {other}; one person decides for one function",
            hint=f"another holder of {function} must decide",
        )
    if not reason.strip():
        raise Refused("a decision needs a reason", hint="say in a sentence why, for those who read it later")
    if bool(conditions) != (verdict is Verdict.APPROVE_WITH_CONDITIONS):
        raise Refused(
            "conditions go with the verdict approve_with_conditions, and that verdict needs at least one",
            hint="name each condition with --condition, or choose another verdict",
        )
    data: dict[str, Any] = {
        "function": str(function),
        "verdict": str(verdict),
        "reason": reason.strip(),
        "conditions": list(conditions),
        "evidence": state.evidence.digest,
    }
    return ReviewEvent(state.id, state.sequence + 1, ReviewAct.DECIDED, at, person, data)


def attaching(state: ReviewState, evidence: Evidence, *, at: datetime) -> ReviewEvent:
    """The event that new evidence replaces the old; decisions made before it become void."""
    data = {"evidence": evidence.to_json()}
    return ReviewEvent(state.id, state.sequence + 1, ReviewAct.EVIDENCE_ATTACHED, at, "nightly", data)


def superseding(state: ReviewState, by: str, *, at: datetime) -> ReviewEvent:
    """The event that a newer version's review takes this one's place."""
    return ReviewEvent(state.id, state.sequence + 1, ReviewAct.SUPERSEDED, at, "nightly", {"by": by})


def fold(events: Iterable[ReviewEvent]) -> ReviewState:
    """The state after ``events``. Raises ValueError for an empty or headless sequence."""
    state: ReviewState | None = None
    for event in events:
        state = _opened(event) if state is None else _apply(state, event)
    if state is None:
        raise ValueError("a review without events does not exist")
    return state


def _opened(event: ReviewEvent) -> ReviewState:
    if event.act is not ReviewAct.OPENED:
        raise ValueError(f"review {event.review} does not begin with its opening")
    data = event.data
    return ReviewState(
        id=event.review,
        model=data["model"],
        version=data["version"],
        required={Function(name): int(people) for name, people in data["required"].items()},
        evidence=Evidence.from_json(data["evidence"]),
        opened_at=event.at,
        due=datetime.fromisoformat(data["due"]),
        valid_days=int(data["valid_days"]),
        sequence=event.sequence,
    )


def _apply(state: ReviewState, event: ReviewEvent) -> ReviewState:
    state = replace(state, sequence=event.sequence)
    match event.act:
        case ReviewAct.DECIDED:
            return _decided(state, event)
        case ReviewAct.EVIDENCE_ATTACHED:
            return replace(
                state,
                evidence=Evidence.from_json(event.data["evidence"]),
                void=state.void + state.decisions,
                decisions=(),
                settled_at=None,
            )
        case ReviewAct.SUPERSEDED:
            return replace(state, ended=ReviewStatus.SUPERSEDED, settled_at=event.at)
        case ReviewAct.WITHDRAWN:
            return replace(state, ended=ReviewStatus.WITHDRAWN, settled_at=event.at)
        case ReviewAct.COMMENTED | ReviewAct.OPENED:
            return state


def _decided(state: ReviewState, event: ReviewEvent) -> ReviewState:
    data = event.data
    decision = Decision(
        function=data["function"],
        person=event.actor,
        verdict=Verdict(data["verdict"]),
        reason=data["reason"],
        evidence=data["evidence"],
        at=event.at,
        conditions=tuple(data.get("conditions", ())),
    )
    if decision.evidence != state.evidence.digest:
        return replace(state, void=(*state.void, decision))
    state = replace(state, decisions=(*state.decisions, decision))
    return state if state.status.is_open else replace(state, settled_at=event.at)
