"""How things are written on the pages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.vocabulary.review import ReviewAct

OUTCOMES = {
    "pass": "Passed",
    "warn": "Warning",
    "fail": "Failed",
    "insufficient": "Not enough evidence",
    "not_run": "Not measured",
}
VERDICTS = {
    "approve": "Approve",
    "approve_with_conditions": "Approve with conditions",
    "request_changes": "Request changes",
    "reject": "Reject",
    "abstain": "Abstain",
}
MEANINGS = {
    "approve": "For your function, this version may go ahead as it is.",
    "approve_with_conditions": "It may go ahead as long as what you write below holds.",
    "request_changes": "Not yet: say what has to change. The review stays open.",
    "reject": "It may not go ahead. This ends the review.",
    "abstain": "You have looked and give no opinion. Somebody else of your function has to decide.",
}
ACTS = {
    ReviewAct.OPENED: "opened the review",
    ReviewAct.EVIDENCE_ATTACHED: "attached new evidence",
    ReviewAct.DECIDED: "decided",
    ReviewAct.COMMENTED: "said",
    ReviewAct.RECUSED: "stepped back",
    ReviewAct.DELEGATED: "handed over a decision",
    ReviewAct.REMINDED: "reminded those who are missing",
    ReviewAct.ESCALATED: "escalated",
    ReviewAct.FELL: "let decisions fall",
    ReviewAct.WAIVED: "waived a finding",
    ReviewAct.FULFILLED: "reported a condition as done",
    ReviewAct.ASSESSED: "answered an assessment",
    ReviewAct.WITHDRAWN: "withdrew the candidate",
    ReviewAct.SUPERSEDED: "superseded it by a newer version",
    ReviewAct.EXPIRED: "let it expire",
    ReviewAct.REVOKED: "revoked the approval",
    ReviewAct.REOPENED: "opened it again",
    ReviewAct.PERMITTED: "issued a permit",
    ReviewAct.PROMOTED: "promoted the version",
    ReviewAct.ROLLED_BACK: "rolled back",
}


def words(text: object) -> str:
    """``vendor_management`` as ``vendor management``."""
    return str(text).replace("_", " ")


def opened(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def part(facet: str) -> str:
    """A facet as people read it: ``race=black:selection_rate`` as ``race black, selection rate``."""
    return words(facet).replace("=", " ").replace(":", ", ")


def when(instant: datetime) -> str:
    """``26 November 2026, 14:02 UTC``."""
    there = instant.astimezone(UTC)
    return f"{calendar_date(there)}, {there:%H:%M} UTC"


def day(value: date | datetime) -> str:
    """``26 November 2026``; of an instant the day in UTC."""
    return calendar_date(value.astimezone(UTC) if isinstance(value, datetime) else value)


def remaining(due: datetime, now: datetime) -> str:
    """``3 days left``, ``2 days overdue``, ``due today``."""
    days = (due.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    if days == 0:
        return "due today"
    return f"{counted(days, 'day')} left" if days > 0 else f"{counted(-days, 'day')} overdue"


_YOU = (
    (re.compile(r"\bthey\b"), "you"),
    (re.compile(r"\bThey\b"), "You"),
    (re.compile(r"\btheir\b"), "your"),
    (re.compile(r"\bthemselves\b"), "yourself"),
)


def to_you(text: str) -> str:
    """What is said of somebody, said to them: ``they own the model`` as ``you own the model``."""
    for pattern, word in _YOU:
        text = pattern.sub(word, text)
    return text
