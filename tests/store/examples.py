"""Small records to store. Every argument has a default; a test names those that it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from governance_pipeline.store.ports import NightRecord
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import (
    Alert,
    Incident,
    IncidentAct,
    IncidentEvent,
    IncidentStatus,
)
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold
from governance_pipeline.vocabulary.review import (
    Milestone,
    MilestoneKind,
    ModelVersion,
    ReviewAct,
    ReviewEvent,
)
from governance_pipeline.vocabulary.risk import Contribution, RiskScore

NIGHT = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INCOMES = Entity.dataset("lending.incomes")
BUREAU = Entity.dataset("lending.bureau_scores")
MODEL = Entity.model("mortgage_approval")


def nights_after(count: int) -> date:
    return NIGHT + timedelta(days=count)


def night_record(night: date = NIGHT, **changes) -> NightRecord:
    values = {
        "started_at": NOON,
        "finished_at": NOON + timedelta(minutes=3),
        "expected": 12,
        "received": 11,
        "missing": ("dataset:lending.incomes recency",),
        "playbook_digest": "sha256:ab",
        "outcomes": {"pass": 9, "fail": 2},
    }
    return NightRecord(night=night, **{**values, **changes})


def measurement(entity: Entity = INCOMES, indicator: str = "recency", **changes) -> Measurement:
    values = {
        "night": NIGHT,
        "outcome": Outcome.FAIL,
        "sentence": "The newest record is 30 hours old; at most 26 are allowed.",
        "clause": "recency.1",
        "metric": "age",
        "value": 30.25,
        "unit": "hours",
        "n": 1989,
        "interval": (29.5, 31.0),
        "threshold": Threshold(24.0, 26.0),
        "details": {"watermark": "2026-02-28T06:00:00+00:00", "bins": [1, 2.5, None]},
    }
    return Measurement(entity=entity, indicator=indicator, **{**values, **changes})


def risk(entity: Entity = INCOMES, score: float = 42.5, **changes) -> RiskScore:
    values = {
        "night": NIGHT,
        "tier": "medium",
        "contributions": (Contribution("recency", 42.5, "The data is late."),),
        "previous": 40.0,
    }
    return RiskScore(entity=entity, score=score, **{**values, **changes})


def incident(id: str = "INC-1", sequence: int = 1, **changes) -> Incident:  # noqa: A002 - the record's own word
    values = {
        "entity": INCOMES,
        "indicator": "recency",
        "facet": "",
        "status": IncidentStatus.OPEN,
        "owner": "ana",
        "sentence": "The data is late.",
        "opened": NIGHT,
        "last_breach": NIGHT,
        "root": BUREAU,
        "root_incident": "INC-0",
    }
    return Incident(id=id, sequence=sequence, **{**values, **changes})


def incident_event(incident: str = "INC-1", sequence: int = 1, **changes) -> IncidentEvent:
    values = {
        "act": IncidentAct.OPENED,
        "at": NOON,
        "actor": "nightly",
        "night": NIGHT,
        "note": "first seen",
        "details": {"value": 30.25},
    }
    return IncidentEvent(incident=incident, sequence=sequence, **{**values, **changes})


def alert(key: str = "INC-1/ana/console/2026-03-01", **changes) -> Alert:
    values = {
        "night": NIGHT,
        "recipient": "ana",
        "channel": "console",
        "subject": "Incomes are late",
        "body": "The newest record is 30 hours old.",
        "incident": "INC-1",
    }
    return Alert(key=key, **{**values, **changes})


def milestone(id: str = "new_model_version:mortgage_approval/2", **changes) -> Milestone:  # noqa: A002 - the record's own word
    values = {
        "kind": MilestoneKind.NEW_VERSION,
        "night": NIGHT,
        "model": "mortgage_approval",
        "version": "2",
        "sentence": "Version 2 was registered.",
    }
    return Milestone(id=id, **{**values, **changes})


def review_event(review: str = "REV-1", sequence: int = 1, **changes) -> ReviewEvent:
    values = {
        "act": ReviewAct.OPENED,
        "at": NOON,
        "actor": "nightly",
        "data": {"functions": ["legal", "privacy"]},
    }
    return ReviewEvent(review=review, sequence=sequence, **{**values, **changes})


def version(version: str = "2", **changes) -> ModelVersion:
    values = {
        "model": "mortgage_approval",
        "stage": "candidate",
        "digest": "sha256:cd",
        "registered_at": NOON,
        "registered_by": "ben",
        "trained_by": "ben",
        "snapshot": "lending.training_2026_02",
        "snapshot_digest": "sha256:ef",
        "artefact": "models/2.skops",
        "metrics": {"auc": 0.8125},
        "environment": {"python": "3.11", "packages": ["scikit-learn==1.6"]},
    }
    return ModelVersion(version=version, **{**values, **changes})


def edge(source: Entity = BUREAU, target: Entity = INCOMES, **changes) -> Edge:
    values = {"kind": EdgeKind.FEEDS, "evidence": "datasets/incomes.odcs.yaml:42"}
    return Edge(source=source, target=target, **{**values, **changes})


def node(entity: Entity = BUREAU, **changes) -> Node:
    values = {
        "by": "feast:lending",
        "owners": ("ruth@example.org",),
        "tags": ("pii",),
        "facts": {"ttl": "1 day"},
    }
    return Node(entity, **{**values, **changes})
