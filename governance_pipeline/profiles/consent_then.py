"""Consent at other moments than tonight: when each row came about, and when a snapshot was trained on.

At a row's own event time, by all that is known tonight, a row is covered if a consent of its subject held
then: it had begun, had not ended, and neither a later beginning record nor a later made withdrawal had
taken it away. At training time the ledger is asked as it was known then.

Every row of the table has to be looked at, and with a person's spans beside it that takes about as long as
a plain join of the two tables. Where most consents held for as long as the table's rows reach back, only
the rows of the others are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlglot import exp

from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.consent_spans import Clock
from governance_pipeline.profiles.instants import EARLIEST, TimeColumn
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import ConsentTally, ConsentThen, Moment
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable

_LARGE = 100_000
"""Rows of a table; of a smaller one a look at the spans takes longer than it spares."""
_DAY = timedelta(days=1)  # nobody is said to be covered for a whole table by less


@dataclass(frozen=True, slots=True)
class Now:
    """What is known of the table as of the night.

    Attributes:
        tallies: by purpose.
        known: a table of the people whom the ledger knows; None where such a table is not kept.
        oldest: the oldest event time in the table.
        undated: rows without one.
    """

    tallies: Mapping[str, ConsentTally]
    known: exp.Expression | None = None
    oldest: datetime | None = None
    undated: int = 0


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


def at_event(
    session: Session,
    table: SourceTable,
    held: exp.Expression,
    plan: ScanPlan,
    moment: TimeColumn,
    now: Now,
    *,
    told: Sequence[str],
    as_text: bool,
    clock: Clock,
) -> tuple[ConsentThen, ...]:
    """For each purpose on consent, the subjects all of whose rows were covered at their event time.

    Args:
        held: what :func:`consent_spans.spans` selects, or the name of a table that holds it.
        moment: the column that dates a row; rows of the night and before, with a date, are looked at.
        told: the purposes whose spans ``held`` tells, in order; all of the contract's are among them.

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
    any_purpose = next(iter(now.tallies.values()))
    subjects, dated = _dated(session, rows, any_purpose, now.undated)
    large = any_purpose.rows >= _LARGE and now.known is not None
    alike = large and not now.undated  # then the tally tells of the same rows
    covers = _covers(moment, clock, now.oldest, plan.as_of) if alike else None
    found = []
    for purpose in purposes_on_consent(plan):
        of = _held_for(held, told.index(purpose))
        none = ConsentThen(purpose, Moment.EVENT, subjects, 0, dated, 0)
        spans = _look_at(session, of, covers) if large else _Spans(True)
        if now.known is not None and covers is not None and spans.mostly_cover:
            others = _not_covering(now.known, of, covers)
            some = _outside(session, rows, others, join="inner", further=spans.further)
            unknown = now.tallies[purpose]
            bare = some[0] + unknown.absent, some[1] + unknown.rows_absent
        else:
            bare = _outside(session, rows, of, join="left", further=spans.further)
        found.append(replace(none, covered=none.subjects - bare[0], rows_covered=none.rows - bare[1]))
    return tuple(found)


def _dated(session: Session, rows: exp.Select, now: ConsentTally, undated: int) -> tuple[int, int]:
    """Subjects and rows that have a date. To count the people of a large table takes long, and where every
    row has one, the tally as of the night has counted them.
    """
    if not undated:
        return now.subjects, now.rows
    asked = sql.select(
        [sql.count(sql.own("subject"), distinct=True), sql.count()],
        rows.copy().subquery("happened", copy=False),
    )
    ((subjects, dated),) = session.rows(sql.render(asked, session.dialect))
    return int(subjects), int(dated)


def _held_for(held: exp.Expression, place: int) -> exp.Select:
    return sql.select(map(sql.own, ("subject", "since", "until", "further")), held.copy()).where(
        sql.equal(sql.own("purpose"), sql.number(place)), copy=False
    )


def _covers(
    moment: TimeColumn, clock: Clock, oldest: datetime | None, as_of: datetime
) -> exp.Expression | None:
    """Whether a span holds for all rows of the table, with a day to spare; None where that cannot be told."""
    if oldest is None or oldest <= EARLIEST + _DAY:
        return None
    first, last = (clock.told(moment, moment.bound(at)) for at in (oldest - _DAY, as_of + _DAY))
    lasts = exp.Or(this=sql.absent(sql.own("until")), expression=sql.at_least(sql.own("until"), last))
    return sql.both(sql.at_most(sql.own("since"), first), exp.Paren(this=lasts))


@dataclass(frozen=True, slots=True)
class _Spans:
    """What the spans for a purpose are like, by which the quicker of several ways is taken.

    Attributes:
        further: whether somebody has more than one.
        mostly_cover: whether half of them hold for the whole table; where fewer do, to set these apart takes
            longer than it spares.
    """

    further: bool
    mostly_cover: bool = False


def _look_at(session: Session, spans_of: exp.Select, covers: exp.Expression | None) -> _Spans:
    further = sql.count_where(sql.equal(sql.own("further"), sql.number(1)))
    covering = sql.number(0) if covers is None else sql.count_where(covers.copy())
    asked = sql.select([sql.count(), further, covering], spans_of.copy().subquery("held", copy=False))
    ((spans, more, whole),) = session.rows(sql.render(asked, session.dialect))
    return _Spans(bool(int(more)), 2 * int(whole) >= int(spans) > 0)


def _not_covering(known: exp.Expression, spans_of: exp.Select, covers: exp.Expression) -> exp.Select:
    """The spans of everybody whom the ledger knows and none of whose spans holds for the whole table; of who
    has no span, one row without.
    """

    def held(condition: exp.Expression) -> exp.Subquery:
        return spans_of.copy().where(condition, copy=False).subquery("held", copy=False)

    on = sql.equal(exp.column("subject", table="known"), exp.column("subject", table="held"))
    everybody = exp.alias_(known.copy(), "known", table=True, copy=False)
    others = (
        exp.Select(expressions=[exp.column("subject", table="known")])
        .from_(everybody, copy=False)
        .join(held(covers.copy()), on=on.copy(), join_type="anti", copy=False)
    )
    told = (
        exp.column(name, table="known" if name == "subject" else "held")
        for name in ("subject", "since", "until", "further")
    )
    return sql.select(told, others.subquery("known", copy=False)).join(
        held(exp.Not(this=exp.Paren(this=covers.copy()))), on=on, join_type="left", copy=False
    )


def _outside(
    session: Session, rows: exp.Select, held: exp.Select, *, join: str, further: bool
) -> tuple[int, int]:
    """How many people have a row outside of all their spans, and how many such rows there are."""
    counted = sql.select(
        [
            sql.count_where(exp.GT(this=sql.own("bare"), expression=sql.number(0))),
            exp.Coalesce(this=exp.Sum(this=sql.own("bare")), expressions=[sql.number(0)]),
        ],
        _bare(rows.copy(), held, join, further=further).subquery("counted", copy=False),
    )
    ((subjects, bare),) = session.rows(sql.render(counted, session.dialect))
    return int(subjects), int(bare)


def _bare(rows: exp.Select, held: exp.Select, join: str, *, further: bool) -> exp.Select:
    """SELECT bare: the rows outside of all spans, of each subject that may have any.

    Joined by equality alone, which engines do by hash. A row is bare if it is outside of its subject's first
    span, or there is none, unless it is within a further one: these pairs are few, and only they are grouped.
    With one more column of the spans the join takes a quarter longer: ``further`` is left out where nobody
    has any.
    """
    at, since, until = (
        exp.column(name, table=of) for name, of in (("at", "happened"), ("since", "held"), ("until", "held"))
    )
    within = sql.both(
        sql.at_least(at, since),
        exp.Paren(this=exp.Or(this=sql.absent(until), expression=sql.less(at.copy(), until.copy()))),
    )
    place: exp.Expression = sql.number(0)
    if further:
        place = exp.Coalesce(this=exp.column("further", table="held"), expressions=[sql.number(0)])
    tells = sql.equal(sql.either(within, sql.number(1), sql.number(0)), place)
    sign = sql.either(sql.equal(place.copy(), sql.number(0)), sql.number(1), sql.number(-1))
    on = sql.equal(exp.column("subject", table="happened"), exp.column("subject", table="held"))
    return (
        sql.select([sql.labelled(exp.Sum(this=sign), "bare")], rows.subquery("happened", copy=False))
        .join(held.subquery("held", copy=False), on=on, join_type=join, copy=False)
        .where(tells, copy=False)
        .group_by(exp.column("subject", table="happened"), copy=False)
    )
