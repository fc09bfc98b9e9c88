"""Discovered model versions in a database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from governance_pipeline.store.act_records import version_of, version_row
from governance_pipeline.store.tables import versions
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.review import ModelVersion


class SqlVersions:
    """See :class:`ports.Versions`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, version: ModelVersion) -> bool:
        row = version_row(version)
        if self._transaction.insert_missing(versions, row):
            return True
        self._transaction.upsert(versions, [row])  # its stage, aliases or digest may have changed
        return False

    def get(self, model: str, version: str) -> ModelVersion | None:
        row = self._transaction.row(
            select(versions).where(
                versions.c.model == key(model, "a model's name"),
                versions.c.version == key(version, "a model version"),
            )
        )
        return None if row is None else version_of(row)

    def of_model(self, model: str) -> Sequence[ModelVersion]:
        rows = self._transaction.rows(
            select(versions)
            .where(versions.c.model == key(model, "a model's name"))
            .order_by(versions.c.registered_at, versions.c.version)
        )
        return [version_of(row) for row in rows]
