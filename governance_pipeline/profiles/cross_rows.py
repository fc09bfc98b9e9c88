"""Counts rows that are compared across datasets: late features, and rows both learned from and judged on."""

from __future__ import annotations

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.cross_plan import CrossPlan, LatePlan
from governance_pipeline.profiles.cross_table import LateTally, OverlapTally
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.scanning import time_zone
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable


def late_rows(
    session: Session, table: SourceTable, plan: CrossPlan, late: LatePlan, view: SourceTable | None
) -> LateTally:
    """Rows of the snapshot whose feature was stamped after the label was known.

    Where the snapshot has no stamp, a row is late if the *first* row of its person in the feature view
    is: then no row of the view can have been known in time. Labels older than the whole view are not
    compared: what was known then may have been removed since.

    Raises:
        StatementFailed: a time cannot be read, or the engine cannot join the two.
    """
    label = _instant(session, table, plan.contract.dataset, plan.label_time, plan)
    if view is None:
        stamp = _instant(session, table, plan.contract.dataset, late.time, plan)
        known_at, stamped_at = _comparable(label, stamp)
        rows = sql.select(
            [sql.labelled(known_at, "known_at"), sql.labelled(stamped_at, "stamped_at")], table.relation
        )
    else:
        rows = _first_stamps(session, table, plan, late, view, label)
    compared = sql.both(sql.present(sql.own("known_at")), sql.present(sql.own("stamped_at")))
    later = sql.less(sql.own("known_at"), sql.own("stamped_at"))
    counted = sql.select(
        [sql.count_where(compared.copy()), sql.count_where(sql.both(compared, later))],
        rows.subquery("dated", copy=False),
    )
    total, found = session.rows(sql.render(counted, session.dialect))[0]
    return LateTally(late.feature, int(total), int(found), by_person=view is not None)


def overlapping_rows(
    session: Session, table: SourceTable, plan: CrossPlan, judged: SourceTable
) -> OverlapTally:
    """Rows of the dataset the model is judged on whose key is also that of a training row.

    Raises:
        StatementFailed: a column is missing, or the engine cannot join the two.
    """
    assert plan.evaluation is not None
    for name, one in ((plan.contract.dataset, table), (plan.evaluation.dataset, judged)):
        missing = [key for key in plan.evaluation_keys if one.type_of(key) is None]
        if missing:
            raise StatementFailed(f"the column '{missing[0]}' is not in {name}")
    names = [f"k{place}" for place in range(len(plan.evaluation_keys))]

    def keys(of: SourceTable) -> exp.Select:
        texts = [sql.text_of(sql.named(key)) for key in plan.evaluation_keys]
        chosen = sql.select(
            [sql.labelled(text, name) for text, name in zip(texts, names, strict=True)], of.relation
        )
        return chosen.where(
            sql.both(*(sql.present(sql.named(key)) for key in plan.evaluation_keys)), copy=False
        )

    trained = sql.select(
        [*map(sql.own, names), sql.labelled(sql.number(1), "seen")],
        keys(table).distinct(copy=False).subquery("learned", copy=False),
    ).subquery("trained", copy=False)
    on = sql.both(
        *(sql.equal(exp.column(name, table="judged"), exp.column(name, table="trained")) for name in names)
    )
    both = sql.select(
        [sql.count(), sql.count(exp.column("seen", table="trained"))],
        keys(judged).subquery("judged", copy=False),
    ).join(trained, on=on, join_type="left", copy=False)
    rows, shared = session.rows(sql.render(both, session.dialect))[0]
    return OverlapTally(plan.evaluation.dataset, plan.evaluation_keys, int(rows), int(shared))


def _first_stamps(
    session: Session,
    table: SourceTable,
    plan: CrossPlan,
    late: LatePlan,
    view: SourceTable,
    label: TimeColumn,
) -> exp.Select:
    assert late.view is not None
    person, holder = plan.contract.subject_key, late.view.subject_key
    if person is None or holder is None or view.type_of(holder) is None or table.type_of(person) is None:
        raise StatementFailed(f"{plan.contract.dataset} and {late.view.dataset} share no key of a person")
    stamp = _instant(session, view, late.view.dataset, late.view.event_time, plan)
    known_at, stamped_at = _comparable(label, stamp)
    first = sql.select(
        [
            sql.labelled(sql.text_of(sql.named(holder)), "holder"),
            sql.labelled(sql.lowest(stamped_at), "stamped_at"),
        ],
        view.relation,
    ).group_by(sql.text_of(sql.named(holder)), copy=False)
    mine = sql.select(
        [sql.labelled(sql.text_of(sql.named(person)), "person"), sql.labelled(known_at, "known_at")],
        table.relation,
    )
    begun = exp.Window(this=sql.lowest(sql.own("stamped_at")))
    firsts = sql.select(
        [sql.own("holder"), sql.own("stamped_at"), sql.labelled(begun, "begun")],
        first.subquery("stamps", copy=False),
    )
    on = sql.both(
        sql.equal(exp.column("person", table="mine"), exp.column("holder", table="firsts")),
        sql.at_least(exp.column("known_at", table="mine"), exp.column("begun", table="firsts")),
    )
    return sql.select(
        [exp.column("known_at", table="mine"), exp.column("stamped_at", table="firsts")],
        mine.subquery("mine", copy=False),
    ).join(firsts.subquery("firsts", copy=False), on=on, join_type="left", copy=False)


def _instant(
    session: Session, table: SourceTable, dataset: str, column: str | None, plan: CrossPlan
) -> TimeColumn:
    type_ = table.type_of(column)
    if column is None or type_ is None:
        raise StatementFailed(f"{dataset} has no column '{column}' that says when")
    found = TimeColumn(column, type_, time_zone(plan.contract), session.dialect)
    if not found.readable:
        raise StatementFailed(f"the column '{column}' of {dataset} is of type {type_.name}, not a time")
    return found


def _comparable(a: TimeColumn, b: TimeColumn) -> tuple[exp.Expression, exp.Expression]:
    """Both times in one type: by day where either is a date, for a date does not say when in its day;
    a naive timestamp is UTC.
    """
    if "date" in (a.type.family, b.type.family):
        day = exp.DataType(this=exp.DataType.Type.DATE)
        return sql.cast(a.value(), day), sql.cast(b.value(), day)
    if _zoned(a) == _zoned(b):
        return a.value(), b.value()
    return _in_utc(a), _in_utc(b)


def _in_utc(column: TimeColumn) -> exp.Expression:
    if not _zoned(column):
        return column.value()
    return exp.AtTimeZone(this=column.value(), zone=exp.Literal.string("UTC"))


def _zoned(column: TimeColumn) -> bool:
    return column.type.zoned or column.type.family == "string"
