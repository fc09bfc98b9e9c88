"""lineage trace, impact, ingest: where a thing comes from, what depends on it, events that tell it."""

from __future__ import annotations

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
from governance_pipeline.cli.verbs import App

if TYPE_CHECKING:
    from datetime import datetime

    from governance_pipeline.charter.project import Project
    from governance_pipeline.lineage.graph import LineageGraph
    from governance_pipeline.vocabulary.entity import Entity

group = App(help="Lineage: where a thing comes from, and what depends on it.")

NodeArgument = Annotated[
    str,
    typer.Argument(
        help="kind:name, e.g. dataset:lending.incomes, column:lending.incomes#income, model:name."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="lineage")


@group.command(epilog="Example: governance lineage trace model:mortgage_approval")
def trace(node: NodeArgument, project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """Everything upstream of a node, each step with its evidence."""
    _walk(node, project, output, upstream=True)


@group.command(epilog="Example: governance lineage impact dataset:lending.bureau_scores")
def impact(node: NodeArgument, project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """Everything downstream of a node, with its owners."""
    _walk(node, project, output, upstream=False)


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


def _walk(node: str, project: ProjectOption, output: Format, *, upstream: bool) -> None:
    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.lineage.impact import steps
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    graph = _graph(opened, utc_now())
    entity = _known(graph, node)
    found = steps(graph, entity, upstream=upstream)
    if output is Format.JSON:
        print_json({"node": str(entity), "steps": found})
        return
    word = "comes from" if upstream else "flows into"
    entries(
        f"What {entity.name} {word}",
        (
            (
                str(edge.kind).replace("_", " "),
                f"{edge.source} -> {edge.target}",
                f"{edge.known_by}, {edge.evidence}",
            )
            for edge in found
        ),
    )
    if not found:
        nothing = f"that {entity.name} comes from" if upstream else f"that depends on {entity.name}"
        console().print(f"the lineage knows nothing {nothing}", markup=False)


def _graph(project: Project, now: datetime) -> LineageGraph:
    from governance_pipeline.bootstrap import open_project_store
    from governance_pipeline.lineage.build import build_graph
    from governance_pipeline.stages.discover import discover
    from governance_pipeline.stages.places import recorded_places

    store = open_project_store(project)
    try:
        with store.begin() as unit:
            tellings = unit.lineage_events.as_of(now)
        readings = recorded_places(store, project, now.date()).readings
    finally:
        store.close()
    return build_graph(project, discover(project, now).all_versions, tellings, readings)


def _known(graph: LineageGraph, text: str) -> Entity:
    from difflib import get_close_matches

    from governance_pipeline.errors import NotFound, UsageError
    from governance_pipeline.vocabulary.entity import Entity

    meant = sorted(str(node) for node in graph.nodes if node.name == text)
    if meant:
        raise UsageError(f"'{text}' does not say what it is", hint=f"write {' or '.join(meant)}")
    entity = Entity.parse(text)
    if entity not in graph.nodes:
        near = get_close_matches(text, [str(node) for node in graph.nodes], n=1)
        hint = (
            f"did you mean '{near[0]}'?" if near else "see `governance validate --explain` for the datasets"
        )
        raise NotFound(f"the lineage has no '{text}'", hint=hint)
    return entity
