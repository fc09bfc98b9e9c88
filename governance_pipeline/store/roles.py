"""The rights of the role that works with a store on Postgres, where another one owns its tables."""

from __future__ import annotations

from sqlalchemy import Connection, text

from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.store.schema import VERSION_TABLE
from governance_pipeline.store.tables import metadata

_ADDED_TO_ONLY = {"ledger_entries": "SELECT, INSERT", "ledger_payloads": "SELECT, INSERT, DELETE"}


def grant(connection: Connection, role: str) -> None:
    """Give ``role`` exactly the rights it needs: of the ledger's entries to read and to add.

    Raises:
        UsageError: the store is not in Postgres, or ``role`` owns the tables and so may do everything.
        NotFound: there is no such role.
    """
    if connection.dialect.name != "postgresql":
        raise UsageError("roles are Postgres's", hint="leave out --role: SQLite has no users")
    if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
        raise NotFound(f"there is no role '{role}' in the database", hint=f"CREATE ROLE {role} LOGIN, first")
    if connection.scalar(text("SELECT current_user")) == role:
        raise UsageError(
            f"'{role}' owns the tables, so nothing can be kept from it",
            hint="upgrade as one role, and give --role the one that nights and people work as",
        )
    named = connection.dialect.identifier_preparer.quote(role)
    for table in metadata.sorted_tables:
        rights = _ADDED_TO_ONLY.get(table.name, "SELECT, INSERT, UPDATE, DELETE")
        connection.execute(text(f"REVOKE ALL ON {table.name} FROM {named}"))
        connection.execute(text(f"GRANT {rights} ON {table.name} TO {named}"))
    connection.execute(text(f"GRANT SELECT ON {VERSION_TABLE} TO {named}"))
