"""Findings as Markdown for Dagster's pages. Names and sentences are data: none can add markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.risk import RiskScore

MOST_ROWS = 25
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()#+!|~>"} | {"<": "&lt;", "&": "&amp;"})


def cell(text: object) -> str:
    """``text`` as plain words inside a table."""
    return " ".join(str(text).translate(_SPECIAL).split())


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A table of at most ``MOST_ROWS`` rows, which says how many it leaves out."""
    every = list(rows)
    drawn = (f"| {' | '.join(map(cell, row))} |" for row in every[:MOST_ROWS])
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *drawn]
    if len(every) > MOST_ROWS:
        lines += ["", f"and {len(every) - MOST_ROWS:,} more"]
    return dg.MetadataValue.md("\n".join(lines))


def measurement_table(measurements: Sequence[Measurement]) -> dg.MarkdownMetadataValue:
    """Measurements in the order given; what they are about only where they are about several things."""
    several = len({m.entity for m in measurements}) > 1
    heads = ("outcome", *(("what",) if several else ()), "part", "in words", "value", "rows or people")
    rows = (
        (
            _words(m.outcome),
            *((m.entity.name,) if several else ()),
            m.facet or "all",
            m.sentence,
            "" if m.value is None else f"{m.value:.4g} {m.unit}".strip(),
            f"{m.n:,}",
        )
        for m in measurements
    )
    return table(heads, rows)


def risk_table(risks: Sequence[RiskScore]) -> dg.MarkdownMetadataValue:
    """Scores above nought, highest first, each with the largest of its parts."""
    rows = ((risk.entity.name, risk.tier, f"{risk.score:.0f}", _most(risk)) for risk in risks if risk.score)
    return table(("what", "tier", "score", "most of it"), rows)


def _most(risk: RiskScore) -> str:
    largest = max(risk.contributions, key=lambda part: part.points, default=None)
    return f"{largest.points:.0f}: {largest.sentence}" if largest else ""


def counts(numbers: Mapping[str, int]) -> str:
    """``12 pass, 1 fail``; "nothing" where there is none."""
    return ", ".join(f"{number:,} {_words(name)}" for name, number in numbers.items() if number) or "nothing"


def numbered(lines: Sequence[str]) -> str:
    """``1. First. 2. Second.``: text, which a page shows at once; Markdown hides behind a click."""
    return " ".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _words(name: str) -> str:
    return str(name).replace("_", " ")
