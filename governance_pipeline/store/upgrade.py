"""Run the migrations with Alembic. Imported by an upgrade only: Alembic is slow to load."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, func, select

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.store.engine import database_url, describe, make_engine, prepare_folder
from governance_pipeline.store.failures import translated
from governance_pipeline.store.roles import grant
from governance_pipeline.store.schema import StoreRevision, read_revision

_UPGRADE_LOCK = 0x676F7665726E  # any number that is ours


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration without an alembic.ini: our scripts, on an open connection."""
    config = Config()
    config.set_main_option("script_location", "governance_pipeline.store:migrations")
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, root: Path | None = None, role: str | None = None) -> StoreRevision:
    """See :func:`governance_pipeline.store.open.upgrade_store`."""
    database = database_url(url, root)
    where = describe(database)
    if database.drivername.startswith("sqlite"):
        prepare_folder(database)
    engine = make_engine(database)
    try:
        with translated(where), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            command.upgrade(migration_config(connection), "head")
            if role is not None:
                grant(connection, role)
            return read_revision(connection)
    except CommandError as error:
        raise StoreUnavailable(
            f"The store ({where}) is at a revision that this release does not know: {error}",
            hint="install the release that upgraded it",
        ) from error
    finally:
        engine.dispose()
