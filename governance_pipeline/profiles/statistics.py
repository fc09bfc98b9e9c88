"""The profile of every column of a window, segment by segment, from a handful of statements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from governance_pipeline.profiles.bins import Asked, Key, Numbers
from governance_pipeline.profiles.bounds import Bounds, bounds
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.distinct import Different, sketches
from governance_pipeline.profiles.grid import LARGEST_MODERATE, Grid, covering
from governance_pipeline.profiles.merge import distinct
from governance_pipeline.profiles.numbers import numbers
from governance_pipeline.profiles.odd_numbers import finite_ranges
from governance_pipeline.profiles.profile import ColumnProfile, Sketch
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.sketch import estimate
from governance_pipeline.profiles.unpivot import together
from governance_pipeline.profiles.values import Values, classifies, few_valued, seem_few, values
from governance_pipeline.profiles.window import Window

FEW = 8
FEW_ROWS_EACH = 4
TOO_LARGE = "its values are too large for a mean and a variance"


@dataclass(slots=True)
class Measured:
    """One segment's columns, why some could not be measured, and a sketch of its subjects."""

    rows: int = 0
    columns: dict[str, ColumnProfile] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)
    subjects: Sketch | None = None


def column_profiles(
    session: Session,
    window: Window,
    specs: Sequence[ColumnSpec],
    grids: Mapping[str, Grid],
    *,
    k: int,
    known: Mapping[int, Bounds] | None = None,
    subject: str | None = None,
) -> list[Measured]:
    """One entry for each segment of the window, in order.

    Columns are measured together; where the engine cannot, halves, down to the column at fault.

    Args:
        known: the columns' bounds by segment, where they have been asked for already.
        subject: the column that names a row's subject.

    Raises:
        ScanTimedOut: the scan's time is over.
    """
    found = [Measured() for _ in window.segments.days]

    def attempt(some: Sequence[ColumnSpec]) -> None:
        try:
            measured = _together(session, window, some, grids, k=k, known=known, subject=subject)
        except StatementFailed as error:
            if len(some) <= 1:
                for segment in found:
                    segment.unmeasured.update({spec.name: error.message for spec in some})
                return
            middle = len(some) // 2
            attempt(some[:middle])
            attempt(some[middle:])
        else:
            for segment, part in zip(found, measured, strict=True):
                segment.rows = part.rows
                segment.columns |= part.columns
                segment.unmeasured |= part.unmeasured
                segment.subjects = part.subjects or segment.subjects

    most = together(session.dialect)
    for start in range(0, max(1, len(specs)), most):
        attempt(specs[start : start + most])
    return found


def _together(
    session: Session,
    window: Window,
    specs: Sequence[ColumnSpec],
    grids: Mapping[str, Grid],
    *,
    k: int,
    known: Mapping[int, Bounds] | None,
    subject: str | None,
) -> list[Measured]:
    bound = known or bounds(session, window, specs)
    counted = numbers(session, window, _asked(session, window, specs, bound, grids))
    texts = [spec for spec in specs if spec.kind == "category"]
    few = seem_few(session, window, texts, sum(part.rows for part in bound.values()))
    grouped = [spec for spec in specs if spec.name in few or _by_value(spec, counted)]
    by_value = values(session, window, grouped, k=k)
    hashed = [
        s for s in specs if s.name == subject or (s.sketched and not _known(s, bound, counted, by_value))
    ]
    different = sketches(session, window, hashed)
    later = [spec for spec in texts if spec.name not in few and _classifies(spec, different)]
    by_value |= values(session, window, later, k=k)
    found = _Found(counted, by_value, different)
    return [_measured(n, bound, specs, found, subject) for n in range(len(window.segments.days))]


def _by_value(spec: ColumnSpec, counted: Mapping[Key, Numbers]) -> bool:
    """Whether the column is to be counted by value at once, in all its segments together."""
    if spec.kind != "number" or spec.personal:
        return spec.kind == "boolean"
    mine = [n for (_, name), n in counted.items() if name == spec.name and n.nans < n.filled]
    if all(found.exact for found in mine):
        return False  # its histogram counts by value, or there is nothing to count
    return all(few_valued(found.histogram) for found in mine)


def _known(
    spec: ColumnSpec,
    bound: Mapping[int, Bounds],
    counted: Mapping[Key, Numbers],
    by_value: Mapping[Key, Values],
) -> bool:
    """Whether all its values have been seen, so that there is no need to estimate how many there are."""
    if spec.kind == "number":
        return all(counted[key].exact for number in bound if (key := (number, spec.name)) in counted)
    return all((found := by_value.get((number, spec.name))) is not None and found.few for number in bound)


def _classifies(spec: ColumnSpec, different: Mapping[Key, Different]) -> bool:
    """Whether a text that seemed to have many values is worth counting by value in any segment."""
    mine = [found for (_, name), found in different.items() if name == spec.name]
    if not mine:
        return True  # the engine has no hash function, or there is nothing to count
    return any(classifies(spec, estimate(found.sketch), found.filled) for found in mine)


def _asked(
    session: Session,
    window: Window,
    specs: Sequence[ColumnSpec],
    bound: Mapping[int, Bounds],
    grids: Mapping[str, Grid],
) -> list[Asked]:
    """How to count each number that has a value."""
    ranges = {spec.name: found for spec in specs if (found := _range(spec, bound))}
    wild = {spec.name for spec in specs if spec.name in ranges and not _moderate(ranges[spec.name])}
    unknown = [spec for spec in specs if spec.name in wild and spec.name not in grids]
    ranges |= finite_ranges(session, window, unknown)
    asked = []
    for spec in specs:
        if spec.name in ranges:
            grid = grids.get(spec.name) or covering(*ranges[spec.name], whole=spec.whole)
            covered = spec.name not in wild and grid.covers(*ranges[spec.name])
            asked.append(Asked(spec, grid, covered, wild=spec.name in wild))
    return asked


def _range(spec: ColumnSpec, bound: Mapping[int, Bounds]) -> tuple[float, float] | None:
    """The smallest and the largest value of all segments; NaN, where one is, counts as the largest."""
    if spec.kind != "number":
        return None
    found = [part.columns[spec.name] for part in bound.values()]
    lows = [b.minimum for b in found if isinstance(b.minimum, float)]
    highs = [b.maximum for b in found if isinstance(b.maximum, float)]
    if not lows or not highs:
        return None
    return min(lows), math.nan if any(map(math.isnan, (*lows, *highs))) else max(highs)


def _moderate(found: tuple[float, float]) -> bool:
    """Whether all values are finite and can be squared; False for NaN."""
    return found[0] >= -LARGEST_MODERATE and found[1] <= LARGEST_MODERATE


@dataclass(frozen=True, slots=True)
class _Found:
    """What the statements brought, by segment and column."""

    numbers: Mapping[Key, Numbers]
    values: Mapping[Key, Values]
    different: Mapping[Key, Different]

    def filled(self, key: Key, kind: str) -> int:
        """Values that are not null."""
        if kind == "number":
            return self.numbers[key].filled if key in self.numbers else 0
        if key in self.values and self.values[key].few:
            return self.values[key].filled
        return self.different[key].filled if key in self.different else 0

    def sketch(self, key: Key) -> Sketch | None:
        if key in self.different:
            return self.different[key].sketch
        found = self.numbers.get(key) or self.values.get(key)
        return found.sketch if found else None


def _measured(
    number: int, bound: Mapping[int, Bounds], specs: Sequence[ColumnSpec], found: _Found, subject: str | None
) -> Measured:
    part = bound.get(number)
    if part is None:
        return Measured()
    columns = {spec.name: _profile(spec, part, (number, spec.name), found) for spec in specs}
    large = {
        spec.name: TOO_LARGE
        for spec in specs
        if (one := found.numbers.get((number, spec.name))) and not one.complete
    }
    subjects = found.different.get((number, subject)) if subject else None
    return Measured(part.rows, columns, large, subjects.sketch if subjects else None)


def _profile(spec: ColumnSpec, part: Bounds, key: Key, found: _Found) -> ColumnProfile:
    bound = part.columns[spec.name]
    filled = found.filled(key, spec.kind) if bound.filled is None else bound.filled
    made = ColumnProfile(
        name=spec.name,
        kind=spec.kind,
        engine_type=spec.type.name,
        rows=part.rows,
        nulls=part.rows - filled,
        minimum=bound.minimum,
        maximum=bound.maximum,
        sketch=found.sketch(key) if spec.sketched else None,
    )
    if key in found.numbers:
        made = _with_numbers(made, spec, found.numbers[key])
    if key in found.values:
        made = _with_values(made, spec, found.values[key])
    return made if made.categories else replace(made, distinct=distinct(made))


def _with_numbers(made: ColumnProfile, spec: ColumnSpec, counted: Numbers) -> ColumnProfile:
    odd = counted.nans or counted.infinities
    made = replace(
        made,
        nans=counted.nans,
        infinities=counted.infinities,
        minimum=counted.minimum if odd else made.minimum,
        maximum=counted.maximum if odd else made.maximum,
        mean=counted.mean,
        variance=counted.variance,
        histogram=counted.histogram,
    )
    if not counted.exact or spec.personal or not few_valued(counted.histogram):
        return made
    held = [(value, n) for value, n in enumerate(counted.histogram.counts, counted.histogram.first) if n]
    if not _few_of_many(len(held), made.present):
        return made
    held.sort(key=lambda one: (-one[1], str(one[0])))
    return replace(made, categories={str(value): n for value, n in held}, distinct=len(held))


def _with_values(made: ColumnProfile, spec: ColumnSpec, found: Values) -> ColumnProfile:
    if spec.kind == "number" and not (found.few and _few_of_many(found.found, made.present)):
        return made
    different = estimate(made.sketch) if made.sketch else None
    if not (found.few or classifies(spec, different, made.present)):
        return made
    categories = found.categories
    made = replace(made, categories=categories, other=made.present - sum(categories.values()))
    return replace(made, distinct=found.found if found.few else distinct(made))


def _few_of_many(found: int, present: int) -> bool:
    """Whether a number's values classify: there are few of them, and many rows share each."""
    return found <= FEW or found * FEW_ROWS_EACH <= present
