"""Open, inspect and upgrade a store by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from governance_pipeline.store.ports import Store

if TYPE_CHECKING:
    from governance_pipeline.ledger.checkpoints import CheckpointLog
    from governance_pipeline.store.schema import StoreRevision

MEMORY = "memory://"


def open_store(
    url: str, *, root: Path | None = None, create: bool = True, witness: CheckpointLog | None = None
) -> Store:
    """Open the store at ``url`` and check that it can be used.

    Args:
        url: ``sqlite:///path``, ``postgresql://user@host/database``, or ``memory://`` for a new store
            that is gone when the process ends.
        root: the folder that a relative SQLite path starts from; the current one by default.
        create: make a SQLite file that is not there yet. Postgres is never set up here.
        witness: signs the ledger's entries and writes its checkpoints.

    Raises:
        UsageError: the URL is of no database we support.
        StoreUnavailable: no answer, no right to write, damaged, or at another release's schema.
    """
    if url == MEMORY:
        from governance_pipeline.store.memory import InMemoryStore

        return InMemoryStore(witness=witness)
    from governance_pipeline.store.sql import SqlStore

    store = SqlStore(url, root=root, create=create, witness=witness)
    try:
        store.open()
    except BaseException:
        store.close()
        raise
    return store


def store_revision(url: str, *, root: Path | None = None) -> StoreRevision:
    """Where the schema of the store at ``url`` stands. Raises StoreUnavailable as :func:`open_store`."""
    from governance_pipeline.store.schema import StoreRevision
    from governance_pipeline.store.sql import SqlStore
    from governance_pipeline.store.tables import REVISION

    if url == MEMORY:
        return StoreRevision(REVISION, REVISION)
    store = SqlStore(url, root=root, create=False)
    try:
        return store.revision()
    finally:
        store.close()


def upgrade_store(url: str, *, root: Path | None = None, role: str | None = None) -> StoreRevision:
    """Bring the store at ``url`` to this release's schema, all or nothing; the revision it has then.

    Sets up a new database too. Safe to run twice, and from two places at once.

    Args:
        role: on Postgres, the role that gets the rights to work with the tables, see :mod:`store.roles`.

    Raises StoreUnavailable as :func:`open_store`.
    """
    if url == MEMORY:
        return store_revision(url)
    from governance_pipeline.store.upgrade import upgrade

    return upgrade(url, root, role)
