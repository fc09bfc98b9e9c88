"""The first tables. Types are written out here: a migration must not change when the code does."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON()


def upgrade() -> None:
    _create_night_tables()
    _create_measurements()
    _create_incidents()
    _create_alerts()
    _create_reviews()
    _create_versions()
    _create_lineage()


def downgrade() -> None:
    for table in (
        "lineage_nights",
        "lineage_edges",
        "lineage_graphs",
        "versions",
        "review_events",
        "reviews",
        "alerts",
        "incident_events",
        "incidents",
        "measurements",
        "risks",
        "baselines",
        "profiles",
        "nights",
    ):
        op.drop_table(table)


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [_required(name, sa.Text()) for name in names]


def _create_night_tables() -> None:
    op.create_table(
        "nights",
        _required("night", sa.Date()),
        _required("started_at", INSTANT),
        _required("finished_at", INSTANT),
        _required("expected", sa.BigInteger()),
        _required("received", sa.BigInteger()),
        _required("missing", DOCUMENT),
        *_texts("playbook_digest"),
        _required("outcomes", DOCUMENT),
        sa.PrimaryKeyConstraint("night", name="pk_nights"),
    )
    op.create_table(
        "profiles",
        _required("dataset", NAME),
        _required("night", sa.Date()),
        _required("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("dataset", "night", name="pk_profiles"),
    )
    op.create_table(
        "baselines",
        _required("model", NAME),
        _required("version", NAME),
        _required("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("model", "version", name="pk_baselines"),
    )
    op.create_table(
        "risks",
        _required("night", sa.Date()),
        _required("entity", NAME),
        _required("score", sa.Double()),
        *_texts("tier"),
        sa.Column("previous", sa.Double()),
        _required("contributions", DOCUMENT),
        sa.PrimaryKeyConstraint("night", "entity", name="pk_risks"),
    )
    op.create_index("ix_risks_entity_night", "risks", ["entity", "night"])


def _create_measurements() -> None:
    op.create_table(
        "measurements",
        _required("night", sa.Date()),
        _required("entity", NAME),
        _required("indicator", NAME),
        _required("facet", NAME),
        *_texts("metric", "outcome"),
        sa.Column("value", sa.Double()),
        *_texts("unit"),
        _required("n", sa.BigInteger()),
        sa.Column("interval_low", sa.Double()),
        sa.Column("interval_high", sa.Double()),
        sa.Column("threshold_warn", sa.Double()),
        sa.Column("threshold_fail", sa.Double()),
        sa.Column("threshold_breach", sa.Text()),
        *_texts("sentence", "clause"),
        _required("details", DOCUMENT),
        sa.PrimaryKeyConstraint("night", "entity", "indicator", "facet", name="pk_measurements"),
    )
    op.create_index(
        "ix_measurements_entity_indicator_facet_night",
        "measurements",
        ["entity", "indicator", "facet", "night"],
    )


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        *(_required(name, NAME) for name in ("id", "entity", "indicator", "facet")),
        *_texts("status", "owner", "sentence"),
        _required("opened", sa.Date()),
        _required("last_breach", sa.Date()),
        _required("root", NAME),
        sa.Column("root_incident", NAME),
        _required("passes", sa.BigInteger()),
        _required("times_opened", sa.BigInteger()),
        sa.Column("snoozed_until", sa.Date()),
        sa.Column("resolved", sa.Date()),
        _required("sequence", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_status", "incidents", ["status"])
    op.create_table(
        "incident_events",
        _required("incident", NAME),
        _required("sequence", sa.BigInteger()),
        *_texts("act"),
        _required("at", INSTANT),
        *_texts("actor"),
        sa.Column("night", sa.Date()),
        *_texts("note"),
        _required("details", DOCUMENT),
        sa.PrimaryKeyConstraint("incident", "sequence", name="pk_incident_events"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_events_incident"),
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        _required("key", NAME),
        _required("night", sa.Date()),
        *_texts("recipient", "channel", "subject", "body"),
        sa.Column("incident", NAME),
        *_texts("status"),
        _required("attempts", sa.BigInteger()),
        sa.Column("not_before", INSTANT),
        sa.Column("sent_at", INSTANT),
        *_texts("last_error"),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
    op.create_index("ix_alerts_status_not_before", "alerts", ["status", "not_before"])
    op.create_index("ix_alerts_night", "alerts", ["night"])


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        _required("id", NAME),
        _required("milestone", NAME),
        *_texts("kind"),
        _required("night", sa.Date()),
        _required("model", NAME),
        sa.Column("version", NAME),
        *_texts("sentence"),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("milestone", name="uq_reviews_milestone"),
    )
    op.create_table(
        "review_events",
        _required("review", NAME),
        _required("sequence", sa.BigInteger()),
        *_texts("act"),
        _required("at", INSTANT),
        *_texts("actor"),
        _required("data", DOCUMENT),
        sa.PrimaryKeyConstraint("review", "sequence", name="pk_review_events"),
        sa.ForeignKeyConstraint(["review"], ["reviews.id"], name="fk_review_events_review"),
    )


def _create_versions() -> None:
    op.create_table(
        "versions",
        _required("model", NAME),
        _required("version", NAME),
        *_texts("stage", "digest"),
        _required("registered_at", INSTANT),
        *_texts("registered_by", "trained_by", "snapshot", "snapshot_digest", "artefact"),
        _required("metrics", DOCUMENT),
        _required("environment", DOCUMENT),
        sa.PrimaryKeyConstraint("model", "version", name="pk_versions"),
    )


def _create_lineage() -> None:
    op.create_table(
        "lineage_graphs", *_texts("digest"), sa.PrimaryKeyConstraint("digest", name="pk_lineage_graphs")
    )
    op.create_table(
        "lineage_edges",
        *_texts("graph"),
        _required("position", sa.Integer()),
        _required("source", NAME),
        _required("target", NAME),
        *_texts("kind", "known_by", "detail"),
        sa.PrimaryKeyConstraint("graph", "position", name="pk_lineage_edges"),
        sa.ForeignKeyConstraint(
            ["graph"], ["lineage_graphs.digest"], name="fk_lineage_edges_graph", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "lineage_nights",
        _required("night", sa.Date()),
        *_texts("graph"),
        sa.PrimaryKeyConstraint("night", name="pk_lineage_nights"),
        sa.ForeignKeyConstraint(["graph"], ["lineage_graphs.digest"], name="fk_lineage_nights_graph"),
    )
    op.create_index("ix_lineage_nights_graph", "lineage_nights", ["graph"])
