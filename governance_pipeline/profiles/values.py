"""Counts by value, for columns that classify rather than measure or identify, in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.distinct import HASHES, hashed_by
from governance_pipeline.profiles.profile import MAX_CATEGORIES, Histogram, Sketch
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.sketch import of_hashes
from governance_pipeline.profiles.text import as_text
from governance_pipeline.profiles.window import Window, segment

_LONGEST = 256  # longer text is no category
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
    first = sql.select([spec.value for spec in specs], sql.window_name()).limit(FIRST_ROWS, copy=False)
    counts = [sql.count(spec.value, distinct=True) for spec in specs]
    body = sql.render(sql.select(counts, first.subquery("first", copy=False)), session.dialect)
    [found] = session.rows(window.over(specs, body))
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
    statement = _statement(session.dialect, tuple(specs), many=window.segments.many)
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
    """Booleans and decimals as every engine spells them in the end."""
    if text is None or spec.kind == "category":
        return text
    return Decimal(str(text)) if spec.kind == "number" else str(text).lower() in ("true", "t", "1")


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


@lru_cache(maxsize=512)
def _statement(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    """Position, segment, text, number, whether it is null, count, and hash of the most frequent values."""
    doubles = {at for at, spec in enumerate(specs) if spec.kind == "number" and not spec.exact}
    keys = [spec.double if at in doubles else spec.value for at, spec in enumerate(specs)]
    amounts = [(at, keys[at]) for at in sorted(doubles)]
    text = [
        (at, _category(key) if specs[at].kind == "category" else sql.text_of(key))
        for at, key in enumerate(keys)
        if at not in doubles
    ]
    hashes = [
        (at, HASHES[dialect](key))
        for at, key in enumerate(keys)
        if specs[at].kind == "category" and dialect in HASHES
    ]
    told = sql.select(
        [
            sql.own("i"),
            sql.labelled(segment(many=many), "s"),
            sql.labelled(_chosen(text, sql.TEXT), "t"),
            sql.labelled(_chosen(amounts, sql.DOUBLE), "v"),
            sql.own("z"),
            sql.own("n"),
            sql.labelled(_chosen(hashes, sql.BIGINT), "h"),
        ],
        _most_frequent(_counted(keys, many=many), keys, many=many).subquery("top", copy=False),
    )
    return sql.render(told, dialect)


def _category(key: exp.Expression) -> exp.Expression:
    short = sql.at_most(exp.Length(this=key.copy()), sql.number(_LONGEST))
    return sql.when(short, key.copy())


def _chosen(parts: Sequence[tuple[int, exp.Expression]], type_: exp.DataType) -> exp.Expression:
    """The part that belongs to a row's column; null where the column has none."""
    if not parts:
        return sql.cast(exp.Null(), type_)
    ifs = [exp.If(this=sql.equal(sql.own("i"), sql.number(at)), true=part.copy()) for at, part in parts]
    return exp.Case(ifs=ifs)


def _counted(keys: Sequence[exp.Expression], *, many: bool) -> exp.Select:
    """Rows by the value of each column: one pass over the rows, whatever the number of columns."""
    segments = [sql.own("s")] if many else []
    if len(keys) == 1:
        [key] = keys
        position: exp.Expression = sql.number(0)
        group = exp.Group(expressions=[key.copy(), *[one.copy() for one in segments]])
    else:
        position = exp.Case(
            ifs=[
                exp.If(
                    this=sql.equal(exp.Grouping(expressions=[key.copy()]), sql.number(0)), true=sql.number(at)
                )
                for at, key in enumerate(keys)
            ]
        )
        sets = [exp.Tuple(expressions=[key.copy(), *[one.copy() for one in segments]]) for key in keys]
        group = exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)])
    counted = sql.select(
        [
            sql.labelled(position, "i"),
            *segments,
            *[key.copy() for key in keys],
            sql.labelled(sql.count(), "n"),
        ],
        sql.window_name(),
    )
    counted.set("group", group)
    return counted


def _most_frequent(counted: exp.Select, keys: Sequence[exp.Expression], *, many: bool) -> exp.Select:
    """Null, and at most one value more than is kept, so that it is known whether there are more."""
    null = sql.both(*(sql.absent(key.copy()) for key in keys))  # of the other columns' keys all are
    flagged = sql.select(
        [exp.Star(), sql.labelled(sql.either(null, sql.number(1), sql.number(0)), "z")],
        counted.subquery("counted", copy=False),
    )
    first = [exp.Ordered(this=sql.own(name), desc=True, nulls_first=False) for name in ("z", "n")]
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[sql.own("i"), *([sql.own("s")] if many else [])],
        order=exp.Order(expressions=first),
    )
    ranked = sql.select([exp.Star(), sql.labelled(rank, "place")], flagged.subquery("flagged", copy=False))
    within = sql.at_most(sql.own("place"), sql.number(MAX_CATEGORIES + 2))
    return sql.select([exp.Star()], ranked.subquery("ranked", copy=False)).where(within, copy=False)
