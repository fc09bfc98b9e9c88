"""Alembic's entry: run the migrations on the connection that :mod:`upgrade` hands over."""

from __future__ import annotations

from alembic import context

from governance_pipeline.store.schema import VERSION_TABLE
from governance_pipeline.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter most of a table in place
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
