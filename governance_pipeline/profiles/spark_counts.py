"""Counts by value, for all columns in one pass over Spark's rows.

Spark would read the table once per branch of a UNION ALL, and copy each row once per COUNT(DISTINCT).
Here each row becomes one (column, value) pair per column, and the pairs are counted together: partly
where the rows are, then once across the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.session import Session

Pair = tuple[exp.Expression, exp.Expression]


def distinct_counts(session: Session, window: str, specs: Sequence[ColumnSpec]) -> dict[str, int]:
    """How many different values each column holds, exactly, without null and NaN.

    Raises:
        StatementFailed: Spark cannot read the columns together.
    """
    if not specs:
        return {}
    pairs = [(_told_apart(spec), exp.Null()) for spec in specs]
    different = sql.select(map(sql.own, "bt"), _pairs(pairs)).distinct(copy=False)
    counted = sql.select([sql.own("b"), sql.count()], different.subquery("d", copy=False))
    body = sql.render(counted.group_by(sql.own("b"), copy=False), session.dialect)
    found = {int(number): int(count) for number, count in session.rows(sql.over_window(window, body))}
    return {spec.name: found.get(number, 0) for number, spec in enumerate(specs)}


def _told_apart(spec: ColumnSpec) -> exp.Expression:
    """The value as text: different values have different texts, 0.0 and -0.0 the same one."""
    if spec.kind == "number" and spec.floating:
        zero = exp.Add(this=spec.double, expression=sql.double(0.0))
        return sql.text_of(sql.when(sql.not_nan(spec.double, "spark"), zero))
    return sql.text_of(spec.value)


def value_counts(values: Sequence[Pair], *, whole: int, most: int, longest: int) -> exp.Expression:
    """SELECT of rows (number of the column, text, double, how many rows hold it) from ``w``.

    Args:
        values: a (text, double) pair per column, of which at most one is not null; null is not counted.
        whole: of so many columns, the first ones, every value is returned; of the others the ``most``
            frequent ones.
        longest: longer texts are returned as null.
    """
    rows = sql.select([*map(sql.own, "btv"), sql.labelled(sql.count(), "n")], _pairs(values))
    counted = rows.group_by(*map(sql.own, "btv"), copy=False).subquery("counted", copy=False)
    order = exp.Order(expressions=[exp.Ordered(this=sql.own("n"), desc=True, nulls_first=False)])
    alone = sql.when(sql.less(sql.own("b"), sql.number(whole)), sql.own("v"))  # each value in first place
    place = exp.Window(this=exp.RowNumber(), partition_by=[sql.own("b"), alone], order=order)
    ranked = sql.select([*map(sql.own, "btvn"), sql.labelled(place, "place")], counted)
    short = sql.when(sql.at_most(exp.Length(this=sql.own("t")), sql.number(longest)), sql.own("t"))
    return sql.select(
        [sql.own("b"), short, sql.own("v"), sql.own("n")], ranked.subquery("ranked", copy=False)
    ).where(sql.at_most(sql.own("place"), sql.number(most)), copy=False)


def _pairs(values: Sequence[Pair]) -> exp.Expression:
    """A row (b, t, v) for every row of ``w`` and every column that holds a value there."""
    structs = [
        exp.Anonymous(
            this="NAMED_STRUCT",
            expressions=[
                *(exp.Literal.string("b"), sql.number(number)),
                *(exp.Literal.string("t"), sql.cast(text, sql.TEXT)),
                *(exp.Literal.string("v"), sql.cast(value, sql.DOUBLE)),
            ],
        )
        for number, (text, value) in enumerate(values)
    ]
    inline = exp.Anonymous(this="INLINE", expressions=[exp.Array(expressions=structs)])
    held = exp.Or(this=sql.present(sql.own("t")), expression=sql.present(sql.own("v")))
    rows = sql.select([inline], sql.window_name()).subquery("pairs", copy=False)
    return sql.select(map(sql.own, "btv"), rows).where(held, copy=False).subquery("held", copy=False)
