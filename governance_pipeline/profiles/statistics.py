"""The profile of every column of a window, segment by segment, from four statements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from governance_pipeline.profiles.bounds import Bound, Bounds, bounds
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.distinct import sketches
from governance_pipeline.profiles.grid import LARGEST_MODERATE, Grid, covering
from governance_pipeline.profiles.merge import distinct
from governance_pipeline.profiles.numbers import Asked, Numbers, finite_ranges, numbers
from governance_pipeline.profiles.profile import ColumnProfile, Sketch
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.sketch import estimate
from governance_pipeline.profiles.values import Values, classifies, few_valued, values
from governance_pipeline.profiles.window import Window

FEW = 8
FEW_ROWS_EACH = 4
TOGETHER = 100  # a statement of that many columns is still planned in a moment; it takes the square of them
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

    for start in range(0, max(1, len(specs)), TOGETHER):
        attempt(specs[start : start + TOGETHER])
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
    asked = _asked(session, window, specs, bound, grids)
    filled = {(n, one.spec.name): b.columns[one.spec.name].filled for n, b in bound.items() for one in asked}
    counted = numbers(session, window, asked, filled)
    hashed = [spec for spec in specs if spec.sketched or spec.name == subject]
    sketched = sketches(session, window, hashed)
    subjects = {number: sketched.pop((number, name)) for number, name in [*sketched] if name == subject}
    profiles = {
        (number, spec.name): _profile(spec, part, part.columns[spec.name], counted.get((number, spec.name)))
        for number, part in bound.items()
        for spec in specs
    }
    for key, sketch in sketched.items():
        profiles[key] = replace(profiles[key], sketch=sketch, distinct=estimate(sketch))
    grouped = [spec for spec in specs if _by_value(spec, profiles)]
    for key, by_value in values(session, window, grouped, k=k).items():
        profiles[key] = _with_values(profiles[key], by_value)
    found = [_measured(n, bound, specs, profiles, counted) for n in range(len(window.segments.days))]
    for number, sketch in subjects.items():
        found[number].subjects = sketch
    return found


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


def _profile(spec: ColumnSpec, part: Bounds, bound: Bound, counted: Numbers | None) -> ColumnProfile:
    made = ColumnProfile(
        name=spec.name,
        kind=spec.kind,
        engine_type=spec.type.name,
        rows=part.rows,
        nulls=part.rows - bound.filled,
        distinct=None if bound.filled else 0,
    )
    if spec.kind == "time":
        return replace(made, minimum=bound.minimum, maximum=bound.maximum)
    if counted is None:
        return made
    odd = counted.nans or counted.infinities
    return replace(
        made,
        nans=counted.nans,
        infinities=counted.infinities,
        minimum=counted.minimum if odd else bound.minimum,
        maximum=counted.maximum if odd else bound.maximum,
        mean=counted.mean,
        variance=counted.variance,
        histogram=counted.histogram,
    )


def _by_value(spec: ColumnSpec, profiles: Mapping[tuple[int, str], ColumnProfile]) -> bool:
    """Whether the column is to be counted by value, by all its segments together."""
    mine = [profile for (_, name), profile in profiles.items() if name == spec.name and profile.present]
    if not mine:
        return False
    if spec.kind == "number":
        return not spec.personal and all(p.histogram is not None and few_valued(p.histogram) for p in mine)
    return any(classifies(spec, profile.distinct, profile.present) for profile in mine)


def _with_values(profile: ColumnProfile, found: Values) -> ColumnProfile:
    if profile.kind == "number" and not _few_of_many(found, profile.present):
        return profile
    categories = found.categories
    made = replace(profile, categories=categories, other=profile.present - sum(categories.values()))
    return replace(made, distinct=found.found if found.few else distinct(made))


def _few_of_many(found: Values, present: int) -> bool:
    """Whether a number's values classify: there are few of them, and many rows share each."""
    return found.few and (found.found <= FEW or found.found * FEW_ROWS_EACH <= present)


def _measured(
    position: int,
    bound: Mapping[int, Bounds],
    specs: Sequence[ColumnSpec],
    profiles: Mapping[tuple[int, str], ColumnProfile],
    counted: Mapping[tuple[int, str], Numbers],
) -> Measured:
    if position not in bound:
        return Measured()
    large = {
        spec.name: TOO_LARGE
        for spec in specs
        if (found := counted.get((position, spec.name))) and not found.complete
    }
    columns = {spec.name: profiles[position, spec.name] for spec in specs}
    return Measured(bound[position].rows, columns, large)
