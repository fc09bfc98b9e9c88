"""Show in Dagster what ran outside it: ``python -m assets.history`` mirrors sealed nights.

Nights may have been run by ``governance nightly`` or by the demo. Each becomes a materialisation of the
night's assets; the checks of the newest nights follow, so that the UI shows the present state. Nothing
is mirrored twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.checks import check_results
from assets.indicators import night_specs
from assets.keys import dataset_key, stage_key
from assets.location import project_folder
from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.charter.project import Project
from governance_pipeline.store.ports import NightRecord, Store
from governance_pipeline.vocabulary.measurement import Measurement

NIGHTS_WITH_CHECKS = 3


def mirror(project: Project, store: Store, instance: dg.DagsterInstance) -> int:
    """Report sealed nights that Dagster does not know; returns how many were reported."""
    known = instance.get_materialized_partitions(stage_key("seal"))
    with store.begin() as unit:
        latest = unit.nights.latest()
        sealed = unit.nights.between(project.settings.schedule.start, latest.night) if latest else ()
        fresh = [night for night in sealed if night.night.isoformat() not in known]
        with_checks = {night.night for night in fresh[-NIGHTS_WITH_CHECKS:]}
        for night in fresh:
            measurements = unit.measurements.of_night(night.night)
            _report_night(project, instance, night, measurements, checks=night.night in with_checks)
        if fresh:
            _report_tables(project, instance, unit.profiles, fresh[-1])
    return len(fresh)


def _report_night(
    project: Project,
    instance: dg.DagsterInstance,
    night: NightRecord,
    measurements: Sequence[Measurement],
    *,
    checks: bool,
) -> None:
    by_indicator: dict[str, Counter[str]] = {}
    for measurement in measurements:
        by_indicator.setdefault(measurement.indicator, Counter())[str(measurement.outcome)] += 1
    metadata: Mapping[str, Mapping[str, Any]] = {
        **by_indicator,
        "seal": {
            "expected": night.expected,
            "received": night.received,
            "missing": ", ".join(night.missing[:25]) or "none",
        },
    }
    for spec in night_specs(project):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                spec.key,
                partition=night.night.isoformat(),
                description="Run outside Dagster.",
                metadata=dict(metadata.get(spec.key.path[-1], {})),
            )
        )
    for key, result in check_results(project, measurements) if checks else ():
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=result.passed,
                metadata=result.metadata,
                severity=result.severity,
                description=result.description,
            )
        )


def _report_tables(project: Project, instance: dg.DagsterInstance, profiles: Any, night: NightRecord) -> None:
    for dataset in project.contracts:
        profile = profiles.get(dataset, night.night)
        if profile is not None:
            instance.report_runless_asset_event(
                dg.AssetObservation(
                    dataset_key(dataset), metadata={"dagster/row_count": int(profile["rows"])}
                )
            )


def main() -> None:
    project = open_project(project_folder())
    store = open_project_store(project)
    with dg.DagsterInstance.get() as instance:
        count = mirror(project, store, instance)
    store.close()
    if count:
        print(f"{count} night(s) that ran outside Dagster are now shown in it")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
