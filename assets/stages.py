"""The parts of a night as assets, and what each shows about one night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.checks import rolls_up
from assets.findings import Findings, Seal
from assets.keys import GOVERNANCE, dataset_key, entity_key, model_key, stage_key
from assets.markdown import counts, measurement_table, numbered, risk_table, table
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.base import Indicator
from governance_pipeline.indicators.registry import measured_by
from governance_pipeline.risk.explain import explain
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst
from governance_pipeline.vocabulary.risk import RiskScore

MOST_OBSERVATIONS = 215  # with 200 roll-ups and the log's lines under a thousand events a night
TRANSITIONS = {IncidentAct.OPENED, IncidentAct.REOPENED, IncidentAct.RESOLVED}

_TEXT = {
    "catalog": "Which datasets, models and model versions exist tonight.",
    "profiles": "One scan of every dataset: counts, histograms, groups, consents. No row leaves the engine.",
    "risk": "Risk of every dataset, feature and model: a sum of named parts, carried on along lineage.",
    "incidents": "Breaches opened, kept, resolved and reopened; one message per root cause to the owner.",
    "reviews": "Cross-functional reviews that tonight's milestones opened.",
    "lineage": "What the night learned about lineage, sent as OpenLineage events.",
    "seal": "Expected against received: a check that never came is as visible as one that failed.",
}


def stage_specs(project: Project) -> list[dg.AssetSpec]:
    """Catalog -> profiles -> one asset per indicator -> risk -> incidents, reviews, lineage -> seal."""
    tables = [dataset_key(name) for name in project.contracts]
    models = [model_key(name) for name in project.models]
    measured = measured_by(project.playbook)
    indicators = [stage_key(indicator.name) for indicator in measured]
    return [
        _spec("catalog", [*tables, *models], _TEXT["catalog"]),
        _spec("profiles", [stage_key("catalog")], _TEXT["profiles"]),
        *(
            _spec(i.name, [stage_key("profiles")], f"{i.title} of every {i.subject}, measured every night.")
            for i in measured
        ),
        _spec("risk", indicators, _TEXT["risk"]),
        *(_spec(name, [stage_key("risk")], _TEXT[name]) for name in ("incidents", "reviews")),
        _spec("lineage", indicators, _TEXT["lineage"]),
        _spec("seal", [stage_key(name) for name in ("incidents", "reviews", "lineage")], _TEXT["seal"]),
    ]


def _spec(name: str, deps: Sequence[dg.AssetKey], description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        stage_key(name), deps=deps, description=description, group_name=GOVERNANCE, kinds={"python"}
    )


def materialisations(
    findings: Findings, indicators: Sequence[Indicator]
) -> Iterator[tuple[dg.AssetKey, dict[str, Any]]]:
    """Each part of the night with what it shows."""
    found = {
        "catalog": _catalog(findings),
        "profiles": _profiles(findings),
        **{
            indicator.name: _indicator([m for m in findings.measurements if m.indicator == indicator.name])
            for indicator in indicators
        },
        "risk": {
            "highest score": float(max((risk.score for risk in findings.risks), default=0.0)),
            "tiers": counts(Counter(risk.tier for risk in findings.risks)),
            "scores": risk_table(findings.risks),
        },
        "incidents": _incidents(findings),
        "reviews": {"opened": len(findings.reviews)}
        | ({"why": numbered(findings.reviews)} if findings.reviews else {}),
        "lineage": _lineage(findings),
        "seal": seal_metadata(findings.seal),
    }
    yield from ((stage_key(name), metadata) for name, metadata in found.items())


def seal_metadata(seal: Seal) -> dict[str, Any]:
    """Expected, received and (the first 25) missing."""
    missing = ", ".join(seal.missing[:25]) or "none"
    return {"expected": seal.expected, "received": seal.received, "missing": missing}


def _catalog(findings: Findings) -> dict[str, Any]:
    models = sum(risk.entity.kind is EntityKind.MODEL for risk in findings.risks)
    return {"datasets": len({*findings.rows, *findings.failures}), "models": models}


def _profiles(findings: Findings) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "datasets scanned": len(findings.rows),
        "rows": sum(findings.rows.values()),
        "not scanned": len(findings.failures),
    }
    if findings.failures:
        metadata["why not"] = table(("dataset", "reason"), sorted(findings.failures.items()))
    if findings.scan_seconds is not None:
        metadata["scan seconds"] = round(findings.scan_seconds, 3)
    return metadata


def _indicator(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Counts as numbers, so that Dagster draws them over the nights, and what was not a pass."""
    number = Counter(m.outcome for m in measurements)
    metadata: dict[str, Any] = {str(outcome).replace("_", " "): number[outcome] for outcome in Outcome}
    wrong = sorted(
        (m for m in measurements if m.outcome is not Outcome.PASS), key=lambda m: (-m.outcome.severity, m.key)
    )
    if wrong:
        metadata["findings"] = measurement_table(wrong)
    return metadata


def _incidents(findings: Findings) -> dict[str, Any]:
    number = Counter(act for act, _ in findings.changes)
    metadata: dict[str, Any] = {str(act): number[act] for act in sorted({*TRANSITIONS, *number})}
    metadata["messages queued"] = findings.alerts
    shown = [
        (i.id, str(act), i.entity.name, i.owner, i.sentence)
        for act, i in findings.changes
        if act is not IncidentAct.KEPT
    ]
    if shown:
        metadata["what happened"] = table(("incident", "", "what", "owner", "in words"), shown)
    return metadata


def _lineage(findings: Findings) -> dict[str, Any]:
    published = findings.published
    if published is None:
        return {}
    return {
        "events": published.events,
        "destination": published.destination,
        "error": published.error or "none",
    }


def observations(project: Project, findings: Findings) -> Iterator[dg.AssetObservation]:
    """Rows, worst outcome and risk of each table and model: of all in small projects; in large ones only
    of those whose breach began or ended tonight, at most ``MOST_OBSERVATIONS``.
    """
    outcomes: dict[Entity, list[Outcome]] = {}
    for measurement in findings.measurements:
        outcomes.setdefault(measurement.entity, []).append(measurement.outcome)
    risks = {risk.entity: risk for risk in findings.risks}
    shown = set(outcomes)
    if rolls_up(project):
        shown &= {incident.entity for act, incident in findings.changes if act in TRANSITIONS}
    worst_first = sorted(shown, key=lambda entity: (-worst(outcomes[entity]).severity, entity))
    for entity in worst_first[:MOST_OBSERVATIONS]:
        yield dg.AssetObservation(
            entity_key(entity),
            metadata=_observed(findings, entity, worst(outcomes[entity]), risks.get(entity)),
        )


def _observed(
    findings: Findings, entity: Entity, outcome: Outcome, risk: RiskScore | None
) -> Mapping[str, Any]:
    metadata: dict[str, Any] = {
        "night": findings.night.isoformat(),
        "worst outcome": str(outcome).replace("_", " "),
    }
    if risk is not None:
        metadata |= {"risk score": float(risk.score), "risk tier": risk.tier, "risk": explain(risk)}
    if entity.name in findings.rows:
        metadata["dagster/row_count"] = findings.rows[entity.name]
    return metadata
