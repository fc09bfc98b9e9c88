"""Opens a database of ``connections`` to read what it says of itself; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from governance_pipeline.catalog.reader import Surroundings, address_of, unusable
from governance_pipeline.charter.paths import UnfitPath, project_path

if TYPE_CHECKING:
    import sqlalchemy as sa

_CONNECT_SECONDS = 10
_STATEMENT_SECONDS = 300
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def open_database(name: str, around: Surroundings) -> sa.Engine:
    """The database of the connection ``name``; read-only where it can be told so (SQLite, Postgres).

    Raises:
        CannotEvaluate: there is no such connection, or its URL is none of a database that can be read.
    """
    import sqlalchemy as sa

    try:
        url = sa.make_url(address_of(name, around))
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        if url.get_backend_name() == "sqlite":
            file = project_path(url.database or "", around.root)
            if not file.is_file():
                raise unusable(name, f"there is no file {url.database}")
            return sa.create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
        options = {}
        if url.get_backend_name() == "postgresql":
            settings = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_SECONDS}s"
            options = {"options": settings, "connect_timeout": _CONNECT_SECONDS}
        return sa.create_engine(url, connect_args=options)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError, UnfitPath) as error:
        why = "its URL is none of a database that can be read here"
        raise unusable(name, str(error) if isinstance(error, UnfitPath) else why) from None


@contextmanager
def reading(engine: sa.Engine, name: str) -> Iterator[sa.Connection]:
    """One transaction in which everything read is of the same moment, as far as the database can.

    Raises:
        CannotEvaluate: it does not answer, or refuses what is asked; never with its password.
    """
    import sqlalchemy as sa

    isolation = "SERIALIZABLE" if engine.dialect.name == "sqlite" else "REPEATABLE READ"
    try:
        with engine.connect().execution_options(isolation_level=isolation) as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        why = said[0] if said else type(error).__name__
        password = engine.url.password
        raise unusable(name, why.replace(password, "***") if password else why) from None
    finally:
        engine.dispose()
