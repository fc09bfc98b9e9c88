"""Which tables and columns a piece of SQL reads and writes.

Built on sqlglot's scopes and lineage. What is not understood is said, never guessed and never an
exception: a missing edge that is announced can be declared by hand, a wrong one misleads for years.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from governance_pipeline.lineage.table_names import TableNames

if TYPE_CHECKING:
    from sqlglot import exp

MAX_SQL_CHARACTERS = 200_000
"""Longer text is not parsed: generated SQL of this size is data, not a transformation."""

_TOKEN = re.compile(r"<Token token_type: TokenType\.(\w+).*?comments: \[.*?\]>|<Token.*")

ColumnRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SqlLineage:
    """What a script of one or more statements does, seen from outside.

    Attributes:
        columns: output column to the (table, column) pairs its values are computed from, sorted. A
            column that only filters, joins or orders is not among them. Of the last table written,
            or of the query where nothing is written.
        tables: tables read that the script did not itself create before.
        targets: tables written that the script does not itself read afterwards.
        transformations: output column to the SQL expression that computes it.
        written: of every target, its columns as in ``columns``. Columns of a target whose columns are
            not known are called as the query calls them.
        not_understood: ``line 3: why``, for each part of the script that is not in the above.
    """

    columns: Mapping[str, tuple[ColumnRef, ...]] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    transformations: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Mapping[str, tuple[ColumnRef, ...]]] = field(default_factory=dict)
    not_understood: tuple[str, ...] = ()


def column_lineage(
    sql: str,
    *,
    dialect: str,
    schemas: Mapping[str, Sequence[str]],
    names: Mapping[str, str] | None = None,
) -> SqlLineage:
    """Read the lineage of ``sql``.

    Args:
        sql: one statement, or several separated by semicolons; tables that one statement makes and a
            later one reads are seen through.
        dialect: sqlglot's name of the SQL dialect, e.g. ``duckdb`` or ``postgres``; "" for any.
        schemas: columns of the tables that are known, by dataset name (``lending.incomes``). Needed
            for ``SELECT *`` and for column names without a table.
        names: physical table name to dataset name, where they differ.
    """
    return lineage_among(sql, dialect, TableNames(schemas, names or {}))


@lru_cache(maxsize=2048)
def lineage_among(sql: str, dialect: str, names: TableNames) -> SqlLineage:
    """:func:`column_lineage` among the tables of ``names``; remembered: most SQL is the same every night."""
    if len(sql) > MAX_SQL_CHARACTERS:
        return SqlLineage(not_understood=(f"the SQL is longer than {MAX_SQL_CHARACTERS:,} characters",))
    from governance_pipeline.lineage.sql_script import Script

    script = Script(dialect=dialect, names=names)
    try:
        script.read(sql)
    except Exception as error:  # noqa: BLE001  sqlglot raises many kinds on text it cannot take
        script.reasons.append(reason_of(error))
    return script.result()


def expression_columns(sql: str, *, dialect: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The columns an expression such as ``liab / i.income`` reads, as (table or "", column) pairs.

    Returns:
        The pairs, sorted, and why the expression is not understood ("" where it is).
    """
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse_one(sql, read=dialect or None, into=exp.Condition)
    except Exception as error:  # noqa: BLE001  sqlglot raises many kinds on text it cannot take
        return (), reason_of(error)
    if any(parsed.find_all(exp.Query)):
        return (), "it holds a query of its own"
    return _pairs(parsed.find_all(exp.Column)), ""


def _pairs(columns: Iterable[exp.Column]) -> tuple[tuple[str, str], ...]:
    found = {(".".join(part.name for part in column.parts[:-1]), column.name) for column in columns}
    return tuple(sorted(found))


def reason_of(error: Exception) -> str:
    """The first line of a parser's message: the rest quotes the SQL, which may hold values."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    named = _TOKEN.sub(r"\1", first)[:200]
    return f"the SQL could not be read: {named}"
