"""Columns of numbers that hold NaN, infinities, values whose squares overflow or values far from all others:
counted with every guard, which costs a few times as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import numbers_at_once, sql
from governance_pipeline.profiles.bins import Asked, Key, Numbers, code_of, histogram_of
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.grid import LARGEST_MODERATE, Grid
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.unpivot import UNPIVOTS
from governance_pipeline.profiles.window import Window, by_segment, segment


def finite_ranges(
    session: Session, window: Window, specs: Sequence[ColumnSpec]
) -> dict[str, tuple[float, float]]:
    """The smallest and the largest finite value of columns that also hold others; (0, 0) where a column
    holds nothing else.
    """
    if not specs:
        return {}
    parts = [
        edge(sql.when(sql.finite(spec.double, session.dialect), spec.double))
        for spec in specs
        for edge in (sql.lowest, sql.highest)
    ]
    body = sql.render(sql.select(parts, sql.window_name()), session.dialect)
    row = [None if value is None else float(value) for value in session.rows(window.over(specs, body))[0]]
    pairs = zip(specs, row[::2], row[1::2], strict=True)
    return {spec.name: (low or 0.0, high or 0.0) for spec, low, high in pairs}


def odd_numbers(session: Session, window: Window, asked: Sequence[Asked]) -> dict[Key, Numbers]:
    """Columns counted with every guard: NaN and infinities apart, moments by the engine's own functions
    over the values whose squares a double can hold.
    """
    if not asked:
        return {}
    many, specs = window.segments.many, [one.spec for one in asked]
    found: dict[Key, dict[str, Any]] = {}
    for number, *values in session.rows(
        window.over(specs, _guarded(session.dialect, tuple(asked), many=many))
    ):
        following = iter(values)
        for one in asked:
            found[int(number), one.spec.name] = {name: next(following) for name in _GUARDED}
    counts: dict[Key, dict[int, int]] = defaultdict(dict)
    for key, code, count in _counted(session, window, tuple(asked)):
        counts[key][code] = count
    grids = {one.spec.name: one.grid for one in asked}
    return {
        key: _guarded_numbers(values, counts[key], grids[key[1]])
        for key, values in found.items()
        if values["filled"]
    }


_GUARDED = ("filled", "counted", "finite", "minimum", "maximum", "mean", "variance")


def _guarded_numbers(values: Mapping[str, Any], counts: Mapping[int, int], grid: Grid) -> Numbers:
    low, high, mean, variance = (
        None if values[name] is None else float(values[name])
        for name in ("minimum", "maximum", "mean", "variance")
    )
    complete = max(abs(low or 0.0), abs(high or 0.0)) <= LARGEST_MODERATE
    return Numbers(
        histogram=histogram_of(grid, counts),
        filled=int(values["filled"]),
        nans=int(values["filled"]) - int(values["counted"]),
        infinities=int(values["counted"]) - int(values["finite"]),
        mean=mean if complete else None,
        variance=variance if complete else None,
        minimum=low,
        maximum=high,
        complete=complete,
    )


@lru_cache(maxsize=512)
def _guarded(dialect: str, asked: tuple[Asked, ...], *, many: bool) -> str:
    parts = [segment(many=many)]
    derived: list[exp.Expression] = [sql.own("s")] if many else []
    for one in asked:
        value, label = one.spec.double, one.spec.label
        derived += [
            sql.labelled(value, f"a{label}"),
            sql.labelled(sql.when(sql.not_nan(value.copy(), dialect), value.copy()), f"n{label}"),
            sql.labelled(sql.when(sql.finite(value.copy(), dialect), value.copy()), f"f{label}"),
            sql.labelled(
                sql.when(sql.within(value.copy(), LARGEST_MODERATE, dialect), value.copy()), f"m{label}"
            ),
        ]
        filled, counted, finite, moderate = (sql.own(f"{mark}{label}") for mark in "anfm")
        parts += [
            sql.count(filled),
            sql.count(counted),
            sql.count(finite),
            sql.lowest(finite.copy()),
            sql.highest(finite.copy()),
            exp.Avg(this=moderate),
            exp.Variance(this=moderate.copy()),
        ]
    rows = sql.select(derived, sql.window_name()).subquery("x", copy=False)
    return sql.render(by_segment(sql.select(parts, rows), many=many), dialect)


def _counted(session: Session, window: Window, asked: tuple[Asked, ...]) -> Iterator[tuple[Key, int, int]]:
    """Counts by bin, below and above included, NaN left out."""
    dialect = session.dialect
    if dialect in UNPIVOTS:
        for key, code, count, _ in numbers_at_once.counted(session, window, asked, guarded=True):
            yield key, code, count
        return
    specs = tuple(one.spec for one in asked)
    shape = _by_column(dialect, specs, many=window.segments.many)
    body = sql.filled(shape, [one.figures(dialect) for one in asked])
    for place, number, bin_, count in session.rows(window.over(specs, body)):
        yield (int(number), asked[int(place)].spec.name), int(bin_), int(count)


@lru_cache(maxsize=256)
def _by_column(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    selects = []
    for position, spec in enumerate(specs):
        code = code_of(spec, sql.figure(position))
        inner = [sql.labelled(code, "b"), *([sql.own("s")] if many else [])]
        rows = sql.select(inner, sql.window_name()).where(sql.not_nan(spec.double, dialect), copy=False)
        counted = sql.select(
            [
                sql.labelled(sql.number(position), "i"),
                sql.labelled(segment(many=many), "s"),
                sql.own("b"),
                sql.count(),
            ],
            rows.subquery("x", copy=False),
        )
        selects.append(sql.render(by_segment(counted, sql.own("b"), many=many), dialect))
    return sql.union(selects, dialect)
