"""Records of consent that the store received, beside those of the mapped ledger: one relation for the join.

They are brought to where the ledger is, see :mod:`received_stage`. Where they cannot be read beside it, or
the ledger's mapping has no place for what they say, the consent of the table is not measured rather than
wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlglot import exp

from governance_pipeline.charter.consent_ledger import ConsentLedger
from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.connect import FILES
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.received_stage import (
    SPARK,
    TEXTS,
    TIMES,
    bring_into_files,
    bring_into_postgres,
    bring_into_spark,
    is_in_postgres,
    table_for,
)
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus


class ReceivedConsent(Protocol):
    """Where the records are."""

    def state(self) -> str:
        """Another text when the records are others; "" where there are none."""

    def records(self) -> Sequence[ConsentRecord]: ...


class ReceivedTables:
    """Keeps the records as a table beside the ledger, as long as they are the same."""

    def __init__(self, source: ReceivedConsent | None) -> None:
        self._source = source
        self._lock = Lock()
        self._held: dict[str, Sequence[ConsentRecord]] = {}
        self._in_files: set[str] = set()

    def bring(self, session: Session) -> None:
        """Make the records a table of a Postgres session, before its transaction begins. Where that cannot
        be, :meth:`beside` says so: the rest of the table is measured all the same.
        """
        state = "" if self._source is None else self._source.state()
        if state and session.dialect == "postgres":
            with suppress(StatementFailed):
                bring_into_postgres(session, table_for(state), self._records(session, state))

    def beside(self, session: Session, ledger: SourceTable, consent: ConsentPlan) -> SourceTable:
        """The ledger with the received records as further rows.

        Raises:
            StatementFailed: they cannot be read beside it.
        """
        state = "" if self._source is None else self._source.state()
        if not state:
            return ledger
        columns = consent.ledger
        if not columns.by_row or columns.status is None:
            raise StatementFailed(
                "records of consent were received over the API: they can be read only beside a ledger with a"
                " row for each act, and a status"
            )
        name, records = self._table(session, state), self._records(session, state)
        _require_places(columns, ledger, records)
        held = sql.select([sql.named(column) for column, _ in ledger.schema], ledger.relation)
        further = sql.select(_as_in(ledger, columns, consent.zone, session.dialect), exp.table_(name))
        both = exp.Union(this=held, expression=further, distinct=False)
        rows = both.subquery("ledger_rows", copy=False).copy
        return replace(ledger, rows=rows, state=f"{ledger.state} {state}", parts=())

    def _table(self, session: Session, state: str) -> str:
        name = table_for(state)
        if session.family == FILES:
            records = self._records(session, state)
            with session.holding(self._lock):
                if state not in self._in_files:
                    bring_into_files(session, name, records)
                    self._in_files.add(state)
        elif session.dialect == "postgres":
            if not is_in_postgres(session, name):
                raise StatementFailed(
                    "records of consent were received over the API, and cannot be brought beside the ledger:"
                    " the user of the connection needs the right to make temporary tables"
                )
        elif session.dialect in SPARK:
            bring_into_spark(session, name, self._records(session, state))
        else:
            raise StatementFailed(
                "records of consent were received over the API, and the ledger is in a database beside which"
                " they cannot be read: they can in files, DuckDB, Postgres and Spark"
            )
        return name

    def _records(self, session: Session, state: str) -> Sequence[ConsentRecord]:
        with session.holding(self._lock):
            if state not in self._held:
                assert self._source is not None
                self._held = {state: self._source.records()}
            return self._held[state]


def _require_places(columns: ConsentLedger, ledger: SourceTable, records: Sequence[ConsentRecord]) -> None:
    """Refuse records that say what the mapping has no column for, where it would change the answer."""
    says = {
        "basis": any(one.basis != LawfulBasis.CONSENT for one in records),
        "valid_from": any(one.valid_from not in (None, one.recorded_at) for one in records),
        "valid_to": any(one.valid_to is not None for one in records),
    }
    for field, said in says.items():
        column = getattr(columns, field)
        if said and (column is None or ledger.type_of(column) is None):
            raise StatementFailed(
                f"records received over the API say {field}, for which the ledger has no column"
            )


def _as_in(ledger: SourceTable, columns: ConsentLedger, zone: ZoneInfo, dialect: str) -> list[exp.Expression]:
    """A received record in the ledger's columns, and in their types."""
    fields = {getattr(columns, field): field for field in (*TEXTS, *TIMES)}
    found: list[exp.Expression] = []
    for name, type_ in ledger.schema:
        told: exp.Expression = exp.Null()
        if name == columns.status:
            told = _word(columns)
        elif name in fields:
            told = sql.own(fields[name])
            if type_.family == "date":  # a day of the ledger's calendar
                told = exp.AtTimeZone(this=told, zone=exp.Literal.string(zone.key))
        found.append(sql.labelled(_typed(told, type_, name, dialect), name))
    return found


def _typed(told: exp.Expression, type_: EngineType, name: str, dialect: str) -> exp.Expression:
    """What is told in the type of the ledger's column; an id that is no number there fails the statement."""
    if isinstance(told, exp.Null):
        return told
    kind = exp.DataType.Type
    if type_.family == "timestamp" and not type_.zoned:  # naive times are read as UTC
        naive = exp.AtTimeZone(this=told, zone=exp.Literal.string("UTC"))
        return sql.cast(naive, sql.naive_timestamp(dialect))
    fitting = {"timestamp": kind.TIMESTAMPTZ, "date": kind.DATE, "integer": kind.BIGINT}.get(type_.family)
    if type_.name == "uuid":
        fitting = kind.UUID
    if fitting is not None:
        return sql.cast(told, exp.DataType(this=fitting))
    if type_.family == "string" and type_.dtype is not None and type_.dtype.is_string():
        return told
    raise StatementFailed(f"records received over the API do not fit the ledger's column '{name}'")


def _word(columns: ConsentLedger) -> exp.Expression:
    """The status in the ledger's own words."""
    withdrawn = "withdrawn"
    while withdrawn in columns.given or withdrawn in columns.expired:
        withdrawn = f"not {withdrawn}"
    words = {
        ConsentStatus.GIVEN: columns.given[0] if columns.given else withdrawn,
        ConsentStatus.EXPIRED: columns.expired[0] if columns.expired else withdrawn,
    }
    branches = [
        exp.If(
            this=sql.equal(sql.own("status"), exp.Literal.string(str(status))),
            true=exp.Literal.string(word),
        )
        for status, word in words.items()
    ]
    return exp.Case(ifs=branches, default=exp.Literal.string(withdrawn))
