"""consent access: who can read a dataset, and should not?"""

from __future__ import annotations

from typing import Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, entries, print_json
from governance_pipeline.cli.consent import group


def register(app: typer.Typer) -> None:
    """Add this module's verb to those of consent, which are registered before it."""
    del app
    group.command(epilog="Example: governance consent access lending.incomes")(access)


def access(
    dataset: Annotated[str, typer.Argument(help="Dataset, e.g. lending.incomes.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Who can read a dataset, through which roles, held against the roles of its contract.

    Exit 0 where all are declared, 1 where others can read it, 3 where nobody can say.
    """
    import os

    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.profiles.access import table_access

    opened = open_project(project)
    contract = opened.contract(dataset)
    found = table_access(contract, opened.settings, opened.root, os.environ)
    if output is Format.JSON:
        print_json(found)
    else:
        groups = (("fail", found.undeclared), ("pass", found.allowed), ("superuser", found.superusers))
        entries(f"Who can read {dataset}", ((word, one.role, one.way) for word, who in groups for one in who))
        coming = "will be able to read tables yet to be made in the schema"
        entries("Default privileges", (("warn", role, coming) for role in found.to_come))
    raise typer.Exit(1 if found.undeclared else 0)
