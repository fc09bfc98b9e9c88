"""Consent at other moments than tonight: when each row came about, and when a snapshot was trained on.

At a row's own event time, by all that is known tonight, a row is covered if a consent of its subject held
then: it had begun, had not ended, and neither a later beginning record nor a later made withdrawal had
taken it away. At training time the ledger is asked as it was known then.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlglot import exp

from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.ledger import EXPIRED, VALID, heard, ledger_times
from governance_pipeline.profiles.ledger_forms import VendorMasks
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import ConsentTally, ConsentThen, Moment
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

_ZONED = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ)


class Clock(Enum):
    """By what rows and records are compared.

    Attributes:
        DAY: by local day, because one of them only knows the day.
        INSTANT: as instants, because they are typed unlike.
        AS_IS: as they are. To convert each row of a large table takes longer than all the rest.
    """

    DAY = "day"
    INSTANT = "instant"
    AS_IS = "as is"

    def told(self, column: TimeColumn, value: exp.Expression) -> exp.Expression:
        """A time of a column, fit to be compared."""
        if self is Clock.AS_IS:
            return value
        return column.local_day(value) if self is Clock.DAY else sql.cast(value, _ZONED)


def at_training(tallies: tuple[ConsentTally, ...], trained_at: datetime) -> tuple[ConsentThen, ...]:
    """What tallies as of the training say."""
    return tuple(
        ConsentThen(
            one.purpose, Moment.TRAINING, one.subjects, one.covered, one.rows, one.rows_valid, trained_at
        )
        for one in tallies
    )


def purposes_on_consent(plan: ScanPlan) -> tuple[str, ...]:
    """The purposes whose consent can be asked for at other times."""
    return tuple(use.purpose for use in plan.contract.purposes if use.basis is LawfulBasis.CONSENT)


def spans(
    consent: ConsentPlan,
    ledger: SourceTable,
    plan: ScanPlan,
    dialect: str,
    *,
    as_text: bool,
    vendors: VendorMasks | None,
    clock: Clock,
) -> exp.Select:
    """SELECT subject, purpose, since, until, turn: when a consent held; spans of one subject do not overlap,
    and are numbered.

    Raises:
        StatementFailed: a purpose is covered by its parent, so that one record does not say when it held.
    """
    if any(not line.decides for line in consent.words):
        raise StatementFailed("a purpose that its parent covers has no consent of its own at a past time")

    records, _ = heard(consent, ledger, plan, dialect, as_text=as_text, vendors=vendors, told=clock.told)
    by_begin = _by_begin(records)
    ranked = sql.select(
        [
            *map(sql.own, ("subject", "purpose", "begins", "state", "made", "ends")),
            sql.labelled(_over(exp.Lead(this=sql.own("begins"))), "next"),
            sql.labelled(_over(sql.highest(sql.own("taken")), before=True), "taken"),
        ],
        by_begin.subquery("acts", copy=False),
    )
    until = sql.either(
        exp.Or(this=sql.absent(sql.own("next")), expression=sql.less(sql.own("ends"), sql.own("next"))),
        sql.own("ends"),
        sql.own("next"),
    )
    stands = exp.Or(
        this=sql.absent(sql.own("taken")), expression=sql.at_most(sql.own("taken"), sql.own("made"))
    )
    return sql.select(
        [
            sql.own("subject"),
            sql.own("purpose"),
            sql.labelled(sql.own("begins"), "since"),
            sql.labelled(until, "until"),
            sql.labelled(_over(exp.RowNumber()), "turn"),
        ],
        ranked.subquery("ranked", copy=False),
    ).where(sql.both(sql.equal(sql.own("state"), sql.number(VALID)), exp.Paren(this=stands)), copy=False)


def _by_begin(records: exp.Select) -> exp.Select:
    """What was said at each beginning: the worst, when it and when what takes away was known last, and the
    earliest end.
    """
    keys = ("subject", "purpose", "begins")
    taken = sql.when(sql.at_least(sql.own("state"), sql.number(EXPIRED)), sql.own("made"))
    return (
        sql.select(
            [
                *map(sql.own, keys),
                sql.labelled(sql.highest(sql.own("state")), "state"),
                sql.labelled(sql.highest(sql.own("made")), "made"),
                sql.labelled(sql.highest(taken), "taken"),
                sql.labelled(sql.lowest(sql.own("ends")), "ends"),
            ],
            records.subquery("records", copy=False),
        )
        .where(sql.at_least(sql.own("state"), sql.number(VALID)), copy=False)
        .group_by(*map(sql.own, keys), copy=False)
    )


def _over(what: exp.Expression, *, before: bool = False) -> exp.Expression:
    order = exp.Order(expressions=[exp.Ordered(this=sql.own("begins"), desc=False)])
    spec = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW", end_side=None
    )
    keys = [sql.own("subject"), sql.own("purpose")]
    return exp.Window(this=what, partition_by=keys, order=order, spec=spec if before else None)


def at_event(
    session: Session,
    table: SourceTable,
    held: exp.Expression,
    plan: ScanPlan,
    moment: TimeColumn,
    *,
    as_text: bool,
    clock: Clock,
) -> tuple[ConsentThen, ...]:
    """For each purpose on consent, the subjects all of whose rows were covered at their event time.

    Args:
        held: what :func:`spans` selects, or the name of a table that holds it.
        moment: the column that dates a row; rows of the night and before, with a date, are looked at.

    Raises:
        StatementFailed: the engine cannot join the two.
    """
    assert plan.contract.subject_key is not None
    subject = sql.named(plan.contract.subject_key)
    when = clock.told(moment, moment.value())
    rows = sql.select(
        [
            sql.labelled(sql.text_of(subject.copy()) if as_text else subject.copy(), "subject"),
            sql.labelled(when, "at"),
        ],
        table.relation,
    ).where(sql.both(sql.present(subject), moment.before(plan.as_of)), copy=False)
    return tuple(_covered(session, rows.copy(), held.copy(), of) for of in purposes_on_consent(plan))


def _covered(session: Session, rows: exp.Select, held: exp.Expression, purpose: str) -> ConsentThen:
    counted = sql.select(
        [
            sql.count(),
            sql.count_where(sql.equal(sql.own("covered"), sql.own("n"))),
            exp.Coalesce(this=exp.Sum(this=sql.own("n")), expressions=[sql.number(0)]),
            exp.Coalesce(this=exp.Sum(this=sql.own("covered")), expressions=[sql.number(0)]),
        ],
        _by_subject(rows, held, purpose).subquery("counted", copy=False),
    )
    ((subjects, covered, n, covered_rows),) = session.rows(sql.render(counted, session.dialect))
    return ConsentThen(purpose, Moment.EVENT, int(subjects), int(covered), int(n), int(covered_rows))


def _by_subject(rows: exp.Select, held: exp.Expression, purpose: str) -> exp.Select:
    """SELECT n, covered: each subject's rows, and those within one of the spans. Joined by equality alone,
    which engines do by hash; a row is counted at its subject's first span.
    """
    spans_of = sql.select(map(sql.own, ("subject", "since", "until", "turn")), held).where(
        sql.equal(sql.own("purpose"), exp.Literal.string(purpose)), copy=False
    )
    at, since, until, turn = (
        exp.column(name, table=of)
        for name, of in (("at", "happened"), ("since", "held"), ("until", "held"), ("turn", "held"))
    )
    within = sql.both(
        sql.at_least(at, since),
        exp.Paren(this=exp.Or(this=sql.absent(until), expression=sql.less(at, until))),
    )
    first = exp.Or(this=sql.absent(turn), expression=sql.equal(turn, sql.number(1)))
    on = sql.equal(exp.column("subject", table="happened"), exp.column("subject", table="held"))
    return (
        sql.select(
            [sql.labelled(sql.count_where(first), "n"), sql.labelled(sql.count_where(within), "covered")],
            rows.subquery("happened", copy=False),
        )
        .join(spans_of.subquery("held", copy=False), on=on, join_type="left", copy=False)
        .group_by(exp.column("subject", table="happened"), copy=False)
    )


def clock_of(moment: TimeColumn, consent: ConsentPlan, ledger: SourceTable, dialect: str) -> Clock:
    """By what a table's rows and the ledger's records are compared."""
    times = ledger_times(consent, ledger, dialect)
    columns = [column for column in (moment, times.made, times.begins, times.ends) if column is not None]
    if any(column.type.family == "date" for column in columns):
        return Clock.DAY
    alike = len({(column.type.name, column.type.zoned) for column in columns}) == 1
    return Clock.AS_IS if alike and moment.type.family == "timestamp" else Clock.INSTANT
