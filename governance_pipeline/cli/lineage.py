"""lineage trace and ingest: where a thing comes from, and events that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    Format,
    FormatOption,
    ProjectOption,
    console,
    entries,
    print_json,
    table,
)
from governance_pipeline.cli.lineage_seen import AsOfOption, MermaidOption, NodeArgument, draw, seen
from governance_pipeline.cli.verbs import App

if TYPE_CHECKING:
    from governance_pipeline.lineage.graph import LineageGraph
    from governance_pipeline.lineage.story import Told
    from governance_pipeline.vocabulary.entity import Entity

group = App(help="Lineage: where a thing comes from, and what depends on it.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    from governance_pipeline.cli import lineage_gaps, lineage_impact

    lineage_impact.register(group)
    lineage_gaps.register(group)
    app.add_typer(group, name="lineage")


@group.command(epilog="Example: governance lineage trace version:mortgage_approval/2 --as-of 2026-03-12")
def trace(
    node: NodeArgument,
    project: ProjectOption = None,
    as_of: AsOfOption = None,
    mermaid: MermaidOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Everything upstream of a node, as a tree and as a story: each sentence with its evidence."""
    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.stages.lineage_answers import traced
    from governance_pipeline.stages.lineage_seen import known

    found = seen(open_project(project), as_of)
    entity = known(found.graph, node)
    if mermaid:
        draw(found.graph, found.graph.distances(entity, down=False))
        return
    answer = traced(found, entity)
    if output is Format.JSON:
        print_json(answer)
        return
    _tree(found.graph, entity)
    _story(entity, answer.story)


def _tree(graph: LineageGraph, entity: Entity) -> None:
    from governance_pipeline.lineage.impact import flattened
    from governance_pipeline.lineage.impact import trace as trees

    out = console()
    out.print(f"What {entity.name} comes from", style="bold", markup=False)
    for depth, branch in flattened(trees(graph, entity).upstream):
        edge = branch.edge
        how = f"  {str(edge.kind).replace('_', ' ')}, {edge.known_by}" if edge is not None else ""
        again = "  (as told above or below)" if branch.again and graph.incoming(branch.node) else ""
        out.print(f"{'  ' * depth}{branch.node}{how}{again}", markup=False, soft_wrap=True)


def _story(entity: Entity, told: Sequence[Told]) -> None:
    out = console()
    if not told:
        out.print(f"the lineage knows nothing that {entity.name} comes from", markup=False)
        return
    out.print("\nThe story", style="bold")
    for one in told:
        out.print(one.sentence, markup=False, soft_wrap=True)


@group.command(epilog="Example: governance lineage ingest events/ run.ndjson.gz")
def ingest(
    files: Annotated[list[Path], typer.Argument(help="Files and folders with OpenLineage events.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Take OpenLineage events from .json, .ndjson and .jsonl files, also packed (.gz); each event once.

    Leaves with 1 where an event or a file was refused; all others are taken.
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.lineage.ingest import event_files
    from governance_pipeline.lineage.ingest import ingest as take

    opened = open_project(project)
    found = event_files(files)
    store = open_project_store(opened)
    try:
        taken = list(take(store, found))
    finally:
        store.close()
    if output is Format.JSON:
        print_json({"files": taken})
    else:
        counts = [(one.file, one.new, one.known, len(one.refused)) for one in taken]
        table("OpenLineage events", ("file", "new", "known", "refused"), counts)
        entries("Refused", (("refused", str(one.file), why) for one in taken for why in one.refused))
    if any(one.refused for one in taken):
        raise typer.Exit(1)
