"""Counts by value, for columns that classify rather than measure or identify, in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.distinct import hashed_by
from governance_pipeline.profiles.profile import MAX_CATEGORIES, Histogram, Sketch
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.sketch import of_hashes
from governance_pipeline.profiles.text import as_text
from governance_pipeline.profiles.values_sql import different_in_first, most_frequent
from governance_pipeline.profiles.window import Window

MOSTLY_DISTINCT = 0.5  # above this share of distinct values a text identifies rather than classifies
MAYBE_FEW = 2 * MAX_CATEGORIES  # an estimate up to this may be MAX_CATEGORIES in truth
FIRST_ROWS = 20_000
"""So many rows are looked at to guess which texts have few values; only the order of work follows from it."""

WITHOUT_GROUPING_SETS = frozenset({"mysql", "sqlite"})


@dataclass(frozen=True, slots=True)
class Values:
    """The most frequent values of one column in one segment.

    Attributes:
        categories: value as text to count, the most frequent first; nulls are in no count.
        few: no value beyond these was seen; together with ``other`` for what may not be named, they
            are all there is.
        found: how many different values there are, where ``few``.
        filled: rows that are not null, where ``few``.
        sketch: of the different values of a text, where ``few``.
    """

    categories: dict[str, int]
    few: bool
    found: int
    filled: int
    sketch: Sketch | None


def classifies(spec: ColumnSpec, distinct: int | None, filled: int) -> bool:
    """Whether a text column of so many different values is worth counting by value."""
    if spec.kind == "boolean":
        return True
    if spec.kind != "category" or distinct is None:
        return spec.kind == "category" and distinct is None
    return distinct <= MAYBE_FEW or distinct <= MOSTLY_DISTINCT * filled


def few_valued(histogram: Histogram) -> bool:
    """Whether a number's histogram leaves it possible that it holds few values, each in a bin alone."""
    if histogram.underflow or histogram.overflow:
        return False
    return sum(1 for count in histogram.counts if count) <= MAX_CATEGORIES // 4


def seem_few(session: Session, window: Window, specs: Sequence[ColumnSpec], rows: int) -> set[str]:
    """The texts that seem to have few values, from the first rows.

    Raises:
        StatementFailed: the engine cannot read the columns together; try fewer.
    """
    if rows <= FIRST_ROWS or not specs:
        return {spec.name for spec in specs}
    statement = different_in_first(session.dialect, specs, FIRST_ROWS)
    found = [count for row in session.rows(window.over(specs, statement)) for count in row]
    return {spec.name for spec, count in zip(specs, found, strict=True) if int(count) <= MAYBE_FEW}


def values(
    session: Session, window: Window, specs: Sequence[ColumnSpec], *, k: int
) -> dict[tuple[int, str], Values]:
    """By (segment, column). Of a personal column, values that fewer than ``k`` rows share are left out.

    Raises:
        StatementFailed: the engine cannot group the columns; try fewer.
    """
    together = session.dialect not in WITHOUT_GROUPING_SETS
    batches = [specs] if together else [[spec] for spec in specs]
    return {key: found for batch in batches if batch for key, found in _values(session, window, batch, k)}


def _values(
    session: Session, window: Window, specs: Sequence[ColumnSpec], k: int
) -> Iterator[tuple[tuple[int, str], Values]]:
    found: dict[tuple[int, int], list[_Row]] = defaultdict(list)
    statement = most_frequent(session.dialect, tuple(specs), many=window.segments.many)
    for column, number, text, amount, null, count, hashed in session.rows(window.over(specs, statement)):
        value = _spelt(specs[int(column)], text) if amount is None else amount
        if not _is_nan(value):
            row = _Row(as_text(value), bool(null), int(count), hashed)
            found[int(number), int(column)].append(row)
    for (number, column), rows in found.items():
        yield (number, specs[column].name), _kept(specs[column], rows, k, session.dialect)


@dataclass(frozen=True, slots=True)
class _Row:
    label: str | None
    null: bool
    count: int
    hashed: int | None


def _spelt(spec: ColumnSpec, text: Any) -> Any:
    """Booleans and numbers as every engine spells them in the end."""
    if text is None or spec.kind == "category":
        return text
    if spec.kind == "number":
        return Decimal(str(text)) if spec.exact else float(text)
    return str(text).lower() in ("true", "t", "1")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | Decimal) and math.isnan(value)


def _kept(spec: ColumnSpec, rows: Iterable[_Row], k: int, dialect: str) -> Values:
    present = [row for row in rows if not row.null]
    few = len(present) <= MAX_CATEGORIES
    kept: dict[str, int] = {}
    for row in sorted(present, key=lambda row: (-row.count, str(row.label))):
        named = row.label is not None and (row.count >= k or not spec.personal)
        if named and row.label is not None and (row.label in kept or len(kept) < MAX_CATEGORIES):
            kept[row.label] = kept.get(row.label, 0) + row.count
    hashes = [row.hashed for row in present if row.hashed is not None]
    sketch = of_hashes(hashed_by(dialect), map(int, hashes)) if few and hashes else None
    return Values(kept, few, len(present), sum(row.count for row in present), sketch)
