"""Counts what is left of people who were erased."""

from __future__ import annotations

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ErasurePlan, ScanPlan
from governance_pipeline.profiles.profile import Outlived
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable


def outlived(
    session: Session,
    table: SourceTable,
    register: SourceTable,
    plan: ScanPlan,
    asked: ErasurePlan,
    moment: TimeColumn | None,
) -> Outlived:
    """The people erased before ``asked.before`` of whom a record is left, and how many records.

    A record counts that is dated no later than the day of its person's last erasure, each by its own
    calendar, or that has no date: somebody may have come back since. Only one statement is run.

    Raises:
        StatementFailed: the register lacks a column, or the two cannot be compared.
    """
    subject, theirs = plan.contract.subject_key or "", register.type_of(asked.register.subject)
    mine = table.type_of(subject)
    when_type = register.type_of(asked.register.erased_at)
    for name, found in ((asked.register.subject, theirs), (asked.register.erased_at, when_type)):
        if found is None:
            raise StatementFailed(f"the register of erasures has no column '{name}'")
    assert theirs is not None
    assert when_type is not None
    if mine is None:
        raise StatementFailed(f"the subject column '{subject}' {table.absence(subject)}")
    erased = TimeColumn(asked.register.erased_at, when_type, asked.zone, session.dialect)
    if not erased.readable:
        raise StatementFailed(f"the column '{asked.register.erased_at}' of the register is no time")
    as_text = not (mine.name == theirs.name or mine.family == theirs.family == "integer")

    def person(name: str) -> exp.Expression:
        return sql.text_of(sql.named(name)) if as_text else sql.named(name)

    gone = (
        sql.select(
            [
                sql.labelled(person(asked.register.subject), "gone"),
                sql.labelled(sql.highest(erased.local_day(erased.value())), "until"),
            ],
            register.relation,
        )
        .where(erased.before(asked.before), copy=False)
        .group_by(person(asked.register.subject), copy=False)
    )
    columns = [sql.labelled(person(subject), "held")]
    if moment is not None:
        columns.append(sql.labelled(moment.local_day(moment.value()), "dated"))
    held = sql.select(columns, table.relation).where(sql.present(sql.named(subject)), copy=False)
    joined = (
        exp.Select(expressions=[sql.count(sql.own("held"), distinct=True), sql.count()])
        .from_(held.subquery("kept", copy=False), copy=False)
        .join(
            gone.subquery("erased", copy=False),
            on=sql.equal(sql.own("held"), sql.own("gone")),
            join_type="inner",
            copy=False,
        )
    )
    if moment is not None:
        before = exp.Or(
            this=sql.at_most(sql.own("dated"), sql.own("until")), expression=sql.absent(sql.own("dated"))
        )
        joined = joined.where(before, copy=False)
    ((people, rows),) = session.rows(sql.render(joined, session.dialect))
    return Outlived(int(people), int(rows))
