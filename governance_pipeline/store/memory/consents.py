"""Records of consent in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from governance_pipeline.store.consent_records import consent_of, consent_row
from governance_pipeline.store.memory.transaction import MemoryTransaction
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.consent import ConsentRecord

_RECORDS = "consent_records"


class MemoryConsents:
    """See :class:`ports.Consents`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def take(self, records: Iterable[ConsentRecord], at: datetime) -> int:
        rows = [consent_row(one, at) for one in records]
        return sum(self._transaction.put_missing(_RECORDS, (row["digest"],), row) for row in rows)

    def all(self) -> Sequence[ConsentRecord]:
        rows = self._transaction.rows(_RECORDS, order=lambda row: (row["recorded_at"], row["digest"]))
        return [consent_of(row) for row in rows]

    def state(self) -> str:
        rows = self._transaction.rows(_RECORDS, order=lambda row: row["received_at"])
        return f"{len(rows)} {rows[-1]['received_at']}" if rows else ""

    def count(self) -> int:
        return len(self._transaction.rows(_RECORDS, order=lambda _: 0))

    def forget(self, subject: str, _at: datetime) -> int:
        named = key(subject, "a person's id")
        held = self._transaction.rows(_RECORDS, lambda row: row["subject"] == named, order=lambda _: 0)
        self._transaction.remove(_RECORDS, lambda row: row["subject"] == named)
        return len(held)
