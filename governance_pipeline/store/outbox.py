"""Alerts that wait to be sent, in a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select, update

from governance_pipeline.store import refusals
from governance_pipeline.store.act_records import LEASE, alert_of, alert_row, settled_columns
from governance_pipeline.store.tables import alerts
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day, instant
from governance_pipeline.vocabulary.incident import Alert, AlertStatus


class SqlOutbox:
    """See :class:`ports.Outbox`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def enqueue(self, alert: Alert) -> bool:
        return self._transaction.insert_missing(alerts, alert_row(alert))

    def due(self, now: datetime, limit: int = 100) -> Sequence[Alert]:
        moment = instant(now, "the time of the poll")
        waiting = (
            select(alerts)
            .where(
                alerts.c.status == str(AlertStatus.PENDING),
                or_(alerts.c.not_before.is_(None), alerts.c.not_before <= moment),
            )
            .order_by(alerts.c.night, alerts.c.key)
            .limit(max(limit, 0))
        )
        leased = moment + LEASE
        claimed = [{**row, "not_before": leased} for row in self._transaction.claim(waiting)]
        if claimed:
            keys = [row["key"] for row in claimed]
            self._transaction.run(update(alerts).where(alerts.c.key.in_(keys)).values(not_before=leased))
        return [alert_of(row) for row in claimed]

    def settle(self, alert: Alert) -> None:
        row = alert_row(alert)
        here = alerts.c.key == row["key"]
        unsent = alerts.c.status != str(AlertStatus.SENT)
        touched = self._transaction.run(update(alerts).where(here, unsent).values(settled_columns(row)))
        if touched == 0 and self._transaction.row(select(alerts.c.key).where(here)) is None:
            raise refusals.alert_unknown(alert.key)

    def list(self, *, night: date | None = None) -> Sequence[Alert]:
        wanted = select(alerts).order_by(alerts.c.night, alerts.c.key)
        if night is not None:
            wanted = wanted.where(alerts.c.night == day(night, "a night"))
        return [alert_of(row) for row in self._transaction.rows(wanted)]
