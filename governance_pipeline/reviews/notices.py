"""The message that a review has opened: to the model's owner, and to everybody who may decide. Pure.

A review that nobody hears of is never decided. Each recipient is told once per review; where a function
has nobody who may decide, the steward is told that, because without them the gate stays closed.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from governance_pipeline.charter.people import Person
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.response.message import SUBJECT_LENGTH, plain
from governance_pipeline.response.routes import Route, routes_to
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.vocabulary.function import Function, people_needed
from governance_pipeline.vocabulary.incident import Alert


def announce(
    night: date, opening: Opening, project: Project, free: Mapping[Function, Sequence[Person]]
) -> list[Alert]:
    """The alerts about one review that opened on ``night``, ordered by key.

    Args:
        free: who may decide for each function that is asked, see :func:`reviews.service.eligible`.
    """
    asked: dict[str, list[Function]] = {project.model(opening.milestone.model).owner: []}
    for function, people in free.items():
        for person in people:
            asked.setdefault(person.id, []).append(function)
    vacant = [function for function, people in free.items() if not people]
    if vacant:
        asked.setdefault(project.charter.steward, [])
    alerts: dict[str, Alert] = {}
    for recipient, functions in asked.items():
        for route in routes_to(recipient, opening.milestone.model, project, night):
            alert = _alert(night, opening, project, route, functions, vacant)
            alerts.setdefault(alert.key, alert)
    return [alerts[key] for key in sorted(alerts)]


def about(alerts: Iterable[Alert], review_id: str) -> list[Alert]:
    """Those of ``alerts`` that say that this review has opened."""
    return [alert for alert in alerts if alert.incident is None and alert.key.startswith(f"{review_id}-")]


def _alert(
    night: date,
    opening: Opening,
    project: Project,
    route: Route,
    functions: Sequence[Function],
    vacant: Sequence[Function],
) -> Alert:
    named = json.dumps([opening.review_id, route.recipient, route.channel]).encode()
    key = f"{opening.review_id}-opened-{hashlib.sha256(named).hexdigest()[:16]}"
    milestone = opening.milestone
    what = f"{milestone.model} version {milestone.version}" if milestone.version else milestone.model
    call = "your decision is asked" if functions else "a review has opened"
    return Alert(
        key=key,
        night=night,
        recipient=route.recipient,
        channel=route.channel,
        subject=plain(f"[{project.settings.name}] {what}: {call}", SUBJECT_LENGTH),
        body=f"{_body(opening, project, route, functions, vacant)}\n\nReference {key}\n",
    )


def _body(
    opening: Opening,
    project: Project,
    route: Route,
    functions: Sequence[Function],
    vacant: Sequence[Function],
) -> str:
    state = fold([opening.event])
    milestone = opening.milestone
    needed = people_needed(state.required)
    lines = [f"Hello {plain(route.name)},"]
    if route.notice:
        lines.append(plain(route.notice))
    lines.append(f"WHAT HAPPENED\n  {plain(milestone.sentence)}\n  Review {opening.review_id} has opened.")
    lines.append(
        f"WHAT FOLLOWS\n  The gate stays closed until these functions have approved: {needed}.\n"
        f"  Decisions are due by {calendar_date(state.due)}."
    )
    if vacant:
        names = ", ".join(map(_words, vacant))
        lines.append(
            f"WHAT IS MISSING\n  Nobody may decide for: {names}. Those who hold it own what is judged, or"
            " have left.\n  The steward names somebody in charter.yaml."
        )
    version = f" {shlex.quote(plain(milestone.version))}" if milestone.version else ""
    steps = [where(project, opening.review_id)]
    if functions:
        steps += how_to_decide(project, opening.review_id, route.recipient, functions[0])
    if version:
        steps.append(f"governance gate {shlex.quote(plain(milestone.model))}{version}")
    lines.append("WHAT TO DO NEXT\n" + "\n".join(f"  {step}" for step in steps))
    clause = project.playbook.clauses.get(project.playbook.reviews.clause)
    title = f": {plain(clause.title)}" if clause else ""
    lines.append(f"WHY YOU ARE TOLD\n  playbook {project.playbook.reviews.clause}{title}")
    return "\n\n".join(lines)


def where(project: Project, review_id: str) -> str:
    """Where a review is read: its page, or the command where no pages are set up."""
    pages = project.settings.sign_in
    return f"{pages.url.rstrip('/')}/reviews/{review_id}" if pages else f"governance review show {review_id}"


def how_to_decide(project: Project, review_id: str, person: str, function: str) -> list[str]:
    """The command that decides; none where there is a page to do it on."""
    if project.settings.sign_in:
        return []
    asked = f"governance review decide {review_id} --as {person} --function {function}"
    return [f"{asked} --verdict approve --reason '...'"]


def _words(function: Function) -> str:
    return str(function).replace("_", " ")
