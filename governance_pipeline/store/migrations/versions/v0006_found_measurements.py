"""An index of what was found: a season of nights is asked for its few warnings and failures every night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_measurements_found",
        "measurements",
        ["indicator", "outcome", "night"],
        sqlite_where=sa.text("outcome IN ('warn', 'fail')"),
    )


def downgrade() -> None:
    op.drop_index("ix_measurements_found", table_name="measurements")
