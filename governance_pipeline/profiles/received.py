"""Records of consent that the store received, beside those of the mapped ledger: one relation for the join.

They are brought into the memory of the engine that runs in this process, and nowhere else: in a database a
person's id would stand in its statements and logs. Where they cannot be read beside the ledger, or the
ledger's mapping has no place for what they say, the consent of the table is not measured rather than wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus

_TEXTS = ("subject", "purpose", "basis", "notice", "jurisdiction")
_TIMES = ("recorded_at", "valid_from", "valid_to")


class ReceivedConsent(Protocol):
    """Where the records are."""

    def state(self) -> str:
        """Another text when the records are others; "" where there are none."""

    def records(self) -> Sequence[ConsentRecord]: ...


class ReceivedTables:
    """Keeps the records as a table of DuckDB, as long as they are the same."""

    def __init__(self, source: ReceivedConsent | None) -> None:
        self._source = source
        self._lock = Lock()
        self._tables: dict[str, tuple[str, Sequence[ConsentRecord]]] = {}

    def beside(self, session: Session, ledger: SourceTable, consent: ConsentPlan) -> SourceTable:
        """The ledger with the received records as further rows.

        Raises:
            StatementFailed: they cannot be read beside it.
        """
        state = "" if self._source is None else self._source.state()
        if not state:
            return ledger
        columns = consent.ledger
        if session.family != FILES:
            raise StatementFailed(
                "records of consent were received over the API, and the ledger is in a database: they can be"
                " read beside a ledger of files or of a DuckDB file only"
            )
        if not columns.by_row or columns.status is None:
            raise StatementFailed(
                "records of consent were received over the API: they can be read only beside a ledger with a"
                " row for each act, and a status"
            )
        name, records = self._table(session, state)
        _require_places(columns, ledger, records)
        held = sql.select([sql.named(column) for column, _ in ledger.schema], ledger.relation)
        further = sql.select(_as_in(ledger, columns, consent.zone), exp.table_(name))
        both = exp.Union(this=held, expression=further, distinct=False)
        rows = both.subquery("ledger_rows", copy=False).copy
        return replace(ledger, rows=rows, state=f"{ledger.state} {state}", parts=())

    def _table(self, session: Session, state: str) -> tuple[str, Sequence[ConsentRecord]]:
        with session.holding(self._lock):
            if state not in self._tables:
                assert self._source is not None
                records = self._source.records()
                name = f"received_{len(self._tables) + 1}"
                _stage(session, name, records)
                self._tables[state] = (name, records)
            return self._tables[state]


def _stage(session: Session, name: str, records: Sequence[ConsentRecord]) -> None:
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    columns = {
        field: pa.array([getattr(one, field) or None for one in records], pa.string()) for field in _TEXTS
    }
    columns["status"] = pa.array([str(one.status) for one in records], pa.string())
    columns |= {field: pa.array([getattr(one, field) for one in records], moment) for field in _TIMES}
    given = f"{name}_given"
    session.connection.register(given, pa.table(columns))
    try:
        query = sql.select([exp.Star()], exp.table_(given))
        session.rows(sql.render(exp.Create(this=exp.table_(name), kind="TABLE", expression=query), "duckdb"))
    finally:
        session.connection.unregister(given)


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


def _as_in(ledger: SourceTable, columns: ConsentLedger, zone: ZoneInfo) -> list[exp.Expression]:
    """A received record in the ledger's columns, and in their types."""
    fields = {getattr(columns, field): field for field in (*_TEXTS, *_TIMES)}
    found: list[exp.Expression] = []
    for name, type_ in ledger.schema:
        told: exp.Expression = exp.Null()
        if name == columns.status:
            told = _word(columns)
        elif name in fields:
            told = sql.own(fields[name])
            if type_.family == "date":  # a day of the ledger's calendar
                told = exp.Anonymous(this="timezone", expressions=[exp.Literal.string(zone.key), told])
        found.append(sql.labelled(_typed(told, type_, name), name))
    return found


def _typed(told: exp.Expression, type_: EngineType, name: str) -> exp.Expression:
    """What is told in the type of the ledger's column; an id that is no number there fails the statement."""
    if isinstance(told, exp.Null):
        return told
    kind = exp.DataType.Type
    if type_.family == "timestamp":
        return sql.cast(told, exp.DataType(this=kind.TIMESTAMPTZ if type_.zoned else kind.TIMESTAMP))
    if type_.family == "date":
        return sql.cast(told, exp.DataType(this=kind.DATE))
    if type_.family == "integer":
        return sql.cast(told, exp.DataType(this=kind.BIGINT))
    if type_.name == "uuid":
        return sql.cast(told, exp.DataType(this=kind.UUID))
    if type_.family == "string" and not type_.cast:
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
