"""What people and the night do to a review, as events. Pure: nothing is written here.

Every act asks the table of :mod:`~governance_pipeline.reviews.rights` and has the next sequence number, so of
two that were made on the same state the store takes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from governance_pipeline.errors import Conflict, Refused
from governance_pipeline.reviews.conditions import condition_json
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import Action, Role, require
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Condition, ReviewAct, ReviewEvent, Verdict, Why

NIGHTLY = "nightly"
_THE_NIGHT = {Role.NIGHTLY: ""}

Roles = Mapping[Role, str]


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
    open_days: int = 90,
    stage: str = "",
    actor: str = NIGHTLY,
) -> ReviewEvent:
    """The first event of a review."""
    data = {
        "model": model,
        "version": version,
        "valid_days": valid_days,
        "stage": stage,
        **_asked(at, required, evidence, due_days, open_days),
    }
    return ReviewEvent(review_id, 1, ReviewAct.OPENED, at, actor, data)


def _asked(
    at: datetime, required: Mapping[Function, int], evidence: Evidence, due_days: int, open_days: int
) -> dict[str, Any]:
    return {
        "required": {str(function): people for function, people in required.items()},
        "evidence": evidence.to_json(),
        "due": (at + timedelta(days=due_days)).isoformat(),
        "expires": (at + timedelta(days=open_days)).isoformat(),
    }


def deciding(
    state: ReviewState,
    *,
    at: datetime,
    roles: Roles,
    person: str,
    function: Function,
    verdict: Verdict,
    reason: str,
    conditions: Sequence[Condition] = (),
    on_behalf: str = "",
    trade_off: str = "",
    name: str = "",
) -> ReviewEvent:
    """The event of one person's decision.

    Args:
        on_behalf: the person who handed it over, "" for nobody.
        name: what the person is called in a refusal; their id by default.

    Raises:
        Conflict: the review has ended.
        Refused: the person may not, the reason is empty, or conditions and verdict do not go together.
    """
    require(
        roles,
        Action(verdict),
        state.status_at(at),
        name or person,
        state.id,
        about=state.model,
        hint=f"another holder of {function} must decide",
    )
    if bool(conditions) != (verdict is Verdict.APPROVE_WITH_CONDITIONS):
        raise Refused(
            "conditions go with the verdict approve_with_conditions, and that verdict needs at least one",
            hint="name each condition with --condition, or choose another verdict",
        )
    data: dict[str, Any] = {
        "function": str(function),
        "verdict": str(verdict),
        "reason": _reason(reason, "a decision"),
        "conditions": [condition_json(condition) for condition in conditions],
        "evidence": state.evidence.digest,
        "on_behalf": on_behalf,
        "trade_off": trade_off.strip(),
    }
    return _next(state, ReviewAct.DECIDED, at, person, data)


def commenting(state: ReviewState, *, at: datetime, roles: Roles, person: str, text: str) -> ReviewEvent:
    """What somebody has to say."""
    require(roles, Action.COMMENT, state.status_at(at), person, state.id)
    return _next(state, ReviewAct.COMMENTED, at, person, {"text": _reason(text, "a comment")})


def recusing(state: ReviewState, *, at: datetime, roles: Roles, person: str, reason: str) -> ReviewEvent:
    """That somebody who could decide will not: their open decision falls."""
    require(roles, Action.RECUSE, state.status_at(at), person, state.id)
    return _next(state, ReviewAct.RECUSED, at, person, {"reason": _reason(reason, "a recusal")})


def delegating(
    state: ReviewState,
    *,
    at: datetime,
    roles: Roles,
    person: str,
    function: Function,
    to: str,
    since: date,
    until: date,
) -> ReviewEvent:
    """That a holder hands their decision to another person, for some days.

    Raises:
        Refused: they may not, or name themselves, or the days are none.
    """
    require(roles, Action.DELEGATE, state.status_at(at), person, state.id)
    if to == person or until < since:
        raise Refused(
            "a delegation names another person and a last day that is not before the first",
            hint="say --to ID --since DAY --until DAY",
        )
    data = {
        "to": to,
        "function": str(function),
        "since": since.isoformat(),
        "until": until.isoformat(),
    }
    return _next(state, ReviewAct.DELEGATED, at, person, data)


def withdrawing(state: ReviewState, *, at: datetime, roles: Roles, person: str, reason: str) -> ReviewEvent:
    """That the candidate is taken back before a decision."""
    require(roles, Action.WITHDRAW, state.status_at(at), person, state.id)
    return _next(state, ReviewAct.WITHDRAWN, at, person, {"reason": _reason(reason, "a withdrawal")})


def revoking(
    state: ReviewState,
    *,
    at: datetime,
    reason: str,
    why: Why,
    roles: Roles = _THE_NIGHT,
    person: str = NIGHTLY,
) -> ReviewEvent:
    """That an approval holds no longer."""
    require(roles, Action.REVOKE, state.status_at(at), person, state.id)
    data = {"reason": _reason(reason, "a revocation"), "why": str(why)}
    return _next(state, ReviewAct.REVOKED, at, person, data)


def reopening(
    state: ReviewState,
    *,
    at: datetime,
    reason: str,
    required: Mapping[Function, int],
    evidence: Evidence,
    due_days: int,
    open_days: int,
    roles: Roles = _THE_NIGHT,
    person: str = NIGHTLY,
) -> ReviewEvent:
    """That a review which ended begins again, on the evidence of now and with nobody having decided."""
    require(roles, Action.REOPEN, state.status_at(at), person, state.id)
    data = {"reason": _reason(reason, "a re-opening"), **_asked(at, required, evidence, due_days, open_days)}
    return _next(state, ReviewAct.REOPENED, at, person, data)


def attaching(
    state: ReviewState, evidence: Evidence, *, at: datetime, required: Mapping[Function, int] | None = None
) -> ReviewEvent:
    """That new evidence replaces the old; decisions made before it become void.

    Args:
        required: who must decide on it; by default the same functions as before.
    """
    require(_THE_NIGHT, Action.ATTACH_EVIDENCE, state.status_at(at), NIGHTLY, state.id)
    data: dict[str, Any] = {"evidence": evidence.to_json()}
    if required is not None:
        data["required"] = {str(function): people for function, people in required.items()}
    return _next(state, ReviewAct.EVIDENCE_ATTACHED, at, NIGHTLY, data)


def superseding(state: ReviewState, by: str, *, at: datetime) -> ReviewEvent:
    """That a newer version's review takes this one's place."""
    require(_THE_NIGHT, Action.SUPERSEDE, state.status_at(at), NIGHTLY, state.id)
    return _next(state, ReviewAct.SUPERSEDED, at, NIGHTLY, {"by": by})


def expiring(state: ReviewState, *, at: datetime) -> ReviewEvent:
    """That nobody has decided for too long, or an approval has run out.

    Raises Conflict: its time has not come, or it ended otherwise.
    """
    require(_THE_NIGHT, Action.EXPIRE, state.status, NIGHTLY, state.id)
    if state.status_at(at) is state.status:
        raise Conflict(
            f"review {state.id} has not run out", hint="its last day is in `governance review show`"
        )
    reason = "the approval has run out" if state.is_approved else "nobody has decided for too long"
    return _next(state, ReviewAct.EXPIRED, at, NIGHTLY, {"reason": reason})


def falling(state: ReviewState, fallen: Iterable[tuple[str, str]], *, at: datetime) -> ReviewEvent:
    """That open decisions of people who hold their function no more count no more."""
    require(_THE_NIGHT, Action.FALL, state.status_at(at), NIGHTLY, state.id)
    return _next(state, ReviewAct.FELL, at, NIGHTLY, {"fallen": [list(one) for one in fallen]})


def reminding(state: ReviewState, told: Sequence[str], *, at: datetime) -> ReviewEvent:
    """That those who are missing were reminded."""
    require(_THE_NIGHT, Action.REMIND, state.status_at(at), NIGHTLY, state.id)
    return _next(state, ReviewAct.REMINDED, at, NIGHTLY, {"told": list(told)})


def escalating(
    state: ReviewState, step: int, stand_ins: Iterable[tuple[str, str]], told: Sequence[str], *, at: datetime
) -> ReviewEvent:
    """That the playbook's ``step`` (1, 2 ...) was taken: who may decide too from now on, who was told."""
    require(_THE_NIGHT, Action.ESCALATE, state.status_at(at), NIGHTLY, state.id)
    data = {"step": step, "stand_ins": [list(one) for one in stand_ins], "told": list(told)}
    return _next(state, ReviewAct.ESCALATED, at, NIGHTLY, data)


def fulfilling(
    state: ReviewState, place: int, *, at: datetime, roles: Roles, person: str, note: str
) -> ReviewEvent:
    """That the condition at ``place`` has been seen to.

    Raises Refused: there is none, it is measured, or the person is neither its owner nor a holder.
    """
    require(roles, Action.FULFIL, state.status_at(at), person, state.id)
    if not 0 <= place < len(state.conditions) or state.conditions[place].is_measured:
        raise Refused(
            f"review {state.id} has no condition {place + 1} that a person sees to",
            hint="they are numbered in `governance review show`; what is measured is checked every night",
        )
    data = {"condition": place, "reason": _reason(note, "a report")}
    return _next(state, ReviewAct.FULFILLED, at, person, data)


def assessing(
    state: ReviewState,
    *,
    at: datetime,
    roles: Roles,
    person: str,
    questionnaire: str,
    digest: str,
    answers: Mapping[str, str],
    inputs: Mapping[str, str],
) -> ReviewEvent:
    """That a questionnaire has been answered; see :mod:`~governance_pipeline.reviews.assessments`."""
    require(roles, Action.ASSESS, state.status_at(at), person, state.id)
    data = {
        "questionnaire": questionnaire,
        "digest": digest,
        "answers": dict(answers),
        "inputs": dict(inputs),
    }
    return _next(state, ReviewAct.ASSESSED, at, person, data)


def waiving(
    state: ReviewState,
    *,
    at: datetime,
    roles: Roles,
    person: str,
    function: Function,
    key: tuple[str, str, str],
    clause: str,
    needed: Mapping[Function, int],
    control: str,
    until: date,
    reason: str,
) -> ReviewEvent:
    """That one person lets a finding be for a time; see :mod:`~governance_pipeline.reviews.waivers`."""
    require(roles, Action.WAIVE, state.status_at(at), person, state.id)
    data = {
        "key": list(key),
        "clause": clause,
        "function": str(function),
        "needed": {str(name): people for name, people in needed.items()},
        "control": _reason(control, "a waiver's compensating control"),
        "until": until.isoformat(),
        "reason": _reason(reason, "a waiver"),
    }
    return _next(state, ReviewAct.WAIVED, at, person, data)


def _reason(text: str, what: str) -> str:
    if not text.strip():
        raise Refused(f"{what} needs a reason", hint="say in a sentence why, for those who read it later")
    return text.strip()


def _next(
    state: ReviewState, act: ReviewAct, at: datetime, actor: str, data: Mapping[str, Any]
) -> ReviewEvent:
    return ReviewEvent(state.id, state.sequence + 1, act, at, actor, data)
