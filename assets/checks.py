"""Outcomes as asset checks: on the table itself in small projects, rolled up in large ones.

Dagster records 10-90 ms per check evaluation, so above ``MAX_TABLES_WITH_CHECKS`` governed tables one
check per namespace and indicator names the worst tables in its metadata instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from assets.keys import entity_key, plain, stage_key
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.registry import all_indicators, expected_keys
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

MAX_TABLES_WITH_CHECKS = 300
MAX_ROLL_UPS = 200
WORST_SHOWN = 25

CheckKey = dg.AssetCheckKey


def check_specs(project: Project) -> list[dg.AssetCheckSpec]:
    """The checks a night of ``project`` evaluates."""
    titles = {indicator.name: indicator.title for indicator in all_indicators()}
    found: dict[CheckKey, str] = {}
    for entity, indicator in sorted(_expected(project)):
        key = check_key(project, entity, indicator)
        found.setdefault(key, f"{titles.get(indicator, indicator)}, measured every night.")
    return [dg.AssetCheckSpec(key.name, asset=key.asset_key, description=text) for key, text in found.items()]


def check_key(project: Project, entity: Entity, indicator: str) -> CheckKey:
    """The check an entity's indicator shows in."""
    if len(project.contracts) <= MAX_TABLES_WITH_CHECKS:
        return CheckKey(entity_key(entity), plain(indicator))
    return CheckKey(stage_key(indicator), plain(_namespace(project, entity)))


def check_results(
    project: Project, measurements: Sequence[Measurement]
) -> Iterator[tuple[CheckKey, dg.AssetCheckResult]]:
    """One result for every check of :func:`check_specs`; one without measurements has not passed."""
    grouped: dict[CheckKey, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        grouped[check_key(project, measurement.entity, measurement.indicator)].append(measurement)
    for spec in check_specs(project):
        yield spec.key, _result(spec.key, grouped.get(spec.key, []))


def _expected(project: Project) -> Iterable[tuple[Entity, str]]:
    pairs = expected_keys(project, project.contracts.values(), project.models.values())
    return ((Entity.parse(entity), indicator) for entity, indicator in pairs)


def _result(key: CheckKey, measurements: Sequence[Measurement]) -> dg.AssetCheckResult:
    """Passed only if everything passed. Failed and missing are errors; the rest warns."""
    outcome = worst(m.outcome for m in measurements)
    error = outcome in (Outcome.FAIL, Outcome.NOT_RUN)
    ordered = sorted(measurements, key=lambda m: (-m.outcome.severity, m.key))
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome is Outcome.PASS,
        severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
        description=ordered[0].sentence if ordered else "Nothing was measured.",
        metadata=_metadata(outcome, ordered),
    )


def _metadata(outcome: Outcome, ordered: Sequence[Measurement]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"outcome": str(outcome), "measured": len(ordered)}
    if ordered:
        metadata["playbook clause"] = ordered[0].clause
        metadata["findings"] = dg.MetadataValue.md(measurement_table(ordered[:WORST_SHOWN]))
    if len(ordered) == 1 and ordered[0].value is not None:
        metadata["value"] = float(ordered[0].value)
    reports = sorted({str(m.details["report"]) for m in ordered if "report" in m.details})
    if reports:
        metadata["drift report"] = dg.MetadataValue.path(reports[0])
    return metadata


def measurement_table(measurements: Iterable[Measurement]) -> str:
    """A Markdown table; cells are escaped, so no name can add markup."""
    rows = [
        " | ".join(
            ("", m.outcome, _cell(m.entity.name), _cell(m.facet), _number(m), str(m.n), _cell(m.sentence), "")
        ).strip()
        for m in measurements
    ]
    return "\n".join(["| outcome | what | part | value | n | in words |", "|---|---|---|---|---|---|", *rows])


def _number(measurement: Measurement) -> str:
    return "" if measurement.value is None else f"{measurement.value:.4g} {measurement.unit}".strip()


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
    return " ".join(escaped.split())


def _namespace(project: Project, entity: Entity) -> str:
    if entity.kind is EntityKind.MODEL:
        return "models"
    namespaces = sorted({contract.namespace for contract in project.contracts.values()})
    shown = namespaces[: max(1, MAX_ROLL_UPS // max(1, len(all_indicators())) - 2)]
    namespace = entity.dataset_name.rpartition(".")[0]
    return namespace if namespace in shown else "other namespaces"
