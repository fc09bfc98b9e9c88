"""The columns of one query, traced to the tables it reads. Imports sqlglot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, to_node
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, find_all_in_scope, traverse_scope
from sqlglot.schema import MappingSchema

from governance_pipeline.lineage.sql_doubts import doubtful_columns, match_by_name
from governance_pipeline.lineage.sql_names import (
    UNCLEAR,
    expand_earlier_outputs,
    expand_named_windows,
    mark_whole_rows,
)
from governance_pipeline.lineage.sql_star import NOT_UNDERSTOOD, Unclear, behind_star

Pair = tuple[str, str]
_OTHER_THAN_COLUMNS = (exp.TableColumn, exp.Identifier, exp.Parameter, exp.Star)
Known = Callable[[exp.Table], tuple[str, Sequence[str] | None]]


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a query: its name, the (table, column) pairs it is computed from, and its SQL."""

    name: str
    pairs: tuple[Pair, ...] = ()
    sql: str = ""


@dataclass(frozen=True, slots=True)
class QueryColumns:
    """The columns of a query in order, two of one name included.

    Attributes:
        complete: whether these are all of them; False where a star could not be expanded, and the
            place of a column after it is then unknown.
    """

    outputs: tuple[Output, ...] = ()
    reasons: tuple[str, ...] = ()
    complete: bool = True

    def renamed(self, names: Sequence[str]) -> QueryColumns:
        """The same columns under other names, by position."""
        pairs = zip(self.outputs, names, strict=True)
        return replace(self, outputs=tuple(replace(one, name=name) for one, name in pairs))


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: Mapping[str, str] = field(default_factory=dict)  # by lower-case name


def query_columns(query: exp.Query, *, dialect: str, known: Known) -> QueryColumns:
    """Trace every output column of ``query``.

    Args:
        query: the query, which is not changed.
        dialect: sqlglot's name of the dialect, "" for any.
        known: a table's dataset name, and its columns where they are known.

    Raises:
        SqlglotError, or whatever sqlglot raises on a construct it does not resolve.
    """
    query = query.copy()
    query.set("into", None)
    if query.find(exp.MatchRecognize):
        raise SqlglotError("MATCH_RECOGNIZE is not understood")
    expand_named_windows(query)
    unnamed = _unnamed(query, dialect)
    tables, columns = _stand_ins(query, known)
    query = normalize_identifiers(query, dialect=dialect or None)
    mark_whole_rows(query, columns)
    expand_earlier_outputs(query, dialect, columns)
    described: dict[str, object] = {**columns}
    schema = MappingSchema(described, dialect=dialect or None)
    qualified = qualify(
        query,
        dialect=dialect or None,
        schema=schema,
        validate_qualify_columns=False,
        identify=False,
        infer_schema=True,
        expand_alias_refs=False,
    )
    match_by_name(qualified)
    scope = build_scope(qualified)
    if scope is None or not isinstance(scope.expression, exp.Selectable):
        raise SqlglotError("it is not a query")
    trace = _Trace(scope, dialect, schema, tables)
    outputs: list[Output] = []
    reasons: list[str] = []
    complete = True
    for position, select in enumerate(scope.expression.selects):
        if select.is_star or select.find(exp.Columns, exp.QueryTransform):
            reasons.append("SELECT * from a table whose columns are not known")
            complete = False
            continue
        name = unnamed.get(position, select.alias_or_name) if complete else select.alias_or_name
        pairs, unclear = trace.of(position)
        reasons.extend(f"column {name}: {why}" for why in unclear)
        sql = select.unalias().sql(dialect or None, comments=False)
        outputs.append(Output(name, tuple(sorted(pairs)), sql))
    return QueryColumns(tuple(outputs), tuple(reasons), complete)


class _Trace:
    """The way from each output of one query to the tables."""

    def __init__(
        self, scope: Scope, dialect: str, schema: MappingSchema, tables: Mapping[str, _Table]
    ) -> None:
        self._scope = scope
        self._dialect = dialect
        self._schema = schema
        self._tables = tables
        self._scopes = {id(one.expression): one for one in scope.traverse()}
        self._doubts = doubtful_columns(scope)

    def of(self, position: int) -> tuple[set[Pair], list[str]]:
        """The pairs that the output at ``position`` is computed from, and what is not clear about it."""
        try:
            found = self._node(position, self._scope)
        except (SqlglotError, ValueError, IndexError, KeyError):
            return set(), [NOT_UNDERSTOOD]
        pairs: set[Pair] = set()
        unclear: list[str] = []
        self._walk(found, pairs, unclear)
        return pairs, list(dict.fromkeys(unclear))

    def _node(self, column: str | int, scope: Scope) -> Node:
        return to_node(column, scope, self._dialect or None, trim_selects=False, schema=self._schema)

    def _walk(self, start: Node, pairs: set[Pair], unclear: list[str]) -> None:
        waiting, seen = [(start, start)], set[int]()
        while waiting:
            node, reader = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            doubt = self._doubts.get(id(node.expression))
            if doubt is not None:
                unclear.append(doubt)
                continue
            waiting.extend((one, node) for one in self._step(node, reader, pairs, unclear))

    def _step(self, node: Node, reader: Node, pairs: set[Pair], unclear: list[str]) -> Iterable[Node]:
        """The nodes to follow from one; a leaf adds to ``pairs`` or to ``unclear``."""
        expression = node.expression
        if isinstance(expression, exp.Star):
            return self._behind(node, pairs, unclear)
        if isinstance(expression, exp.Select):  # sqlglot's answer where a query has no such output
            unclear.append(NOT_UNDERSTOOD)
            return []
        if isinstance(node.source, exp.Lateral) and isinstance(node.source.this, exp.Subquery):
            return self._lateral(node, node.source, unclear)
        if not node.downstream and isinstance(expression, exp.Placeholder):
            return self._outside(node, reader, pairs, unclear)
        if not node.downstream and isinstance(expression, exp.Table):
            self._leaf(expression, exp.to_column(node.name).name, pairs, unclear)
            return []
        self._whole_rows(node, pairs, unclear)
        return node.downstream

    def _lateral(self, node: Node, lateral: exp.Lateral, unclear: list[str]) -> list[Node]:
        """An output of a query in LATERAL or APPLY, not whatever that query reads."""
        name = node.name.rpartition(".")[2]
        scope = self._scopes.get(id(lateral.this.this))
        named = [one.name for one in lateral.args["alias"].args.get("columns") or ()]
        column: str | int = named.index(name) if name in named else name
        try:
            if scope is not None:
                return [self._node(column, scope)]
        except (SqlglotError, ValueError, IndexError):
            pass
        unclear.append(NOT_UNDERSTOOD)
        return []

    def _whole_rows(self, node: Node, pairs: set[Pair], unclear: list[str]) -> None:
        """What an expression reads other than by the names of columns."""
        for part in find_all_in_scope(node.expression, *_OTHER_THAN_COLUMNS):
            if isinstance(part, exp.Star):
                if not isinstance(part.parent, exp.Count | exp.Column):
                    unclear.append("it is made of whole rows")
            elif isinstance(part, exp.Identifier):
                if part.meta.get(UNCLEAR):
                    unclear.append(part.meta[UNCLEAR])
            elif isinstance(part, exp.Parameter):
                if self._dialect == "snowflake":
                    unclear.append("a column is read by its number")
            else:
                scope = self._scopes.get(id(node.source))
                source = scope.sources.get(part.name) if scope is not None else None
                known = self._tables.get(source.name.lower()) if isinstance(source, exp.Table) else None
                if known is None or not known.columns:
                    unclear.append(f"it is made of whole rows of {part.name}, whose columns are not known")
                else:
                    pairs.update((known.name, column) for column in known.columns.values())

    def _leaf(self, source: exp.Table, column: str, pairs: set[Pair], unclear: list[str]) -> None:
        table = self._tables.get(source.name.lower())
        if table is None or column == "*":
            unclear.append(NOT_UNDERSTOOD)
        elif table.columns and column.lower() not in table.columns:
            unclear.append(f"{table.name} has no column {column}")
        else:
            pairs.add((table.name, table.columns.get(column.lower(), column)))

    def _behind(self, star: Node, pairs: set[Pair], unclear: list[str]) -> Iterable[Node]:
        """What a star stands for, where one column of it is read."""
        column = star.name.rpartition(".")[2]
        try:
            source, name = behind_star(column, self._scopes[id(star.source)], self._lacks)
            if isinstance(source, Scope):
                return [self._node(name, source)]
        except (Unclear, SqlglotError, ValueError, KeyError) as why:
            unclear.append(str(why) if isinstance(why, Unclear) else NOT_UNDERSTOOD)
            return []
        self._leaf(source, name, pairs, unclear)
        return []

    def _outside(self, leaf: Node, reader: Node, pairs: set[Pair], unclear: list[str]) -> Iterable[Node]:
        """A column of a query around the one that reads it."""
        named = exp.to_column(leaf.name)
        column = named if isinstance(named, exp.Column) else exp.Column()
        scope = self._scopes.get(id(reader.source))
        while scope is not None and column.table:
            source = scope.sources.get(column.table)
            if isinstance(source, Scope):
                return [self._node(column.name, source)]
            if isinstance(source, exp.Table):
                self._leaf(source, column.name, pairs, unclear)
                return []
            scope = scope.parent
        unclear.append(f"it is not clear which table {leaf.name} belongs to")
        return []

    def _lacks(self, table: exp.Table, column: str) -> bool:
        """Whether a table is known not to have the column."""
        found = self._tables.get(table.name.lower())
        return found is not None and bool(found.columns) and column.lower() not in found.columns


def _unnamed(query: exp.Query, dialect: str) -> dict[int, str]:
    """The SQL of outputs without a name, by position; of those before the first star."""
    found: dict[int, str] = {}
    for position, select in enumerate(query.selects):
        if select.is_star:
            break
        if not select.alias_or_name:
            found[position] = select.sql(dialect or None, comments=False)
    return found


def _stand_ins(query: exp.Query, known: Known) -> tuple[dict[str, _Table], dict[str, dict[str, str]]]:
    """Give every table read a one-part name, in place, its old name staying as the alias.

    sqlglot's schema wants all names to have the same number of parts; ours do not.
    """
    found: dict[str, _Table] = {}
    stand_in: dict[str, str] = {}
    schema: dict[str, dict[str, str]] = {}
    for table in _read(query):
        name, columns = known(table)
        if name not in stand_in:
            stand_in[name] = f"table_read_{len(stand_in)}"
            found[stand_in[name]] = _Table(name, {column.lower(): column for column in columns or ()})
            if columns:
                schema[stand_in[name]] = dict.fromkeys(columns, "unknown")
        if not table.alias:
            table.set("alias", exp.TableAlias(this=table.this.copy()))
        table.set("this", exp.to_identifier(stand_in[name]))
        table.set("db", None)
        table.set("catalog", None)
    return found, schema


def _read(query: exp.Query) -> list[exp.Table]:
    found = {
        id(source): source
        for scope in traverse_scope(query)
        for source in scope.sources.values()
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
    }
    return list(found.values())
