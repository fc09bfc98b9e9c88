"""Subject manifests in a database; their sets in a table of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from governance_pipeline.store.subject_records import manifest_of, manifest_row
from governance_pipeline.store.tables import subject_manifests, subject_sets
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import instant, key
from governance_pipeline.vocabulary.subjects import SubjectManifest


class SqlSubjects:
    """See :class:`ports.Subjects`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, manifest: SubjectManifest, body: bytes | None) -> None:
        row = manifest_row(manifest)
        self._transaction.upsert(subject_manifests, [row])
        place = {"model": row["model"], "version": row["version"]}
        if body is None:
            self._drop(manifest.model, manifest.version)
        else:
            self._transaction.upsert(subject_sets, [{**place, "body": body}])

    def all(self) -> Sequence[SubjectManifest]:
        columns = subject_manifests.c
        rows = self._transaction.rows(select(subject_manifests).order_by(columns.model, columns.version))
        return [manifest_of(row) for row in rows]

    def body(self, model: str, version: str) -> bytes | None:
        row = self._transaction.row(
            select(subject_sets.c.body).where(
                subject_sets.c.model == key(model, "a model's name"),
                subject_sets.c.version == key(version, "a model version"),
            )
        )
        return None if row is None else bytes(row["body"])

    def erase(self, model: str, version: str, at: datetime) -> None:
        columns = subject_manifests.c
        self._drop(model, version)
        self._transaction.run(
            update(subject_manifests)
            .where(columns.model == model, columns.version == version, columns.erased_at.is_(None))
            .values(erased_at=instant(at, "the time of an erasure"))
        )

    def _drop(self, model: str, version: str) -> None:
        self._transaction.run(
            delete(subject_sets).where(
                subject_sets.c.model == key(model, "a model's name"),
                subject_sets.c.version == key(version, "a model version"),
            )
        )
