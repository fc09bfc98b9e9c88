"""The store in a SQL database: SQLite or Postgres, told apart by the URL alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import KeyNow
from governance_pipeline.store.consents import SqlConsents
from governance_pipeline.store.engine import database_url, describe, make_engine, prepare_folder, reading
from governance_pipeline.store.failures import UPGRADE, translated
from governance_pipeline.store.incidents import SqlIncidents
from governance_pipeline.store.ledger import SqlLedger
from governance_pipeline.store.ledgered import (
    LedgeredConsents,
    LedgeredIncidents,
    LedgeredNights,
    LedgeredReviews,
    LedgeredSubjects,
)
from governance_pipeline.store.lineage import SqlLineage
from governance_pipeline.store.lineage_events import SqlLineageEvents
from governance_pipeline.store.measurements import SqlMeasurements
from governance_pipeline.store.nesting import OneAtATime
from governance_pipeline.store.nights import SqlNights
from governance_pipeline.store.outbox import SqlOutbox
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
from governance_pipeline.store.profiles import SqlProfiles
from governance_pipeline.store.reviews import SqlReviews
from governance_pipeline.store.risks import SqlRisks
from governance_pipeline.store.schema import StoreRevision, create_where_empty, read_revision, require_current
from governance_pipeline.store.subjects import SqlSubjects
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.versions import SqlVersions


class SqlUnit:
    """One transaction with all repositories on it; see :class:`ports.Unit`."""

    def __init__(self, transaction: Transaction, signs: KeyNow | None) -> None:
        self.profiles: Profiles = SqlProfiles(transaction)
        self.measurements: Measurements = SqlMeasurements(transaction)
        self.risks: Risks = SqlRisks(transaction)
        self.outbox: Outbox = SqlOutbox(transaction)
        self.versions: Versions = SqlVersions(transaction)
        self.lineage: Lineage = SqlLineage(transaction)
        self.lineage_events: LineageEvents = SqlLineageEvents(transaction)
        self._ledger = SqlLedger(transaction, signs)
        self.ledger: Ledger = self._ledger
        self.consents: Consents = LedgeredConsents(SqlConsents(transaction), self.ledger)
        self.nights: Nights = LedgeredNights(
            SqlNights(transaction), self.ledger, self.measurements, self.risks
        )
        self.incidents: Incidents = LedgeredIncidents(SqlIncidents(transaction), self.ledger)
        self.reviews: Reviews = LedgeredReviews(SqlReviews(transaction), self.ledger)
        self.subjects: Subjects = LedgeredSubjects(SqlSubjects(transaction), self.ledger)

    def finish(self) -> tuple[int, list[bytes]]:
        """Write what waits; how many entries the ledger had before this unit, and the leaves that it made."""
        made = self._ledger.leaves
        return (self._ledger.size() - len(made), made) if made else (0, [])


class SqlStore:
    """A store in SQLite or Postgres; see :class:`ports.Store`. Safe to share between threads.

    Args:
        url: ``sqlite:///path``, ``postgresql://...``.
        root: the folder that a relative SQLite path starts from; the current one by default.
        create: make a SQLite file that is not there yet, with its folder. Postgres is set up by
            ``governance store upgrade`` only, because its database is somebody's decision.
        witness: signs the ledger's entries, and writes a checkpoint after each unit that made some.

    Raises:
        UsageError: the URL is of no database we support.
    """

    def __init__(
        self, url: str, *, root: Path | None = None, create: bool = True, witness: CheckpointLog | None = None
    ) -> None:
        self._url = database_url(url, root)
        self._sqlite = self._url.drivername.startswith("sqlite")
        self._create = create and self._sqlite
        self._witness = witness
        self.where = describe(self._url)
        self.engine = make_engine(self._url)
        self._nesting = OneAtATime()
        self._opening = threading.Lock()
        self._opened = False

    def open(self) -> None:
        """Connect and check the schema, once; the first unit of work does it otherwise.

        Raises StoreUnavailable: no answer, no right to write, or a schema of another release.
        """
        with self._opening:
            if not self._opened:
                revision = self.revision(create=self._create)
                require_current(revision, self.where)
                self._opened = True

    def revision(self, *, create: bool = False) -> StoreRevision:
        """Where the schema stands; with ``create``, after making it in an empty SQLite file."""
        if self._sqlite and not Path(str(self._url.database)).exists():
            if not create:
                raise StoreUnavailable(f"The store ({self.where}) is not there", hint=UPGRADE)
            prepare_folder(self._url)
        with self._connected(reads=True) as connection, translated(self.where):
            found = read_revision(connection)
        if found.current is not None or not create:
            return found
        with translated(self.where), self.engine.begin() as connection:
            create_where_empty(connection)
            return read_revision(connection)

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """A unit of work; see :meth:`ports.Store.begin`."""
        self.open()
        signs = self._witness.keys.newest if self._witness else None
        before, made = 0, list[bytes]()
        with self._nesting.entered(), self._connected(reads=False) as connection:
            transaction = Transaction(connection, self.where)
            unit = SqlUnit(transaction, signs)
            try:
                yield unit
                before, made = unit.finish()
            except BaseException:
                with suppress(SQLAlchemyError):  # a lost connection has rolled back by itself
                    connection.rollback()
                raise
            else:
                with translated(self.where):
                    connection.commit()
            finally:
                transaction.end()
        if self._witness and made:
            self._witness.advance(
                before + len(made),
                lambda first: made[first - before :] if first >= before else self._leaves(first),
            )

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A unit of work that only reads; see :meth:`ports.Store.reading`."""
        self.open()
        with self._nesting.entered(), self._connected(reads=True) as connection:
            transaction = Transaction(connection, self.where, reads=True)
            try:
                yield SqlUnit(transaction, None)
            finally:
                transaction.end()

    def _leaves(self, first: int) -> Iterator[bytes]:
        with self.reading() as unit:
            for entry in unit.ledger.entries(first):
                yield entry.leaf

    def close(self) -> None:
        """Release all connections."""
        self.engine.dispose()

    @contextmanager
    def _connected(self, *, reads: bool) -> Iterator[Connection]:
        with translated(self.where):
            connection = self.engine.connect()
        try:
            with translated(self.where):
                (reading(connection) if reads else connection).begin()
            yield connection
        finally:
            with suppress(SQLAlchemyError):  # nothing is left to lose: committed or rolled back
                connection.close()
