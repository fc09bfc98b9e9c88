"""Sealed nights in a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from governance_pipeline.store.night_records import night_of, night_row
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.store.tables import nights
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day


class SqlNights:
    """See :class:`ports.Nights`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def seal(self, record: NightRecord) -> None:
        self._transaction.upsert(nights, [night_row(record)])

    def amend(self, night: date, at: datetime) -> None:
        """The ledger's alone; see :class:`ledgered.LedgeredNights`."""

    def get(self, night: date) -> NightRecord | None:
        row = self._transaction.row(select(nights).where(nights.c.night == day(night, "a night")))
        return None if row is None else night_of(row)

    def latest(self) -> NightRecord | None:
        row = self._transaction.row(select(nights).order_by(nights.c.night.desc()).limit(1))
        return None if row is None else night_of(row)

    def between(self, first: date, last: date) -> Sequence[NightRecord]:
        start, end = day(first, "the first night"), day(last, "the last night")
        rows = self._transaction.rows(
            select(nights).where(nights.c.night.between(start, end)).order_by(nights.c.night)
        )
        return [night_of(row) for row in rows]
