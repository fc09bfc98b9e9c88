"""Subject manifests in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from governance_pipeline.store.memory.transaction import MemoryTransaction
from governance_pipeline.store.subject_records import manifest_of, manifest_row
from governance_pipeline.store.values import instant, key
from governance_pipeline.vocabulary.subjects import SubjectManifest

_MANIFESTS, _SETS = "subject_manifests", "subject_sets"


class MemorySubjects:
    """See :class:`ports.Subjects`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def put(self, manifest: SubjectManifest, body: bytes | None) -> None:
        row = manifest_row(manifest)
        place = (row["model"], row["version"])
        self._transaction.put(_MANIFESTS, place, row)
        self._transaction.put(_SETS, place, {"body": body})

    def all(self) -> Sequence[SubjectManifest]:
        rows = self._transaction.rows(
            _MANIFESTS, lambda _row: True, order=lambda row: (row["model"], row["version"])
        )
        return [manifest_of(row) for row in rows]

    def body(self, model: str, version: str) -> bytes | None:
        row = self._transaction.row(_SETS, (key(model, "a model's name"), key(version, "a model version")))
        return None if row is None else row["body"]

    def erase(self, model: str, version: str, at: datetime) -> None:
        place = (key(model, "a model's name"), key(version, "a model version"))
        row = self._transaction.row(_MANIFESTS, place)
        if row is None:
            return
        self._transaction.put(_SETS, place, {"body": None})
        when = row["erased_at"] or instant(at, "the time of an erasure")
        self._transaction.put(_MANIFESTS, place, {**row, "erased_at": when})
