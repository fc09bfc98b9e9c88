"""The lineage graph that the verbs ask, and the options that say which part of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import DAY, day

if TYPE_CHECKING:
    from governance_pipeline.charter.project import Project
    from governance_pipeline.lineage.graph import LineageGraph
    from governance_pipeline.stages.lineage_seen import Seen
    from governance_pipeline.vocabulary.entity import Entity

AsOfOption = Annotated[
    date | None,
    typer.Option(
        "--as-of", parser=day, metavar=DAY, help="The graph of this past night (default: as it is now)."
    ),
]
NodeArgument = Annotated[
    str,
    typer.Argument(
        help="kind:name, e.g. dataset:lending.incomes, column:lending.incomes#income, model:name."
    ),
]
MermaidOption = Annotated[
    bool, typer.Option("--mermaid", help="Draw it as Mermaid text, with nothing else printed.")
]


def seen(project: Project, as_of: date | None) -> Seen:
    """The graph as it is now, or as the night ``as_of`` recorded it.

    Raises:
        NotFound: that night recorded none.
    """
    from governance_pipeline.bootstrap import open_project_store
    from governance_pipeline.stages.lineage_seen import seen as look

    store = open_project_store(project)
    try:
        return look(project, store, as_of)
    finally:
        store.close()


def draw(graph: LineageGraph, nodes: Iterable[Entity]) -> None:
    """Print a part of the graph as Mermaid text."""
    from governance_pipeline.lineage.mermaid import mermaid

    typer.echo(mermaid(graph, nodes), nl=False)
