"""The tables. Migrations (:mod:`migrations`) build the same; a test holds the two equal.

Names, instants and JSON behave the same on SQLite and Postgres by the three types at the top.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.types import TypeDecorator

from governance_pipeline.store.append_only import APPEND_ONLY
from governance_pipeline.store.values import instant

REVISION = "0010"
"""The migration these tables stand for; the newest file in ``migrations/versions``."""


NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and ordered by code point, whatever the database's language is.

Postgres orders text by its locale, SQLite by bytes; the collation "C" makes them agree.
"""


class Instant(TypeDecorator[datetime]):
    """An instant: timezone-aware on the way in, aware UTC on the way out.

    Refuses a naive datetime. SQLite, which has no zones, keeps the UTC wall time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware = instant(value, "a time")
        return aware.replace(tzinfo=None) if dialect.name == "sqlite" else aware

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A JSON list or object. Postgres keeps it as ``json``, not ``jsonb``: the text is kept as
    written, so that numbers come back exactly and keys in their order.
    """

    impl = JSON
    cache_ok = True


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _name(column: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(column, NAME, primary_key=primary_key, nullable=nullable)


def _text(column: str) -> Column[str]:
    return Column(column, Text, nullable=False)


nights = Table(
    "nights",
    metadata,
    Column("night", Date, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("expected", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("missing", Document, nullable=False),
    _text("playbook_digest"),
    Column("outcomes", Document, nullable=False),
)

profiles = Table(
    "profiles",
    metadata,
    _name("dataset", primary_key=True),
    Column("night", Date, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

partitions = Table(
    "partitions",
    metadata,
    _name("dataset", primary_key=True),
    _name("partition", primary_key=True),
    Column("head", LargeBinary, nullable=False),
)

# The day is ISO text, so that "" can stand for all rows of the partition.
slices = Table(
    "slices",
    metadata,
    _name("dataset", primary_key=True),
    _name("partition", primary_key=True),
    _name("day", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Index(None, "day"),
)

baselines = Table(
    "baselines",
    metadata,
    _name("model", primary_key=True),
    _name("version", primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("days", LargeBinary),
)

# What a season of nights is asked for: few of all. SQLite must be told, as it takes outcomes to be equally
# frequent; Postgres finds out by itself (and to tell it would load its dialect with every store).
_FOUND = text("outcome IN ('warn', 'fail')")

measurements = Table(
    "measurements",
    metadata,
    Column("night", Date, primary_key=True),
    _name("entity", primary_key=True),
    _name("indicator", primary_key=True),
    _name("facet", primary_key=True),
    _text("metric"),
    _text("outcome"),
    Column("value", Double),
    _text("unit"),
    Column("n", BigInteger, nullable=False),
    Column("interval_low", Double),
    Column("interval_high", Double),
    Column("threshold_warn", Double),
    Column("threshold_fail", Double),
    Column("threshold_breach", Text),
    _text("sentence"),
    _text("clause"),
    Column("details", Document, nullable=False),
    Index(None, "entity", "indicator", "facet", "night"),
    Index("ix_measurements_found", "indicator", "outcome", "night", sqlite_where=_FOUND),
)

risks = Table(
    "risks",
    metadata,
    Column("night", Date, primary_key=True),
    _name("entity", primary_key=True),
    Column("score", Double, nullable=False),
    _text("tier"),
    Column("previous", Double),
    Column("contributions", Document, nullable=False),
    Index(None, "entity", "night"),
)

incidents = Table(
    "incidents",
    metadata,
    _name("id", primary_key=True),
    _name("entity"),
    _name("indicator"),
    _name("facet"),
    _text("status"),
    _text("owner"),
    _text("sentence"),
    Column("opened", Date, nullable=False),
    Column("last_breach", Date, nullable=False),
    _name("root"),
    _name("root_incident", nullable=True),
    Column("passes", BigInteger, nullable=False),
    Column("times_opened", BigInteger, nullable=False),
    Column("snoozed_until", Date),
    Column("resolved", Date),
    Column("sequence", BigInteger, nullable=False),
    Index(None, "status"),
)

incident_events = Table(
    "incident_events",
    metadata,
    Column("incident", NAME, ForeignKey("incidents.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _text("act"),
    Column("at", Instant, nullable=False),
    _text("actor"),
    Column("night", Date),
    _text("note"),
    Column("details", Document, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    _name("key", primary_key=True),
    Column("night", Date, nullable=False),
    _text("recipient"),
    _text("channel"),
    _text("subject"),
    _text("body"),
    _name("incident", nullable=True),
    _text("status"),
    Column("attempts", BigInteger, nullable=False),
    Column("not_before", Instant),
    Column("sent_at", Instant),
    _text("last_error"),
    Index(None, "status", "not_before"),
    Index(None, "night"),
)

reviews = Table(
    "reviews",
    metadata,
    _name("id", primary_key=True),
    Column("milestone", NAME, nullable=False, unique=True),
    _text("kind"),
    Column("night", Date, nullable=False),
    _name("model"),
    _name("version", nullable=True),
    _text("sentence"),
)

review_events = Table(
    "review_events",
    metadata,
    Column("review", NAME, ForeignKey("reviews.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _text("act"),
    Column("at", Instant, nullable=False),
    _text("actor"),
    Column("data", Document, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    _name("model", primary_key=True),
    _name("version", primary_key=True),
    _text("stage"),
    _text("digest"),
    Column("registered_at", Instant, nullable=False),
    _text("registered_by"),
    _text("trained_by"),
    _text("snapshot"),
    _text("snapshot_digest"),
    _text("artefact"),
    Column("metrics", Document, nullable=False),
    Column("environment", Document, nullable=False),
)

# A graph rarely changes from one night to the next: its edges are kept once, by their digest.
# A graph's parts, each with the night from which and the one until which it held (none: it still does).
# All ends are nights of lineage_nights.
lineage_nights = Table("lineage_nights", metadata, Column("night", Date, primary_key=True))

lineage_edges = Table(
    "lineage_edges",
    metadata,
    _name("id", primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date, nullable=True, index=True),
    _name("source"),
    _name("target"),
    _text("kind"),
    _text("known_by"),
    _text("said_by"),
    _text("transformation"),
    _text("evidence"),
)

lineage_nodes = Table(
    "lineage_nodes",
    metadata,
    _name("id", primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date, nullable=True, index=True),
    _name("entity"),
    _text("said_by"),
    _text("role"),
    _text("description"),
    Column("owners", Document, nullable=False),
    Column("tags", Document, nullable=False),
    _text("digest"),
    Column("facts", Document, nullable=False),
    _text("evidence"),
)

# OpenLineage events as they came, by the digest of their canonical bytes.
lineage_events = Table(
    "lineage_events",
    metadata,
    _name("digest", primary_key=True),
    _text("kind"),
    _name("subject"),
    _name("run"),
    Column("at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "run"),
)

# What the events of a run add up to, kept once for all runs of the same shape.
lineage_shapes = Table(
    "lineage_shapes",
    metadata,
    _name("digest", primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

lineage_runs = Table(
    "lineage_runs",
    metadata,
    _name("run", primary_key=True),
    _name("subject", primary_key=True),
    _name("known_by"),
    Column("completed", Instant, nullable=True),
    Column("shape", NAME, ForeignKey("lineage_shapes.digest"), nullable=False),
    Index(None, "subject", "known_by", "completed"),
)

# Whom each model version has learned from. The set of keyed hashes stands apart, so that it can be erased
# while what was counted from it stays.
subject_manifests = Table(
    "subject_manifests",
    metadata,
    _name("model", primary_key=True),
    _name("version", primary_key=True),
    _name("snapshot"),
    Column("taken_at", Instant, nullable=False),
    _text("source_state"),
    _text("key"),
    Column("subjects", BigInteger, nullable=False),
    _text("digest"),
    _text("purpose"),
    _text("basis"),
    Column("asked", BigInteger, nullable=True),
    Column("withdrawn", BigInteger, nullable=True),
    _text("problem"),
    Column("erased_at", Instant, nullable=True),
    Column("notices", Document, nullable=True),
)

subject_sets = Table(
    "subject_sets",
    metadata,
    _name("model", primary_key=True),
    _name("version", primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# What people have said, as it was received. Rows are added and never changed; a person's go together.
consent_records = Table(
    "consent_records",
    metadata,
    _name("digest", primary_key=True),
    _name("subject"),
    _text("purpose"),
    _text("basis"),
    _text("status"),
    Column("recorded_at", Instant, nullable=False),
    Column("valid_from", Instant, nullable=True),
    Column("valid_to", Instant, nullable=True),
    _text("notice"),
    _text("jurisdiction"),
    Column("received_at", Instant, nullable=False),
    Index(None, "subject"),
)

# Every act, as bytes that are signed once; see :mod:`governance_pipeline.ledger`. Nobody changes or removes a
# row: the database itself refuses it. What an entry tells stands apart, so that it can be erased.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    _text("key"),
    Column("signature", LargeBinary, nullable=False),
)

ledger_payloads = Table(
    "ledger_payloads",
    metadata,
    _name("digest", primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(ledger_entries, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]  # SQLAlchemy says no types of DDL
