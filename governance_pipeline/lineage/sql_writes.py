"""What a statement writes, as queries whose rows are what it writes. Imports sqlglot.

``UPDATE t SET a = s.b FROM s`` writes into ``a`` what ``SELECT s.b FROM t, s`` returns: written so, every
statement is followed by the one way in which queries are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from governance_pipeline.lineage.sql_assignments import Assignments, selected
from governance_pipeline.lineage.sql_written import Write, Writes

KINDS_WITH_ROWS = ("TABLE", "VIEW")


def writes_of(statement: exp.Expr) -> Writes:
    """What ``statement`` writes; nothing for a query and for a statement without rows."""
    match statement:
        case exp.Create() if statement.kind in KINDS_WITH_ROWS:
            return _created(statement)
        case exp.Insert():
            return _inserted(statement)
        case exp.MultitableInserts():
            return _inserted_into_many(statement)
        case exp.Update():
            return _updated(statement)
        case exp.Merge():
            return _merged(statement)
        case _:
            return Writes()


def target_of(statement: exp.Expr) -> exp.Table | None:
    """The table a statement names as the one it writes, None where it names none."""
    if isinstance(statement, exp.Query):
        into = statement.find(exp.Into)
        return into.find(exp.Table) if into else None
    if isinstance(statement, exp.Create) and statement.kind not in KINDS_WITH_ROWS:
        return None
    if isinstance(statement, exp.Create | exp.Insert | exp.Update | exp.Delete | exp.Merge):
        written = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
        return written if isinstance(written, exp.Table) else None
    return None


def with_shared(query: exp.Query, statement: exp.Expr) -> exp.Query:
    """A copy of ``query`` that sees the common table expressions of ``statement``."""
    copied = query.copy().unnest() if isinstance(query, exp.Subquery) else query.copy()
    shared = statement.args.get("with_")
    if shared is not None and statement is not query and isinstance(copied, exp.Query):
        own = copied.args.get("with_")
        ctes = [*shared.copy().expressions, *(own.expressions if own else [])]
        recursive = bool(shared.args.get("recursive") or (own is not None and own.args.get("recursive")))
        copied.set("with_", exp.With(expressions=ctes, recursive=recursive))
    assert isinstance(copied, exp.Query)
    return copied


def _created(statement: exp.Create) -> Writes:
    target = target_of(statement)
    if target is None:
        return Writes()
    query = statement.expression
    clone = statement.args.get("clone")
    if clone is not None and isinstance(clone.this, exp.Table):
        query = exp.select("*").from_(clone.this.copy())
    if not isinstance(query, exp.Query):
        return Writes((Write(target, None, _columns(statement), creates=True),))
    return Writes((Write(target, with_shared(query, statement), _columns(statement), creates=True),))


def _inserted(statement: exp.Insert) -> Writes:
    target = target_of(statement)
    if target is None:
        return Writes((), ("INSERT into something other than a table is not understood",))
    query = _rows(statement)
    fixed, last = _partition(target)
    by_name = bool(statement.args.get("by_name"))
    replaced = bool(statement.args.get("overwrite")) and target.args.get("partition") is None
    write = Write(target, query, _columns(statement), by_name, changes=not replaced, fixed=fixed, last=last)
    conflict = statement.args.get("conflict")
    if conflict is None or not conflict.expressions or query is None:
        return Writes((write,))
    made = _assigned_on_conflict(statement, target, query, conflict)
    return Writes((write, *made.found), made.reasons)


def _rows(statement: exp.Insert) -> exp.Query | None:
    """The query of an INSERT. Of VALUES, only those that hold queries come from anywhere."""
    rows = statement.expression
    if isinstance(rows, exp.Query):
        return with_shared(rows, statement)
    if not isinstance(rows, exp.Values) or rows.find(exp.Select) is None:
        return None
    selects = [exp.Select(expressions=selected(row.expressions)) for row in rows.expressions]
    query: exp.Query = selects[0]
    for following in selects[1:]:
        query = exp.Union(this=query, expression=following, distinct=False)
    return with_shared(query, statement)


def _columns(statement: exp.Expr) -> tuple[str, ...]:
    """The columns named between the table and the query."""
    if not isinstance(statement.this, exp.Schema):
        return ()
    return tuple(column.name for column in statement.this.expressions if column.name)


def _partition(target: exp.Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Hive's PARTITION (day='x', hour): what is given a value, and what comes last in the query."""
    partition = target.args.get("partition")
    expressions: Sequence[exp.Expr] = partition.expressions if partition is not None else ()
    fixed = tuple(one.this.name for one in expressions if isinstance(one, exp.EQ))
    return fixed, tuple(one.name for one in expressions if not isinstance(one, exp.EQ))


def _assigned_on_conflict(
    statement: exp.Insert, target: exp.Table, query: exp.Query, conflict: exp.Expr
) -> Writes:
    """ON CONFLICT DO UPDATE, ON DUPLICATE KEY UPDATE: the row that was to be is called ``excluded``."""
    names = _columns(statement) or tuple(query.named_selects)
    excluded = exp.CTE(
        this=query.copy(),
        alias=exp.TableAlias(
            this=exp.to_identifier("excluded"),
            columns=[exp.to_identifier(name) for name in names] if "*" not in names else None,
        ),
    )
    made = Assignments(target, [exp.to_table("excluded")], [excluded])
    for one in conflict.expressions:
        made.add(_of_conflict(one, target))
    return Writes(*made.writes())


def _of_conflict(assignment: exp.Expr, target: exp.Table) -> exp.Expr:
    """MySQL's VALUES(a) is ``excluded.a``; a column without a table is the target's."""
    if not isinstance(assignment, exp.EQ):
        return assignment
    named = exp.to_identifier(target.alias_or_name)

    def placed(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES" and len(node.expressions) == 1:
            return exp.column(node.expressions[0].name, table="excluded")
        if isinstance(node, exp.Column) and not node.table:
            return exp.column(node.this.copy(), table=named.copy())
        return node

    return exp.EQ(this=assignment.this.copy(), expression=assignment.expression.copy().transform(placed))


def _inserted_into_many(statement: exp.MultitableInserts) -> Writes:
    source = statement.args.get("source")
    found: list[Write] = []
    for conditional in statement.expressions:
        insert = conditional.this
        target = target_of(insert)
        if target is None or not isinstance(source, exp.Query):
            return Writes((), ("INSERT into many tables is not understood",))
        rows = source.copy().subquery("rows_read")
        values = insert.expression
        tuples = values.expressions if isinstance(values, exp.Values) else []
        taken = selected(tuples[0].expressions) if len(tuples) == 1 else [exp.Star()]
        found.append(Write(target, exp.Select(expressions=taken).from_(rows), _columns(insert), changes=True))
    return Writes(tuple(found))


def _updated(statement: exp.Update) -> Writes:
    target = statement.this
    if not isinstance(target, exp.Table):
        return Writes((), ("UPDATE of something other than a table is not understood",))
    made = Assignments(target, list(_joined(statement.args.get("from_"))), _ctes(statement))
    for assignment in statement.expressions:
        made.add(assignment)
    return Writes(*made.writes())


def _joined(start: exp.Expr | None) -> Iterator[exp.Expr]:
    """The tables of a FROM with those joined to it."""
    if start is not None:
        first = start.this
        yield first
        for join in first.args.get("joins") or ():
            yield join.this


def _ctes(statement: exp.Expr) -> list[exp.Expr]:
    shared = statement.args.get("with_")
    return list(shared.expressions) if shared is not None else []


def _merged(statement: exp.Merge) -> Writes:
    target, using = statement.this, statement.args.get("using")
    if not isinstance(target, exp.Table) or using is None:
        return Writes((), ("MERGE without a table is not understood",))
    found: list[Write] = []
    reasons: list[str] = []
    for when in statement.args["whens"].expressions:
        made = _of_when(when.args.get("then"), statement, target, using)
        found.extend(made.found)
        reasons.extend(made.reasons)
    return Writes(tuple(found), tuple(reasons))


def _of_when(then: exp.Expr | None, statement: exp.Merge, target: exp.Table, using: exp.Expr) -> Writes:
    if isinstance(then, exp.Update):
        if any(isinstance(one, exp.Star) for one in then.expressions):
            return _all_of(statement, target, using)
        made = Assignments(target, [using], _ctes(statement))
        for assignment in then.expressions:
            made.add(assignment)
        return Writes(*made.writes())
    if not isinstance(then, exp.Insert):
        return Writes()  # DELETE, DO NOTHING
    if isinstance(then.this, exp.Star):
        return _all_of(statement, target, using)
    query = exp.Select(expressions=[exp.Star()])
    if isinstance(then.expression, exp.Tuple):
        query = exp.Select(expressions=selected(then.expression.expressions))
    elif not (isinstance(then.this, exp.Var) and then.this.name.upper() == "ROW"):
        return Writes((), ("an INSERT of MERGE without VALUES is not understood",))
    columns = then.this.expressions if isinstance(then.this, exp.Tuple) else []
    rows = with_shared(query.from_(using.copy()), statement)
    return Writes((Write(target, rows, tuple(one.name for one in columns), changes=True),))


def _all_of(statement: exp.Merge, target: exp.Table, using: exp.Expr) -> Writes:
    """Databricks' ``UPDATE SET *`` and ``INSERT *``: every column from the source's of the same name."""
    rows = with_shared(exp.select("*").from_(using.copy()), statement)
    return Writes((Write(target, rows, by_name=True, changes=True),))
