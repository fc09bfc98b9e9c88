"""Counts a model's predictions and labels by sensitive attribute, in one statement per model."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import GroupPlan, ScanPlan
from governance_pipeline.profiles.profile import GroupCell, GroupTable
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.tables import SourceTable
from governance_pipeline.profiles.text import as_text

MAX_CELLS = 10_000
_TRUE = frozenset({"1", "1.0", "true"})
_FALSE = frozenset({"0", "0.0", "false"})


def group_tables(
    session: Session, table: SourceTable, plan: ScanPlan, moment: TimeColumn | None
) -> tuple[tuple[GroupTable, ...], dict[str, str]]:
    """The contingency of each group plan, and why one could not be counted (``groups:<model>``)."""
    tables: list[GroupTable] = []
    unmeasured: dict[str, str] = {}
    for groups in plan.groups:
        missing = [name for name in _columns(groups) if table.type_of(name) is None]
        if missing:
            unmeasured[f"groups:{groups.model}"] = f"the column '{missing[0]}' is not in the table"
            continue
        try:
            tables.append(_group_table(session, table, plan, groups, moment))
        except StatementFailed as error:
            unmeasured[f"groups:{groups.model}"] = error.message
    return tuple(tables), unmeasured


def _columns(groups: GroupPlan) -> tuple[str, ...]:
    optional = (groups.label, groups.version_column if groups.version is not None else None)
    return (*groups.attributes, groups.prediction, *(name for name in optional if name is not None))


def _group_table(
    session: Session, table: SourceTable, plan: ScanPlan, groups: GroupPlan, moment: TimeColumn | None
) -> GroupTable:
    attributes = [sql.named(name) for name in groups.attributes]
    parts = [
        *(sql.labelled(column, f"a{position}") for position, column in enumerate(attributes)),
        sql.labelled(_favourable(table, groups.label, groups.positive, session.dialect), "label"),
        sql.labelled(_favourable(table, groups.prediction, groups.positive, session.dialect), "prediction"),
    ]
    rows = sql.select(parts, table.relation)
    conditions = _conditions(plan, groups, moment)
    if conditions:
        rows = rows.where(sql.both(*conditions), copy=False)
    keys = [*(f"a{position}" for position in range(len(attributes))), "label", "prediction"]
    counted = (
        sql.select([*map(sql.own, keys), sql.count()], rows.subquery("judged", copy=False))
        .group_by(*map(sql.own, keys), copy=False)
        .limit(MAX_CELLS + 1, copy=False)
    )
    found = session.rows(sql.render(counted, session.dialect))
    if len(found) > MAX_CELLS:
        raise StatementFailed(
            f"there are more than {MAX_CELLS:,} combinations of {', '.join(groups.attributes)}"
        )
    cells: Counter[tuple[tuple[str | None, ...], int | None, int | None]] = Counter()
    for *values, label, prediction, count in found:
        cells[tuple(as_text(value) for value in values), label, prediction] += int(count)
    ordered = sorted(cells.items(), key=lambda cell: repr(cell[0]))
    return GroupTable(
        groups.model,
        groups.attributes,
        tuple(GroupCell(group, label, prediction, n) for (group, label, prediction), n in ordered),
    )


def _conditions(plan: ScanPlan, groups: GroupPlan, moment: TimeColumn | None) -> list[exp.Expression]:
    conditions = [moment.within(groups.window_start, plan.as_of)] if moment else []
    if groups.version is not None and groups.version_column is not None:
        version = sql.text_of(sql.named(groups.version_column))
        conditions.append(sql.equal(version, exp.Literal.string(groups.version)))
    return conditions


def _favourable(table: SourceTable, column: str | None, positive: str, dialect: str) -> exp.Expression:
    """1 where the column holds ``positive``, 0 for any other value, null for null and NaN.

    ``1``, ``1.0`` and ``true`` are the same value, whatever the column's type; so are their opposites.
    """
    type_ = table.type_of(column)
    if column is None or type_ is None:
        return sql.cast(exp.Null(), sql.BIGINT)
    value = sql.named(column)
    known = sql.present(value.copy())
    if type_.kind == "number" and type_.floating:
        known = sql.not_nan(sql.cast(value.copy(), sql.DOUBLE), dialect)
    chosen = sql.either(_equals(value, type_, positive), sql.number(1), sql.number(0))
    return sql.when(known, chosen)


def _equals(value: exp.Expression, type_: EngineType, positive: str) -> exp.Expression:
    wanted = positive.strip().lower()
    spelt = _TRUE if wanted in _TRUE else _FALSE if wanted in _FALSE else None
    if type_.kind == "boolean":
        if spelt is None:
            return exp.false()
        return value if spelt is _TRUE else exp.Not(this=value)
    if type_.kind == "number":
        try:
            amount = float(wanted) if spelt is None else float(spelt is _TRUE)
        except ValueError:
            return exp.false()
        return sql.equal(sql.cast(value, sql.DOUBLE), sql.double(amount))
    text = sql.text_of(value)
    if spelt is None:
        return sql.equal(text, exp.Literal.string(positive))
    return exp.In(this=exp.Lower(this=text), expressions=[exp.Literal.string(word) for word in sorted(spelt)])
