"""The statements that count many columns by value in one pass: by grouping sets, or with columns as rows.

Spark copies each row, with all its columns, for each grouping set and for each ``DISTINCT``, and takes no
more than 64 sets; it makes rows of the columns instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.distinct import HASHES
from governance_pipeline.profiles.profile import MAX_CATEGORIES
from governance_pipeline.profiles.unpivot import each_numbered
from governance_pipeline.profiles.window import by_segment, segment

LONGEST = 256  # longer text is no category
_COPIES_ROWS = frozenset({"spark"})


@lru_cache(maxsize=512)
def most_frequent(dialect: str, specs: tuple[ColumnSpec, ...], *, many: bool) -> str:
    """Position, segment, text, number, whether it is null, count, and hash of the most frequent values.

    Of numbers that are no decimals some engines tell the number, others its text.
    """
    told = _of_rows if dialect in _COPIES_ROWS else _of_sets
    return sql.render(told(dialect, specs, many=many), dialect)


def different_in_first(dialect: str, specs: Sequence[ColumnSpec], rows: int) -> str:
    """How many different values each text has in the first rows: in order, in one row or in as many."""
    first = sql.select([spec.value for spec in specs], sql.window_name()).limit(rows, copy=False)
    relation = first.subquery("first", copy=False)
    if dialect not in _COPIES_ROWS:
        counts = [sql.count(spec.value, distinct=True) for spec in specs]
        return sql.render(sql.select(counts, relation), dialect)
    every = sql.select(each_numbered([_spelt(spec) for spec in specs], "i", "t", dialect), relation)
    counts = [sql.count(sql.own("t"), distinct=True)]
    query = sql.select(counts, every.subquery("every", copy=False))
    return sql.render(query.group_by(sql.own("i"), copy=False).order_by(sql.own("i"), copy=False), dialect)


def _of_rows(dialect: str, specs: Sequence[ColumnSpec], *, many: bool) -> exp.Select:
    keys, segments = [sql.own("i"), sql.own("t")], [sql.own("s")] if many else []
    rows = sql.select(
        [*each_numbered([_spelt(spec) for spec in specs], "i", "t", dialect), *segments], sql.window_name()
    )
    counted = sql.select(
        [*keys, *[key.copy() for key in segments], sql.labelled(sql.count(), "n")],
        rows.subquery("x", copy=False),
    )
    counted = by_segment(counted, *[key.copy() for key in keys], many=many)
    texts = [sql.number(at) for at, spec in enumerate(specs) if spec.kind == "category"]
    hashed: exp.Expression = sql.cast(exp.Null(), sql.BIGINT)
    if texts and dialect in HASHES:
        hashed = sql.when(exp.In(this=sql.own("i"), expressions=texts), HASHES[dialect](sql.own("t")))
    return sql.select(
        [
            sql.own("i"),
            sql.labelled(segment(many=many), "s"),
            sql.labelled(_category(sql.own("t")), "t"),
            sql.labelled(sql.cast(exp.Null(), sql.DOUBLE), "v"),
            sql.own("z"),
            sql.own("n"),
            sql.labelled(hashed, "h"),
        ],
        _first(counted, [sql.own("t")], many=many).subquery("top", copy=False),
    )


def _spelt(spec: ColumnSpec) -> exp.Expression:
    """A value as text; of the two zeros of a float, which are equal, the one without a sign."""
    if spec.kind == "number" and not spec.exact:
        return sql.text_of(exp.Paren(this=exp.Add(this=spec.double, expression=sql.double(0.0))))
    return sql.text_of(spec.value)


def _of_sets(dialect: str, specs: Sequence[ColumnSpec], *, many: bool) -> exp.Select:
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
    return sql.select(
        [
            sql.own("i"),
            sql.labelled(segment(many=many), "s"),
            sql.labelled(_chosen(text, sql.TEXT), "t"),
            sql.labelled(_chosen(amounts, sql.DOUBLE), "v"),
            sql.own("z"),
            sql.own("n"),
            sql.labelled(_chosen(hashes, sql.BIGINT), "h"),
        ],
        _first(_counted(keys, many=many), keys, many=many).subquery("top", copy=False),
    )


def _category(key: exp.Expression) -> exp.Expression:
    short = sql.at_most(exp.Length(this=key.copy()), sql.number(LONGEST))
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


def _first(counted: exp.Select, keys: Sequence[exp.Expression], *, many: bool) -> exp.Select:
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
