"""OpenLineage events in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from governance_pipeline.store.lineage_event_records import (
    event_row,
    latest,
    run_key,
    run_of,
    unpacked,
)
from governance_pipeline.store.memory.transaction import MemoryTransaction
from governance_pipeline.store.values import instant as utc
from governance_pipeline.vocabulary.openlineage import LineageEvent, Telling

_EVENTS, _RUNS = "lineage_events", "lineage_runs"


class MemoryLineageEvents:
    """See :class:`ports.LineageEvents`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def take(self, events: Iterable[LineageEvent]) -> int:
        new = 0
        for event in events:
            row = event_row(event)
            if not self._transaction.put_missing(_EVENTS, (row["digest"],), row):
                continue
            new += 1
            place, told = run_key(event), run_of(event)
            held = self._transaction.row(_RUNS, place)
            run = told if held is None else held["run"] | told
            self._transaction.put(_RUNS, place, {"key": place, "run": run})
        return new

    def bodies(self, run: str) -> Sequence[bytes]:
        rows = self._transaction.rows(
            _EVENTS, lambda row: row["run"] == run, order=lambda row: (row["at"], row["digest"])
        )
        return [unpacked(row["body"]) for row in rows]

    def as_of(self, instant: datetime) -> Sequence[Telling]:
        at = utc(instant, "a time")
        rows = self._transaction.rows(
            _RUNS,
            lambda row: row["run"].completed is not None and row["run"].completed <= at,
            order=lambda row: row["key"],
        )
        return latest((row["key"], row["run"]) for row in rows)
