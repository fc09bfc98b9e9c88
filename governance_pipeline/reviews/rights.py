"""Who may do what to a review in which state: the table. Pure.

A cell is a role, an action and a state. It is allowed where the action is possible in that state and is given
to that role. A person often has several roles: one that is given the action lets them, and one that is barred
from it (their own work, a recusal) stops them whatever else they are. The whole table is drawn in
``docs/reference/reviews.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import product

from governance_pipeline.errors import Conflict, Refused
from governance_pipeline.vocabulary.review import ReviewStatus, Verdict


class Role(StrEnum):
    """What somebody is to one review."""

    NIGHTLY = "nightly"
    HOLDER = "holder"
    DELEGATE = "delegate"
    STAND_IN = "stand_in"
    OTHER_HOLDER = "other_holder"
    MEMBER = "member"
    STEWARD = "steward"
    CONDITION_OWNER = "condition_owner"
    MODEL_OWNER = "model_owner"
    INPUT_OWNER = "input_owner"
    AUTHOR = "author"
    TRAINER = "trainer"
    REGISTRAR = "registrar"
    RECUSED = "recused"
    DECIDED_OTHERWISE = "decided_otherwise"
    FALLEN = "fallen"
    ABSENT = "absent"
    STRANGER = "stranger"


class Action(StrEnum):
    """What can be done to a review."""

    COMMENT = "comment"
    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ABSTAIN = "abstain"
    RECUSE = "recuse"
    DELEGATE = "delegate"
    WAIVE = "waive"
    FULFIL = "fulfil"
    ASSESS = "assess"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    REOPEN = "reopen"
    ATTACH_EVIDENCE = "attach_evidence"
    REMIND = "remind"
    ESCALATE = "escalate"
    FALL = "fall"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"


_OPEN = frozenset({ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED})
_APPROVED = frozenset({ReviewStatus.APPROVED, ReviewStatus.APPROVED_WITH_CONDITIONS})
_GIVEN_UP = frozenset({ReviewStatus.WITHDRAWN, ReviewStatus.EXPIRED, ReviewStatus.REVOKED})
_ALL = frozenset(ReviewStatus)

_DECIDING = frozenset({Role.HOLDER, Role.DELEGATE, Role.STAND_IN})
OWN_WORK = frozenset({Role.MODEL_OWNER, Role.INPUT_OWNER, Role.AUTHOR, Role.TRAINER, Role.REGISTRAR})
_GONE = frozenset({Role.ABSENT, Role.STRANGER})
_PARTIAL = OWN_WORK | {Role.RECUSED, Role.FALLEN}
_PRESENT = frozenset(Role) - {Role.NIGHTLY} - _GONE
_NIGHTLY = frozenset({Role.NIGHTLY})

Grants = Mapping[Action, tuple[tuple[AbstractSet[ReviewStatus], AbstractSet[Role]], ...]]

GRANTS: Grants = {
    Action.COMMENT: ((_ALL, _PRESENT),),
    **{Action(verdict): ((_OPEN, _DECIDING),) for verdict in Verdict},
    Action.RECUSE: ((_OPEN, _DECIDING),),
    Action.DELEGATE: ((_OPEN, {Role.HOLDER}),),
    Action.WAIVE: ((_OPEN, _DECIDING),),
    Action.FULFIL: (({ReviewStatus.APPROVED_WITH_CONDITIONS}, {Role.CONDITION_OWNER, Role.HOLDER}),),
    Action.ASSESS: (
        (_OPEN, _DECIDING | OWN_WORK | {Role.STEWARD}),
        (_APPROVED, _DECIDING | {Role.STEWARD}),  # due again: nobody decides anew on what they answer
    ),
    Action.WITHDRAW: ((_OPEN, {Role.MODEL_OWNER, Role.REGISTRAR, Role.STEWARD}),),
    Action.REVOKE: ((_APPROVED, _DECIDING | {Role.STEWARD, Role.MODEL_OWNER, Role.NIGHTLY}),),
    Action.REOPEN: (
        (_GIVEN_UP, {Role.STEWARD, Role.MODEL_OWNER, Role.NIGHTLY}),
        ({ReviewStatus.REJECTED}, {Role.STEWARD, Role.HOLDER}),
    ),
    Action.ATTACH_EVIDENCE: ((_OPEN, _NIGHTLY),),
    Action.REMIND: ((_OPEN, _NIGHTLY),),
    Action.ESCALATE: ((_OPEN, _NIGHTLY),),
    Action.FALL: ((_OPEN, _NIGHTLY),),
    Action.EXPIRE: ((_OPEN | _APPROVED, _NIGHTLY),),
    Action.SUPERSEDE: ((_OPEN, _NIGHTLY),),
}
"""Per action: in these states, by these roles."""

_PARTIAL_TO: Mapping[Action, AbstractSet[Role]] = {
    **dict.fromkeys((*map(Action, Verdict), Action.WAIVE), _PARTIAL | {Role.DECIDED_OTHERWISE}),
    Action.RECUSE: {Role.RECUSED},
    Action.DELEGATE: _PARTIAL,
}
"""Who may not, whatever else they are; nobody who is absent or unknown may anything."""


def barred(action: Action) -> AbstractSet[Role]:
    """The roles that stop a person from an action in every state."""
    return _PARTIAL_TO.get(action, frozenset()) | _GONE


def allowed(roles: AbstractSet[Role], action: Action, status: ReviewStatus) -> bool:
    """Whether somebody with all of ``roles`` may do ``action`` to a review in ``status``."""
    granted = any(status in states and roles & given for states, given in GRANTS[action])
    return granted and not roles & barred(action)


def cells() -> Iterator[tuple[Role, Action, ReviewStatus, bool]]:
    """Every cell of the table: for somebody who has that role and no other."""
    for role, action, status in product(Role, Action, ReviewStatus):
        yield role, action, status, allowed({role}, action, status)


def require(
    roles: Mapping[Role, str],
    action: Action,
    status: ReviewStatus,
    who: str,
    review: str,
    *,
    about: str = "",
    hint: str = "somebody else must; docs/reference/reviews.md says who may do what",
) -> None:
    """Let ``who`` do ``action``, or say why not.

    Args:
        roles: each role they have, with the words for it (``they own the model``).
        about: what they may not act on, in words; the review by default.
        hint: who could, where they may not.

    Raises:
        Conflict: the state does not allow it to anybody: somebody's act came first.
        Refused: the person may not.
    """
    stops = [roles[role] for role in Role if role in roles and role in barred(action)]
    if stops:
        raise Refused(f"{who} may not {_words(action)} {about or review}: {'; '.join(stops)}", hint=hint)
    if not any(status in states for states, _ in GRANTS[action]):
        raise Conflict(f"review {review} {_stands(status)}", hint=_AFTER)
    if not allowed(roles.keys(), action, status):
        told = "; ".join(words for words in roles.values() if words) or "they have no part in it"
        raise Refused(f"{who} may not {_words(action)} {about or review}: {told}", hint=hint)


_AFTER = "see `governance review show`; a new milestone, or re-opening, begins again"


def _words(action: Action) -> str:
    deciding = action in {Action(verdict) for verdict in Verdict}
    return "decide on" if deciding else action.replace("_", " ")


def _stands(status: ReviewStatus) -> str:
    word = status.replace("_", " ")
    return f"is still {word}" if status.is_open else f"has ended: {word}"
