"""Counts of the compared columns by cluster: which of a table's rows belong together, and how they lie.

The cluster's value is hashed in the engine into one of :data:`MAX_CLUSTERS` buckets, by the same function on
every engine, so that the rows of a branch are in one bucket whether a file or a database holds them. No
cluster's value leaves the engine. Rows without one are taken to belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from governance_pipeline.profiles.cluster_counts import Cell, Counted, Key, count
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.grid import BINS, of_histogram
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import CLUSTERS, MAX_CLUSTERS, ColumnProfile
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.statistics import Measured
from governance_pipeline.profiles.window import Window

MOST_CELLS = 2_000_000
"""Counts that one statement may bring: they are held in memory until they are added up."""


def count_clusters(
    session: Session,
    window: Window,
    specs: Sequence[ColumnSpec],
    plan: ScanPlan,
    measured: Sequence[Measured],
) -> list[Measured]:
    """``measured`` with ``ColumnProfile.clusters`` of the columns that a baseline is compared with.

    Nothing is read where the contract names no cluster column.

    Args:
        measured: one entry for each segment of the window.

    Raises:
        ScanTimedOut: the scan's time is over.
    """
    name = plan.contract.cluster
    wanted = [spec for spec in specs if spec.name in plan.compared and _known(spec, measured)]
    if name is None or not wanted:
        return list(measured)
    by = next((spec for spec in specs if spec.name == name), None)
    if by is None:
        return _without(measured, wanted, f"the column '{name}' is not in the table")
    together = max(1, MOST_CELLS // _cells(measured))
    found = list(measured)
    for start in range(0, len(wanted), together):
        found = _counted(session, window, by, wanted[start : start + together], found)
    return found


def _known(spec: ColumnSpec, measured: Sequence[Measured]) -> bool:
    return any(spec.name in one.columns for one in measured)


def _cells(measured: Sequence[Measured]) -> int:
    """The most counts that one column can bring."""
    return max(1, sum(min(one.rows, MAX_CLUSTERS * (BINS + 3)) for one in measured))


def _counted(
    session: Session,
    window: Window,
    by: ColumnSpec,
    specs: Sequence[ColumnSpec],
    measured: Sequence[Measured],
) -> list[Measured]:
    """Columns are counted together; where the engine cannot, halves, down to the column at fault."""
    try:
        cells = count(session, window, by, [_asked(spec, measured) for spec in specs])
    except StatementFailed as error:
        if len(specs) <= 1:
            return _without(measured, specs, error.message)
        middle = len(specs) // 2
        first = _counted(session, window, by, specs[:middle], measured)
        return _counted(session, window, by, specs[middle:], first)
    names = {spec.name for spec in specs}
    return [_laid_out(one, number, names, cells) for number, one in enumerate(measured)]


def _without(measured: Sequence[Measured], specs: Sequence[ColumnSpec], why: str) -> list[Measured]:
    reasons = {f"{CLUSTERS}{spec.name}": why for spec in specs}
    return [replace(one, unmeasured={**one.unmeasured, **reasons}) for one in measured]


def _asked(spec: ColumnSpec, measured: Sequence[Measured]) -> Counted:
    """On the column's own bins, which are those of all segments; by the values that any of them tells."""
    columns = [one.columns[spec.name] for one in measured if spec.name in one.columns]
    grid = next((of_histogram(column.histogram) for column in columns if column.histogram), None)
    if grid is not None:
        return Counted(spec, grid)
    return Counted(spec, values=tuple(sorted({value for one in columns for value in one.categories})))


def _laid_out(one: Measured, number: int, names: set[str], cells: Mapping[Key, Sequence[Cell]]) -> Measured:
    """One segment with the cells of its columns in place."""
    columns = {
        name: replace(column, clusters=_rows(column, cells.get((number, name), ())))
        if name in names
        else column
        for name, column in one.columns.items()
    }
    return replace(one, columns=columns)


def _rows(column: ColumnProfile, cells: Sequence[Cell]) -> tuple[tuple[int, ...], ...]:
    """As ``ColumnProfile.clusters`` says."""
    histogram, places = column.histogram, {value: at for at, value in enumerate(column.categories)}
    bins = len(histogram.counts) + 2 if histogram else len(places) + 1
    rows = [[0] * (bins + 1) for _ in range(MAX_CLUSTERS)]
    for cell in cells:
        if cell.code is None:
            place = bins
        elif histogram:
            place = cell.code
        else:
            place = bins - 1 if cell.value is None else places.get(cell.value, bins - 1)
        rows[cell.bucket][place] += cell.rows
    return tuple(map(tuple, rows))
