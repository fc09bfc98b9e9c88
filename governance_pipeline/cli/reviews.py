"""review list, show, decide; what else people do is in :mod:`review_acts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli import review_acts
from governance_pipeline.cli.common import (
    Format,
    FormatOption,
    ProjectOption,
    console,
    entries,
    print_json,
    table,
)
from governance_pipeline.cli.verbs import App
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.vocabulary.function import Function, people_needed
from governance_pipeline.vocabulary.review import ReviewAct, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from governance_pipeline.charter.people import Person
    from governance_pipeline.reviews.review import ReviewState
    from governance_pipeline.vocabulary.measurement import Measurement
    from governance_pipeline.vocabulary.review import Decision, Milestone, ReviewEvent, Waiver

group = App(help="Cross-functional reviews: what is asked of whom, and deciding.")


def register(app: typer.Typer) -> None:
    """Add these verbs, and those of :mod:`review_acts`."""
    review_acts.register(group)
    app.add_typer(group, name="review")


@group.command("list", epilog="Example: governance review list")
def list_(project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """All reviews and who is still to decide."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.service import list_reviews
    from governance_pipeline.stages.services import utc_now

    store = open_project_store(open_project(project))
    found = list_reviews(store)
    store.close()
    now = utc_now()
    if output is Format.JSON:
        print_json(
            [
                {"review": s.id, "status": s.status_at(now), "milestone": m, "missing": s.missing}
                for m, s in found
            ]
        )
        return
    if not found:
        console().print("no review has been opened")
        return
    rows = [
        (
            s.id,
            f"{s.model} {s.version or ''}",
            str(m.kind).replace("_", " "),
            m.night,
            str(s.status_at(now)).replace("_", " "),
            _waiting(s),
        )
        for m, s in found
    ]
    table("Reviews", ("review", "model", "because of", "night", "status", "still to decide"), rows)


@group.command(epilog="Example: governance review show REV-1a2b3c4d")
def show(
    review: Annotated[str, typer.Argument(help="Review id.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """One review: what happened, what was found, who decided what, who may still decide."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.interests import find_ties, told
    from governance_pipeline.reviews.people import Circle
    from governance_pipeline.reviews.service import load_review
    from governance_pipeline.reviews.waivers import with_waivers
    from governance_pipeline.stages.knowledge import known_graph
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    now = utc_now()
    with store.reading() as unit:
        state = load_review(unit, review)
        milestone, events = unit.reviews.get(review), unit.reviews.events(review)
        versions = unit.versions.of_model(state.model)
        latest = unit.nights.latest()
        measured = unit.measurements.of_night(latest.night) if latest else ()
    graph = known_graph(opened, store, versions, now.date(), now).graph
    store.close()
    known = set(state.evidence.findings)
    waivers = {waiver.key: waiver for waiver in state.waived(now.date())}
    findings = with_waivers((m for m in measured if m.key in known), waivers)
    version = next((v for v in versions if v.version == state.version), None)
    ties = find_ties(opened, graph, state.model, version, now.date())
    may = Circle(opened, state, ties.people, now.date()).eligible()
    if output is Format.JSON:
        print_json(
            {
                "review": state,
                "status": state.status_at(now),
                "milestone": milestone,
                "findings": findings,
                "eligible": {function: [person.id for person in people] for function, people in may.items()},
                "own_work": told(ties.people),
                "not_known": [*ties.unknown, *([ties.unread] if ties.unread else [])],
                "events": events,
            }
        )
        return
    _print_review(state, milestone, now)
    _print_findings(findings)
    _print_decisions(state, may)
    if state.status.is_open:
        entries("May not decide", ((person, why, "") for person, why in sorted(told(ties.people).items())))
        unread = [("approvals are refused", ties.unread, "")] if ties.unread else []
        entries("Not known", [*(("", unknown, "") for unknown in ties.unknown), *unread])
    entries("History", ((_words(e.act), f"{e.at:%Y-%m-%d %H:%M} {e.actor}", _said(e)) for e in events))


def _print_review(state: ReviewState, milestone: Milestone | None, now: datetime) -> None:
    from rich.markup import escape

    out = console()
    out.print(
        f"[bold]{state.id}[/] {escape(_what(state))}: "
        f"[bold]{_words(state.status_at(now))}[/], due {calendar_date(state.due)}"
    )
    if milestone:
        out.print(escape(milestone.sentence))


def _print_decisions(state: ReviewState, may: Mapping[Function, Sequence[Person]]) -> None:
    entries("Decisions", [*map(_decided, state.decisions), *(_decided(d, void=True) for d in state.void)])
    entries("Conditions", _conditions(state))
    entries("Waivers", map(_waiver, state.waivers))
    missing = ((_words(f), f"{n} of: {_free(may[f])}", "") for f, n in state.missing.items())
    entries("Still to decide", missing)


def _what(state: ReviewState) -> str:
    version = f" version {state.version}" if state.version else ""
    return f"{state.model}{version}{f', stage {state.stage}' if state.stage else ''}"


def _words(word: str) -> str:
    return word.replace("_", " ")


def _said(event: ReviewEvent) -> str:
    """What a person said with an act; the decisions' reasons stand above."""
    if event.act is ReviewAct.DECIDED:
        return ""
    if event.act is ReviewAct.DELEGATED:
        return "to {to} for {function}, {since} to {until}".format(**event.data)
    return str(event.data.get("reason") or event.data.get("text") or "")


def _waiver(waiver: Waiver) -> tuple[str, str, str]:
    missing = {Function(name): people for name, people in waiver.missing.items()}
    given = ", ".join(f"{person} ({function})" for function, person in waiver.approvers)
    needs = f"; still to give it: {people_needed(missing)}" if missing else ""
    entity, indicator, facet = waiver.key
    about = f"{entity} {indicator}{f'[{facet}]' if facet else ''}, by {given}{needs}"
    last = f"Until {calendar_date(waiver.until)}, under {waiver.clause}"
    return "waived", about, f"{last}. Meanwhile: {waiver.control}\n{waiver.reason}"


def _conditions(state: ReviewState) -> Iterator[tuple[str, str, str]]:
    """Numbered as `review fulfil` names them."""
    for place, condition in enumerate(state.conditions):
        if condition.is_measured:
            how = "measured every night"
        elif condition.due is None:
            how = "nobody checks it"
        else:
            done = "done" if place in state.fulfilled else f"due by {calendar_date(condition.due)}"
            how = f"{condition.owner}: {done}"
        yield str(place + 1), condition.sentence, how


def _decided(decision: Decision, *, void: bool = False) -> tuple[str, str, str]:
    verdict = "void: the evidence has changed" if void else str(decision.verdict).replace("_", " ")
    conditions = "".join(f"\nCondition: {condition.sentence}" for condition in decision.conditions)
    word = str(decision.function).replace("_", " ")
    whose = f" for {decision.on_behalf}" if decision.on_behalf else ""
    cost = f"\nAccepted in return: {decision.trade_off}" if decision.trade_off else ""
    return word, f"{decision.person}{whose}: {verdict}", f"{decision.reason}{conditions}{cost}"


def _free(people: Sequence[Person]) -> str:
    return ", ".join(person.id for person in people) or "nobody free; ask the steward"


@group.command(
    epilog="Example: governance review decide REV-1a2b3c4d --as petra.lang --function privacy"
    ' --verdict approve --reason "Withdrawn subjects are excluded from the next snapshot."'
)
def decide(
    review: Annotated[str, typer.Argument(help="Review id.")],
    person: Annotated[
        str, typer.Option("--as", metavar="ID", help="Your id or mail address in charter.yaml.")
    ],
    function: Annotated[Function, typer.Option(help="The function you decide for.")],
    verdict: Annotated[Verdict, typer.Option(help="Your verdict.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence; kept for those who read it later.")],
    condition: Annotated[
        list[str] | None,
        typer.Option(help="A condition; either 'ENTITY INDICATOR <= BOUND' or 'TEXT @OWNER by DAY'."),
    ] = None,
    trade_off: Annotated[str, typer.Option(help="What is accepted in return, in a sentence.")] = "",
    evidence: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Of the evidence you read; refused if it has changed."),
    ] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide for your function."""
    from governance_pipeline.reviews import service

    with review_acts.at_table(project, review) as table:
        state = service.decide(
            table,
            review,
            person=person,
            function=function,
            verdict=verdict,
            reason=reason,
            conditions=condition or (),
            trade_off=trade_off,
            evidence=evidence,
        )
    review_acts.told(state, output)


def _print_findings(findings: list[Measurement]) -> None:
    from governance_pipeline.cli.night import print_measurements

    if findings:
        print_measurements("What did not pass", findings)


def _waiting(state: ReviewState) -> str:
    if not state.status.is_open:
        return ""
    return people_needed(state.missing)
