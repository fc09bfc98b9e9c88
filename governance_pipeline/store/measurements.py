"""Measurements in a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, func, select

from governance_pipeline.store.night_records import FOUND, first_night, measurement_of, measurement_rows
from governance_pipeline.store.tables import measurements as table
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day, entity_key, key
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement

_FOUND: BindParameter[Sequence[str]] = bindparam("found", FOUND, expanding=True, literal_execute=True)
"""Written into the statement: only where SQLite sees them can it use the index of what was found."""


class SqlMeasurements:
    """See :class:`ports.Measurements`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def replace(
        self, night: date, measurements: Iterable[Measurement], *, entities: Iterable[Entity]
    ) -> None:
        rows = measurement_rows(night, measurements)
        outdated = [{"of_night": night, "of_entity": name} for name in sorted({*map(entity_key, entities)})]
        self._transaction.lock(f"measurements {night}")
        self._transaction.run(
            delete(table).where(
                table.c.night == bindparam("of_night"), table.c.entity == bindparam("of_entity")
            ),
            outdated,
        )
        self._transaction.upsert(table, rows)

    def of_night(self, night: date) -> Sequence[Measurement]:
        rows = self._transaction.rows(
            select(table)
            .where(table.c.night == day(night, "a night"))
            .order_by(table.c.entity, table.c.indicator, table.c.facet)
        )
        return [measurement_of(row) for row in rows]

    def found(self, indicator: str, first: date, last: date) -> Sequence[tuple[date, str, str]]:
        rows = self._transaction.rows(
            select(table.c.night, table.c.entity, table.c.facet)
            .where(
                table.c.night.between(day(first, "the first night"), day(last, "the last night")),
                table.c.indicator == key(indicator, "an indicator's name"),
                table.c.outcome.in_(_FOUND),
                table.c.value.is_not(None),
            )
            .order_by(table.c.night, table.c.entity, table.c.facet)
        )
        return [(row["night"], row["entity"], row["facet"]) for row in rows]

    def history(
        self,
        entity: Entity,
        indicator: str | None = None,
        facet: str | None = None,
        *,
        last: date | None = None,
        nights: int = 60,
    ) -> Sequence[Measurement]:
        if nights < 1:
            return []
        wanted = [table.c.entity == entity_key(entity)]
        if indicator is not None:
            wanted.append(table.c.indicator == key(indicator, "an indicator's name"))
        if facet is not None:
            wanted.append(table.c.facet == key(facet, "a facet"))
        newest = self._newest(wanted) if last is None else day(last, "the last night")
        if newest is None:
            return []
        wanted.append(table.c.night.between(first_night(newest, nights), newest))
        rows = self._transaction.rows(
            select(table).where(*wanted).order_by(table.c.night, table.c.indicator, table.c.facet)
        )
        return [measurement_of(row) for row in rows]

    def _newest(self, wanted: Sequence[ColumnElement[bool]]) -> date | None:
        row = self._transaction.row(select(func.max(table.c.night).label("newest")).where(*wanted))
        newest: date | None = None if row is None else row["newest"]
        return newest
