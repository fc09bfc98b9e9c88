"""Partitions and slices: what is remembered of tables, so that a night reads only what changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "partitions",
        sa.Column("dataset", NAME, nullable=False),
        sa.Column("partition", NAME, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "partition", name="pk_partitions"),
    )
    op.create_table(
        "slices",
        sa.Column("dataset", NAME, nullable=False),
        sa.Column("partition", NAME, nullable=False),
        sa.Column("day", NAME, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "partition", "day", name="pk_slices"),
    )
    op.create_index("ix_slices_day", "slices", ["day"])


def downgrade() -> None:
    op.drop_table("slices")
    op.drop_table("partitions")
