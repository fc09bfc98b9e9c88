"""Columns as rows: what many columns hold, one below the other, from one pass over the table.

A row store, and a file store to which each SELECT is a job of its own, would read the table once for every
SELECT of a UNION ALL. Arrays are used, which each row makes of its own values: Postgres plans a LATERAL
VALUES anew for every row, and Spark a ``stack`` as one method that Java does not compile; both were several
times slower.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from governance_pipeline.profiles import sql

UNPIVOTS = frozenset({"postgres", "spark"})
"""Engines that turn columns into rows here; the others are asked for each column by a SELECT of its own."""

APART, AT_ONCE = 100, 250
"""Most columns that one statement asks about, of engines that are asked for each apart and of the others: to
plan a UNION ALL takes the square of them, and Spark compiles no array of many more.
"""


def together(dialect: str) -> int:
    """Most columns that one statement asks this engine about."""
    return AT_ONCE if dialect in UNPIVOTS else APART


def each(values: Sequence[exp.Expression], name: str, dialect: str) -> exp.Expression:
    """The values of a row, all of one type, as so many rows: a column of a SELECT."""
    array = exp.Array(expressions=list(values))
    rows = (
        exp.Explode(this=array) if dialect == "spark" else exp.Anonymous(this="UNNEST", expressions=[array])
    )
    return sql.labelled(rows, name)


def each_numbered(
    values: Sequence[exp.Expression], position: str, name: str, dialect: str
) -> list[exp.Expression]:
    """As :func:`each`, with the position of each value, from zero."""
    if dialect == "spark":
        rows = exp.Posexplode(this=exp.Array(expressions=list(values)))
        names = [exp.Identifier(this=one) for one in (position, name)]
        return [exp.Aliases(this=rows, expressions=names)]
    positions = [sql.number(one) for one in range(len(values))]
    return [each(positions, position, dialect), each(values, name, dialect)]  # unnested in step
