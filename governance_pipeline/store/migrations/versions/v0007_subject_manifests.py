"""Whom each model version has learned from: what was counted, and apart from it the sets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from governance_pipeline.store.tables import NAME, Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subject_manifests",
        sa.Column("model", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("snapshot", NAME, nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("source_state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subjects", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("erased_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("model", "version", name="pk_subject_manifests"),
    )
    op.create_table(
        "subject_sets",
        sa.Column("model", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version", name="pk_subject_sets"),
    )


def downgrade() -> None:
    op.drop_table("subject_sets")
    op.drop_table("subject_manifests")
