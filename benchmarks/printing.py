"""Figures as a table for people, as JSON, and as the Markdown that the documentation keeps."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

BEGIN = "<!-- figures: python -m benchmarks --markdown -->"
END = "<!-- end of figures -->"


def as_json(figures: Sequence[Figure]) -> str:
    """A list of {name, value, unit, bar, direction, note, holds}."""
    return json.dumps([figure.as_json() for figure in figures], indent=2)


def show(figures: Sequence[Figure], console: Console) -> None:
    """One line per figure; the reasons of those without a value below."""
    table = Table("figure", "value", "bar", "holds")
    for figure in figures:
        table.add_row(figure.name, _value(figure), _bar(figure), _verdict(figure))
    console.print(table)
    for figure in figures:
        if figure.note:
            console.print(f"{figure.name}: {figure.note}", style="dim", highlight=False, markup=False)


def into_page(page: Path, figures: Sequence[Figure], head: str) -> None:
    """Put ``head`` and a table of ``figures`` between the two marks of ``page``; figures that stand there and
    were not measured now, stay.

    Raises:
        ValueError: the page has no marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    standing, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page.name} has no part between '{BEGIN}' and '{END}'")
    rows = [line for line in standing.splitlines() if line.startswith("| ") and line not in _HEAD]
    table = "\n".join([head, "", *_HEAD, *_renewed(rows, figures)])
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


_HEAD = ("| figure | value | bar | holds |", "| --- | --- | --- | --- |")


def _renewed(rows: Sequence[str], figures: Sequence[Figure]) -> list[str]:
    made = {figure.name: _row(figure) for figure in figures}
    kept: list[str] = []
    for row in rows:
        name = next((one for one in made if row.startswith((f"| {one} |", f"| {one} ("))), None)
        kept.append(made.pop(name) if name else row)
    return [*kept, *made.values()]


def _row(figure: Figure) -> str:
    note = f" ({figure.note})" if figure.note else ""
    return f"| {figure.name}{note} | {_value(figure)} | {_bar(figure)} | {_verdict(figure)} |"


def _value(figure: Figure) -> str:
    return "not measured" if math.isnan(figure.value) else f"{figure.value:.3g} {figure.unit}".strip()


def _bar(figure: Figure) -> str:
    return "" if figure.bar is None else f"{figure.direction} {figure.bar:g}"


def _verdict(figure: Figure) -> str:
    if figure.bar is None and figure.holds:
        return ""
    return "yes" if figure.holds else "NO"
