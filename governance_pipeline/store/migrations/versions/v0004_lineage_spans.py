"""Edges and nodes of the lineage with the nights for which they held, instead of whole graphs.

Earlier graphs knew neither who said an edge nor its transformation; the next night records its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from governance_pipeline.store.tables import NAME, Document

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("lineage_nights", "lineage_edges", "lineage_graphs"):
        op.drop_table(table)
    op.create_table(
        "lineage_nights",
        sa.Column("night", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("night", name="pk_lineage_nights"),
    )
    op.create_table(
        "lineage_edges",
        *_span(),
        sa.Column("source", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        *_texts("kind", "known_by", "said_by", "transformation", "evidence"),
        sa.PrimaryKeyConstraint("id", "since", name="pk_lineage_edges"),
    )
    op.create_table(
        "lineage_nodes",
        *_span(),
        sa.Column("entity", NAME, nullable=False),
        *_texts("said_by", "role", "description"),
        sa.Column("owners", Document(), nullable=False),
        sa.Column("tags", Document(), nullable=False),
        *_texts("digest"),
        sa.Column("facts", Document(), nullable=False),
        *_texts("evidence"),
        sa.PrimaryKeyConstraint("id", "since", name="pk_lineage_nodes"),
    )
    for table in ("lineage_edges", "lineage_nodes"):
        op.create_index(f"ix_{table}_until", table, ["until"])


def downgrade() -> None:
    for table in ("lineage_nodes", "lineage_edges", "lineage_nights"):
        op.drop_table(table)
    op.create_table(
        "lineage_graphs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_lineage_graphs"),
    )
    op.create_table(
        "lineage_edges",
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        *_texts("kind", "known_by", "detail"),
        sa.ForeignKeyConstraint(
            ["graph"],
            ["lineage_graphs.digest"],
            name="fk_lineage_edges_graph_lineage_graphs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("graph", "position", name="pk_lineage_edges"),
    )
    op.create_table(
        "lineage_nights",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("graph", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["graph"], ["lineage_graphs.digest"], name="fk_lineage_nights_graph_lineage_graphs"
        ),
        sa.PrimaryKeyConstraint("night", name="pk_lineage_nights"),
    )
    op.create_index("ix_lineage_nights_graph", "lineage_nights", ["graph"])


def _span() -> list[sa.Column[object]]:
    return [
        sa.Column("id", NAME, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
    ]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
