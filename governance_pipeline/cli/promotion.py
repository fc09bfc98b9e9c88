"""permit, promote, rollback: what moves a version to a stage, and away from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json
from governance_pipeline.cli.desk import promotion_desk

if TYPE_CHECKING:
    from governance_pipeline.reviews.rollback import Readiness

ModelArgument = Annotated[str, typer.Argument(help="Model name.")]
VersionArgument = Annotated[str, typer.Argument(help="Registered version.")]
StageOption = Annotated[str, typer.Option(help="The registry's stage or alias.")]
_AS = "Who acts: their id or mail address in charter.yaml."
AsOption = Annotated[str, typer.Option("--as", help=_AS)]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: governance permit mortgage_approval 2 --as dana --out permit.json")(permit)
    app.command(epilog="Example: governance promote mortgage_approval 2 --as dana")(promote)
    app.command(
        epilog="Example: governance rollback mortgage_approval --as dana --reason 'It refuses everybody.'"
    )(rollback)


def permit(
    model: ModelArgument,
    version: VersionArgument,
    person: AsOption,
    stage: StageOption = "production",
    project: ProjectOption = None,
    out: Annotated[Path | None, typer.Option(help="Write the permit here, not to the screen.")] = None,
) -> None:
    """Issue a signed permit where the gate is open: an in-toto statement in a DSSE envelope.

    It ends with the approval, and is void as soon as the artefact, its data or the playbook changes, or
    something new is found.
    """
    from governance_pipeline.reviews.promotion import issue_permit
    from governance_pipeline.stages.services import utc_now

    with promotion_desk(project) as desk:
        envelope = issue_permit(desk, model, version, stage, person=person, now=utc_now())
    if out is None:
        print_json(envelope)
        return
    out.write_text(json.dumps(envelope, indent=1) + "\n", encoding="utf-8")
    console().print(f"the permit of {model} {version} for {stage} is in {out}", markup=False)


def promote(
    model: ModelArgument,
    version: VersionArgument,
    person: AsOption,
    stage: StageOption = "production",
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Move the registry's stage to a version whose gate is open, under a permit. Exit 1: it is closed."""
    from governance_pipeline.reviews.promotion import promote as move
    from governance_pipeline.stages.services import utc_now

    with promotion_desk(project) as desk:
        done = move(desk, model, version, stage, person=person, now=utc_now())
    if output is Format.JSON:
        print_json(done)
        return
    before = f", in place of version {done.replaced}" if done.replaced else ""
    console().print(f"{model} {version} is at {stage} under {done.permit}{before}", markup=False)


def rollback(
    model: ModelArgument,
    project: ProjectOption = None,
    *,
    person: Annotated[str | None, typer.Option("--as", help=_AS)] = None,
    reason: Annotated[str, typer.Option(help="What is wrong, in a sentence.")] = "",
    to: Annotated[
        str | None, typer.Option(help="The version to go to (default: as in the model's file).")
    ] = None,
    stage: StageOption = "production",
    rehearsal: Annotated[bool, typer.Option("--rehearse", help="Only say whether it could be done.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Bring back the version that was good, or say with --rehearse whether that could be done.

    A rollback opens an incident. A rehearsal is remembered with --as; nothing else changes.
    """
    from governance_pipeline.errors import UsageError
    from governance_pipeline.reviews.rollback import look_back, rehearse, roll_back
    from governance_pipeline.stages.services import utc_now

    with promotion_desk(project) as desk:
        if rehearsal:
            now = utc_now()
            ready = (
                rehearse(desk, model, now, to=to, stage=stage, person=person)
                if person
                else look_back(desk, model, now, to=to, stage=stage)
            )
            _show_rehearsal(ready, output, remembered=person is not None)
            raise typer.Exit(0 if ready.is_ready else 1)
        if person is None:
            raise UsageError("a rollback has to be somebody's", hint="say whose with --as, or --rehearse it")
        done = roll_back(desk, model, to=to, stage=stage, person=person, reason=reason, now=utc_now())
        plan = desk.project.model(model).rollback.plan
    if output is Format.JSON:
        print_json(done)
        return
    out = console()
    out.print(f"{model} is back at version {done.version}, in place of {done.replaced}", markup=False)
    out.print(f"what remains to be done:\n{plan}", markup=False)


def _show_rehearsal(ready: Readiness, output: Format, *, remembered: bool) -> None:
    if output is Format.JSON:
        print_json({"ready": ready.is_ready, "rehearsal": ready})
        return
    if ready.is_ready:
        console().print(
            f"[green]READY[/] {ready.model} {ready.version} can go back to version {ready.target}"
        )
    else:
        console().print(f"[bold red]NOT READY[/] {ready.model} {ready.version}: {'; '.join(ready.faults)}")
    if not remembered:
        console().print("[dim]nothing was remembered: rehearse it with --as[/]")
