"""Counts by value, for columns that classify rather than measure or identify, in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.profile import MAX_CATEGORIES, Histogram
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.text import as_text
from governance_pipeline.profiles.window import Window, segment

_LONGEST = 256  # longer text is no category
MOSTLY_DISTINCT = 0.5  # above this share of distinct values a text identifies rather than classifies
MAYBE_FEW = 2 * MAX_CATEGORIES  # an estimate up to this may be MAX_CATEGORIES in truth


@dataclass(frozen=True, slots=True)
class Values:
    """The most frequent values of one column in one segment.

    Attributes:
        categories: value as text to count, the most frequent first; nulls are in no count.
        few: no value beyond these was seen; together with ``other`` for what may not be named, they
            are all there is.
        found: how many different values there are, where ``few``.
    """

    categories: dict[str, int]
    few: bool
    found: int


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


def values(
    session: Session, window: Window, specs: Sequence[ColumnSpec], *, k: int
) -> dict[tuple[int, str], Values]:
    """By (segment, column). Of a personal column, values that fewer than ``k`` rows share are left out.

    Raises:
        StatementFailed: the engine cannot group the columns; try fewer.
    """
    if not specs:
        return {}
    found: dict[tuple[int, str], list[tuple[str | None, int]]] = defaultdict(list)
    statement = _statement(session.dialect, tuple(specs), many=window.segments.many)
    for column, number, text, amount, count in session.rows(window.over(specs, statement)):
        spec = specs[int(column)]
        label = as_text(_spelt(spec, text) if amount is None else amount)
        found[int(number), spec.name].append((label, int(count)))
    by_name = {spec.name: spec for spec in specs}
    return {key: _kept(by_name[key[1]], rows, k) for key, rows in found.items()}


def _spelt(spec: ColumnSpec, text: Any) -> Any:
    """Booleans and decimals as every engine spells them in the end."""
    if text is None or spec.kind == "category":
        return text
    return Decimal(str(text)) if spec.exact else str(text).lower() in ("true", "t", "1")


def _kept(spec: ColumnSpec, rows: list[tuple[str | None, int]], k: int) -> Values:
    few = len(rows) <= MAX_CATEGORIES
    kept: dict[str, int] = {}
    for label, count in sorted(rows, key=lambda row: (-row[1], str(row[0]))):
        named = label is not None and (count >= k or not spec.personal)
        if named and label is not None and (label in kept or len(kept) < MAX_CATEGORIES):
            kept[label] = kept.get(label, 0) + count
    return Values(kept, few, len(rows))


@lru_cache(maxsize=512)
def _statement(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    """One SELECT a column: place, segment, text, number and count of its most frequent values."""
    return " UNION ALL ".join(
        sql.render(_select(dialect, spec, place, many=many), dialect) for place, spec in enumerate(specs)
    )


def _select(dialect: str, spec: ColumnSpec, place: int, *, many: bool) -> exp.Select:
    is_double = spec.kind == "number" and not spec.exact
    value = spec.double if is_double else spec.value
    condition = sql.not_nan(spec.double, dialect) if spec.floating else sql.present(value)
    keys = [sql.labelled(value.copy(), "k"), *([sql.own("s")] if many else [])]
    keyed = sql.select(keys, sql.window_name()).where(condition, copy=False)
    grouped = [sql.own("k"), *([sql.own("s")] if many else [])]
    counted = sql.select(
        [*grouped, sql.labelled(sql.count(), "n")], keyed.subquery("keyed", copy=False)
    ).group_by(*(key.copy() for key in grouped), copy=False)
    ranked = _most_frequent(counted, many=many)
    short = sql.at_most(exp.Length(this=sql.own("k")), sql.number(_LONGEST))
    text = sql.when(short, sql.own("k")) if spec.kind == "category" else sql.own("k")
    return sql.select(
        [
            sql.labelled(sql.number(place), "i"),
            sql.labelled(segment(many=many), "s"),
            sql.labelled(sql.cast(exp.Null() if is_double else text, sql.TEXT), "t"),
            sql.labelled(sql.cast(sql.own("k") if is_double else exp.Null(), sql.DOUBLE), "v"),
            sql.own("n"),
        ],
        ranked.subquery("ranked", copy=False),
    )


def _most_frequent(counted: exp.Select, *, many: bool) -> exp.Select:
    """At most one group more than is kept, so that it is known whether there are more: in all, or, by
    the rank of its count, in each segment.
    """
    by_count = exp.Ordered(this=sql.own("n"), desc=True, nulls_first=False)
    if not many:
        return counted.order_by(by_count, copy=False).limit(MAX_CATEGORIES + 1, copy=False)
    rank = exp.Window(
        this=exp.RowNumber(), partition_by=[sql.own("s")], order=exp.Order(expressions=[by_count])
    )
    ranked = sql.select(
        [sql.own("k"), sql.own("s"), sql.own("n"), sql.labelled(rank, "place")],
        counted.subquery("counted", copy=False),
    )
    within = sql.at_most(sql.own("place"), sql.number(MAX_CATEGORIES + 1))
    return sql.select(
        [sql.own("k"), sql.own("s"), sql.own("n")], ranked.subquery("placed", copy=False)
    ).where(within, copy=False)
