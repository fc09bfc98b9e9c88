"""consent forget: remove what was received of one person."""

from __future__ import annotations

from typing import Annotated

import typer

from governance_pipeline.cli.common import ProjectOption
from governance_pipeline.cli.consent import group


def register(app: typer.Typer) -> None:
    """Add this module's verb to those of consent, which are registered before it."""
    del app
    group.command(epilog="Example: governance consent forget P-004711")(forget)


def forget(
    person: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person, as the records name them.")],
    project: ProjectOption = None,
) -> None:
    """Erase every record of consent that was received of one person, for good.

    Without them the next night finds no consent of this person but that of the ledger's own table. How many
    were erased, and when, is entered into the tamper-evident ledger; whose is not.
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.services import utc_now

    store = open_project_store(open_project(project))
    try:
        with store.begin() as unit:
            removed = unit.consents.forget(person, utc_now())
    finally:
        store.close()
    typer.echo(f"{removed} record{'s' if removed != 1 else ''} erased")
