"""Small parts of SQL as syntax trees. Names only ever become quoted identifiers, never text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlglot import exp

# Where NaN equals itself, and where there is a function instead; elsewhere numbers have no NaN. DuckDB has
# both, but decides comparisons by a Parquet file's statistics, which know of no NaN: `x = NaN` finds none
# and `x <= 1` finds them all. Only functions look at the values.
_NAN_EQUALS_ITSELF = frozenset({"postgres", "redshift", "snowflake", "risingwave", "materialize"})
_NAN_BY_FUNCTION = frozenset({"duckdb", "spark", "databricks", "bigquery", "clickhouse", "trino", "presto"})

DOUBLE = exp.DataType(this=exp.DataType.Type.DOUBLE)
TEXT = exp.DataType(this=exp.DataType.Type.TEXT)
BIGINT = exp.DataType(this=exp.DataType.Type.BIGINT)
_MATERIALIZING = frozenset({"duckdb", "postgres"})  # what is read more than once, unless told not to
_SPARK = frozenset({"spark", "databricks"})
LARGEST = 1.7976931348623157e308  # the largest double


def named(name: str) -> exp.Column:
    """A column of a user's table, quoted."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def own(name: str) -> exp.Column:
    """A column that we named ourselves."""
    return exp.Column(this=exp.Identifier(this=name))


def number(value: int) -> exp.Expression:
    """A whole number."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def small(value: int) -> exp.Expression:
    """A whole number in two bytes, for tables that keep one for every person."""
    return cast(number(value), exp.DataType(this=exp.DataType.Type.SMALLINT))


def double(value: float | str) -> exp.Expression:
    """A float, exactly: engines read a bare 0.1 as a decimal, its text cast to double as the float."""
    return cast(exp.Literal.string(value if isinstance(value, str) else repr(value)), DOUBLE)


def cast(what: exp.Expression, to: exp.DataType) -> exp.Expression:
    return exp.Cast(this=what, to=to.copy())


def text_of(what: exp.Expression) -> exp.Expression:
    return cast(what, TEXT)


def when(condition: exp.Expression, value: exp.Expression) -> exp.Expression:
    """``value`` where ``condition`` holds, else null."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def either(condition: exp.Expression, yes: exp.Expression, no: exp.Expression) -> exp.Expression:
    return exp.Case(ifs=[exp.If(this=condition, true=yes)], default=no)


def count(what: exp.Expression | None = None, *, distinct: bool = False) -> exp.Expression:
    """COUNT(*) or COUNT([DISTINCT] what)."""
    if what is None:
        return exp.Count(this=exp.Star())
    return exp.Count(this=exp.Distinct(expressions=[what]) if distinct else what)


def count_where(condition: exp.Expression) -> exp.Expression:
    return count(when(condition, number(1)))


def lowest(what: exp.Expression) -> exp.Expression:
    return exp.Min(this=what)


def highest(what: exp.Expression) -> exp.Expression:
    return exp.Max(this=what)


def both(*conditions: exp.Expression) -> exp.Expression:
    """All of ``conditions``; there must be one at least."""
    first, *rest = conditions
    for condition in rest:
        first = exp.And(this=first, expression=exp.Paren(this=condition))
    return first


def present(what: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=what, expression=exp.Null()))


def absent(what: exp.Expression) -> exp.Expression:
    return exp.Is(this=what, expression=exp.Null())


def less(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.LT(this=left, expression=right)


def at_least(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.GTE(this=left, expression=right)


def at_most(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.LTE(this=left, expression=right)


def equal(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.EQ(this=left, expression=right)


def naive_timestamp(dialect: str) -> exp.DataType:
    """The type of a timestamp that knows no time zone."""
    ntz = dialect in _SPARK  # its TIMESTAMP is an instant
    return exp.DataType(this=exp.DataType.Type.TIMESTAMPNTZ if ntz else exp.DataType.Type.TIMESTAMP)


def time_text(what: exp.Expression, dialect: str, *, zoned: bool) -> exp.Expression:
    """A date or time as text; of an instant with its offset, which Spark leaves out."""
    if zoned and dialect in _SPARK:
        return exp.DPipe(this=text_of(what), expression=exp.Literal.string("+00"))
    return text_of(what)


def is_nan(what: exp.Expression, dialect: str) -> exp.Expression | None:
    """Whether a double is NaN; None for engines whose numbers have none."""
    if dialect in _NAN_EQUALS_ITSELF:
        return equal(what, double("NaN"))
    if dialect in _NAN_BY_FUNCTION:
        return exp.IsNan(this=what)
    return None


def not_nan(what: exp.Expression, dialect: str) -> exp.Expression:
    """Present and not NaN."""
    nan = is_nan(what, dialect)
    return (
        present(what.copy()) if nan is None else both(present(what.copy()), exp.Not(this=exp.Paren(this=nan)))
    )


def within(what: exp.Expression, limit: float, dialect: str) -> exp.Expression:
    """Between ``-limit`` and ``limit``, and not NaN."""
    bounded = both(at_least(what.copy(), double(-limit)), at_most(what.copy(), double(limit)))
    nan = is_nan(what.copy(), dialect)
    return bounded if nan is None else both(exp.Not(this=exp.Paren(this=nan)), bounded)


def finite(what: exp.Expression, dialect: str) -> exp.Expression:
    """Neither NaN nor infinite."""
    return within(what, LARGEST, dialect)


def select(columns: Iterable[exp.Expression], source: exp.Expression) -> exp.Select:
    """SELECT columns FROM source."""
    return exp.Select(expressions=list(columns)).from_(source, copy=False)


def labelled(what: exp.Expression, name: str) -> exp.Expression:
    return exp.Alias(this=what, alias=exp.Identifier(this=name))


def window_name() -> exp.Expression:
    """The relation that every statement on the window's rows reads: see :func:`over_window`."""
    return exp.Table(this=exp.Identifier(this="w"))


def over_window(window: str, body: str, dialect: str) -> str:
    """A statement of two rendered ones: ``body`` reads ``w``, the rows that ``window`` selects.

    Each part of the body reads its own columns: all rows kept for all parts would be a copy of the table.
    """
    inline = " NOT MATERIALIZED" if dialect in _MATERIALIZING else ""
    return f"WITH w AS{inline} ({window}) {body}"


def union(selects: Iterable[str], dialect: str) -> str:
    """Rendered SELECTs, whose first columns are of one sortable type, as one statement.

    DuckDB 1.5 waits for itself forever where a UNION ALL without an order returns more than 120,000 rows.
    """
    ordered = " ORDER BY 1" if dialect == "duckdb" else ""
    return " UNION ALL ".join(selects) + ordered


def nested(body: str) -> str:
    """A rendered statement that begins with a WITH of its own, fit for :func:`over_window`."""
    return f"SELECT * FROM ({body}) AS nested"  # noqa: S608 - the body is rendered, no name is pasted


Figure = Callable[[str], exp.Expression]
"""Names a figure that is put into a rendered statement later: see :func:`filled`."""

_FIGURE = re.compile(r"\bfigure_([a-z]+)_(\d+)\b")


def figure(position: int) -> Figure:
    """Names the figures of one of a statement's columns."""
    return lambda name: own(f"figure_{name}_{position}")


def filled(shape: str, figures: Sequence[Mapping[str, str]]) -> str:
    """A rendered statement without any user's names, with rendered figures, by column and name, put in."""
    return _FIGURE.sub(lambda found: figures[int(found[2])][found[1]], shape)


def render(expression: exp.Expression, dialect: str) -> str:
    """The expression in the engine's dialect. The tree is used up."""
    return expression.sql(dialect=dialect, copy=False)
