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
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import ConsentTally
from governance_pipeline.profiles.purposes import mapped, say_more_than_themselves
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

VALID, EXPIRED, WITHDRAWN = 1, 2, 3
WRONG_PURPOSE, ABSENT = 4, 5
_CONSENT = ("consent", "explicit_consent", "explicit consent")  # GDPR art. 6(1)(a) and 9(2)(a)


def consent_tallies(
    session: Session,
    table: SourceTable,
    ledger: exp.Expression,
    plan: ScanPlan,
    moment: TimeColumn | None,
    *,
    as_text: bool,
) -> tuple[ConsentTally, ...]:
    """One tally per purpose of the contract, all in one statement.

    Subjects are those of rows dated before the end of the night, and of rows without a date; ``rows``
    counts the rows of theirs.

    Args:
        ledger: what :func:`ledger_states` selects, or the name of a table that holds it.
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
    names = [use.purpose for use in contract.purposes]
    by_subject = _states_by_subject(ledger, names)
    joined = exp.Select(
        expressions=[
            *(sql.labelled(_state_or_none(position), f"s{position}") for position in range(len(names))),
            sql.labelled(sql.own("held"), "held"),
        ]
    ).from_(subjects.subquery("held_by", copy=False), copy=False)
    on = sql.equal(exp.column("subject", table="held_by"), exp.column("subject", table="known"))
    joined = joined.join(by_subject.subquery("known", copy=False), on=on, join_type="left", copy=False)
    keys = [sql.own(f"s{position}") for position in range(len(names))]
    counted = sql.select(
        [*keys, sql.count(), exp.Sum(this=sql.own("held"))], joined.subquery("joined", copy=False)
    ).group_by(*(key.copy() for key in keys), copy=False)
    found = session.rows(sql.render(counted, session.dialect))
    return tuple(_tally(use, position, found) for position, use in enumerate(contract.purposes))


def _states_by_subject(ledger: exp.Expression, purposes: list[str]) -> exp.Select:
    """One row per subject: the state for each purpose asked for."""
    states = []
    for position, purpose in enumerate(purposes):
        mine = sql.when(sql.equal(sql.own("purpose"), exp.Literal.string(purpose)), sql.own("state"))
        states.append(sql.labelled(sql.highest(mine), f"s{position}"))
    return sql.select([sql.own("subject"), *states], ledger).group_by(sql.own("subject"), copy=False)


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
        absent=subjects.get(ABSENT, 0),
        wrong_purpose=subjects.get(WRONG_PURPOSE, 0),
        rows_valid=rows.get(VALID, 0),
    )


def ledger_states(
    consent: ConsentPlan, ledger: SourceTable, plan: ScanPlan, dialect: str, *, as_text: bool
) -> exp.Select:
    """SELECT subject, purpose, state: what the ledger says as of the night, see the module's head."""
    records = _records(consent, ledger, plan, dialect, as_text=as_text)
    keys = ["subject", "purpose"]
    if say_more_than_themselves(consent.words):
        records = mapped(records, consent.words, WITHDRAWN)
        keys += ["place", "decides"]
    worst = sql.select(
        [*map(sql.own, (*keys, "begins", "made")), sql.labelled(sql.highest(sql.own("state")), "state")],
        records.subquery("records", copy=False),
    ).group_by(*map(sql.own, (*keys, "begins", "made")), copy=False)
    standing = _latest(worst, keys) if consent.conflict == "latest_recorded" else _standing(worst, keys)
    return sql.select(
        [sql.own("subject"), sql.own("purpose"), sql.labelled(sql.highest(_deciding(keys)), "state")],
        standing.subquery("standing", copy=False),
    ).group_by(sql.own("subject"), sql.own("purpose"), copy=False)


def _deciding(keys: Sequence[str]) -> exp.Expression:
    """The state; where purposes have ranks, below the highest only that of a withdrawal."""
    if "decides" not in keys:
        return sql.own("state")
    decides = sql.equal(sql.own("decides"), sql.number(1))
    withdrawn = sql.equal(sql.own("state"), sql.number(WITHDRAWN))
    return sql.when(exp.Or(this=decides, expression=withdrawn), sql.own("state"))


def _latest(worst: exp.Select, keys: Sequence[str]) -> exp.Select:
    """Of each subject and purpose the record made last."""
    rank = exp.Window(this=exp.RowNumber(), partition_by=_partition(keys), order=_latest_first())
    ranked = sql.select(
        [*map(sql.own, (*keys, "state")), sql.labelled(rank, "turn")], worst.subquery("worst", copy=False)
    )
    return sql.select(map(sql.own, (*keys, "state")), ranked.subquery("ranked", copy=False)).where(
        sql.equal(sql.own("turn"), sql.number(1)), copy=False
    )


def _standing(worst: exp.Select, keys: Sequence[str]) -> exp.Select:
    """The records that nothing supersedes."""
    later = exp.Window(
        this=sql.highest(sql.own("begins")),
        partition_by=_partition(keys),
        order=_latest_first(),
        spec=exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="1", end_side="PRECEDING"
        ),
    )
    ranked = sql.select(
        [*map(sql.own, (*keys, "begins", "state")), sql.labelled(later, "later")],
        worst.subquery("worst", copy=False),
    )
    standing = exp.Or(
        this=sql.absent(sql.own("later")),
        expression=exp.GT(this=sql.own("begins"), expression=sql.own("later")),
    )
    return sql.select(map(sql.own, (*keys, "state")), ranked.subquery("ranked", copy=False)).where(
        standing, copy=False
    )


def _partition(keys: Sequence[str]) -> list[exp.Expression]:
    return [sql.own(name) for name in keys]


def _latest_first() -> exp.Order:
    return exp.Order(
        expressions=[
            exp.Ordered(this=sql.own(name), desc=True, nulls_first=False) for name in ("made", "begins")
        ]
    )


def _records(
    consent: ConsentPlan, ledger: SourceTable, plan: ScanPlan, dialect: str, *, as_text: bool
) -> exp.Select:
    """Steps 1 and 2 of the module's head, record by record: subject, purpose, begins, made, state."""
    columns = consent.ledger
    made, begins, ends = (
        _time(ledger, name, consent.zone, dialect)
        for name in (columns.recorded_at, columns.valid_from, columns.valid_to)
    )
    known = plan.as_of + timedelta(microseconds=1)  # "not after as_of" is "before the next instant"
    status = sql.text_of(sql.named(columns.status))
    given = exp.In(this=status, expressions=[exp.Literal.string(word) for word in columns.given])
    lapsed = exp.EQ(this=exp.Lower(this=status.copy()), expression=exp.Literal.string("expired"))
    state = exp.Case(
        ifs=[
            exp.If(this=sql.both(given, ends.before(known)), true=sql.number(EXPIRED)),
            exp.If(this=given.copy(), true=sql.number(VALID)),
            exp.If(this=lapsed, true=sql.number(EXPIRED)),
        ],
        default=sql.number(WITHDRAWN),
    )
    made_known = exp.Or(
        this=made.before(plan.as_of),
        expression=sql.both(sql.absent(made.value()), exp.Not(this=exp.Paren(this=given.copy()))),
    )
    begun = exp.Or(this=begins.before(known), expression=sql.absent(begins.value()))
    when_made = exp.Coalesce(this=made.value(), expressions=[made.bound(plan.as_of)])
    subject = sql.named(columns.subject)
    return sql.select(
        [
            sql.labelled(sql.text_of(subject) if as_text else subject, "subject"),
            sql.labelled(sql.text_of(sql.named(columns.purpose)), "purpose"),
            sql.labelled(_start(begins, made, when_made), "begins"),
            sql.labelled(when_made.copy(), "made"),
            sql.labelled(state, "state"),
        ],
        ledger.relation,
    ).where(sql.both(exp.Paren(this=made_known), begun, *_is_consent(columns, ledger, given)), copy=False)


def _is_consent(columns: ConsentLedger, ledger: SourceTable, given: exp.Expression) -> list[exp.Expression]:
    """What a ledger gives on another basis is no consent; what it takes away counts on any basis."""
    if ledger.type_of(columns.basis) is None:
        return []
    basis = sql.text_of(sql.named(columns.basis))
    consent = exp.In(this=exp.Lower(this=basis), expressions=[exp.Literal.string(word) for word in _CONSENT])
    return [
        exp.Or(
            this=exp.Not(this=exp.Paren(this=given.copy())),
            expression=exp.Or(this=sql.absent(basis.copy()), expression=consent),
        )
    ]


def _start(begins: TimeColumn, made: TimeColumn, when_made: exp.Expression) -> exp.Expression:
    """When the record begins, in one type for all records; see the module's head on dates."""
    if begins.type.family == made.type.family and begins.type.zoned == made.type.zoned:
        return exp.Coalesce(this=begins.value(), expressions=[when_made.copy()])
    if "date" in (begins.type.family, made.type.family):
        begun, recorded = begins.local_day(begins.value()), made.local_day(when_made.copy())
        return exp.Coalesce(this=begun, expressions=[recorded])
    zoned = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ)  # sessions are in UTC, as naive times are
    return exp.Coalesce(this=sql.cast(begins.value(), zoned), expressions=[sql.cast(when_made.copy(), zoned)])


def _time(ledger: SourceTable, name: str, zone: ZoneInfo, dialect: str) -> TimeColumn:
    type_ = ledger.type_of(name)
    if type_ is None:
        raise StatementFailed(f"the consent ledger has no column '{name}'")
    column = TimeColumn(name, type_, zone, dialect)
    if not column.readable:
        raise StatementFailed(f"the consent ledger's column '{name}' is of type {type_.name}, not a time")
    return column


def subjects_differ(table: SourceTable, consent: ConsentPlan, ledger: SourceTable, subject_key: str) -> bool:
    """Whether the two tables' subjects must be compared as text.

    Raises:
        StatementFailed: the ledger lacks a column that its declaration names.
    """
    for name in (consent.ledger.subject, consent.ledger.purpose, consent.ledger.status):
        if ledger.type_of(name) is None:
            raise StatementFailed(f"the consent ledger has no column '{name}'")
    mine, theirs = table.type_of(subject_key), ledger.type_of(consent.ledger.subject)
    assert mine is not None
    assert theirs is not None
    return not (mine.name == theirs.name or mine.family == theirs.family == "integer")
