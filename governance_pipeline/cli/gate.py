"""gate: may this model version be promoted?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json, table

if TYPE_CHECKING:
    from governance_pipeline.reviews.gate import GateReport


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: governance gate mortgage_approval 2 && deploy mortgage_approval 2")(gate)


def gate(
    model: Annotated[str, typer.Argument(help="Model name.")],
    version: Annotated[str, typer.Argument(help="Registered version.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say whether a version may be promoted, and why not. Exit 0 open, 1 closed, 3 unknown."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.gate import evaluate_gate
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    try:
        report = evaluate_gate(opened, store, model, version, utc_now())
    finally:
        store.close()
    if output is Format.JSON:
        print_json({"open": report.is_open, "report": report})
    else:
        print_gate(report)
    raise typer.Exit(0 if report.is_open else 1)


def print_gate(report: GateReport) -> None:
    """The verdict, then each reason with what opens it."""
    out = console()
    verdict = "[bold green]OPEN[/]" if report.is_open else "[bold red]CLOSED[/]"
    night = f"{report.night:%d %B %Y}" if report.night else "never"
    review = (
        f"review {report.review} {(report.review_status or '').replace('_', ' ')}"
        if report.review
        else "no review"
    )
    out.print(f"{verdict} {report.model} version {report.version} (last night {night}; {review})")
    if report.reasons:
        table(
            "Why",
            ("reason", "in words", "what opens it"),
            [(r.code, r.sentence, r.next_step) for r in report.reasons],
        )
    if report.accepted:
        out.print(f"{len(report.accepted)} known finding(s) were accepted by {report.review}.")
