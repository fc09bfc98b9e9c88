"""Write the night: everything in one transaction, so an interrupted night leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from governance_pipeline.charter.playbook import ProfilePolicy
from governance_pipeline.profiles import codec
from governance_pipeline.profiles.day_codec import days_to_json
from governance_pipeline.profiles.merge_clusters import without_clusters
from governance_pipeline.reviews.service import append_late
from governance_pipeline.stages.consequences import Consequences
from governance_pipeline.stages.crosses import record_crosses
from governance_pipeline.stages.manifests import record_manifests
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.places import record_places
from governance_pipeline.stages.reviewing import ReviewChanges
from governance_pipeline.store.ports import NightRecord, Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True, slots=True)
class NightResult:
    """All that one run of a night found. ``sealed`` is None for a partial night."""

    evidence: Evidence
    entities: Sequence[Entity]
    measurements: Sequence[Measurement]
    risks: Sequence[RiskScore]
    consequences: Consequences
    keeping: ProfilePolicy
    sealed: NightRecord | None


def record(store: Store, result: NightResult) -> tuple[Alert, ...]:
    """Write ``result``; returns the alerts that were not in the outbox before."""
    evidence = result.evidence
    with store.begin() as unit:
        _record_discoveries(unit, evidence)
        for dataset, profile in evidence.scans.profiles.items():
            unit.profiles.put(dataset, evidence.night, codec.to_json(without_clusters(profile)))
        _remember(unit, result)
        unit.measurements.replace(evidence.night, result.measurements, entities=result.entities)
        unit.risks.replace(evidence.night, result.risks)
        _record_consequences(unit, result.consequences)
        told = (*result.consequences.alerts, *result.consequences.reviews.alerts)
        fresh = tuple(alert for alert in told if unit.outbox.enqueue(alert))
        if result.sealed is not None:
            unit.lineage.replace(evidence.night, evidence.graph.edges, evidence.nodes)
            unit.nights.seal(result.sealed)
        else:
            unit.nights.amend(evidence.night, evidence.read_at)
    return fresh


def _remember(unit: Unit, result: NightResult) -> None:
    """Keep what was read of partitions, and forget what the playbook says is old."""
    evidence, kept = result.evidence, result.keeping
    for dataset, remembered in evidence.scans.remembered.items():
        unit.profiles.put_partitions(dataset, remembered.read, present=remembered.present)
    if evidence.memory.is_newest:
        nights = evidence.night - timedelta(days=kept.keep_nights)
        unit.profiles.thin(
            slices_before=evidence.night - timedelta(days=kept.keep_days),
            nights_before=nights,
            weeks_before=nights - timedelta(weeks=kept.keep_weeks),
        )


def record_reviews(store: Store, changes: ReviewChanges) -> None:
    """Write only what changes among the reviews, and queue the messages about it."""
    with store.begin() as unit:
        _write_reviews(unit, changes)
        for alert in changes.alerts:
            unit.outbox.enqueue(alert)


def _write_reviews(unit: Unit, changes: ReviewChanges) -> None:
    for opening in changes.openings:
        unit.reviews.open(opening.milestone, opening.review_id, opening.event)
    for event in changes.events:
        append_late(unit, event)


def _record_discoveries(unit: Unit, evidence: Evidence) -> None:
    for version in evidence.discovery.all_versions:
        unit.versions.put(version)
    for key in evidence.baselines.taken:
        if key in evidence.memory.unreadable:
            unit.profiles.drop_baseline(*key)
        days = evidence.baselines.days.get(key)
        unit.profiles.put_baseline(
            *key, codec.to_json(evidence.baselines.profiles[key]), days_to_json(days) if days else None
        )
    record_crosses(unit, evidence.night, evidence.crosses)
    record_manifests(unit, evidence.manifests)
    record_places(unit, evidence.night, evidence.places)


def _record_consequences(unit: Unit, consequences: Consequences) -> None:
    for change in consequences.changes:
        unit.incidents.put(change.incident, change.event)
    _write_reviews(unit, consequences.reviews)
