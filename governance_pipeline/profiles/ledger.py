"""The consent ledger's states: from its records to one state for each subject and purpose, in SQL.

The rule stands at the head of :mod:`governance_pipeline.profiles.consent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from governance_pipeline.charter.consent_ledger import ConsentLedger
from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.ledger_forms import Acts, VendorMasks, acts, filled_in, truth
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.purposes import differ_in_rank, mapped, say_more_than_themselves
from governance_pipeline.profiles.session import StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

Told = Callable[[TimeColumn, exp.Expression], exp.Expression]
"""How a time of a record is converted, given its column."""

VOID, WRONG_BASIS = -1, 0
VALID, EXPIRED, WITHDRAWN = 1, 2, 3
_CONSENT = ("consent", "explicit_consent", "explicit consent")  # GDPR art. 6(1)(a) and 9(2)(a)
_VOCABULARY = "https://w3id.org/dpv/legal/eu/gdpr#"  # W3C DPV, extension EU-GDPR
_TERMS = ("A6-1-a", "A6-1-a-explicit-consent", "A6-1-a-non-explicit-consent", "A9-2-a")


def ledger_states(
    consent: ConsentPlan,
    ledger: SourceTable,
    plan: ScanPlan,
    dialect: str,
    purposes: Sequence[str],
    *,
    as_text: bool,
    vendors: VendorMasks | None = None,
) -> exp.Select:
    """SELECT subject, s0, s1, ...: what the ledger says as of the night of everyone it knows, for each of the
    ``purposes``, and null where it knows them for others only; see
    :mod:`governance_pipeline.profiles.consent`.

    Args:
        vendors: what our vendor may do by the end of a TC string, where the ledger holds such strings.

    Raises:
        StatementFailed: the ledger lacks a column that its mapping names.
    """
    records, keys = heard(consent, ledger, plan, dialect, as_text=as_text, vendors=vendors)
    records = numbered(records, purposes)
    latest = consent.conflict == "latest_recorded"
    standing = (_latest(records, keys) if latest else _standing(records, keys)).subquery(
        "standing", copy=False
    )
    states = []
    for position in range(len(purposes)):
        mine = sql.equal(sql.own("purpose"), sql.number(position))
        states.append(sql.labelled(sql.highest(sql.when(mine, _deciding(keys))), f"s{position}"))
    return sql.select([sql.own("subject"), *states], standing).group_by(sql.own("subject"), copy=False)


def heard(
    consent: ConsentPlan,
    ledger: SourceTable,
    plan: ScanPlan,
    dialect: str,
    *,
    as_text: bool,
    vendors: VendorMasks | None,
    told: Told | None = None,
) -> tuple[exp.Select, list[str]]:
    """The records of :func:`records_of` by our own purposes, and the columns that tell them apart."""
    records = records_of(consent, ledger, plan, dialect, as_text=as_text, vendors=vendors, told=told)
    keys = ["subject", "purpose"]
    ends = ["ends"] if told is not None else []
    if say_more_than_themselves(consent.words):
        further = [*ends, *(["notice"] if consent.notices else [])]
        records = mapped(records, consent.words, WITHDRAWN, *further)
        keys += ["place", "decides"] if differ_in_rank(consent.words) else []
    if consent.notices:
        records = _on_fit_notices(records, consent.notices, [*keys, *ends])
    return records, keys


def numbered(records: exp.Select, purposes: Sequence[str]) -> exp.Select:
    """The records, with the place of their purpose among ``purposes`` for its name, null for another one: to
    group and to order by texts takes engines several times as long.
    """
    places = [
        exp.If(this=sql.equal(sql.own("purpose"), exp.Literal.string(name)), true=sql.small(place))
        for place, name in enumerate(purposes)
    ]
    kept = [name for name in records.named_selects if name != "purpose"]
    return sql.select(
        [*map(sql.own, kept), sql.labelled(exp.Case(ifs=places), "purpose")],
        records.subquery("heard", copy=False),
    )


def _deciding(keys: Sequence[str]) -> exp.Expression:
    """The state; where purposes have ranks, below the highest only that of a withdrawal."""
    if "decides" not in keys:
        return sql.own("state")
    decides = sql.equal(sql.own("decides"), sql.number(1))
    withdrawn = sql.equal(sql.own("state"), sql.number(WITHDRAWN))
    return sql.when(exp.Or(this=decides, expression=withdrawn), sql.own("state"))


def _latest(records: exp.Select, keys: Sequence[str]) -> exp.Select:
    """Of each subject and purpose the record made last."""
    rank = exp.Window(this=exp.RowNumber(), partition_by=_partition(keys), order=_latest_first())
    ranked = sql.select(
        [*map(sql.own, (*keys, "state")), sql.labelled(rank, "turn")], records.subquery("records", copy=False)
    )
    return sql.select(map(sql.own, (*keys, "state")), ranked.subquery("ranked", copy=False)).where(
        sql.equal(sql.own("turn"), sql.number(1)), copy=False
    )


def _standing(records: exp.Select, keys: Sequence[str]) -> exp.Select:
    """The records that nothing supersedes; of several made at once with one beginning, a worst one."""
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
        records.subquery("records", copy=False),
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
            exp.Ordered(this=sql.own(name), desc=True, nulls_first=False)
            for name in ("made", "begins", "state")
        ]
    )


@dataclass(frozen=True, slots=True)
class LedgerTimes:
    """The ledger's columns of time; None where its mapping says that it has no such column."""

    made: TimeColumn
    begins: TimeColumn | None
    ends: TimeColumn | None


def ledger_times(consent: ConsentPlan, ledger: SourceTable, dialect: str) -> LedgerTimes:
    """Raises StatementFailed where a column is missing or is no time."""
    columns = consent.ledger
    _need(ledger, *(column for _, column in columns.named() if column != columns.basis))
    begins, ends = (
        None if name is None else _time(ledger, name, consent.zone, dialect)
        for name in (columns.valid_from, columns.valid_to)
    )
    return LedgerTimes(_time(ledger, columns.recorded_at, consent.zone, dialect), begins, ends)


def records_of(
    consent: ConsentPlan,
    ledger: SourceTable,
    plan: ScanPlan,
    dialect: str,
    *,
    as_text: bool,
    vendors: VendorMasks | None,
    told: Told | None = None,
) -> exp.Select:
    """Step 1 of the rule, record by record: subject, purpose, begins, made, state (and notice).

    What gives and does not count has a state below VALID and no times, so that it supersedes nothing.

    Args:
        told: how times are converted where ``ends`` is asked for too; a consent then has the state VALID
            although it may have ended by the night.
    """
    columns = consent.ledger
    times = ledger_times(consent, ledger, dialect)
    made, begins, ends = times.made, times.begins, times.ends
    known = plan.as_of + timedelta(microseconds=1)  # "not after as_of" is "before the next instant"
    act = acts(consent, ledger, vendors)
    over = None if ends is None or told is not None else ends.before(known)
    idle = _idle(columns, ledger)
    made_known = exp.Or(
        this=made.before(plan.as_of),
        expression=sql.both(sql.absent(made.value()), exp.Not(this=exp.Paren(this=act.given.copy()))),
    )
    conditions: list[exp.Expression] = [exp.Paren(this=made_known)]
    if begins is not None:
        conditions.append(exp.Or(this=begins.before(known), expression=sql.absent(begins.value())))
    if act.said is not None:
        conditions.append(act.said)
    when_made = exp.Coalesce(this=made.value(), expressions=[made.bound(plan.as_of)])
    start = _beginning(times, when_made, told)
    subject = sql.named(columns.subject)
    selected = [
        sql.labelled(sql.text_of(subject) if as_text else subject, "subject"),
        sql.labelled(act.purpose, "purpose"),
        sql.labelled(start, "begins"),
        sql.labelled(when_made.copy(), "made"),
        sql.labelled(_state(act, idle, over), "state"),
    ]
    if told is not None:
        end = told(made, sql.when(exp.false(), made.value())) if ends is None else told(ends, ends.value())
        selected.append(sql.labelled(end, "ends"))
    if consent.notices:
        if columns.notice is None:
            raise StatementFailed("the playbook asks for notices, but no column of the ledger says which")
        selected.append(sql.labelled(sql.text_of(sql.named(columns.notice)), "notice"))
    found = sql.select(selected, act.relation)
    if act.join is not None:
        found = found.join(act.join, copy=False)
    found = found.where(sql.both(*conditions), copy=False)
    return _without_times_of_the_idle(found) if idle else found


def _beginning(times: LedgerTimes, when_made: exp.Expression, told: Told | None) -> exp.Expression:
    """When a record begins; one that does not say so begins when it was made."""
    made, begins = times.made, times.begins
    if told is None:
        return when_made.copy() if begins is None else _start(begins, made, when_made)
    start = told(made, when_made.copy())
    if begins is None:
        return start
    return exp.Coalesce(this=told(begins, begins.value()), expressions=[start])


def _without_times_of_the_idle(records: exp.Select) -> exp.Select:
    """The state is asked here and not again what it was made from: it is computed once."""
    counts = sql.at_least(sql.own("state"), sql.number(VALID))
    kept = [name for name in records.named_selects if name not in ("begins", "made")]
    return sql.select(
        [
            *map(sql.own, kept),
            *(sql.labelled(sql.when(counts.copy(), sql.own(name)), name) for name in ("begins", "made")),
        ],
        records.subquery("acts", copy=False),
    ).where(sql.present(sql.own("state")), copy=False)


def _idle(columns: ConsentLedger, ledger: SourceTable) -> list[tuple[exp.Expression, int]]:
    """Why what gives may not count, and the state that it has then."""
    foreign, void = _on_another_basis(columns, ledger), _any_of(_faults(columns, ledger))
    found = ((foreign, WRONG_BASIS), (void, VOID))
    return [(condition, state) for condition, state in found if condition is not None]


def _state(
    act: Acts, idle: Sequence[tuple[exp.Expression, int]], over: exp.Expression | None
) -> exp.Expression:
    """What one record says; null of what never counted and is over."""
    given = _cases([(condition, sql.number(state)) for condition, state in idle], sql.number(VALID))
    if over is not None:
        lapsed = _cases([(condition.copy(), exp.Null()) for condition, _ in idle], sql.number(EXPIRED))
        given = _cases([(over, lapsed)], given)
    branches = [exp.If(this=act.given.copy(), true=given)]
    if act.lapsed is not None:
        branches.append(exp.If(this=act.lapsed, true=sql.number(EXPIRED)))
    return exp.Case(ifs=branches, default=sql.number(WITHDRAWN))


def _cases(
    branches: Sequence[tuple[exp.Expression, exp.Expression]], default: exp.Expression
) -> exp.Expression:
    if not branches:
        return default
    return exp.Case(ifs=[exp.If(this=when, true=then) for when, then in branches], default=default)


def _need(ledger: SourceTable, *columns: str) -> None:
    for name in columns:
        if ledger.type_of(name) is None:
            raise StatementFailed(f"the consent ledger has no column '{name}'")


def _any_of(conditions: Iterator[exp.Expression]) -> exp.Expression | None:
    """Any of the conditions; None where there are none."""
    found: exp.Expression | None = None
    for one in conditions:
        found = one.copy() if found is None else exp.Or(this=found, expression=one.copy())
    return None if found is None else exp.Paren(this=found)


def _on_another_basis(columns: ConsentLedger, ledger: SourceTable) -> exp.Expression | None:
    """What a ledger gives on another basis is no consent; what it takes away counts on any basis."""
    if columns.basis is None or ledger.type_of(columns.basis) is None:
        return None
    basis = sql.text_of(sql.named(columns.basis))
    words = {*_CONSENT, *(f"{_VOCABULARY}{term}".lower() for term in _TERMS)}
    words |= {f"eu-gdpr:{term}".lower() for term in _TERMS}
    ours = {word.lower(): named for word, named in columns.bases.items()}
    words = {word for word in words if ours.get(word, LawfulBasis.CONSENT) is LawfulBasis.CONSENT}
    words |= {word for word, named in ours.items() if named is LawfulBasis.CONSENT}
    on_consent = exp.In(
        this=exp.Lower(this=basis), expressions=[exp.Literal.string(word) for word in sorted(words)]
    )
    return sql.both(sql.present(basis.copy()), exp.Not(this=exp.Paren(this=on_consent)))


def _faults(columns: ConsentLedger, ledger: SourceTable) -> Iterator[exp.Expression]:
    """Why a consent may not count: given under another law, or by a minor alone."""
    if columns.jurisdiction is not None and columns.jurisdictions:
        law = sql.text_of(sql.named(columns.jurisdiction))
        known = exp.In(this=law, expressions=[exp.Literal.string(word) for word in columns.jurisdictions])
        yield exp.Not(this=exp.Coalesce(this=known, expressions=[exp.false()]))
    guardians = columns.guardians
    if guardians is not None:
        agreed = filled_in(guardians.consent, ledger)
        yield sql.both(truth(guardians.minor, ledger, guardians.is_minor), exp.Not(this=agreed))


def _on_fit_notices(
    records: exp.Select, notices: Sequence[tuple[str, tuple[str, ...]]], keys: Sequence[str]
) -> exp.Select:
    """The records, of which a consent that was given on a notice that did not tell of the purpose is void."""
    gives = exp.In(this=sql.own("state"), expressions=[sql.number(VALID), sql.number(EXPIRED)])
    unfit = [
        sql.both(
            sql.equal(sql.own("purpose"), exp.Literal.string(purpose)),
            exp.Not(
                this=exp.Coalesce(
                    this=exp.In(this=sql.own("notice"), expressions=list(map(exp.Literal.string, fit))),
                    expressions=[exp.false()],
                )
            ),
        )
        for purpose, fit in notices
    ]
    any_unfit = _any_of(iter(unfit))
    assert any_unfit is not None
    void = sql.both(gives, any_unfit)
    return sql.select(
        [
            *map(sql.own, keys),
            *(
                sql.labelled(sql.either(void.copy(), exp.Null(), sql.own(name)), name)
                for name in ("begins", "made")
            ),
            sql.labelled(sql.either(void.copy(), sql.number(VOID), sql.own("state")), "state"),
        ],
        records.subquery("heard", copy=False),
    )


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
