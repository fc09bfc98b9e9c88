"""The ``governance`` command. Each verb is one module; heavy parts are imported inside the verbs."""

from __future__ import annotations

import sys
from importlib.metadata import version as distribution_version
from typing import Annotated

import typer

from governance_pipeline.cli import demo, gate, incidents, lineage, night, project, reviews, store
from governance_pipeline.errors import GovernanceError

app = typer.Typer(
    name="governance",
    help="Nightly measured governance for machine-learning models.",
    epilog="Exit codes: 0 ok or open, 1 a breach or a closed gate, 2 bad usage or project files,"
    " 3 could not evaluate (treat as closed).",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main(
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Nightly measured governance for machine-learning models."""
    if show_version:
        typer.echo(f"governance-pipeline {distribution_version('governance-pipeline')}")
        raise typer.Exit


for part in (project, night, gate, reviews, incidents, lineage, store, demo):
    part.register(app)


def run() -> None:
    """Entry point: turns our errors into a message, a next step and an exit code."""
    from rich.console import Console

    try:
        app()
    except GovernanceError as error:
        stderr = Console(stderr=True)
        stderr.print(f"[bold red]error[/] [dim]({error.code})[/]", end=" ")
        stderr.print(error.message, markup=False, highlight=False, soft_wrap=True)
        if error.hint:
            stderr.print(f"  -> {error.hint}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("stopped; nothing of the unfinished night was written, run it again", err=True)
        sys.exit(130)
