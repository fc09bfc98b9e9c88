"""Options and output that the verbs share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance_pipeline.vocabulary.json_form import jsonable

if TYPE_CHECKING:
    from rich.console import Console

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project", "-p", metavar="DIR", help="Project folder (default: nearest with governance.yaml)."
    ),
]


class Format(StrEnum):
    """How a verb prints."""

    TABLE = "table"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a verb prints whose findings other tools read."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    MARKDOWN = "markdown"


ReportFormatOption = Annotated[
    ReportFormat,
    typer.Option("--format", "-f", help="For people, for programs, for CI, or for a pull request's comment."),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="For people or for programs.")]


def day(text: str) -> date:
    """Read a day as the command line has it. Raises BadParameter where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a day; write it like 2026-03-01") from None


DAY = "YYYY-MM-DD"
DateOption = Annotated[
    date | None,
    typer.Option("--date", "-d", parser=day, metavar=DAY, help="The night (default: the last that is due)."),
]

OUTCOME_STYLE = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "green",
    "open": "bold red",
    "acknowledged": "yellow",
    "mitigated": "yellow",
    "resolved": "green",
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "insufficient": "cyan",
    "not_run": "bold magenta",
}


def console() -> Console:
    """Standard output; plain text where it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for people; cells are text, never markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(str(cell), style=OUTCOME_STYLE.get(str(cell), "")) for cell in row))
    console().print(drawn)


def entries(title: str, items: Iterable[tuple[str, str, str]]) -> None:
    """Findings as people read them: a head line with its outcome word coloured, then the sentence.

    Args:
        title: printed once, above; nothing is printed where there are no items.
        items: (outcome word, what it is about, sentence); all text, never markup.
    """
    from rich.table import Table
    from rich.text import Text

    out = console()
    shown = list(items)
    if shown:
        out.print(Text(f"\n{title}", style="bold"))
    grid = Table.grid(padding=(0, 1), pad_edge=False)
    grid.add_column(min_width=12, no_wrap=True)
    grid.add_column(overflow="fold")
    for word, about, sentence in shown:
        lines = Text.assemble(about, (f"\n{sentence}" if sentence else "", "dim"))
        grid.add_row(Text(word, style=OUTCOME_STYLE.get(word, "bold")), lines)
    out.print(grid)
