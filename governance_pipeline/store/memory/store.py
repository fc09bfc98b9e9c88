"""The store itself: one lock, and a snapshot to go back to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import KeyNow
from governance_pipeline.store.ledgered import (
    LedgeredConsents,
    LedgeredIncidents,
    LedgeredNights,
    LedgeredReviews,
    LedgeredSubjects,
)
from governance_pipeline.store.memory.acts import (
    MemoryIncidents,
    MemoryOutbox,
    MemoryReviews,
    MemoryVersions,
)
from governance_pipeline.store.memory.consents import MemoryConsents
from governance_pipeline.store.memory.ledger import MemoryLedger
from governance_pipeline.store.memory.lineage import MemoryLineage
from governance_pipeline.store.memory.lineage_events import MemoryLineageEvents
from governance_pipeline.store.memory.nights import (
    MemoryMeasurements,
    MemoryNights,
    MemoryProfiles,
    MemoryRisks,
)
from governance_pipeline.store.memory.subjects import MemorySubjects
from governance_pipeline.store.memory.transaction import MemoryTransaction, Tables
from governance_pipeline.store.nesting import OneAtATime
from governance_pipeline.store.ports import (
    Consents,
    Incidents,
    Ledger,
    Lineage,
    LineageEvents,
    Measurements,
    Nights,
    Outbox,
    Profiles,
    Reviews,
    Risks,
    Subjects,
    Unit,
    Versions,
)


class MemoryUnit:
    """One transaction with all repositories on it; see :class:`ports.Unit`."""

    def __init__(self, transaction: MemoryTransaction, signs: KeyNow | None) -> None:
        self.profiles: Profiles = MemoryProfiles(transaction)
        self.measurements: Measurements = MemoryMeasurements(transaction)
        self.risks: Risks = MemoryRisks(transaction)
        self.outbox: Outbox = MemoryOutbox(transaction)
        self.versions: Versions = MemoryVersions(transaction)
        self.lineage: Lineage = MemoryLineage(transaction)
        self.lineage_events: LineageEvents = MemoryLineageEvents(transaction)
        self.ledger: Ledger = MemoryLedger(transaction, signs)
        self.consents: Consents = LedgeredConsents(MemoryConsents(transaction), self.ledger)
        self.nights: Nights = LedgeredNights(
            MemoryNights(transaction), self.ledger, self.measurements, self.risks
        )
        self.incidents: Incidents = LedgeredIncidents(MemoryIncidents(transaction), self.ledger)
        self.reviews: Reviews = LedgeredReviews(MemoryReviews(transaction), self.ledger)
        self.subjects: Subjects = LedgeredSubjects(MemorySubjects(transaction), self.ledger)


class InMemoryStore:
    """A store in this process; see :class:`ports.Store`. Safe to share between threads.

    Args:
        witness: whose keys sign the ledger's entries. No checkpoint is written: there is nothing to come
            back to.
    """

    def __init__(self, *, witness: CheckpointLog | None = None) -> None:
        self._signs = witness.keys.newest if witness else None
        self._tables: Tables = {}
        self._lock = threading.Lock()
        self._nesting = OneAtATime()

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """A unit of work; others wait until it ends."""
        with self._nesting.entered(), self._lock:
            before = {name: dict(rows) for name, rows in self._tables.items()}
            transaction = MemoryTransaction(self._tables)
            try:
                yield MemoryUnit(transaction, self._signs)
            except BaseException:
                self._tables = before
                raise
            finally:
                transaction.end()

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A unit of work that only reads; see :meth:`ports.Store.reading`."""
        with self._nesting.entered(), self._lock:
            transaction = MemoryTransaction(self._tables, reads=True)
            try:
                yield MemoryUnit(transaction, self._signs)
            finally:
                transaction.end()

    def close(self) -> None:
        """Nothing to release."""
