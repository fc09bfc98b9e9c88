"""Reads a script statement by statement. Imports sqlglot: import this module where SQL is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from governance_pipeline.lineage.sql import SqlLineage, reason_of
from governance_pipeline.lineage.sql_names import spell_ctes_alike
from governance_pipeline.lineage.sql_parse import body_of, line_of, parsed, quiet
from governance_pipeline.lineage.sql_query import Output, Pair, QueryColumns, query_columns
from governance_pipeline.lineage.sql_writes import target_of, writes_of
from governance_pipeline.lineage.sql_written import Write
from governance_pipeline.lineage.table_names import TableNames

_NO_DATA = (
    exp.Set, exp.Use, exp.Describe, exp.Show, exp.Analyze, exp.Cache, exp.Uncache, exp.Refresh,
    exp.Transaction, exp.Commit, exp.Rollback, exp.EndStatement,
)  # fmt: skip
_CHANGES = (exp.Update, exp.Merge, exp.Delete)


@dataclass(frozen=True, slots=True)
class Made:
    """A table as the script leaves it.

    Attributes:
        columns: of those that the script fills, what they are made from.
        names: all its columns in order, where the script says so.
        created: the script makes the table, which holds nothing but what the script puts into it.
        own: the script changes rows that the table held before.
    """

    columns: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    transformations: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    created: bool = False
    own: bool = False


@dataclass
class Script:
    """The statements read so far, folded into one lineage.

    A table made by one statement and read by a later one is inside the script: neither a source nor
    a target, and its columns are replaced by what they were made from.
    """

    dialect: str
    names: TableNames
    sources: set[str] = field(default_factory=set)
    made: dict[str, Made] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    last: Made = field(default_factory=Made)
    line: int = 0

    def read(self, sql: str) -> None:
        """Read every statement; one that is not understood leaves a reason behind."""
        with quiet():
            statements, reasons = parsed(sql, self.dialect)
            self.reasons.extend(reasons)
            for statement in statements:
                self._statement(statement)

    def result(self) -> SqlLineage:
        """What has been read, seen from outside."""
        targets = self.made.keys() - (self.inside - self.sources)
        return SqlLineage(
            columns=self.last.columns,
            tables=frozenset(self.sources),
            targets=frozenset(targets),
            transformations=self.last.transformations,
            written={target: self.made[target].columns for target in sorted(targets)},
            not_understood=tuple(dict.fromkeys(self.reasons)),
        )

    def _say(self, reasons: Iterable[str]) -> None:
        self.reasons.extend(f"line {self.line}: {reason}" if self.line else reason for reason in reasons)

    def _statement(self, statement: exp.Expr) -> None:
        self.line = line_of(statement) or self.line
        spell_ctes_alike(statement, self.dialect)
        if isinstance(statement, _NO_DATA) or self._is_moved(statement):
            return
        body = body_of(statement, self.dialect)
        if body is not None:
            for inner in body:
                self._statement(inner)
            return
        self._ahead(statement)
        target = target_of(statement)
        if isinstance(statement, exp.MultitableInserts):
            self._note_tables(statement, None)
        elif target is None and not isinstance(statement, exp.Query):
            word = statement.sql(self.dialect or None).strip().partition(" ")[0].upper()
            self._say([f"a statement that starts with {word} is not understood"])
            return
        elif target is not None and _is_keyword(target):
            self._say(["a statement that changes a table called TABLE is not understood"])
            return
        elif target is not None and isinstance(statement, _CHANGES) and _is_cte(statement, target):
            self._say([f"changing {target.name}, which is a query of WITH, is not understood"])
            return
        self._read(statement, target)

    def _is_moved(self, statement: exp.Expr) -> bool:
        """Follow DROP, and RENAME of what the script has made; False for any other statement."""
        if isinstance(statement, exp.Drop):
            for table in statement.find_all(exp.Table):
                self.made.pop(self._name(table), None)
            return True
        actions = statement.args.get("actions") if isinstance(statement, exp.Alter) else None
        if actions and len(actions) == 1 and isinstance(actions[0], exp.AlterRename):
            made = self.made.pop(self._name(statement.this), None)
            if made is not None:
                self.made[self._name(actions[0].this)] = made
                return True
        return False

    def _read(self, statement: exp.Expr, target: exp.Table | None) -> None:
        found = writes_of(statement)
        aliased = found.found[0].target if isinstance(statement, exp.Update) and found.found else target
        if not isinstance(statement, exp.MultitableInserts):
            self._note_tables(statement, target, self._name(aliased) if aliased is not None else "")
        self._say(found.reasons)
        if isinstance(statement, exp.Query):
            made = _made(self._columns(statement), created=True)
            self.last = made
            if target is not None:
                self.made[self._name(target)] = made
            return
        if target is not None and not found.found:
            name = self._name(target if aliased is None else aliased)
            self.made.setdefault(name, Made(own=isinstance(statement, _CHANGES)))
            self.last = self.made[name]
        for write in found.found:
            self._write(write, before=not isinstance(statement, exp.Insert))

    def _write(self, write: Write, *, before: bool) -> None:
        name = self._name(write.target)
        found = QueryColumns(complete=False) if write.query is None else self._columns(write.query)
        made = _made(self._placed(write, found), created=write.creates)
        if write.creates and write.query is None:
            made = replace(made, names=write.columns)
        if write.changes:
            made = _together(self.made.get(name) or Made(own=before), made)
        self.made[name] = self.last = made

    def _ahead(self, statement: exp.Expr) -> None:
        """The statements of WITH that write (Postgres), before the one that they stand in."""
        shared = statement.args.get("with_")
        for cte in list(shared.expressions) if shared is not None else ():
            if isinstance(cte.this, exp.Insert | exp.Update | exp.Delete | exp.Merge):
                self._say(["the rows that a statement in WITH returns are not followed"])
                self._statement(cte.this.copy())
                returned = cte.this.args.get("returning")
                names = [one.alias_or_name for one in returned.expressions] if returned is not None else []
                nothing = [exp.alias_(exp.null(), name) for name in names if name and name != "*"]
                cte.set("this", exp.Select(expressions=nothing or [exp.null()]))

    def _note_tables(self, statement: exp.Expr, target: exp.Table | None, written: str = "") -> None:
        for table in _tables(statement, target):
            if not table.name:
                self._say(["rows come from a table function, which has no name to follow"])
                continue
            name = self._name(table)
            if isinstance(statement, exp.Update) and name == written:
                continue  # T-SQL names the table it changes once more among those it reads
            if name in self.made and not self.made[name].own:
                self.inside.add(name)
            else:
                self.sources.add(name)

    def _columns(self, query: exp.Query) -> QueryColumns:
        try:
            found = query_columns(query, dialect=self.dialect, known=self._known)
        except Exception as error:  # noqa: BLE001  sqlglot raises many kinds on constructs it does not resolve
            self._say([reason_of(error)])
            return QueryColumns(complete=False)
        self._say(found.reasons)
        return replace(found, outputs=tuple(self._seen_through(one) for one in found.outputs))

    def _placed(self, write: Write, found: QueryColumns) -> QueryColumns:
        """Each output under the name of the column that it is written to."""
        name = self._name(write.target)
        own = None if write.creates else self._names_of(name)
        if write.by_name:
            cased = {column.lower(): column for column in own or ()}
            kept = [one for one in found.outputs if not own or one.name.lower() in cased]
            return replace(
                found, outputs=tuple(replace(one, name=cased.get(one.name.lower(), one.name)) for one in kept)
            )
        columns: Sequence[str] = write.columns or _in_order(own or (), write)
        if not columns:
            return found
        if not found.complete or len(columns) != len(found.outputs):
            if found.complete:
                made = "1 column" if len(found.outputs) == 1 else f"{len(found.outputs)} columns"
                self._say([f"the query makes {made} where the table takes {len(columns)}"])
            return QueryColumns(complete=False)
        return found.renamed(columns)

    def _known(self, table: exp.Table) -> tuple[str, Sequence[str] | None]:
        name = self._name(table)
        return name, self._names_of(name)

    def _names_of(self, name: str) -> Sequence[str] | None:
        made = self.made.get(name)
        return made.names if made is not None and made.names else self.names.columns(name)

    def _seen_through(self, output: Output) -> Output:
        seen: set[Pair] = set()
        for table, column in output.pairs:
            made = self.made.get(table)
            filled = made is not None and column in made.columns
            if made is not None and filled:
                seen.update(made.columns[column])
            if made is None or made.own:
                seen.add((table, column))
            elif not filled and not made.created:
                seen.add((table, column))
                self.sources.add(table)
            elif not filled and column not in made.names:
                self._say([f"how {table}.{column} is made is not understood"])
        return replace(output, pairs=tuple(sorted(seen)))

    def _name(self, table: exp.Table) -> str:
        return self.names.name([part.name for part in table.parts])


def _made(found: QueryColumns, *, created: bool) -> Made:
    """By name; what two outputs of one name are made from together."""
    columns: dict[str, set[Pair]] = {}
    transformations: dict[str, str] = {}
    for one in found.outputs:
        columns.setdefault(one.name, set()).update(one.pairs)
        transformations.setdefault(one.name, one.sql)
    return Made(
        columns={name: tuple(sorted(pairs)) for name, pairs in columns.items()},
        transformations=transformations,
        names=tuple(columns) if created and found.complete else (),
        created=created,
    )


def _together(held: Made, added: Made) -> Made:
    names = dict.fromkeys([*held.columns, *added.columns])
    return replace(
        held,
        columns={
            name: tuple(sorted({*held.columns.get(name, ()), *added.columns.get(name, ())})) for name in names
        },
        transformations={**held.transformations, **added.transformations},
    )


def _in_order(own: Sequence[str], write: Write) -> list[str]:
    """The table's columns as a query without names fills them."""
    apart = {name.lower() for name in (*write.fixed, *write.last)}
    return [*(name for name in own if name.lower() not in apart), *(write.last if own else ())]


def _is_cte(statement: exp.Expr, target: exp.Table) -> bool:
    shared = statement.args.get("with_")
    names = {cte.alias.lower() for cte in shared.expressions} if shared is not None else set()
    return not target.args.get("db") and target.name.lower() in names


def _is_keyword(table: exp.Table) -> bool:
    """``DELETE FROM table incomes`` reads as if TABLE were the name."""
    return table.name.upper() == "TABLE" and not table.this.args.get("quoted")


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
