"""Governance projects over the tables of this package: contracts, a charter and, where asked, a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.data import ledger, reference_table
from benchmarks.data.reference_table import CATEGORICAL, CONTEXT, INTEGERS, MISSING, NIGHT, NUMERIC
from governance_pipeline.bootstrap import open_project
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.scaffold import create_project

NAMESPACE = "bench"
MODEL = "bench_model"
OWNER = "team"
CONSENTS = "consents"
DECISIONS = ("event_time", "group", "label", "prediction")

_CHARTER = {
    "steward": "ada",
    "alert_channels": ["log"],
    "people": [
        {"id": "ada", "name": "Ada Okafor", "mail": "ada@example.org", "functions": ["engineering"]},
        {
            "id": "lea",
            "name": "Lea Stern",
            "mail": "lea@example.org",
            "functions": ["legal", "privacy", "ethics"],
        },
    ],
    "teams": [{"id": OWNER, "name": "Data team", "members": ["ada"]}],
}
_LEDGER_TYPES = ("integer", "string", "string", "string", "timestamp", "timestamp", "timestamp")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the project.

    Attributes:
        path: file or pattern, absolute.
        kind: as in a contract.
        columns: those of the reference table that it has.
        consent: whether its subjects must have agreed.
        known: the table of the project that each column is declared to come from.
    """

    name: str
    path: str
    kind: str = "source"
    columns: tuple[str, ...] = reference_table.COLUMNS
    consent: bool = False
    known: Mapping[str, str] = field(default_factory=dict)


def make(
    root: Path,
    tables: Sequence[Table],
    *,
    ledger_path: Path | None = None,
    model: bool = False,
    features: Sequence[str] = (*NUMERIC, *CATEGORICAL),
    predictions: bool = True,
    start: date = NIGHT,
    limits: Mapping[str, Any] | None = None,
) -> Project:
    """Write the project and open it.

    Args:
        root: a folder that is not there yet.
        tables: with ``model``, among them ``training`` (a training_snapshot), ``features`` (a
            feature_view) and ``predictions``.
        ledger_path: the consent ledger's file, see :mod:`benchmarks.data.ledger`; without one
            no table but a training snapshot declares a purpose.
        features: what the model reads.
        predictions: whether what the model decides is governed too.
        start: the first night.
        limits: other limits than the defaults.
    """
    create_project(root, NAMESPACE, start)
    for file in ("datasets/readings.odcs.yaml", "data/readings.csv"):
        (root / file).unlink()
    settings: dict[str, Any] = {
        "name": NAMESPACE,
        "schedule": {"start": start.isoformat()},
        "channels": {"log": {"type": "file", "path": ".governance/alerts.jsonl"}},
    }
    if limits:
        settings["limits"] = dict(limits)
    contracts = [_contract(table, purposes=ledger_path is not None) for table in tables]
    if ledger_path is not None:
        settings["consent"] = {"dataset": f"{NAMESPACE}.{CONSENTS}", "subject": "subject"}
        contracts.append(_ledger_contract(ledger_path))
    _dump(root / "governance.yaml", settings)
    _dump(root / "charter.yaml", _CHARTER)
    for contract in contracts:
        _dump(root / "datasets" / f"{contract['schema'][0]['name']}.odcs.yaml", contract)
    if model:
        _dump(root / "models" / f"{MODEL}.yaml", _model(features, predictions=predictions))
        _register(root, start)
    return open_project(root)


def with_model(training: str, serving: str, predictions: str) -> tuple[Table, ...]:
    """The tables of a project with a model: what it learned from, what it is fed, what it decided."""
    fed = ("event_time", "subject", *NUMERIC, *CATEGORICAL)
    known = dict.fromkeys(fed, "features") | dict.fromkeys(DECISIONS, "predictions")
    return (
        Table("training", training, "training_snapshot", known={**known, "event_time": "features"}),
        Table("features", serving, columns=fed, consent=True),
        Table("predictions", predictions, "predictions", DECISIONS),
    )


def _dump(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")


def _contract(table: Table, *, purposes: bool) -> dict[str, Any]:
    extras: dict[str, Any] = {"namespace": NAMESPACE, "datasetKind": table.kind}
    dated = table.kind != "training_snapshot"
    if dated:
        extras["eventTime"] = "event_time"
    if "subject" in table.columns:
        extras["subjectKey"] = "subject"
    if "subject" in table.columns and (purposes or not dated):
        basis = "consent" if table.consent else "contract"
        extras["purposes"] = [{"purpose": ledger.PURPOSE, "basis": basis}]
    made = _odcs(table.name, table.path, extras, (_column(name, table) for name in table.columns))
    if dated:
        made["slaProperties"] = [
            {"property": "latency", "value": 1, "unit": "d"},
            {"property": "retention", "value": 3, "unit": "y"},
        ]
    return made


def _odcs(name: str, path: str, extras: Mapping[str, Any], columns: Iterable[Any]) -> dict[str, Any]:
    properties = [{"property": key, "value": value} for key, value in extras.items()]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"{NAMESPACE}-{name}",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "local", "type": "local", "path": path, "format": "parquet"}],
        "team": {"name": OWNER},
        "schema": [{"name": name, "customProperties": properties, "properties": list(columns)}],
    }


def _column(name: str, table: Table) -> dict[str, Any]:
    """The promises a team makes about such a column; the tables keep them all."""
    made: dict[str, Any] = {"name": name, "logicalType": _logical_type(name), "required": name not in MISSING}
    if name == "n16":
        made["logicalTypeOptions"] = {"minimum": 18, "maximum": 120}
    if name == "c01":
        values = [f"value {number:02}" for number in range(3)]
        made["quality"] = [
            {"type": "library", "metric": "invalidValues", "arguments": {"validValues": values}, "mustBe": 0}
        ]
    if name in MISSING and name != "label":
        made["quality"] = [
            {"type": "library", "metric": "nullValues", "unit": "percent", "mustBeLessThan": 10}
        ]
    if name == "group" and table.kind == "predictions":
        made["customProperties"] = [{"property": "sensitiveAttribute", "value": True}]
    if name in table.known:
        made["transformSourceObjects"] = [f"{NAMESPACE}.{table.known[name]}.{name}"]
    return made


def _logical_type(name: str) -> str:
    if name in (*INTEGERS, "subject", "label", "prediction"):
        return "integer"
    if name in NUMERIC:
        return "number"
    return "timestamp" if name == CONTEXT[0] else "string"


def _ledger_contract(path: Path) -> dict[str, Any]:
    columns = (
        {"name": name, "logicalType": type_, "required": name != "valid_to"}
        for name, type_ in zip(ledger.COLUMNS, _LEDGER_TYPES, strict=True)
    )
    return _odcs(CONSENTS, str(path), {"namespace": NAMESPACE, "datasetKind": "consent_ledger"}, columns)


def _model(features: Sequence[str], *, predictions: bool) -> dict[str, Any]:
    decided = {
        "predictions": {"dataset": f"{NAMESPACE}.predictions", "prediction": "prediction", "label": "label"},
        "sensitive_attributes": [{"column": "group", "reference": "A"}],
    }
    return {
        "name": MODEL,
        "owner": OWNER,
        "tier": "high",
        "purpose": "Is measured.",
        "features": [{"column": f"{NAMESPACE}.features#{name}"} for name in features],
        "training": {"snapshot": f"{NAMESPACE}.training", "purpose": ledger.PURPOSE, "label": "label"},
        **(decided if predictions else {}),
        "registry": {"path": "registry.json"},
        "rollback": {"plan": "Switch back."},
    }


def _register(root: Path, start: date) -> None:
    """Version 1, in production since before the first night."""
    (root / "model.bin").write_bytes(b"weights")
    at = datetime.combine(start - timedelta(days=1), time(), tzinfo=UTC)
    version = {
        "version": "1",
        "stage": "production",
        "artefact": "model.bin",
        "digest": f"sha256:{hashlib.sha256(b'weights').hexdigest()}",
        "registered_at": at.isoformat(),
        "snapshot": f"{NAMESPACE}.training",
        "snapshot_digest": "sha256:" + "2" * 64,
    }
    registry = {"model": MODEL, "versions": [version]}
    (root / "registry.json").write_text(json.dumps(registry), encoding="utf-8")
