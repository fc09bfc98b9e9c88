"""Records of consent in a database: added, never changed, and removed only with the person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from governance_pipeline.store.consent_records import consent_of, consent_row
from governance_pipeline.store.tables import consent_records
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.consent import ConsentRecord

_AT_ONCE = 500


class SqlConsents:
    """See :class:`ports.Consents`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def take(self, records: Iterable[ConsentRecord], at: datetime) -> int:
        self._transaction.lock("consent records")
        rows = {row["digest"]: row for row in (consent_row(one, at) for one in records)}
        digests, column = list(rows), consent_records.c.digest
        for start in range(0, len(digests), _AT_ONCE):
            known = select(column).where(column.in_(digests[start : start + _AT_ONCE]))
            for row in self._transaction.rows(known):
                del rows[row["digest"]]
        self._transaction.upsert(consent_records, list(rows.values()))
        return len(rows)

    def all(self) -> Sequence[ConsentRecord]:
        columns = consent_records.c
        rows = self._transaction.rows(select(consent_records).order_by(columns.recorded_at, columns.digest))
        return [consent_of(row) for row in rows]

    def state(self) -> str:
        columns = consent_records.c
        row = self._transaction.row(
            select(func.count().label("held"), func.max(columns.received_at).label("newest"))
        )
        assert row is not None
        return f"{row['held']} {row['newest']}" if row["held"] else ""

    def count(self) -> int:
        row = self._transaction.row(select(func.count().label("held")).select_from(consent_records))
        return 0 if row is None else int(row["held"])

    def forget(self, subject: str, _at: datetime) -> int:
        named = key(subject, "a person's id")
        return self._transaction.run(delete(consent_records).where(consent_records.c.subject == named))
