"""lineage gaps and diff: what the lineage leaves open, and how it differs from an earlier one."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance_pipeline.cli.common import (
    DAY,
    Format,
    FormatOption,
    ProjectOption,
    console,
    day,
    entries,
    print_json,
)
from governance_pipeline.cli.lineage_seen import AsOfOption, seen
from governance_pipeline.cli.verbs import App


def register(group: App) -> None:
    """Add this module's verbs."""
    group.command(epilog="Example: governance lineage gaps --as-of 2026-03-08")(gaps)
    group.command(epilog="Example: governance lineage diff --since-review mortgage_approval")(diff)


def gaps(
    project: ProjectOption = None, as_of: AsOfOption = None, output: FormatOption = Format.TABLE
) -> None:
    """Features and snapshots of unknown origin, labels that got lost on the way, purposes that do not match.

    Leaves with 1 where there is any.
    """
    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.stages.lineage_answers import left_open

    answer = left_open(seen(open_project(project), as_of))
    told = answer.gaps
    if output is Format.JSON:
        print_json(answer)
    else:
        entries(
            "What the lineage leaves open", ((str(one.kind), str(one.about), one.sentence) for one in told)
        )
        if not told:
            console().print("the lineage leaves nothing open")
    if told:
        raise typer.Exit(1)


def diff(
    project: ProjectOption = None,
    since: Annotated[
        date | None,
        typer.Option("--since", parser=day, metavar=DAY, help="The earlier night (default: the one before)."),
    ] = None,
    since_review: Annotated[
        str | None,
        typer.Option(
            "--since-review",
            metavar="MODEL",
            help="Only what this model comes from, since its last approved review.",
        ),
    ] = None,
    as_of: AsOfOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """What has changed in the lineage since the last night, or a model's last approved review."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.lineage_answers import differing
    from governance_pipeline.stages.lineage_seen import seen as look

    opened = open_project(project)
    store = open_project_store(opened)
    try:
        answer = differing(store, look(opened, store, as_of), since, since_review)
    finally:
        store.close()
    night, told = answer.since, answer.differences
    if output is Format.JSON:
        print_json(answer)
        return
    title = f"What has changed in the lineage since the night of {night}"
    entries(title, ((str(one.difference), str(one.about), one.sentence) for one in told))
    if not told:
        console().print(f"the lineage is as it was on the night of {night}", markup=False)
