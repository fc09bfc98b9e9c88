"""Who is told what a night did to a review: reminders, escalations, revocations, reviews that ran out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.response.message import SUBJECT_LENGTH, plain
from governance_pipeline.response.routes import Route, routes_to
from governance_pipeline.reviews.fold import after
from governance_pipeline.reviews.notices import how_to_decide, where
from governance_pipeline.reviews.people import Circle
from governance_pipeline.vocabulary.function import people_needed
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.review import Milestone, ReviewAct, ReviewEvent


@dataclass(frozen=True, slots=True)
class _News:
    """One thing that is told: to whom, in a few words for the subject, and in sentences."""

    recipients: Sequence[str]
    call: str
    sentences: Sequence[str]
    steps: Sequence[str]


def tell_upkeep(
    night: date, milestone: Milestone, circle: Circle, events: Sequence[ReviewEvent]
) -> list[Alert]:
    """The alerts about ``events`` of one review, each recipient once per act and night, ordered by key.

    Args:
        circle: the people around the review before the events.
    """
    alerts: dict[str, Alert] = {}
    for event in events:
        circle = Circle(circle.project, after(circle.state, event), circle.interests, circle.day)
        moved = event.act is ReviewAct.MOVED_BACK
        for news in [_moved_back(circle, event)] if moved else _news(circle, event):
            for recipient in dict.fromkeys(news.recipients):
                for route in routes_to(recipient, circle.state.model, circle.project, night):
                    alert = _alert(night, milestone, circle.project, event, route, news)
                    alerts.setdefault(alert.key, alert)
    return [alerts[key] for key in sorted(alerts)]


def _news(circle: Circle, event: ReviewEvent) -> Iterator[_News]:
    state = circle.state
    owner = circle.project.models[state.model].owner
    still = (
        f"Still to decide: {people_needed(state.missing)}. Decisions are due by {calendar_date(state.due)}."
    )
    project = circle.project
    look = where(project, state.id)
    match event.act:
        case ReviewAct.REMINDED:
            for function, people in circle.eligible().items():
                for person in people:
                    steps = [look, *how_to_decide(project, state.id, person.id, function)]
                    yield _News([person.id], "your decision is still asked", [still], steps)
        case ReviewAct.ESCALATED:
            for person, function in event.data["stand_ins"]:
                told = f"You stand in for {function.replace('_', ' ')}: nobody has decided for it in time."
                yield _News(
                    [person],
                    "you are asked to stand in",
                    [told, still],
                    [look, *how_to_decide(project, state.id, person, function)],
                )
            told = "The review has stood undecided for longer than the playbook allows."
            yield _News(event.data["told"], "a review is stuck", [told, still], [look])
        case ReviewAct.REVOKED:
            concerned = [owner, *(d.person for d in (*state.decisions, *state.void))]
            told = str(event.data["reason"])
            yield _News(concerned, "the approval is revoked", [told, "The gate is closed."], [look])
        case ReviewAct.EXPIRED:
            told = f"The review has expired: {event.data['reason']}."
            steps = [look, f"governance review reopen {state.id} --as {owner} --reason '...'"]
            yield _News([owner], "the review has expired", [told, "The gate is closed."], steps)
        case ReviewAct.REOPENED:
            free = [person.id for people in circle.eligible().values() for person in people]
            told = f"The review begins again: {event.data['reason']}."
            yield _News(free, "your decision is asked again", [told, still], [look])
        case ReviewAct.FELL:
            fallen = ", ".join(person for person, _ in event.data["fallen"])
            told = f"The open decision of {fallen} counts no more: they hold the function no longer."
            yield _News([owner], "a decision has fallen", [told, still], [look])


def _moved_back(circle: Circle, event: ReviewEvent) -> _News:
    model = circle.state.model
    left, back, stage = (event.data[key] for key in ("from", "to", "stage"))
    return _News(
        [circle.project.models[model].owner, circle.project.charter.steward],
        "a version that nobody permitted was taken from its stage",
        [f"Version {left} was at '{stage}', and nobody had permitted that. Version {back} is back there."],
        [
            where(circle.project, circle.state.id),
            "governance ledger show",
            f"governance promote {model} {left} --stage {stage} --as YOUR-ID",
        ],
    )


def _alert(
    night: date, milestone: Milestone, project: Project, event: ReviewEvent, route: Route, news: _News
) -> Alert:
    named = json.dumps(
        [event.review, str(event.act), event.sequence, route.recipient, route.channel]
    ).encode()
    key = f"{event.review}-{event.act}-{hashlib.sha256(named).hexdigest()[:16]}"
    what = f"{milestone.model} version {milestone.version}" if milestone.version else milestone.model
    policy = project.playbook.reviews
    clause = project.playbook.clauses.get(policy.clause)
    title = f": {plain(clause.title)}" if clause else ""
    lines = [f"Hello {plain(route.name)},"]
    if route.notice:
        lines.append(plain(route.notice))
    lines.append(f"WHAT IT IS ABOUT\n  Review {event.review}. {plain(milestone.sentence)}")
    lines.append("WHAT HAPPENED\n" + "\n".join(f"  {plain(sentence)}" for sentence in news.sentences))
    lines.append("WHAT TO DO NEXT\n" + "\n".join(f"  {step}" for step in news.steps))
    lines.append(f"WHY YOU ARE TOLD\n  playbook {policy.clause}{title}")
    return Alert(
        key=key,
        night=night,
        recipient=route.recipient,
        channel=route.channel,
        subject=plain(f"[{project.settings.name}] {what}: {news.call}", SUBJECT_LENGTH),
        body="\n\n".join(lines) + f"\n\nReference {key}\n",
    )
