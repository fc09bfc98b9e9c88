"""Reads a script statement by statement. Imports sqlglot: import this module where SQL is read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from governance_pipeline.lineage.sql import SqlLineage, reason_of
from governance_pipeline.lineage.sql_query import QueryColumns, query_columns
from governance_pipeline.lineage.table_names import TableNames

_NO_DATA = (exp.Set, exp.Use, exp.Describe, exp.Show, exp.Analyze, exp.Cache, exp.Uncache, exp.Refresh)
_TABLES_ONLY = (exp.Update, exp.Delete, exp.Merge)
_KINDS_WITH_ROWS = ("TABLE", "VIEW")


@dataclass
class Script:
    """The statements read so far, folded into one lineage.

    A table made by one statement and read by a later one is inside the script: neither a source nor
    a target, and its columns are replaced by what they were made from.
    """

    dialect: str
    names: TableNames
    sources: set[str] = field(default_factory=set)
    made: dict[str, QueryColumns] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    last: QueryColumns = field(default_factory=QueryColumns)

    def read(self, sql: str) -> None:
        """Read every statement; one that is not understood leaves a reason behind."""
        with _quiet():
            for statement in sqlglot.parse(sql, read=self.dialect or None):
                if statement is not None:
                    self._statement(statement)

    def result(self) -> SqlLineage:
        """What has been read, seen from outside."""
        return SqlLineage(
            columns=self.last.columns,
            tables=frozenset(self.sources),
            targets=frozenset(self.made.keys() - self.inside),
            transformations=self.last.transformations,
            not_understood=tuple(dict.fromkeys(self.reasons)),
        )

    def _statement(self, statement: exp.Expr) -> None:
        if isinstance(statement, exp.Drop):
            for table in statement.find_all(exp.Table):
                self.made.pop(self._name(table), None)
            return
        if isinstance(statement, _NO_DATA):
            return
        target = _target(statement)
        if target is None and not isinstance(statement, exp.Query):
            word = statement.sql(self.dialect or None).strip().partition(" ")[0].upper()
            self.reasons.append(f"a statement that starts with {word} is not understood")
            return
        self._note_tables(statement, target)
        query = _query(statement)
        if query is None:
            found = QueryColumns()
            if isinstance(statement, _TABLES_ONLY):
                word = type(statement).__name__.upper()
                self.reasons.append(f"{word} is understood for tables, not for columns")
            elif statement.args.get("clone") is not None:
                self.reasons.append("CLONE is understood for tables, not for columns")
        else:
            found = self._columns(query, _output_names(statement, target))
        self.last = found
        if target is not None:
            self.made[self._name(target)] = found

    def _note_tables(self, statement: exp.Expr, target: exp.Table | None) -> None:
        for table in _tables(statement, target):
            if not table.name:
                self.reasons.append("rows come from a table function, which has no name to follow")
            elif (name := self._name(table)) in self.made:
                self.inside.add(name)
            else:
                self.sources.add(name)

    def _columns(self, query: exp.Query, outputs: Sequence[str]) -> QueryColumns:
        try:
            found = query_columns(query, dialect=self.dialect, known=self._known)
        except Exception as error:  # noqa: BLE001  sqlglot raises many kinds on constructs it does not resolve
            self.reasons.append(reason_of(error))
            return QueryColumns()
        self.reasons.extend(found.reasons)
        found = self._seen_through(found)
        if not outputs:
            return found
        if len(outputs) != len(found.columns):
            made = "1 column" if len(found.columns) == 1 else f"{len(found.columns)} columns"
            self.reasons.append(f"the query makes {made} where the table takes {len(outputs)}")
            return QueryColumns()
        return found.renamed(outputs)

    def _known(self, table: exp.Table) -> tuple[str, Sequence[str] | None]:
        name = self._name(table)
        made = self.made.get(name)
        return name, tuple(made.columns) if made and made.columns else self.names.columns(name)

    def _seen_through(self, found: QueryColumns) -> QueryColumns:
        columns = {}
        for output, pairs in found.columns.items():
            seen: set[tuple[str, str]] = set()
            for table, column in pairs:
                made = self.made.get(table)
                if made is None:
                    seen.add((table, column))
                elif column in made.columns:
                    seen.update(made.columns[column])
                else:
                    self.reasons.append(f"how {table}.{column} is made is not understood")
            columns[output] = tuple(sorted(seen))
        return replace(found, columns=columns)

    def _name(self, table: exp.Table) -> str:
        return self.names.name([part.name for part in table.parts])


def _target(statement: exp.Expr) -> exp.Table | None:
    """The table a statement writes, None for a query or a statement that writes no rows."""
    if isinstance(statement, exp.Query):
        into = statement.find(exp.Into)
        return into.find(exp.Table) if into else None
    if isinstance(statement, exp.Create) and statement.kind not in _KINDS_WITH_ROWS:
        return None
    if isinstance(statement, exp.Create | exp.Insert | exp.Update | exp.Delete | exp.Merge):
        written = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
        return written if isinstance(written, exp.Table) else None
    return None


def _query(statement: exp.Expr) -> exp.Query | None:
    """The query whose rows a statement returns or writes, with the statement's own CTEs."""
    if isinstance(statement, exp.Query):
        return statement
    if not isinstance(statement, exp.Create | exp.Insert):
        return None
    query = statement.expression
    if not isinstance(query, exp.Query):
        return None
    shared = statement.args.get("with_")
    query = query.copy().unnest() if isinstance(query, exp.Subquery) else query.copy()
    if shared is not None and isinstance(query, exp.Query):
        own = query.args.get("with_")
        ctes = [*shared.copy().expressions, *(own.expressions if own else [])]
        query.set("with_", exp.With(expressions=ctes, recursive=shared.args.get("recursive")))
    return query if isinstance(query, exp.Query) else None


def _output_names(statement: exp.Expr, target: exp.Table | None) -> list[str]:
    """The columns named between the table and the query; empty where none are."""
    if target is None or not isinstance(statement.this, exp.Schema):
        return []
    return [column.name for column in statement.this.expressions if column.name]


def _tables(statement: exp.Expr, target: exp.Table | None) -> Iterator[exp.Table]:
    """The tables a statement reads: no CTE names, no aliases, and not the one it writes."""
    seen: set[int] = {id(target)}
    for scope in traverse_scope(statement):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and id(source) not in seen:
                seen.add(id(source))
                yield source
    for table in _outside_scopes(statement, target):
        if id(table) not in seen:
            yield table


def _outside_scopes(statement: exp.Expr, target: exp.Table | None) -> Iterator[exp.Table]:
    """Tables that sqlglot's scopes do not visit: those of queries among VALUES, those that the table
    of an UPDATE is joined with, and the one that is cloned.
    """
    for values in statement.find_all(exp.Values):
        for query in values.find_all(exp.Select):
            yield from _tables(query, target)
    for join in (target.args.get("joins") or ()) if target is not None else ():
        if isinstance(join.this, exp.Table):
            yield join.this
    clone = statement.args.get("clone")
    if clone is not None and isinstance(clone.this, exp.Table):
        yield clone.this


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep sqlglot from logging what it does not know: it quotes the SQL, which may hold secrets."""
    logger = logging.getLogger("sqlglot")

    def silence(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(silence)
    try:
        yield
    finally:
        logger.removeFilter(silence)
