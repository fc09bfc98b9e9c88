"""lineage impact: what depends on a thing, and what a proposed change of it would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, entries, print_json
from governance_pipeline.cli.lineage_seen import (
    AsOfOption,
    MermaidOption,
    NodeArgument,
    draw,
    seen,
)
from governance_pipeline.cli.verbs import App

if TYPE_CHECKING:
    from governance_pipeline.lineage.proposals import Rewritten
    from governance_pipeline.lineage.ranking import Affected
    from governance_pipeline.stages.lineage_answers import LineageChange
    from governance_pipeline.stages.lineage_seen import Seen
    from governance_pipeline.vocabulary.entity import Entity

EXAMPLES = """\b
Examples:
governance lineage impact dataset:lending.bureau_scores
governance lineage impact column:lending.incomes#monthly_income --drop
governance lineage impact column:lending.incomes#monthly_income --retype string
governance lineage impact dataset:lending.applicant_features --sql new_features.sql
governance lineage impact dataset:lending.bureau_scores --stop"""

SqlOption = Annotated[
    Path | None,
    typer.Option(
        "--sql", metavar="FILE", help="What if this were its SQL: a dataset's job, or a column's logic."
    ),
]


def register(group: App) -> None:
    """Add this module's verbs."""
    group.command(epilog=EXAMPLES)(impact)


def impact(
    node: NodeArgument,
    project: ProjectOption = None,
    as_of: AsOfOption = None,
    drop: Annotated[
        bool, typer.Option("--drop", help="What if the column or the dataset were gone?")
    ] = False,
    retype: Annotated[
        str | None, typer.Option("--retype", metavar="TYPE", help="What if the column had this logical type?")
    ] = None,
    sql: SqlOption = None,
    stop: Annotated[bool, typer.Option("--stop", help="What if no more data came?")] = False,
    mermaid: MermaidOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Everything downstream of a node to deployments, with its owners, the most at risk first.

    With one of --drop, --retype, --sql and --stop: what that change would do to each, the worst first.
    """
    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.errors import UsageError
    from governance_pipeline.lineage.proposals import Change
    from governance_pipeline.stages.lineage_answers import changed
    from governance_pipeline.stages.lineage_seen import known

    found = seen(open_project(project), as_of)
    entity = known(found.graph, node)
    asked = {
        Change.DROP: drop,
        Change.RETYPE: retype is not None,
        Change.SQL: sql is not None,
        Change.STOP: stop,
    }
    changes = [change for change, wanted in asked.items() if wanted]
    if len(changes) > 1:
        raise UsageError("only one change can be asked about at a time", hint="leave all but one out")
    if mermaid:
        draw(found.graph, found.graph.distances(entity, down=True))
    elif not changes:
        _reached(found, entity, output)
    elif sql is not None:
        _of_sql(found, entity, sql, output)
    else:
        _print(entity, changed(found, entity, changes[0], retype), output)


def _reached(found: Seen, entity: Entity, output: Format) -> None:
    from governance_pipeline.stages.lineage_answers import reached

    answer = reached(found, entity)
    if output is Format.JSON:
        print_json(answer)
        return
    lines = ((one.tier or "not scored", str(one.entity), _told(one)) for one in answer.affected)
    entries(f"What {entity.name} flows into", lines)
    if not answer.affected:
        console().print(f"the lineage knows nothing that depends on {entity.name}", markup=False)


def _of_sql(found: Seen, entity: Entity, file: Path, output: Format) -> None:
    from governance_pipeline.errors import UsageError
    from governance_pipeline.stages.lineage_answers import made_by

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", hint="name a file with SQL") from error
    answer = made_by(found, entity, text, file.name)
    _print(entity, answer, output)


def _print(entity: Entity, answer: LineageChange, output: Format) -> None:
    if output is Format.JSON:
        print_json(answer)
        return
    out = console()
    for one in answer.columns:
        out.print(_rewritten(one), markup=False, soft_wrap=True)
    for reason in answer.not_understood:
        out.print(f"not understood: {reason}", markup=False, soft_wrap=True)
    lines = ((str(one.effect), str(one.affected.entity), _told(one.affected)) for one in answer.consequences)
    entries(f"If {entity.name} {answer.change}", lines)
    if not answer.consequences:
        out.print(f"nothing that depends on {entity.name} changes", markup=False)


def _rewritten(one: Rewritten) -> str:
    if one.dropped:
        return f"column {one.column} is no longer made"
    parts = [f"no longer from {', '.join(one.lost)}"] if one.lost else []
    parts += [f"now from {', '.join(one.gained)}"] if one.gained else []
    return f"column {one.column} is computed {' and '.join(parts) or 'in another way'}"


def _told(one: Affected) -> str:
    """Owners, risk, and the last step of the way."""
    from governance_pipeline.lineage.story import sentence

    owners = f"owner {', '.join(one.owners)}" if one.owners else "nobody answers for it"
    risk = f"risk {one.risk:.0f} of 100" if one.risk is not None else ""
    return " · ".join(part for part in (owners, risk, sentence(one.path[-1]) if one.path else "") if part)
