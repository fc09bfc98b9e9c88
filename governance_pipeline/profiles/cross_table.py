"""Cross tables: how often each bin of a feature meets each value of a protected attribute or the label.

Only counts. They are kept in parts (folds) that the engine deals by a hash of the person's key, so that
what is learned on four parts can be tried on the fifth from the counts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from governance_pipeline.errors import CannotEvaluate, UsageError

FOLDS = 5
OTHER = "rarer values"
MISSING = "no value"

TargetKind = Literal["sensitive", "label"]
Cells = Mapping[tuple[int, str | int, str | None], int]
"""Counts by (fold, bin, value of the target); a bin is a number of the edges, or a category."""


@dataclass(frozen=True, slots=True)
class CrossTable:
    """One feature by one target.

    Attributes:
        feature: the feature's column in the training snapshot.
        target: the protected attribute, or the label.
        levels: the target's values as text, sorted; a last None for rows where it is not recorded.
            Where ``level_edges`` are given, each is the number of a range: -1 below the first edge.
        bins: the feature's categories, sorted, where it has no ``edges``.
        edges: of a number: bin i is [edges[i], edges[i+1]).
        counts: rows by fold, bin and value. Bins of a number: below the first edge, between, above the
            last, missing; of a category: in the order of ``bins``, then all rarer ones, then missing.
    """

    feature: str
    target: str
    kind: TargetKind
    levels: tuple[str | None, ...]
    counts: tuple[tuple[tuple[int, ...], ...], ...]
    bins: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    level_edges: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.feature, self.kind, self.target)

    @property
    def rows(self) -> int:
        return sum(count for fold in self.counts for row in fold for count in row)

    def cells(self) -> dict[tuple[int, str | int, str | None], int]:
        """The counts by fold, bin and value, without the zeros."""
        names = self._bin_names()
        return {
            (fold, names[place], value): count
            for fold, rows in enumerate(self.counts)
            for place, row in enumerate(rows)
            for value, count in zip(self.levels, row, strict=True)
            if count
        }

    def _bin_names(self) -> list[str | int]:
        if self.edges:
            return [*range(-1, len(self.edges)), MISSING]
        return [*(f"={name}" for name in self.bins), OTHER, MISSING]


@dataclass(frozen=True, slots=True)
class LateTally:
    """Rows whose feature was stamped later than their label was known.

    Attributes:
        feature: the feature's column in the snapshot, or the feature view where ``by_person``.
        rows: rows that could be compared; ``later`` of them stamped later.
        by_person: the rows carry no time of their own: the view's *first* row of a person was compared,
            so that ``later`` is the least number that can be late.
    """

    feature: str
    rows: int
    later: int
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class OverlapTally:
    """Rows that the model is judged on and also learned from.

    Attributes:
        dataset: what the model is judged on.
        keys: the columns by which the rows were compared.
        rows: its rows that have a key; ``shared`` of them with the key of a training row.
    """

    dataset: str
    keys: tuple[str, ...]
    rows: int
    shared: int


@dataclass(frozen=True, slots=True)
class Crosses:
    """All that was counted across columns of one training snapshot.

    Attributes:
        counted: the night on which it was.
        joined: where a protected attribute was looked up, by the attribute.
        unmeasured: what could not be, to the reason: ``feature``, ``feature~target``, ``~target``,
            ``overlap``, ``late:feature``, or ``*`` for everything.
    """

    counted: date
    tables: tuple[CrossTable, ...] = ()
    overlaps: tuple[OverlapTally, ...] = ()
    late: tuple[LateTally, ...] = ()
    joined: Mapping[str, str] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)

    def table(self, feature: str, target: str, kind: TargetKind) -> CrossTable | None:
        return next((one for one in self.tables if one.key == (feature, kind, target)), None)

    def reason(self, feature: str, target: str) -> str | None:
        """Why a feature was not counted by a target, None where it was."""
        keys = (f"{feature}~{target}", feature, f"~{target}", "*")
        return next((self.unmeasured[key] for key in keys if key in self.unmeasured), None)


def table_of(plain: CrossTable, cells: Cells) -> CrossTable:
    """``plain`` with these counts: ``cells`` as :meth:`CrossTable.cells` has them."""
    levels = _sorted_levels(value for _, _, value in cells)
    bins = tuple(sorted({name[1:] for _, name, _ in cells if isinstance(name, str) and name[:1] == "="}))
    shaped = replace(plain, levels=levels, bins=() if plain.edges else bins)
    names = shaped._bin_names()  # noqa: SLF001 - of this module's own class
    counts = tuple(
        tuple(tuple(cells.get((fold, name, value), 0) for value in levels) for name in names)
        for fold in range(FOLDS)
    )
    return replace(shaped, counts=counts)


def merge_tables(a: CrossTable, b: CrossTable) -> CrossTable:
    """The counts of both sets of rows; associative and commutative.

    Raises:
        UsageError: they are of other columns, or on other edges.
    """
    for name in ("feature", "target", "kind", "edges", "level_edges"):
        if getattr(a, name) != getattr(b, name):
            raise UsageError(
                f"two cross tables of '{a.feature}' and '{b.feature}' differ in their {name}",
                hint="count both parts with the edges of one baseline",
            )
    cells = dict(a.cells())
    for key, count in b.cells().items():
        cells[key] = cells.get(key, 0) + count
    return table_of(a, cells)


def merge_crosses(a: Crosses, b: Crosses) -> Crosses:
    """Two disjoint sets of rows of one snapshot. What only one of them has counted is left out, and so is
    the overlap with other datasets, which cannot be known from the parts.
    """
    theirs = {table.key: table for table in b.tables}
    tables = [merge_tables(table, theirs[table.key]) for table in a.tables if table.key in theirs]
    late = {tally.feature: tally for tally in b.late}
    both = [
        replace(tally, rows=tally.rows + other.rows, later=tally.later + other.later)
        for tally in a.late
        if (other := late.get(tally.feature)) and other.by_person == tally.by_person
    ]
    reasons = sorted([*a.unmeasured.items(), *b.unmeasured.items()], reverse=True)
    return Crosses(
        counted=max(a.counted, b.counted),
        tables=tuple(sorted(tables, key=lambda table: table.key)),
        late=tuple(sorted(both, key=lambda tally: tally.feature)),
        joined={name: where for name, where in a.joined.items() if b.joined.get(name) == where},
        unmeasured=dict(reversed(dict(reasons).items())),
    )


def crosses_to_json(crosses: Crosses) -> dict[str, Any]:
    """As JSON types only."""
    found: dict[str, Any] = _adapter().dump_python(crosses, mode="json", exclude_defaults=True)
    return found


def crosses_from_json(stored: Mapping[str, Any]) -> Crosses:
    """What :func:`crosses_to_json` wrote.

    Raises:
        CannotEvaluate: it is damaged.
    """
    try:
        return _adapter().validate_python(dict(stored))
    except ValidationError as error:
        raise CannotEvaluate(
            f"stored cross tables are damaged: {error.error_count()} of their values cannot be read",
            hint="run the night again with --dataset and the training snapshot to count them anew",
        ) from error


@cache
def _adapter() -> TypeAdapter[Crosses]:
    return TypeAdapter(Crosses)


def _sorted_levels(values: Iterable[str | None]) -> tuple[str | None, ...]:
    found = set(values)
    known = sorted((value for value in found if value is not None), key=_by_number)
    return (*known, None) if None in found else tuple(known)


def _by_number(value: str) -> tuple[bool, float, str]:
    """Numbers by size before text by letter."""
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value
