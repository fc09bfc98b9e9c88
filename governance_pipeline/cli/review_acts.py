"""review open, comment, delegate, recuse, waive, withdraw, revoke, reopen, fulfil."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import DAY, Format, FormatOption, ProjectOption, console, day, print_json
from governance_pipeline.vocabulary.function import Function, people_needed
from governance_pipeline.vocabulary.review import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from governance_pipeline.cli.verbs import App
    from governance_pipeline.reviews.review import ReviewState
    from governance_pipeline.reviews.service import Table

ReviewArgument = Annotated[str, typer.Argument(help="Review id.")]
AsOption = Annotated[str, typer.Option("--as", metavar="ID", help="Your id, mail address or alias.")]
ReasonOption = Annotated[str, typer.Option(help="Why, in a sentence; kept for those who read it later.")]
FunctionOption = Annotated[Function, typer.Option(help="The function you decide for.")]

WAIVING = (
    "waive REV-1a2b3c4d --as petra.lang --function privacy --until 2026-04-30"
    ' --finding "dataset:lending.incomes drift[income]" --control "Read by hand every week."'
    ' --reason "The vendor changes the feed in April."'
)


def register(group: App) -> None:
    """Add these verbs to ``governance review``."""
    open_as = 'open credit_scoring --stage design --as ines.ortega --reason "The design is drafted."'
    group.command("open", epilog=f"Example: governance review {open_as}")(open_)
    for verb, example in (
        (comment, 'comment REV-1a2b3c4d --as petra.lang --text "Which rows are meant?"'),
        (
            delegate,
            "delegate REV-1a2b3c4d --as petra.lang --function privacy --to paul.ito --until 2026-03-20",
        ),
        (recuse, 'recuse REV-1a2b3c4d --as petra.lang --function privacy --reason "My sister built it."'),
        (waive, WAIVING),
        (withdraw, 'withdraw REV-1a2b3c4d --as ines.ortega --reason "A better version comes on Monday."'),
        (revoke, 'revoke REV-1a2b3c4d --as petra.lang --reason "The notice was never sent."'),
        (reopen, 'reopen REV-1a2b3c4d --as ines.ortega --reason "The notice has been sent."'),
        (fulfil, 'fulfil REV-1a2b3c4d --condition 1 --as ines.ortega --note "The column is gone."'),
    ):
        group.command(epilog=f"Example: governance review {example}")(verb)


@contextmanager
def at_table(
    project: ProjectOption, review: str | None = None, *, model: str | None = None
) -> Iterator[Table]:
    """Open the project and its store for an act on a review, or for one that is to be opened of a model."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.service import Table, load_review
    from governance_pipeline.stages.knowledge import known_graph
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    try:
        with store.reading() as unit:
            name = load_review(unit, review).model if review else opened.model(str(model)).name
            versions = unit.versions.of_model(name)
        now = utc_now()
        yield Table(opened, store, known_graph(opened, store, versions, now.date(), now).graph, now)
    finally:
        store.close()


def told(state: ReviewState, output: Format) -> None:
    """Say where the review stands now."""
    if output is Format.JSON:
        print_json({"review": state.id, "status": state.status, "missing": state.missing})
        return
    waiting = people_needed(state.missing) if state.status.is_open else ""
    console().print(
        f"{state.id} is now [bold]{state.status.replace('_', ' ')}[/]"
        + (f"; still to decide: {waiting}" if waiting else "")
    )


def _acted(project: ProjectOption, review: str, output: Format, act: Callable[[Table], ReviewState]) -> None:
    with at_table(project, review) as table:
        told(act(table), output)


def comment(
    review: ReviewArgument,
    person: AsOption,
    text: Annotated[str, typer.Option(help="What you have to say.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say something, whatever state the review is in."""
    from governance_pipeline.reviews import service

    _acted(project, review, output, lambda table: service.comment(table, review, person=person, text=text))


def delegate(
    review: ReviewArgument,
    person: AsOption,
    function: FunctionOption,
    to: Annotated[str, typer.Option(metavar="ID", help="Who decides in your place.")],
    until: Annotated[date, typer.Option(parser=day, metavar=DAY, help="The last day.")],
    since: Annotated[date | None, typer.Option(parser=day, metavar=DAY, help="Default: today.")] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Hand your decision to another person for some days."""
    from governance_pipeline.reviews import service

    _acted(
        project,
        review,
        output,
        lambda table: service.delegate(
            table, review, person=person, function=function, to=to, since=since, until=until
        ),
    )


def recuse(
    review: ReviewArgument,
    person: AsOption,
    function: FunctionOption,
    reason: ReasonOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Step back from a review you could decide in: another must."""
    from governance_pipeline.reviews import service

    _acted(
        project,
        review,
        output,
        lambda table: service.recuse(table, review, person=person, function=function, reason=reason),
    )


def withdraw(
    review: ReviewArgument,
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take your candidate back before it is decided on."""
    from governance_pipeline.reviews import service

    _acted(
        project, review, output, lambda table: service.withdraw(table, review, person=person, reason=reason)
    )


def revoke(
    review: ReviewArgument,
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take an approval back: the gate closes."""
    from governance_pipeline.reviews import service

    _acted(project, review, output, lambda table: service.revoke(table, review, person=person, reason=reason))


def reopen(
    review: ReviewArgument,
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Begin a review again that was rejected, withdrawn or revoked, or has expired."""
    from governance_pipeline.reviews import service

    _acted(project, review, output, lambda table: service.reopen(table, review, person=person, reason=reason))


def fulfil(
    review: ReviewArgument,
    condition: Annotated[int, typer.Option(metavar="NUMBER", help="Its number in `review show`.")],
    person: AsOption,
    note: Annotated[str, typer.Option(help="What was done.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Report that a condition with an owner and a day has been seen to."""
    from governance_pipeline.reviews import service

    _acted(
        project,
        review,
        output,
        lambda table: service.fulfil(table, review, person=person, condition=condition, note=note),
    )


def waive(
    review: ReviewArgument,
    person: AsOption,
    function: FunctionOption,
    finding: Annotated[str, typer.Option(help="'ENTITY INDICATOR[FACET]', as `review show` has it.")],
    until: Annotated[date, typer.Option(parser=day, metavar=DAY, help="Its last day.")],
    control: Annotated[str, typer.Option(help="What is done in the meantime instead.")],
    reason: ReasonOption,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Let a finding be for a time, as far as the playbook allows it."""
    from governance_pipeline.reviews import waivers

    _acted(
        project,
        review,
        output,
        lambda table: waivers.waive(
            table, review, person=person, function=function, finding=finding, until=until, control=control,
            reason=reason,
        ),
    )  # fmt: skip


def open_(
    model: Annotated[str, typer.Argument(help="Model of the project.")],
    person: AsOption,
    reason: ReasonOption,
    stage: Annotated[Stage | None, typer.Option(help="The planned stage it is for.")] = None,
    version: Annotated[str | None, typer.Option(help="One version; default: the model as such.")] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Open a review: at a planned stage of a model's life, or because you ask for it."""
    from governance_pipeline.reviews.planned import open_review
    from governance_pipeline.reviews.service import load_review

    with at_table(project, model=model) as table:
        review = open_review(table, model, person=person, reason=reason, version=version, stage=stage)
        with table.store.reading() as unit:
            state = load_review(unit, review)
    told(state, output)
