"""The versions of the notice on which a consent counted, beside whom a model has learned from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from governance_pipeline.store.tables import Document

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject_manifests", sa.Column("notices", Document(), nullable=True))


def downgrade() -> None:
    op.drop_column("subject_manifests", "notices")
