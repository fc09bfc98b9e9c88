"""The model card: what the model is for, what it learned from, and how it does, ethics and law beside
accuracy.

Source: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.shown import K, as_json
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.measurement import Measurement

ACCURACY = ("performance", "calibration", "prediction_drift", "drift", "leakage")
ETHICS = ("bias", "representation", "proxy")
LAW = ("consent", "withdrawals", "retention", "permits", "rehearsal")
SUPPLY = ("recency", "quality", "ownership", "provenance", "twins")
KINDS: Mapping[str, tuple[str, ...]] = {"accuracy": ACCURACY, "ethics": ETHICS, "law": LAW, "supply": SUPPLY}
"""What an indicator is evidence of; one that is in none of them is told with the supply of data."""


def kind_of(indicator: str) -> str:
    """Which of :data:`KINDS` an indicator belongs to."""
    return next((kind for kind, names in KINDS.items() if indicator in names), "supply")


def model_card(record: Record) -> dict[str, Any]:
    """``model-card.json``."""
    features = [
        {"column": one.column, "training_column": one.baseline_column} for one in record.model.features
    ]
    return {
        "model": _model(record),
        "training": _training(record),
        "features": features,
        "protected_attributes": [jsonable(one.model_dump()) for one in record.model.sensitive_attributes],
        "rollback": jsonable(record.model.rollback.model_dump()),
        "risk": jsonable(record.night.risk),
        "measurements": {kind: [as_json(one) for one in _chosen(record, kind)] for kind in KINDS},
    }


def _model(record: Record) -> dict[str, Any]:
    model, version = record.model, record.version
    return {
        "name": model.name,
        "title": model.title,
        "version": version.version,
        "stage": version.stage,
        "description": model.description,
        "owner": model.owner,
        "owner_name": record.person(model.owner),
        "tier": model.tier,
        "purpose": model.purpose,
        "deployments": list(model.deployments),
        "artefact_digest": version.digest,
        "registered_at": jsonable(version.registered_at),
        "registered_by": version.registered_by,
    }


def _training(record: Record) -> dict[str, Any]:
    version, training = record.version, record.model.training
    return {
        "snapshot": version.snapshot,
        "snapshot_digest": version.snapshot_digest,
        "label": training.label,
        "purpose": training.purpose,
        "trained_by": version.trained_by,
        "environment": asdict(environment(version.environment)),
        "promised": dict(version.metrics),
        "people": _people(record),
    }


def _chosen(record: Record, kind: str) -> list[Measurement]:
    """Of the model itself, and of its data what is about people; the data sheets have the rest."""
    mine = Entity.model(record.model.name)
    found = [one for one in record.night.measured if kind_of(one.indicator) == kind]
    return [one for one in found if one.entity == mine or kind in ("ethics", "law")]


def _people(record: Record) -> dict[str, Any] | None:
    """How many people the version has learned from; the set itself stays in the house."""
    manifest = record.night.manifest
    if manifest is None:
        return None
    return {
        "count": f"fewer than {K}" if is_small(manifest.subjects, K) else manifest.subjects,
        "basis": manifest.basis,
        "notices": list(manifest.notices),
        "purpose": manifest.purpose,
        "set_digest": manifest.digest,
        "taken_at": jsonable(manifest.taken_at),
        "erased_at": jsonable(manifest.erased_at),
        "problem": manifest.problem,
    }
