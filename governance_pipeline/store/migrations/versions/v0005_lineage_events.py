"""OpenLineage events, the runs they tell of, and the shapes of these runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from governance_pipeline.store.tables import NAME, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lineage_events",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("run", NAME, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_lineage_events"),
    )
    op.create_index("ix_lineage_events_run", "lineage_events", ["run"])
    op.create_table(
        "lineage_shapes",
        sa.Column("digest", NAME, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_lineage_shapes"),
    )
    op.create_table(
        "lineage_runs",
        sa.Column("run", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("known_by", NAME, nullable=False),
        sa.Column("completed", Instant(), nullable=True),
        sa.Column("shape", NAME, nullable=False),
        sa.ForeignKeyConstraint(["shape"], ["lineage_shapes.digest"], name="fk_lineage_runs_shape"),
        sa.PrimaryKeyConstraint("run", "subject", name="pk_lineage_runs"),
    )
    op.create_index(
        "ix_lineage_runs_subject_known_by_completed", "lineage_runs", ["subject", "known_by", "completed"]
    )


def downgrade() -> None:
    for table in ("lineage_runs", "lineage_shapes", "lineage_events"):
        op.drop_table(table)
