"""Names that mean another thing than they seem to, put right before a query is followed. Imports sqlglot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.scope import Scope, find_all_in_scope, traverse_scope

UNCLEAR = "unclear"
"""Holds, in an identifier's meta, why it is not clear what the name means."""

_READ_EARLIER_OUTPUTS = frozenset(
    {"snowflake", "redshift", "databricks", "spark", "spark2", "duckdb", "clickhouse", "teradata"}
)


def spell_ctes_alike(statement: exp.Expr, dialect: str) -> None:
    """Write every reference to a common table expression as its definition does, in place.

    ``WITH Recent AS (...) SELECT ... FROM recent`` reads no table ``recent``.
    """
    spoken = Dialect.get_or_raise(dialect or None)

    def known_as(name: exp.Expr) -> str:
        return spoken.normalize_identifier(name.copy()).name

    for shared in list(statement.find_all(exp.With)):
        ctes = {known_as(cte.args["alias"].this): cte.args["alias"].this for cte in shared.expressions}
        for table in shared.parent.find_all(exp.Table) if shared.parent is not None else ():
            if isinstance(table.this, exp.Identifier) and not table.args.get("db"):
                named = ctes.get(known_as(table.this))
                own = named is not None and _is_inside(table, named) and not shared.args.get("recursive")
                if named is not None and named.name != table.name and not own:
                    if not table.alias:
                        table.set("alias", exp.TableAlias(this=table.this.copy()))
                    table.set("this", named.copy())


def _is_inside(table: exp.Table, named: exp.Expr) -> bool:
    """Whether a table stands in the definition of the very query that is ``named``: it is not that one."""
    cte = table.find_ancestor(exp.CTE)
    while cte is not None and cte.args["alias"].this is not named:
        cte = cte.find_ancestor(exp.CTE)
    return cte is not None


def expand_earlier_outputs(query: exp.Expr, dialect: str, schema: Mapping[str, Mapping[str, str]]) -> None:
    """Put the expression of an output where a later output of the same query reads it, in place.

    ``SELECT debts / income AS ratio, ratio * 100 AS percent``. A column of that name goes before the
    output, so a name is one only where the tables are known to have no such column. Where they are not
    known, a dialect that allows this leaves it open which is meant.
    """
    for scope in traverse_scope(query):
        if not isinstance(scope.expression, exp.Select):
            continue
        earlier: dict[str, exp.Expr] = {}
        for select in scope.expression.selects:
            for column in list(find_all_in_scope(select, exp.Column)):
                if column.table or column.name not in earlier:
                    continue
                has = _has(scope, column.name, schema)
                if has is False:
                    column.replace(exp.paren(earlier[column.name].copy()))
                elif has is None and dialect in _READ_EARLIER_OUTPUTS:
                    why = f"{column.name} may be a column or the output of that name before it"
                    column.replace(_marked(column.this, why))
            if isinstance(select, exp.Alias):
                earlier.setdefault(select.alias, select.this)


def mark_whole_rows(query: exp.Expr, schema: Mapping[str, Mapping[str, str]]) -> None:
    """Mark the name of a table where a value is read, in place: ``SELECT row_to_json(f) FROM feed f``.

    Where the table's columns are known, sqlglot sees for itself that it is no column.
    """
    for scope in traverse_scope(query):
        for column in scope.columns if isinstance(scope.expression, exp.Select) else ():
            source = None if column.table else scope.sources.get(column.name)
            rows = source.expression if isinstance(source, Scope) else source
            if isinstance(rows, exp.Table | exp.Query) and source and _names(source, schema) is None:
                why = f"it is made of whole rows of {column.name}, whose columns are not known"
                column.replace(_marked(column.this, why))


def _marked(name: exp.Expr, why: str) -> exp.Expr:
    copied = name.copy()
    copied.meta[UNCLEAR] = why
    return copied


def expand_named_windows(query: exp.Expr) -> None:
    """Put what ``WINDOW w AS (PARTITION BY a)`` defines where ``OVER w`` reads it, in place."""
    for select in list(query.find_all(exp.Select)):
        defined = {one.this.name.lower(): one for one in select.args.get("windows") or ()}
        for output in select.selects if defined else ():
            for window in find_all_in_scope(output, exp.Window):
                definition = defined.get(window.alias.lower())
                if definition is not None:
                    for part in ("partition_by", "order"):
                        held = definition.args.get(part)
                        if held and not window.args.get(part):
                            copied = [one.copy() for one in held] if isinstance(held, list) else held.copy()
                            window.set(part, copied)


def _has(scope: Scope, column: str, schema: Mapping[str, Mapping[str, str]]) -> bool | None:
    """Whether a table that is read has the column; None where that is not known."""
    unknown = False
    for source in scope.sources.values():
        names = _names(source, schema)
        if names is None:
            unknown = True
        elif column.lower() in names:
            return True
    return None if unknown else False


def _names(source: exp.Expr | Scope, schema: Mapping[str, Mapping[str, str]]) -> set[str] | None:
    if isinstance(source, exp.Table):
        known = schema.get(source.name.lower())
        return {name.lower() for name in known} if known else None
    expression = source.expression
    if not isinstance(expression, exp.Query) or expression.is_star:
        return None
    alias = expression.parent.args.get("alias") if expression.parent is not None else None
    columns: Sequence[exp.Expr] = alias.args.get("columns") or () if isinstance(alias, exp.TableAlias) else ()
    return {name.lower() for name in ([one.name for one in columns] or expression.named_selects)}
