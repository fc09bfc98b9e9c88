"""The night as one daily-partitioned multi-asset: the same function as ``governance nightly``."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg

from assets.checks import check_results, check_specs
from assets.keys import CLOSING, NIGHT, dataset_key, model_key, stage_key
from assets.resources import GovernanceResource
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.registry import all_indicators
from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    LineagePublished,
    NightEvent,
    NightSealed,
    NightStarted,
    ReviewOpened,
    RiskAssessed,
)

GROUP = "governance"
Reported = tuple[dg.AssetKey, dg.MaterializeResult[Any]] | tuple[dg.AssetCheckKey, dg.AssetCheckResult]
TEXT = {
    "catalog": "Which datasets, models and versions exist tonight.",
    "profiles": "One scan of every dataset: counts, histograms, groups, consent. No row leaves the engine.",
    "risk": "Additive, explained risk of every dataset, feature and model, propagated along lineage.",
    "incidents": "Breaches opened, kept and closed; one message per root cause to the owner.",
    "reviews": "Cross-functional reviews that tonight's milestones opened.",
    "lineage": "What the night learned, as OpenLineage events.",
    "seal": "Expected against received: a check that never came is as visible as one that failed.",
}


def nights(project: Project) -> dg.DailyPartitionsDefinition:
    """One partition per night, in the schedule's time zone."""
    schedule = project.settings.schedule
    return dg.DailyPartitionsDefinition(start_date=schedule.start.isoformat(), timezone=schedule.timezone)


def night_asset(project: Project) -> dg.AssetsDefinition:
    """The night of ``project`` with its assets and checks.

    The whole night always runs; a partial selection only reports less of it.
    """

    @dg.multi_asset(
        name=NIGHT,
        specs=night_specs(project),
        check_specs=check_specs(project),
        partitions_def=nights(project),
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def night(context: dg.AssetExecutionContext, governance: GovernanceResource) -> Iterator[Any]:
        selected = {*context.selected_asset_keys, *context.selected_asset_check_keys}
        for key, result in run_and_report(context, governance, date.fromisoformat(context.partition_key)):
            if key in selected:
                yield result

    return night


def night_specs(project: Project) -> list[dg.AssetSpec]:
    """Catalog -> profiles -> one asset per indicator -> risk -> incidents, reviews, lineage -> seal."""
    datasets = [dataset_key(name) for name in project.contracts]
    models = [model_key(name) for name in project.models]
    indicators = [stage_key(indicator.name) for indicator in all_indicators()]
    after = {
        "risk": indicators,
        "incidents": [stage_key("risk")],
        "reviews": [stage_key("risk")],
        "lineage": indicators,
        "seal": [stage_key(name) for name in ("incidents", "reviews", "lineage")],
    }
    return [
        _spec("catalog", [*datasets, *models], TEXT["catalog"]),
        _spec("profiles", [stage_key("catalog")], TEXT["profiles"]),
        *(
            _spec(i.name, [stage_key("profiles")], f"{i.title}, for every {i.subject}.")
            for i in all_indicators()
        ),
        *(_spec(name, after[name], TEXT[name]) for name in CLOSING),
    ]


def _spec(name: str, deps: Sequence[dg.AssetKey], description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        stage_key(name), deps=deps, description=description, group_name=GROUP, kinds={"governance"}
    )


def run_and_report(
    context: dg.AssetExecutionContext, governance: GovernanceResource, night: date
) -> Iterator[Reported]:
    """Run the night and tell Dagster what it found."""
    with governance.open() as services:
        events: list[NightEvent] = []
        for event in run_night(services, night):
            events.append(event)
            _log(context, event)
        project = services.project
    yield from report_night(project, events)


def report_night(project: Project, events: Sequence[NightEvent]) -> Iterator[Reported]:
    """A finished night's events as Dagster results."""
    measurements = [e.measurement for e in events if isinstance(e, IndicatorMeasured)]
    for name, metadata in night_metadata(events, measurements).items():
        yield stage_key(name), dg.MaterializeResult(stage_key(name), metadata=metadata)
    yield from check_results(project, measurements)


def night_metadata(
    events: Sequence[NightEvent], measurements: Sequence[Measurement]
) -> dict[str, dict[str, Any]]:
    """Metadata for each asset of the night, by its name."""
    started = next(e for e in events if isinstance(e, NightStarted))
    scans = [e for e in events if isinstance(e, DatasetScanned)]
    risks = [e.risk for e in events if isinstance(e, RiskAssessed)]
    sealed = next(e for e in events if isinstance(e, NightSealed))
    published = next(e for e in events if isinstance(e, LineagePublished))
    changed = Counter(str(e.act) for e in events if isinstance(e, IncidentChanged))
    by_indicator = {indicator.name: Counter[str]() for indicator in all_indicators()}
    for measurement in measurements:
        by_indicator[measurement.indicator][str(measurement.outcome)] += 1
    worst_risks = [r for r in risks if r.score > 0][:25]
    return {
        "catalog": {"datasets": len(started.datasets), "models": len(started.models)},
        "profiles": {
            "scanned": sum(1 for scan in scans if scan.error is None),
            "not run": sum(1 for scan in scans if scan.error is not None),
            "rows": sum(scan.rows or 0 for scan in scans),
            "seconds": round(sum(scan.seconds for scan in scans), 3),
        },
        **{name: dict(counts) or {"measured": 0} for name, counts in by_indicator.items()},
        "risk": {
            "highest": max((risk.score for risk in risks), default=0.0),
            "worst": dg.MetadataValue.md(
                "\n".join(
                    ["| what | tier | score |", "|---|---|---|"]
                    + [f"| {r.entity.name} | {r.tier} | {r.score:.0f} |" for r in worst_risks]
                )
            ),
        },
        "incidents": {**changed, "alerts queued": sum(isinstance(e, AlertQueued) for e in events)},
        "reviews": {"opened": sum(isinstance(e, ReviewOpened) for e in events)},
        "lineage": {
            "events": published.events,
            "destination": published.destination,
            "error": published.error or "none",
        },
        "seal": {
            "expected": sealed.expected,
            "received": sealed.received,
            "missing": ", ".join(sealed.missing[:25]) or "none",
        },
    }


def _log(context: dg.AssetExecutionContext, event: NightEvent) -> None:
    match event:
        case DatasetScanned(error=str() as error):
            context.log.error(f"{event.dataset} could not be scanned: {error}")
        case IncidentChanged():
            context.log.info(f"incident {event.incident.id} {event.act}: {event.incident.sentence}")
        case ReviewOpened():
            context.log.info(f"review {event.review} opened: {event.milestone.sentence}")
        case _:
            return
