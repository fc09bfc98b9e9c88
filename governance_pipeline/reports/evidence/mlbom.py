"""The bill of materials: CycloneDX 1.6 for machine learning (ECMA-424), with its model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version as distribution_version
from typing import Any

from governance_pipeline.charter.contract import Contract
from governance_pipeline.reports.evidence.card import ACCURACY, ETHICS
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.identity import stable_uuid
from governance_pipeline.reports.evidence.missing import missing
from governance_pipeline.reports.evidence.record import Record, concerned
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement

_ALGORITHMS = {"sha256": "SHA-256", "sha512": "SHA-512", "sha1": "SHA-1", "md5": "MD5"}


def ml_bom(record: Record) -> dict[str, Any]:
    """``ml-bom.cdx.json``."""
    model, label = record.model.name, record.version.version
    model_ref = f"model:{model}/{label}"
    libraries = [
        _library(name, release) for name, release in environment(record.version.environment).software.items()
    ]
    data = [_dataset(record, name) for name in record.datasets]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(record)}",
        "version": 1,
        "metadata": {
            "timestamp": record.as_of.isoformat(),
            "tools": {"components": [_ourselves()]},
            "component": _model(record, model_ref),
        },
        "components": [*data, *libraries],
        "dependencies": list(_dependencies(record, model_ref, [one["bom-ref"] for one in libraries])),
    }


def _serial(record: Record) -> str:
    version = record.version
    named = (record.project.settings.name, version.model, version.version, record.as_of.isoformat())
    return stable_uuid("bom", *named)


def _ourselves() -> dict[str, Any]:
    name = "governance-pipeline"
    return {"type": "application", "name": name, "version": distribution_version(name)}


def _model(record: Record, ref: str) -> dict[str, Any]:
    model, version = record.model, record.version
    return {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": model.name,
        "version": version.version,
        "description": model.description or model.title or model.name,
        **_hashes(version.digest),
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": model.purpose,
                "datasets": [{"ref": f"dataset:{name}"} for name in record.datasets],
            },
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(record))},
            "considerations": _considerations(record),
        },
        "properties": _properties(
            {
                "stage": version.stage,
                "tier": model.tier,
                "owner": model.owner,
                "trained_by": version.trained_by,
                "registered_by": version.registered_by,
                "training_data": version.snapshot,
                "training_data_digest": version.snapshot_digest,
                **{f"parameter.{k}": v for k, v in environment(version.environment).parameters.items()},
            }
        ),
    }


def _metrics(record: Record) -> Iterator[dict[str, Any]]:
    for name, value in sorted(record.version.metrics.items()):
        yield {
            "type": f"promised: {name}",
            "value": repr(value),
            "slice": f"version {record.version.version}",
        }
    mine = Entity.model(record.model.name)
    for one in record.night.measured:
        if one.entity == mine and one.indicator in (*ACCURACY, *ETHICS) and one.value is not None:
            yield _metric(record, one)


def _metric(record: Record, one: Measurement) -> dict[str, Any]:
    version, waiver = concerned(one), record.acts.waivers.get(one.key)
    where = [f"version {version}" if version else "", one.facet, f"night of {one.night}", str(one.outcome)]
    where += [f"waived until {waiver.until}: {waiver.control}"] if waiver else []
    found = {
        "type": f"{one.indicator}: {one.metric or one.indicator}",
        "value": repr(one.value),
        "slice": "; ".join(filter(None, where)),
    }
    if one.interval is None:
        return found
    low, high = one.interval
    return {**found, "confidenceInterval": {"lowerBound": repr(low), "upperBound": repr(high)}}


def _considerations(record: Record) -> dict[str, Any]:
    review = record.review
    trade_offs = [one.trade_off for one in review.state.standing.values() if one.trade_off] if review else []
    waived = [f"{waiver.clause}: {waiver.control}" for _, waiver in sorted(record.acts.waivers.items())]
    return {
        "useCases": [record.model.purpose],
        "technicalLimitations": [f"Not known: {one.what}. {one.why}." for one in missing(record)],
        "performanceTradeoffs": trade_offs,
        "ethicalConsiderations": [
            {"name": one.sentence, "mitigationStrategy": f"see incident of {one.entity.name}"}
            for one in record.night.measured
            if one.indicator in ETHICS and one.outcome.is_breach
        ]
        + [{"name": f"waived {text}", "mitigationStrategy": text} for text in waived],
        "fairnessAssessments": [
            {
                "groupAtRisk": f"{one.title or one.column}, compared with '{one.reference}'",
                "mitigationStrategy": "measured every night; see model-card.json",
            }
            for one in record.model.sensitive_attributes
        ],
    }


def _dataset(record: Record, name: str) -> dict[str, Any]:
    contract = record.project.contracts.get(name)
    digest = record.version.snapshot_digest if name == record.version.snapshot else ""
    return {
        "type": "data",
        "bom-ref": f"dataset:{name}",
        "name": name,
        **({"version": contract.version} if contract and contract.version else {}),
        **_hashes(digest),
        "data": [_contents(record, name, contract)],
    }


def _contents(record: Record, name: str, contract: Contract | None) -> dict[str, Any]:
    if contract is None:
        return {"type": "dataset", "name": name, "description": "No contract describes it."}
    sensitive = [one.name for one in contract.columns if one.personal or one.sensitive]
    found: dict[str, Any] = {
        "type": "dataset",
        "name": name,
        "description": contract.description or str(contract.kind).replace("_", " "),
        "classification": "personal data" if contract.subject_key else "not about people",
        "contents": {
            "properties": _properties({"contract_digest": contract.digest, "tier": record.project.tier(name)})
        },
    }
    if sensitive:
        found["sensitiveData"] = sensitive
    if contract.owner:
        found["governance"] = {"owners": [{"organization": {"name": record.person(contract.owner)}}]}
    return found


def _library(name: str, release: str) -> dict[str, Any]:
    kind = "platform" if name.casefold() == "python" else "library"
    found = {"type": kind, "bom-ref": f"software:{name}@{release}", "name": name, "version": release}
    return found if kind == "platform" else {**found, "purl": f"pkg:pypi/{name.casefold()}@{release}"}


def _dependencies(record: Record, model_ref: str, software: list[str]) -> Iterator[dict[str, Any]]:
    feeding = [f"dataset:{name}" for name in record.datasets]
    yield {"ref": model_ref, "dependsOn": [*feeding, *software]}
    for name in record.datasets:
        above = {e.name for e in record.night.graph.upstream(Entity.dataset(name))} & set(record.datasets)
        yield {"ref": f"dataset:{name}", "dependsOn": [f"dataset:{one}" for one in sorted(above)]}


def _hashes(digest: str) -> dict[str, Any]:
    """Left out where no digest is known, or none of an algorithm that CycloneDX has a name for."""
    algorithm, _, value = digest.partition(":")
    known = _ALGORITHMS.get(algorithm)
    return {"hashes": [{"alg": known, "content": value}]} if known and value else {}


def _properties(told: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": f"governance:{name}", "value": str(value)} for name, value in told.items() if value]
