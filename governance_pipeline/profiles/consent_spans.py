"""When each person's consent held: spans of time, from the records of a consent ledger, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.ledger import EXPIRED, VALID, heard, ledger_times, numbered
from governance_pipeline.profiles.ledger_forms import VendorMasks
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.session import StatementFailed
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


def clock_of(moment: TimeColumn, consent: ConsentPlan, ledger: SourceTable, dialect: str) -> Clock:
    """By what a table's rows and the ledger's records are compared."""
    times = ledger_times(consent, ledger, dialect)
    columns = [column for column in (moment, times.made, times.begins, times.ends) if column is not None]
    if any(column.type.family == "date" for column in columns):
        return Clock.DAY
    alike = len({(column.type.name, column.type.zoned) for column in columns}) == 1
    return Clock.AS_IS if alike and moment.type.family == "timestamp" else Clock.INSTANT


def spans(
    consent: ConsentPlan,
    ledger: SourceTable,
    plan: ScanPlan,
    dialect: str,
    purposes: Sequence[str],
    *,
    as_text: bool,
    vendors: VendorMasks | None,
    clock: Clock,
) -> exp.Select:
    """SELECT subject, purpose, since, until, further: when a consent held, for each of the ``purposes``, by
    its place among them. Spans of one subject do not overlap. Each subject of whom there is a record has one
    that is not ``further`` (1 or 0), and which is empty where the first record gave nothing.

    Raises:
        StatementFailed: a purpose is covered by its parent, so that one record does not say when it held.
    """
    if any(not line.decides for line in consent.words):
        raise StatementFailed("a purpose that its parent covers has no consent of its own at a past time")

    records, _ = heard(consent, ledger, plan, dialect, as_text=as_text, vendors=vendors, told=clock.told)
    by_begin = _by_begin(numbered(records, purposes))
    ranked = sql.select(
        [
            *map(sql.own, ("subject", "purpose", "begins", "state", "made", "ends")),
            sql.labelled(_over(exp.Lead(this=sql.own("begins"))), "next"),
            sql.labelled(_over(exp.RowNumber()), "place"),
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
    holds = sql.both(sql.equal(sql.own("state"), sql.number(VALID)), exp.Paren(this=stands))
    first = sql.equal(sql.own("place"), sql.number(1))
    return sql.select(
        [
            sql.own("subject"),
            sql.own("purpose"),
            sql.labelled(sql.own("begins"), "since"),
            sql.labelled(sql.either(holds, until, sql.own("begins")), "until"),
            sql.labelled(sql.either(first, sql.small(0), sql.small(1)), "further"),
        ],
        ranked.subquery("ranked", copy=False),
    ).where(exp.Or(this=exp.Paren(this=holds.copy()), expression=first.copy()), copy=False)


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
        .where(
            sql.both(sql.at_least(sql.own("state"), sql.number(VALID)), sql.present(sql.own("purpose"))),
            copy=False,
        )
        .group_by(*map(sql.own, keys), copy=False)
    )


def _over(what: exp.Expression, *, before: bool = False) -> exp.Expression:
    order = exp.Order(expressions=[exp.Ordered(this=sql.own("begins"), desc=False)])
    spec = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW", end_side=None
    )
    keys = [sql.own("subject"), sql.own("purpose")]
    return exp.Window(this=what, partition_by=keys, order=order, spec=spec if before else None)
