"""From a form to an act on a review. Whether it is allowed, the review's table of rights says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from governance_pipeline.errors import UsageError
from governance_pipeline.reviews import service, waivers
from governance_pipeline.reviews.service import Table
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Verdict
from governance_pipeline.web.pages.forms import Form

Act = Callable[[Table, str, str, Form], object]

_FUNCTIONS = tuple(Function)


def _decide(table: Table, review: str, person: str, form: Form) -> None:
    verdict = form.choice("verdict", "Your decision", tuple(Verdict))
    conditions = tuple(_conditions(form))
    if conditions and verdict is not Verdict.APPROVE_WITH_CONDITIONS:
        raise UsageError(
            "you wrote conditions, and chose another decision",
            hint="choose 'Approve with conditions', or clear them",
        )
    service.decide(
        table,
        review,
        person=person,
        function=form.choice("function", "Your function", _FUNCTIONS),
        verdict=verdict,
        reason=form.text("reason"),
        conditions=conditions,
        trade_off=form.text("trade_off"),
        evidence=form.text("evidence") or None,
    )


def _conditions(form: Form) -> Iterator[str]:
    """The rows of the form, as conditions are written."""
    rows = zip(form.every("todo"), form.every("owner"), form.every("by"), strict=True)
    for todo, owner, by in rows:
        if not (todo or owner or by):
            continue
        if not (todo and owner and by):
            raise UsageError(
                "a condition is not complete",
                hint="say what has to be done, who sees to it, and by which day",
            )
        yield f"{todo} @{owner} by {by}"
    for about, side, bound in zip(form.every("about"), form.every("side"), form.every("bound"), strict=True):
        if not about and not bound:
            continue
        if not (about and bound and side):
            raise UsageError("a bound is not complete", hint="choose what is measured, and give its limit")
        yield f"{about} {'<=' if side == 'at_most' else '>='} {bound}"


def _comment(table: Table, review: str, person: str, form: Form) -> None:
    service.comment(table, review, person=person, text=form.text("text"))


def _delegate(table: Table, review: str, person: str, form: Form) -> None:
    service.delegate(
        table,
        review,
        person=person,
        function=form.choice("function", "Your function", _FUNCTIONS),
        to=form.text("to"),
        until=form.day("until", "The last day"),
    )


def _waive(table: Table, review: str, person: str, form: Form) -> None:
    waivers.waive(
        table,
        review,
        person=person,
        function=form.choice("function", "Your function", _FUNCTIONS),
        finding=form.text("finding"),
        until=form.day("until", "The last day"),
        control=form.text("control"),
        reason=form.text("reason"),
    )


def _fulfil(table: Table, review: str, person: str, form: Form) -> None:
    number = form.text("condition")
    if not number.isdecimal():
        raise UsageError("which condition is done is not said", hint="use the form beside the condition")
    service.fulfil(table, review, person=person, condition=int(number), note=form.text("note"))


def _with_reason(act: Callable[..., object]) -> Act:
    """An act that asks for a reason and nothing else."""
    return lambda table, review, person, form: act(table, review, person=person, reason=form.text("reason"))


ACTS: Mapping[str, Act] = {
    "decide": _decide,
    "comment": _comment,
    "recuse": _with_reason(service.recuse),
    "delegate": _delegate,
    "waive": _waive,
    "fulfil": _fulfil,
    "withdraw": _with_reason(service.withdraw),
    "revoke": _with_reason(service.revoke),
    "reopen": _with_reason(service.reopen),
}
"""By the last part of the path."""

DONE: Mapping[str, str] = {
    "decide": "Your decision is recorded.",
    "comment": "Your comment is there.",
    "recuse": "You have stepped back from this review.",
    "delegate": "Your decision is handed over.",
    "waive": "Your waiver is recorded.",
    "fulfil": "The condition is reported as done.",
    "withdraw": "The candidate is withdrawn.",
    "revoke": "The approval is revoked: the gate is closed.",
    "reopen": "The review is open again.",
    "assess": "Your answers are recorded.",
}
"""What is said afterwards."""
