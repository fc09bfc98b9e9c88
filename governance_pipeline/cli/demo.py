"""demo, up: the sample project with its 60 nights, and the Dagster UI over a project."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from governance_pipeline.cli.common import DAY, ProjectOption, console, day


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Examples: governance demo  |  governance demo /tmp/lending --nights 20")(demo)
    app.command(epilog="Example: governance up --project demo --port 3000")(up)


def demo(
    directory: Annotated[Path, typer.Argument(help="New folder for the sample project.")] = Path("demo"),
    nights: Annotated[int, typer.Option(min=1, max=60, help="How many nights to run.")] = 60,
    last_night: Annotated[
        date | None, typer.Option(parser=day, metavar=DAY, help="The last night (default: yesterday).")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An empty database instead of SQLite, e.g. postgresql://user:${PASSWORD}@host/db.",
        ),
    ] = None,
    *,
    force: Annotated[bool, typer.Option(help="Replace the folder if an earlier demo made it.")] = False,
) -> None:
    """Build the lending sample project from real applications and run its nights."""
    from governance_pipeline.cli.sample import tell_sample

    tell_sample(directory, nights=nights, last=last_night, store=store, force=force)


def up(
    project: ProjectOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web page.")] = 3000,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI over a project: lineage, owners, checks, schedule."""
    from rich.markup import escape

    from governance_pipeline.charter.loader import find_project
    from governance_pipeline.cli.dagster import serve

    root = find_project(project or Path.cwd())
    address = f"http://{host}:{port}"
    shown = escape(str(root))
    console().print(f"Dagster UI for {shown}: [bold]{address}[/]  (Ctrl-C stops it)", soft_wrap=True)
    raise typer.Exit(
        serve(root, host=host, port=port, ready=lambda: console().print(f"ready: [bold]{address}[/]"))
    )
