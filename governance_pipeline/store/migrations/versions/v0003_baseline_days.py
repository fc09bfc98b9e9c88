"""The days of training snapshots, beside the profiles of the whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("baselines", sa.Column("days", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("baselines", "days")
