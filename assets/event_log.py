"""Writes many asset events at once.

Dagster's SQLite event log opens two databases, and waits for the disk three times, for every single
event: 15 ms on an idle laptop, 100 ms on a busy one. Sixty nights are a thousand events. Here they are
written in one transaction, so that either all of them are there or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Any

import dagster as dg
from dagster._core.events import (
    AssetObservationData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection, NullPool, create_engine

_IN_BATCHES = {DagsterEventType.ASSET_MATERIALIZATION.value, DagsterEventType.ASSET_OBSERVATION.value}
AssetEvent = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def entry(event: AssetEvent, timestamp: float) -> EventLogEntry:
    """``event`` as ``DagsterInstance.report_runless_asset_event`` would log it, but dated ``timestamp``."""
    data: Any
    if isinstance(event, dg.AssetMaterialization):
        kind, data = DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(event)
    elif isinstance(event, dg.AssetObservation):
        kind, data = DagsterEventType.ASSET_OBSERVATION, AssetObservationData(event)
    else:
        kind, data = DagsterEventType.ASSET_CHECK_EVALUATION, event
    return EventLogEntry(  # type: ignore[no-untyped-call]  # Dagster says no types of it
        user_message="",
        level=20,
        job_name=RUNLESS_JOB_NAME,
        run_id=RUNLESS_RUN_ID,
        error_info=None,
        timestamp=timestamp,
        dagster_event=DagsterEvent(
            event_type_value=kind.value, event_specific_data=data, job_name=RUNLESS_JOB_NAME
        ),
    )


def store_all(instance: dg.DagsterInstance, entries: Sequence[EventLogEntry]) -> None:
    """Append ``entries`` to the instance's event log, in their order for each asset and check."""
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        with _OneTransaction(storage).open() as writer:
            _store(writer, entries)
    else:
        _store(storage, entries)


def _store(storage: EventLogStorage, entries: Sequence[EventLogEntry]) -> None:
    for (kind, _), batch in groupby(sorted(entries, key=_batch), key=_batch):
        if kind in _IN_BATCHES:
            storage.store_event_batch(list(batch))
        else:
            for one in batch:
                storage.store_event(one)


def _batch(one: EventLogEntry) -> tuple[str, str]:
    """A batch is of one kind and of one asset: storages keep the last event of a batch as the newest."""
    event = one.get_dagster_event()
    return event.event_type_value, event.asset_key.to_string() if event.asset_key else ""


class _OneTransaction(SqliteEventLogStorage):
    """The same files as another SQLite event log's, written through one open transaction each."""

    def __init__(self, other: SqliteEventLogStorage) -> None:
        super().__init__(other._base_dir)  # noqa: SLF001 - it has no public name
        self._open: dict[str, Connection] = {}
        self._stack = ExitStack()

    @contextmanager
    def open(self) -> Iterator[_OneTransaction]:
        """Commit everything at the end of the block, or nothing where it raises."""
        with self._stack:
            yield self

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """As Dagster's Postgres log does it: one statement, and the asset's newest event is the last."""
        statement = self.prepare_insert_event_batch(events)
        with self.run_connection(RUNLESS_RUN_ID) as connection:
            connection.execute(statement)
        with self.index_connection() as connection:
            stored = connection.execute(statement.returning(SqlEventLogStorageTable.c.id))
            newest = max(row[0] for row in stored.fetchall())
        self.store_asset_event(events[-1], newest)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._open:
            with super()._connect(shard):  # makes the file and its tables where they are not there yet
                pass
            engine = create_engine(self.conn_string_for_shard(shard), poolclass=NullPool)
            self._stack.callback(engine.dispose)
            connection = self._stack.enter_context(engine.connect())
            self._stack.enter_context(connection.begin())
            self._open[shard] = connection
        yield self._open[shard]
