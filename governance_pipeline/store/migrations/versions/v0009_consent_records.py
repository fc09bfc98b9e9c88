"""Records of consent that were received over the API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from governance_pipeline.store.tables import NAME, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_records",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=True),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_consent_records"),
    )
    op.create_index("ix_consent_records_subject", "consent_records", ["subject"])


def downgrade() -> None:
    op.drop_table("consent_records")
