"""Merges what was counted of a model's predictions in disjoint sets of rows: counts and sums add up.

Merging is associative and commutative, counts exactly, sums of floats up to their rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from governance_pipeline.errors import UsageError
from governance_pipeline.profiles.profile import (
    ErrorCell,
    GroupCell,
    GroupTable,
    OutcomeCell,
    PredictionCell,
    ScoreCell,
)

Cell = TypeVar("Cell", GroupCell, ScoreCell, OutcomeCell, PredictionCell, ErrorCell)


def merge_group_tables(a: Iterable[GroupTable], b: Iterable[GroupTable]) -> tuple[GroupTable, ...]:
    """The tables of both sets of rows; a model that only one part tallied is left out."""
    theirs = {_key(table): table for table in b}
    both = [merge_tables(table, theirs[_key(table)]) for table in a if _key(table) in theirs]
    return tuple(sorted(both, key=_key))


def merge_tables(a: GroupTable, b: GroupTable) -> GroupTable:
    """One model's tallies of both sets of rows.

    Raises:
        UsageError: they are not of one model, split by the same columns.
    """
    if _key(a) != _key(b):
        raise UsageError(
            f"the tallies of {a.model} by {_columns(a)} and of {b.model} by {_columns(b)} cannot be merged",
            hint="merge tallies of one model, split by the same columns only",
        )
    return in_order(
        replace(
            a,
            cells=(*a.cells, *b.cells),
            scores=(*a.scores, *b.scores),
            outcomes=(*a.outcomes, *b.outcomes),
            predictions=(*a.predictions, *b.predictions),
            errors=(*a.errors, *b.errors),
        )
    )


def in_order(table: GroupTable) -> GroupTable:
    """The table with one cell for each key, in the order of the keys."""
    return replace(
        table,
        cells=_added(table.cells, _of_group, ("count",)),
        scores=_added(table.scores, _of_score, ("count", "total", "squares")),
        outcomes=_added(table.outcomes, _of_outcome, ("count", "total", "squares", "loss")),
        predictions=_added(table.predictions, _of_prediction, ("count",)),
        errors=_added(
            table.errors, _of_error, ("count", "unusable", "total", "absolute", "squares", "fourths")
        ),
    )


def _key(table: GroupTable) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return table.model, table.attributes, table.strata


def _columns(table: GroupTable) -> str:
    return ", ".join(table.dimensions) or "nothing"


def _of_group(cell: GroupCell) -> tuple[Any, ...]:
    return cell.groups, cell.label, cell.prediction


def _of_score(cell: ScoreCell) -> tuple[Any, ...]:
    return cell.groups, cell.label, cell.bin


def _of_outcome(cell: OutcomeCell) -> tuple[Any, ...]:
    return cell.version, cell.arrived, cell.label, cell.prediction, cell.bin


def _of_prediction(cell: PredictionCell) -> tuple[Any, ...]:
    return cell.version, cell.day, cell.prediction, cell.bin, cell.open


def _of_error(cell: ErrorCell) -> tuple[Any, ...]:
    return cell.version, cell.arrived


def _added(
    cells: Sequence[Cell], key: Callable[[Cell], tuple[Any, ...]], sums: Sequence[str]
) -> tuple[Cell, ...]:
    """Cells of one key as one, its sums added; ordered by key, whatever the order they came in."""
    found: dict[tuple[Any, ...], Cell] = {}
    for cell in cells:
        known = found.get(key(cell))
        if known is None:
            found[key(cell)] = cell
            continue
        added = {name: getattr(known, name) + getattr(cell, name) for name in sums}
        found[key(cell)] = replace(known, **added)
    return tuple(found[one] for one in sorted(found, key=repr))
