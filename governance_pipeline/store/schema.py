"""Which migration a database is at, and how a new one is made.

The revision is read with plain SQL and a new database is made from the tables' own definitions:
Alembic is loaded for an upgrade only, because every ``governance`` command opens a store.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.store.failures import UPGRADE
from governance_pipeline.store.tables import REVISION, metadata

VERSION_TABLE = "governance_revision"
"""Not Alembic's default name: Dagster or MLflow may keep theirs in the same database."""

_version = Table(  # as Alembic makes it
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


@dataclass(frozen=True, slots=True)
class StoreRevision:
    """Where a store's schema stands: ``current`` is None for a database without our tables."""

    current: str | None
    expected: str

    @property
    def is_current(self) -> bool:
        return self.current == self.expected


def read_revision(connection: Connection) -> StoreRevision:
    """The revision a database is at, and the one this release needs."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return StoreRevision(None, REVISION)
    return StoreRevision(connection.scalar(select(_version.c.version_num)), REVISION)


def create_where_empty(connection: Connection) -> None:
    """Make all tables at the newest revision in a database that has no table at all."""
    if not inspect(connection).get_table_names():
        metadata.create_all(connection, checkfirst=False)
        _version.create(connection)
        connection.execute(insert(_version).values(version_num=REVISION))


def require_current(revision: StoreRevision, where: str) -> None:
    """Raise StoreUnavailable, with what to do, unless the schema is the one this release needs."""
    if revision.is_current:
        return
    if revision.current is None:
        raise StoreUnavailable(f"The store ({where}) has not been set up", hint=UPGRADE)
    if revision.current > revision.expected:
        raise StoreUnavailable(
            f"The store ({where}) was upgraded by a newer release, to {revision.current}",
            hint="install that release here too",
        )
    raise StoreUnavailable(
        f"The store ({where}) is at {revision.current}, this release needs {revision.expected}", hint=UPGRADE
    )
