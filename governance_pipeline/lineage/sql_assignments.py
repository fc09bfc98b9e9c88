"""``SET a = ..., (b, c) = (...)`` as a query whose outputs are the values. Imports sqlglot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from governance_pipeline.lineage.sql_written import Write


class Assignments:
    """Assignments to columns of one table, or of several that are joined (MySQL).

    Args:
        target: the table as the statement names it, with whatever is joined to it.
        others: the tables that the values are read from beside it.
        ctes: common table expressions that the values may use.
    """

    def __init__(self, target: exp.Table, others: Sequence[exp.Expr], ctes: Sequence[exp.Expr]) -> None:
        joined = [join.this for join in target.args.get("joins") or ()]
        alone = target.copy()
        alone.set("joins", None)
        named = [one for one in others if isinstance(one, exp.Table) and _named(one) == _named(target)]
        if named and not target.alias:  # T-SQL: UPDATE t ... FROM incomes AS t
            self._targets = {_named(target): named[0]}
            self._from = [*others]
        else:
            self._targets = {_named(one): one for one in (alone, *joined) if isinstance(one, exp.Table)}
            self._from = [alone, *joined, *others]
        self._first = next(iter(self._targets.values()))
        self._ctes = ctes
        self._values: dict[int, list[tuple[str, exp.Expr]]] = {}
        self._reasons: list[str] = []

    def add(self, assignment: exp.Expr) -> None:
        """Take one ``column = value``, or one of several at once."""
        if not isinstance(assignment, exp.EQ):
            self._reasons.append("an assignment other than column = value is not understood")
            return
        left, right = assignment.this.unnest(), assignment.expression
        if isinstance(left, exp.Tuple):
            for column, value in zip(
                left.expressions, self._parts(right, len(left.expressions)), strict=False
            ):
                self._set(column, value)
        else:
            self._set(left, right)

    def writes(self) -> tuple[tuple[Write, ...], tuple[str, ...]]:
        """What is written into each table, and what was not understood."""
        found = []
        for target in self._targets.values():
            values = self._values.get(id(target))
            if values:
                query = exp.Select(expressions=selected([value for _, value in values]))
                query = _reading(query, self._from)
                if self._ctes:
                    query.set("with_", exp.With(expressions=[cte.copy() for cte in self._ctes]))
                names = tuple(name for name, _ in values)
                found.append(Write(_plain(target), query, names, changes=True))
        return tuple(found), tuple(dict.fromkeys(self._reasons))

    def _set(self, column: exp.Expr, value: exp.Expr) -> None:
        if isinstance(value, exp.Var | exp.Column) and value.name.upper() == "DEFAULT":
            return
        target = self._first
        if isinstance(column, exp.Column) and column.table:
            named = self._targets.get(column.table.lower())
            if named is None:
                self._reasons.append(f"SET {column.sql()} names no table that is updated")
                return
            target = named
        elif not isinstance(column, exp.Column | exp.Identifier):
            self._reasons.append("SET of something other than a column is not understood")
            return
        self._values.setdefault(id(target), []).append((column.name, value))

    def _parts(self, value: exp.Expr, width: int) -> list[exp.Expr]:
        """The values of a row: ``(a, b)``, ``ROW(a, b)``, ``(SELECT a, b FROM ...)``."""
        inner = value.unnest()
        if isinstance(inner, exp.Select) and len(inner.selects) == width and not inner.is_star:
            return [_only(inner, position) for position in range(width)]
        if isinstance(inner, exp.Tuple | exp.Anonymous | exp.Struct) and len(inner.expressions) == width:
            return list(inner.expressions)
        self._reasons.append("SET of several columns at once is not understood here")
        return []


def selected(values: Iterable[exp.Expr]) -> list[exp.Expr]:
    """Values as outputs of a query, each under a name that nothing else has."""
    return [
        exp.alias_(exp.null() if _is_default(value) else value.copy(), f"value_written_{number}")
        for number, value in enumerate(values)
    ]


def _is_default(value: exp.Expr) -> bool:
    return isinstance(value, exp.Var | exp.Column) and value.name.upper() == "DEFAULT"


def _reading(query: exp.Select, tables: Sequence[exp.Expr]) -> exp.Select:
    first, *others = tables
    query = query.from_(_alone(first))
    for other in others:
        query = query.join(_alone(other), join_type="cross")
    return query


def _alone(table: exp.Expr) -> exp.Expr:
    copied = table.copy()
    copied.set("joins", None)
    return copied


def _plain(table: exp.Table) -> exp.Table:
    copied = table.copy()
    copied.set("joins", None)
    copied.set("alias", None)
    return copied


def _named(table: exp.Table) -> str:
    return table.alias_or_name.lower()


def _only(query: exp.Select, position: int) -> exp.Expr:
    one = query.copy()
    one.set("expressions", [one.expressions[position]])
    return exp.Subquery(this=one)
