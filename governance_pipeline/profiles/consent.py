"""Tallies the subjects of a dataset by the state of their lawful basis, as of the night.

What the ledger says about one subject and one purpose is decided in these steps:

1. Only records made before the end of the night count, and only those that have begun by then. A
   record that does not say when it begins, begins when it was made. A record that does not say when
   it was made counts if it takes consent away, and is ignored if it gives consent.
2. A record is superseded by another that begins no earlier and was made no earlier (and is later in
   one of the two). So a new consent supersedes an older withdrawal, a withdrawal supersedes the
   consent before it, and a withdrawal made today is not outdone by a consent made last month,
   whatever dates the two carry.
3. ``most_protective`` takes the worst of the records that nothing supersedes: withdrawn, then
   expired, then valid. ``latest_recorded`` takes the record made last; of several made at once the
   one that begins last, and of these the worst.

A consent on another lawful basis, or that is void (given on a notice that did not tell of the purpose,
under another law, or by a minor without a guardian), supersedes nothing and counts for nothing: it only
says why a person has no valid one. What takes away counts whatever it says beside.

A later consent after a withdrawal is therefore valid under both rules. A status that is not among
the ledger's ``given`` ones takes consent away. Which purposes a record bears on says
:mod:`governance_pipeline.charter.purposes`; without purposes in the playbook, that of the same letters.

A date is a whole day in the calendar of the ledger's contract, for every dataset alike, and of what it
may mean that is taken which protects the person: what is withdrawn on 3 March is withdrawn from the
first instant of that day, and what is valid to 3 March no longer covers it. Where one of the columns
that say when a record begins and when it was made holds dates and the other instants, beginnings are
compared by day, so that the hour of a consent does not outdo a withdrawal of which only the day is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.ledger import EXPIRED, VALID, VOID, WITHDRAWN, WRONG_BASIS
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import ConsentTally
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

WRONG_PURPOSE, ABSENT = 4, 5


def consent_tallies(
    session: Session,
    table: SourceTable,
    ledger: exp.Expression,
    plan: ScanPlan,
    moment: TimeColumn | None,
    *,
    told: Sequence[str],
    as_text: bool,
) -> tuple[ConsentTally, ...]:
    """One tally per purpose of the contract, all in one statement.

    Subjects are those of rows dated before the end of the night, and of rows without a date; ``rows``
    counts the rows of theirs.

    Args:
        ledger: what :func:`ledger.ledger_states` selects, or the name of a table that holds it.
        told: the purposes whose states it tells, in order; all of the contract's are among them.
        as_text: subjects are compared as text, because the two tables type them differently.

    Raises:
        StatementFailed: the engine cannot join the two.
    """
    contract = plan.contract
    assert contract.subject_key is not None
    subject = sql.named(contract.subject_key)
    subjects = sql.select(
        [
            sql.labelled(sql.text_of(subject.copy()) if as_text else subject.copy(), "subject"),
            sql.labelled(sql.count(), "held"),
        ],
        table.relation,
    ).where(sql.present(subject.copy()), copy=False)
    if moment is not None:
        undated = exp.Or(this=moment.before(plan.as_of), expression=sql.absent(moment.value()))
        subjects = subjects.where(exp.Paren(this=undated), copy=False)
    subjects = subjects.group_by(subject.copy(), copy=False)
    names = list(dict.fromkeys(use.purpose for use in contract.purposes))
    joined = exp.Select(
        expressions=[
            *(sql.labelled(_state_or_none(told.index(name)), f"s{n}") for n, name in enumerate(names)),
            sql.labelled(sql.own("held"), "held"),
        ]
    ).from_(subjects.subquery("held_by", copy=False), copy=False)
    on = sql.equal(exp.column("subject", table="held_by"), exp.column("subject", table="known"))
    known = exp.alias_(ledger, "known", table=True, copy=False)
    joined = joined.join(known, on=on, join_type="left", copy=False)
    keys = [sql.own(f"s{position}") for position in range(len(names))]
    counted = sql.select(
        [*keys, sql.count(), exp.Sum(this=sql.own("held"))], joined.subquery("joined", copy=False)
    ).group_by(*(key.copy() for key in keys), copy=False)
    found = session.rows(sql.render(counted, session.dialect))
    return tuple(_tally(use, names.index(use.purpose), found) for use in contract.purposes)


def _state_or_none(position: int) -> exp.Expression:
    """The joined state; wrong purpose for a subject known for others only, absent for one unknown."""
    state = exp.column(f"s{position}", table="known")
    unknown = sql.either(
        sql.absent(exp.column("subject", table="known")), sql.number(ABSENT), sql.number(WRONG_PURPOSE)
    )
    return exp.Coalesce(this=state, expressions=[unknown])


def _tally(use: PurposeUse, position: int, found: list[tuple[object, ...]]) -> ConsentTally:
    subjects: dict[int, int] = {}
    rows: dict[int, int] = {}
    for row in found:
        state = int(str(row[position]))
        subjects[state] = subjects.get(state, 0) + int(str(row[-2]))
        rows[state] = rows.get(state, 0) + int(str(row[-1]))
    tally = ConsentTally(
        purpose=use.purpose,
        basis=use.basis.value,
        subjects=sum(subjects.values()),
        withdrawn=subjects.get(WITHDRAWN, 0),
        rows=sum(rows.values()),
    )
    if use.basis is not LawfulBasis.CONSENT:
        other = tally.subjects - tally.withdrawn
        return replace(tally, other_basis=other, rows_valid=tally.rows - rows.get(WITHDRAWN, 0))
    return replace(
        tally,
        valid=subjects.get(VALID, 0),
        expired=subjects.get(EXPIRED, 0),
        wrong_basis=subjects.get(WRONG_BASIS, 0),
        void=subjects.get(VOID, 0),
        absent=subjects.get(ABSENT, 0),
        wrong_purpose=subjects.get(WRONG_PURPOSE, 0),
        rows_valid=rows.get(VALID, 0),
        rows_absent=rows.get(ABSENT, 0),
    )


def subjects_differ(table: SourceTable, consent: ConsentPlan, ledger: SourceTable, subject_key: str) -> bool:
    """Whether the two tables' subjects must be compared as text.

    Raises:
        StatementFailed: the ledger lacks a column that its declaration names.
    """
    if ledger.type_of(consent.ledger.subject) is None:
        raise StatementFailed(f"the consent ledger has no column '{consent.ledger.subject}'")
    mine, theirs = table.type_of(subject_key), ledger.type_of(consent.ledger.subject)
    assert mine is not None
    assert theirs is not None
    return mine.differs_from(theirs)
