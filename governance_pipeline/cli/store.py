"""store upgrade: database migrations."""

from __future__ import annotations

from typing import Annotated

import typer

from governance_pipeline.cli.common import ProjectOption, console
from governance_pipeline.cli.verbs import App

group = App(help="The governance store: migrations.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="store")


@group.command(epilog="Example: governance store upgrade --role governance_app")
def upgrade(
    project: ProjectOption = None,
    role: Annotated[
        str | None,
        typer.Option(
            help="Postgres: the role that nights and people work as; gets only the rights it needs."
        ),
    ] = None,
) -> None:
    """Bring the store's tables to this release's schema.

    On Postgres run it as the tables' owner, and let everything else run as another role: that one may add
    to the ledger and read it, and cannot change or remove anything in it.
    """
    import os

    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.charter.environment import resolve_env
    from governance_pipeline.store.open import upgrade_store

    opened = open_project(project)
    upgrade_store(resolve_env(opened.settings.store, os.environ), root=opened.root, role=role)
    console().print("[green]the store is up to date[/]")
