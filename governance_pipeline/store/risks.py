"""Risk scores in a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import delete, func, select

from governance_pipeline.store.night_records import first_night, risk_of, risk_rows
from governance_pipeline.store.tables import risks as table
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day, entity_key
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.risk import RiskScore


class SqlRisks:
    """See :class:`ports.Risks`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def replace(self, night: date, risks: Iterable[RiskScore]) -> None:
        rows = risk_rows(night, risks)
        self._transaction.lock(f"risks {night}")
        self._transaction.run(delete(table).where(table.c.night == day(night, "a night")))
        self._transaction.upsert(table, rows)

    def of_night(self, night: date) -> Sequence[RiskScore]:
        rows = self._transaction.rows(
            select(table)
            .where(table.c.night == day(night, "a night"))
            .order_by(table.c.score.desc(), table.c.entity)
        )
        return [risk_of(row) for row in rows]

    def history(self, entity: Entity, *, nights: int = 60) -> Sequence[RiskScore]:
        name = entity_key(entity)
        row = self._transaction.row(
            select(func.max(table.c.night).label("newest")).where(table.c.entity == name)
        )
        if nights < 1 or row is None or row["newest"] is None:
            return []
        rows = self._transaction.rows(
            select(table)
            .where(
                table.c.entity == name,
                table.c.night.between(first_night(row["newest"], nights), row["newest"]),
            )
            .order_by(table.c.night)
        )
        return [risk_of(found) for found in rows]
