"""consent check: may these datasets be used for this purpose?"""

from __future__ import annotations

from typing import Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, entries, print_json
from governance_pipeline.cli.consent import group


def register(app: typer.Typer) -> None:
    """Add this module's verb to those of consent, which are registered before it."""
    del app
    group.command(
        epilog="Example: governance consent check --dataset lending.training_snapshot"
        " --purpose model_training && python train.py"
    )(check)


def check(
    datasets: Annotated[list[str], typer.Option("--dataset", metavar="NAME", help="Dataset that is read.")],
    purpose: Annotated[str, typer.Option("--purpose", metavar="NAME", help="What it is read for.")],
    consumer: Annotated[
        str | None, typer.Option("--consumer", metavar="NAME", help="Model, team or person who reads it.")
    ] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say whether datasets may be used for a purpose, and by which clause.

    Exit 0 allowed, 1 refused, 3 unknown (treat as refused).
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.purpose_check import check_purpose
    from governance_pipeline.stages import services

    opened = open_project(project)
    store = open_project_store(opened)
    try:
        answer = check_purpose(opened, store, datasets, purpose, consumer, services.utc_now())
    finally:
        store.close()
    if output is Format.JSON:
        print_json(answer)
    else:
        verdict = "[bold green]ALLOWED[/]" if answer.allowed else "[bold red]REFUSED[/]"
        console().print(verdict)
        entries(
            "Clauses",
            (
                ("pass" if one.allowed else "fail", f"{one.dataset}, {one.clause}", one.sentence)
                for one in answer.rulings
            ),
        )
    raise typer.Exit(0 if answer.allowed else 1)
