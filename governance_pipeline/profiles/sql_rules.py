"""Quality rules that are SQL: the contract's own queries, and values that must not repeat together.

A query is one SELECT that returns one number. ``${table}`` (or ODCS's ``${object}``) stands for the
dataset's table, ``${column}`` (``${property}``) for the rule's column; both become quoted names, never
text. On files and DuckDB databases a query may read that table alone; on a SQL database, where the
session is read only and the database's own rights apply, others too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.connect import FILES
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

_PLACE = re.compile(r"\$\{\s*(\w+)\s*\}")
_TABLE_WORDS = frozenset({"table", "object", "schema", "model"})
_COLUMN_WORDS = frozenset({"column", "property", "field"})
_CHANGES = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Lock,
    exp.Set,
    exp.Pragma,
    exp.Attach,
    exp.Detach,
    exp.Copy,
    exp.QueryTransform,  # Spark's TRANSFORM ... USING runs a program
)
# Functions by which a query could reach files, settings or the clock of the machine.
_REACHES_OUT = re.compile(
    r"^(read_|scan_|parquet_|sniff_|glob$|getenv$|getvariable$|query|duckdb_|pragma_|pg_(?!typeof)|lo_|dblink"
    r"|current_setting$|set_config$|sqlite_|postgres_|mysql_|load_|install_|reflect$|try_reflect$|java_method$|http_request$|ai_|secret)"
)


class QueryRefused(Exception):
    """The query is not one that may run; the message says why."""


def checked_query(rule: QualityRule, table: SourceTable, dialect: str, *, own_table_only: bool) -> str:
    """The rule's query with its places filled in, ready to run.

    Raises:
        QueryRefused: it is not a single SELECT, or reaches for what it may not.
    """
    marks: dict[str, exp.Expression] = {}

    def mark(match: re.Match[str]) -> str:
        word = match.group(1).lower()
        if word in _TABLE_WORDS:
            marks["governed_table"] = table.relation
            return "governed_table"
        if word in _COLUMN_WORDS and rule.column is not None:
            marks["governed_column"] = exp.to_identifier(rule.column, quoted=True)
            return "governed_column"
        raise QueryRefused(f"the query's ${{{match.group(1)}}} stands for nothing here")

    text = _PLACE.sub(mark, rule.query).strip().rstrip(";")
    try:
        statements = sqlglot.parse(text, read=dialect)
    except SqlglotError:
        raise QueryRefused("the query is not SQL that can be read") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryRefused("the query is not one SELECT")
    query = statements[0]
    _refuse_reach(query, own_table_only=own_table_only)
    return sql.render(query.transform(_filled, marks, copy=False), dialect)


def _filled(node: exp.Expression, marks: dict[str, exp.Expression]) -> exp.Expression:
    if isinstance(node, exp.Table) and node.name == "governed_table" and not node.db:
        filled = marks["governed_table"].copy()
        filled.set(
            "alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("governed_table"))
        )
        filled.set("joins", node.args.get("joins"))
        return filled
    if isinstance(node, exp.Identifier) and node.name == "governed_column" and "governed_column" in marks:
        return marks["governed_column"].copy()
    return node


def _refuse_reach(query: exp.Query, *, own_table_only: bool) -> None:
    if any(query.find(kind) for kind in _CHANGES):
        raise QueryRefused("the query does more than read")
    for call in query.find_all(exp.Func):
        name = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
        if _REACHES_OUT.match(name.lower()):
            raise QueryRefused(f"the query calls {name.lower()}, which reaches beyond the table")
    if not own_table_only:
        return
    known = {"governed_table", *(cte.alias for cte in query.find_all(exp.CTE))}
    for found in query.find_all(exp.Table):
        if not isinstance(found.this, exp.Identifier) or found.db or found.name not in known:
            raise QueryRefused("the query reads another table than its own")


def run_query(session: Session, table: SourceTable, rule: QualityRule, rows: int) -> RuleTally:
    """The number that the rule's query returns; an error where it is refused, fails or returns none."""
    try:
        query = checked_query(rule, table, session.dialect, own_table_only=session.family == FILES)
        found = session.rows(query)
    except QueryRefused as refused:
        return RuleTally(rule.id, 0, None, error=str(refused))
    except StatementFailed as error:
        return RuleTally(rule.id, 0, None, error=error.message)
    if len(found) != 1 or len(found[0]) != 1:
        return RuleTally(rule.id, 0, None, error="the query does not return one number")
    value = found[0][0]
    if not isinstance(value, int | float | Decimal) or math.isnan(value):
        return RuleTally(rule.id, 0, None, error="the query returns no number")
    if math.isinf(float(value)):
        return RuleTally(rule.id, 0, None, error="the query returns no number that is finite")
    return RuleTally(rule.id, rows, 0, value=float(value))


def count_repeated(
    session: Session,
    window_of: Callable[[Sequence[ColumnSpec]], str],
    columns: Sequence[ColumnSpec],
    rule: QualityRule,
    rows: int,
) -> RuleTally:
    """Rows of the window beyond the first with the same values in all ``columns``.

    A row that lacks one of the values repeats nothing, as in SQL's UNIQUE; NaN is no value.
    """
    filled = sql.both(
        *(
            sql.not_nan(column.double, session.dialect) if column.floating else sql.present(column.value)
            for column in columns
        )
    )
    keys = sql.select([column.value for column in columns], sql.window_name()).where(filled, copy=False)
    different = sql.select([sql.count()], keys.copy().distinct(copy=False).subquery("d", copy=False))
    body = sql.select([sql.count(), different.subquery(copy=False)], keys.subquery("k", copy=False))
    try:
        found = session.rows(
            sql.over_window(window_of(columns), sql.render(body, session.dialect), session.dialect)
        )[0]
    except StatementFailed as error:
        return RuleTally(rule.id, 0, None, error=error.message)
    return RuleTally(rule.id, rows, int(found[0]) - int(found[1]))
