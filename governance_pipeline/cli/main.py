"""The ``governance`` command. Each verb is one module; heavy parts are imported inside the verbs."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as distribution_version
from typing import Annotated

import typer
from typer.exceptions import TyperException

from governance_pipeline.cli import (
    access,
    assessments,
    compare,
    consent,
    consent_received,
    controls,
    demo,
    evidence,
    gate,
    incidents,
    ledger,
    lineage,
    night,
    policy,
    project,
    promotion,
    purpose,
    reviews,
    serve,
    signatures,
    store,
)
from governance_pipeline.cli.interrupts import heard
from governance_pipeline.cli.verbs import App
from governance_pipeline.errors import CannotEvaluate, GovernanceError, UsageError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
SHOW_TRACEBACK = "GOVERNANCE_TRACEBACK"

app = App(
    name="governance",
    help="Nightly measured governance for machine-learning models.",
    epilog="Exit codes: 0 ok or open, 1 a breach or a closed gate, 2 bad usage or project files,"
    " 3 could not evaluate (treat as closed).",
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


for part in (
    project,
    night,
    gate,
    compare,
    policy,
    promotion,
    signatures,
    evidence,
    controls,
    reviews,
    assessments,
    incidents,
    lineage,
    consent,
    consent_received,
    purpose,
    access,
    ledger,
    serve,
    store,
    demo,
):
    part.register(app)


def run() -> None:
    """Entry point: turns errors into a message, a next step and an exit code; never a traceback."""
    try:
        with heard():
            left = app(standalone_mode=False, prog_name="governance")
    except GovernanceError as error:
        _complain(error.code, error.message, error.hint)
        sys.exit(error.exit_code)
    except TyperException as error:
        _misused(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except Exception as error:  # a bug of ours: no verdict was reached, and 1 would mean a breach
        if os.environ.get(SHOW_TRACEBACK):
            raise
        _complain(
            "internal",
            f"this is a fault of governance itself: {type(error).__name__}: {error}",
            f"set {SHOW_TRACEBACK}=1, run it again and report what it prints",
        )
        sys.exit(CannotEvaluate.exit_code)
    sys.exit(_stopped() if left == INTERRUPTED else left)  # Typer makes an interrupt an exit


def _misused(error: TyperException) -> None:
    """Say what is wrong with the words of a command as we say everything else."""
    message = error.format_message().replace("Value error, ", "").rstrip(".")  # pydantic's words
    context = getattr(error, "ctx", None)
    if message:  # there is none where no verb was given: its help has been printed
        verb = context.command_path if context else "governance"
        _complain(UsageError.code, f"{message[0].lower()}{message[1:]}", f"see `{verb} --help`")


def _stopped() -> int:
    typer.echo("stopped; nothing of the unfinished night was written, run it again", err=True)
    return INTERRUPTED


def _complain(code: str, message: str, hint: str) -> None:
    from rich.console import Console

    stderr = Console(stderr=True)
    stderr.print(f"[bold red]error[/] [dim]({code})[/]", end=" ")
    stderr.print(message, markup=False, highlight=False, soft_wrap=True)
    if hint:
        stderr.print(f"  -> {hint}", style="yellow", markup=False, highlight=False, soft_wrap=True)
