"""What a visitor may do to a review, asked of the table of rights: what they may not is not offered, and why
not is said. The server asks again when they do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance_pipeline.charter.people import Person
from governance_pipeline.reviews.evidence import FindingKey
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.promises import unwaived
from governance_pipeline.reviews.rights import Action, allowed, barred
from governance_pipeline.reviews.waivers import written
from governance_pipeline.stages.dossier import Dossier
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewStatus
from governance_pipeline.web.pages.words import to_you


@dataclass(frozen=True)
class May:
    """What one person may do to one review now.

    Attributes:
        decide: functions they may decide for; ``why_not`` where there is none, in words to them.
        delegate: functions they may hand over.
        waive: by finding, the functions they may waive it for.
        fulfil: places of conditions they may report as done.
        acts: what else they may do, of comment, recuse, assess, withdraw, revoke and reopen.
        blocked: why nobody can approve yet, in words.
    """

    decide: tuple[Function, ...]
    why_not: str
    delegate: tuple[Function, ...]
    waive: Mapping[FindingKey, tuple[Function, ...]]
    fulfil: tuple[int, ...]
    acts: frozenset[str]
    blocked: tuple[str, ...]

    @property
    def more(self) -> bool:
        """Whether there is something to do beside deciding and talking."""
        return bool(self.delegate) or bool(self.acts - {Action.COMMENT, Action.ASSESS})


_PLAIN = (Action.COMMENT, Action.ASSESS, Action.WITHDRAW, Action.REVOKE, Action.REOPEN)


def may(file: Dossier, person: Person) -> May:
    """Everything ``person`` may do."""
    circle, status = file.circle, file.status
    asked = tuple(file.state.required)

    def lets(action: Action, function: Function | None = None) -> bool:
        return allowed(circle.roles(person, function).keys(), action, status)

    decide = tuple(function for function in asked if lets(Action.APPROVE, function))
    acts = {action for action in _PLAIN if lets(action)}
    if decide and any(lets(Action.RECUSE, function) for function in asked):
        acts.add(Action.RECUSE)
    return May(
        decide=decide,
        why_not="" if decide else _why_not(circle, person, status),
        delegate=tuple(function for function in asked if lets(Action.DELEGATE, function)),
        waive=_waivable(file, person),
        fulfil=_fulfillable(file, person),
        acts=frozenset(map(str, acts)),
        blocked=_blocked(file),
    )


def _why_not(circle: Circle, person: Person, status: ReviewStatus) -> str:
    if not status.is_open:
        return ""
    held = [function for function in circle.state.required if function in person.functions]
    roles = circle.roles(person, held[0] if held else None)
    stops = [said for role, said in roles.items() if role in barred(Action.APPROVE) and said]
    if stops:
        return to_you("; ".join(stops))
    if not person.functions:
        return "you hold no function; people who do decide"
    if not held:
        return f"the review does not ask {', '.join(person.functions)}".replace("_", " ")
    return to_you("; ".join(filter(None, roles.values())))


def _waivable(file: Dossier, person: Person) -> dict[FindingKey, tuple[Function, ...]]:
    found = {}
    for one in file.findings:
        if one.rule is None:
            continue
        asked = {need.function for need in one.rule.by}
        functions = tuple(
            function
            for function in sorted(asked)
            if allowed(file.circle.roles(person, function, asked=asked).keys(), Action.WAIVE, file.status)
        )
        given = one.waiver is not None and person.id in {who for _, who in one.waiver.approvers}
        if functions and not given:
            found[one.measurement.key] = functions
    return found


def _fulfillable(file: Dossier, person: Person) -> tuple[int, ...]:
    if not allowed(file.circle.roles(person).keys(), Action.FULFIL, file.status):
        return ()
    return tuple(
        place
        for place, condition in enumerate(file.state.conditions)
        if not condition.is_measured and place not in file.state.fulfilled
    )


def _blocked(file: Dossier) -> tuple[str, ...]:
    if not file.status.is_open:
        return ()
    due = [
        f"the assessment '{file.project.assessments[name].title}' is to be answered: {why}"
        for name, why in file.circle.assessments_due
    ]
    open_ = [
        f"{written(key)} can be accepted only once it is waived"
        for key in unwaived(file.state, file.project.playbook, file.now.date())
    ]
    unread = [f"who wrote the model cannot be read: {file.circle.unread}"] if file.circle.unread else []
    return (*due, *open_, *unread)
