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
    subject = plan.contract.subject_key or ""
    mine, theirs = table.type_of(subject), register.type_of(asked.register.subject)
    if mine is None:
        raise StatementFailed(f"the subject column '{subject}' {table.absence(subject)}")
    if theirs is None:
        raise _missing(asked.register.subject)
    as_text = mine.differs_from(theirs)
    gone = _erased(register, asked, session.dialect, as_text=as_text)
    joined = (
        exp.Select(expressions=[sql.count(sql.own("held"), distinct=True), sql.count()])
        .from_(_kept(table, subject, moment, as_text=as_text).subquery("kept", copy=False), copy=False)
        .join(
            gone.subquery("erased", copy=False),
            on=sql.equal(sql.own("held"), sql.own("gone")),
            join_type="inner",
            copy=False,
        )
    )
    if moment is not None:
        before = sql.at_most(sql.own("dated"), sql.own("until"))
        joined = joined.where(exp.Or(this=before, expression=sql.absent(sql.own("dated"))), copy=False)
    ((people, rows),) = session.rows(sql.render(joined, session.dialect))
    return Outlived(int(people), int(rows))


def _erased(register: SourceTable, asked: ErasurePlan, dialect: str, *, as_text: bool) -> exp.Select:
    """SELECT gone, until: who was erased, and the day of the last time."""
    columns = asked.register
    type_ = register.type_of(columns.erased_at)
    if type_ is None:
        raise _missing(columns.erased_at)
    moment = TimeColumn(columns.erased_at, type_, asked.zone, dialect)
    if not moment.readable:
        raise StatementFailed(f"the column '{columns.erased_at}' of the register is no time")
    last_day = sql.labelled(sql.highest(moment.local_day(moment.value())), "until")
    return (
        sql.select(
            [sql.labelled(_person(columns.subject, as_text=as_text), "gone"), last_day], register.relation
        )
        .where(moment.before(asked.before), copy=False)
        .group_by(_person(columns.subject, as_text=as_text), copy=False)
    )


def _kept(table: SourceTable, subject: str, moment: TimeColumn | None, *, as_text: bool) -> exp.Select:
    """SELECT held, dated: whom each row is about, and its day where rows are dated."""
    columns = [sql.labelled(_person(subject, as_text=as_text), "held")]
    if moment is not None:
        columns.append(sql.labelled(moment.local_day(moment.value()), "dated"))
    return sql.select(columns, table.relation).where(sql.present(sql.named(subject)), copy=False)


def _person(column: str, *, as_text: bool) -> exp.Expression:
    return sql.text_of(sql.named(column)) if as_text else sql.named(column)


def _missing(column: str) -> StatementFailed:
    return StatementFailed(f"the register of erasures has no column '{column}'")
