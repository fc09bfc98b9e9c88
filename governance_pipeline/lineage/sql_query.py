"""The columns of one query, traced to the tables it reads. Imports sqlglot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.scope import traverse_scope

Known = Callable[[exp.Table], tuple[str, Sequence[str] | None]]


@dataclass(frozen=True, slots=True)
class QueryColumns:
    """Output column to sorted (table, column) pairs and to the expression that computes it."""

    columns: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    transformations: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    def renamed(self, names: Sequence[str]) -> QueryColumns:
        """The same columns under other names, by position."""
        new = dict(zip(self.columns, names, strict=True))
        return QueryColumns(
            columns={new[old]: pairs for old, pairs in self.columns.items()},
            transformations={new[old]: sql for old, sql in self.transformations.items()},
            reasons=self.reasons,
        )


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
    tables, schema = _stand_ins(query, known)
    traced = lineage(
        None,
        query,
        schema=schema,
        dialect=dialect or None,
        copy=False,
        trim_selects=False,
        infer_schema=True,
    )
    columns: dict[str, tuple[tuple[str, str], ...]] = {}
    transformations: dict[str, str] = {}
    reasons: list[str] = []
    for output, node in traced.items():
        if output == "*":
            reasons.append("SELECT * from a table whose columns are not known")
            continue
        pairs, unclear = _leaves(node, tables)
        reasons.extend(f"column {output}: {why}" for why in unclear)
        columns[output] = tuple(sorted(pairs))
        transformations[output] = node.expression.unalias().sql(dialect or None, comments=False)
    return QueryColumns(columns, transformations, tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: Mapping[str, str]  # by lower-case name


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


def _leaves(node: Node, tables: Mapping[str, _Table]) -> tuple[set[tuple[str, str]], list[str]]:
    pairs: set[tuple[str, str]] = set()
    unclear: list[str] = []
    for leaf in node.walk():
        if leaf.downstream:
            continue
        if isinstance(leaf.expression, exp.Placeholder):
            unclear.append(f"it is not clear which table {leaf.name} belongs to")
        elif isinstance(leaf.expression, exp.Table):
            table = tables.get(leaf.expression.name.lower())
            if table is None or leaf.name == "*":
                unclear.append("it comes from a table that is not understood")
                continue
            column = exp.to_column(leaf.name).name
            pairs.add((table.name, table.columns.get(column.lower(), column)))
    return pairs, list(dict.fromkeys(unclear))
