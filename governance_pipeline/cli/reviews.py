"""review list, show, decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
from governance_pipeline.vocabulary.review import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from governance_pipeline.charter.people import Person
    from governance_pipeline.reviews.review import ReviewState
    from governance_pipeline.vocabulary.measurement import Measurement
    from governance_pipeline.vocabulary.review import Decision

group = App(help="Cross-functional reviews: list, show, decide.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
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
    from rich.markup import escape

    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.service import eligible, load_review
    from governance_pipeline.stages.knowledge import known_graph
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    now = utc_now()
    with store.begin() as unit:
        state = load_review(unit, review)
        milestone = unit.reviews.get(review)
        versions = unit.versions.of_model(state.model)
        latest = unit.nights.latest()
        measured = unit.measurements.of_night(latest.night) if latest else ()
    graph = known_graph(opened, store, versions, now.date(), now).graph
    store.close()
    known = set(state.evidence.findings)
    findings = [m for m in measured if m.key in known]
    version = next((v for v in versions if v.version == state.version), None)
    may = eligible(opened, graph, state, version, now.date())
    if output is Format.JSON:
        print_json(
            {
                "review": state,
                "status": state.status_at(now),
                "milestone": milestone,
                "findings": findings,
                "eligible": {function: [person.id for person in people] for function, people in may.items()},
            }
        )
        return
    out = console()
    out.print(
        f"[bold]{state.id}[/] {escape(f'{state.model} version {state.version}')}: "
        f"[bold]{str(state.status_at(now)).replace('_', ' ')}[/], due {calendar_date(state.due)}"
    )
    if milestone:
        out.print(escape(milestone.sentence))
    _print_findings(findings)
    entries("Decisions", [*map(_decided, state.decisions), *(_decided(d, void=True) for d in state.void)])
    entries(
        "Still to decide",
        (
            (str(function).replace("_", " "), f"{n} of: {_free(may[function])}", "")
            for function, n in state.missing.items()
        ),
    )


def _decided(decision: Decision, *, void: bool = False) -> tuple[str, str, str]:
    verdict = "void: the evidence has changed" if void else str(decision.verdict).replace("_", " ")
    conditions = "".join(f"\nCondition: {condition}" for condition in decision.conditions)
    word = str(decision.function).replace("_", " ")
    return word, f"{decision.person}: {verdict}", f"{decision.reason}{conditions}"


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
    condition: Annotated[list[str] | None, typer.Option(help="A condition; may be repeated.")] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Decide for your function."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews import service
    from governance_pipeline.stages.knowledge import known_graph
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    with store.begin() as unit:
        versions = unit.versions.of_model(service.load_review(unit, review).model)
    now = utc_now()
    state = service.decide(
        opened,
        store,
        known_graph(opened, store, versions, now.date(), now).graph,
        review,
        person=person,
        function=function,
        verdict=verdict,
        reason=reason,
        conditions=condition or (),
        now=now,
    )
    store.close()
    if output is Format.JSON:
        print_json({"review": state.id, "status": state.status, "missing": state.missing})
        return
    console().print(
        f"{state.id} is now [bold]{str(state.status).replace('_', ' ')}[/]"
        + (f"; still to decide: {_waiting(state)}" if state.missing else "")
    )


def _print_findings(findings: list[Measurement]) -> None:
    from governance_pipeline.cli.night import print_measurements

    if findings:
        print_measurements("What did not pass", findings)


def _waiting(state: ReviewState) -> str:
    if not state.status.is_open:
        return ""
    return people_needed(state.missing)
