"""Outcomes as asset checks: on the table itself in small projects, rolled up in large ones.

Dagster records 10-90 ms per check evaluation, so above ``MOST_TABLES_WITH_CHECKS`` governed tables one
check per namespace and indicator names the worst tables in its metadata instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.keys import entity_key, plain, stage_key
from assets.markdown import counts, measurement_table, numbered
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.registry import expected_keys, measured_by
from governance_pipeline.response.advice import advice_for
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

MOST_TABLES_WITH_CHECKS = 300
MOST_ROLL_UPS = 200


def rolls_up(project: Project) -> bool:
    """Whether the project has too many tables for checks of their own."""
    return len(project.contracts) > MOST_TABLES_WITH_CHECKS


class CheckBook:
    """Which check shows which measurement, for one project.

    Attributes:
        indicators: all that a night measures.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.indicators = measured_by(project.playbook)
        self._titles = {indicator.name: indicator.title for indicator in self.indicators}
        self._rolled = rolls_up(project)
        self._named = _named_namespaces(project, len(self._titles)) if self._rolled else frozenset()
        pairs = expected_keys(project, project.contracts.values(), project.models.values())
        self._indicators: dict[dg.AssetCheckKey, str] = {}
        for entity, indicator in sorted(pairs):
            self._indicators.setdefault(self.key(Entity.parse(entity), indicator), indicator)

    def key(self, entity: Entity, indicator: str) -> dg.AssetCheckKey:
        """The check that shows ``indicator`` of ``entity``."""
        if self._rolled:
            return dg.AssetCheckKey(stage_key(indicator), plain(self._namespace(entity)))
        return dg.AssetCheckKey(entity_key(entity), plain(indicator))

    def specs(self) -> list[dg.AssetCheckSpec]:
        """The checks of every night."""
        return [
            dg.AssetCheckSpec(
                key.name,
                asset=key.asset_key,
                description=self._asked(indicator),
            )
            for key, indicator in self._indicators.items()
        ]

    def _asked(self, indicator: str) -> str:
        """What a check is about: the playbook's clause, which people agreed on, else its title."""
        policy = self.project.playbook.policy(indicator)
        clause = self.project.playbook.clauses.get(policy.clause) if policy else None
        title = self._titles.get(indicator, indicator)
        return f"{title}. {clause.title}: {clause.text} ({policy.clause})" if policy and clause else title

    def results(self, measurements: Sequence[Measurement]) -> Iterator[dg.AssetCheckResult]:
        """One result for every check; one without measurements has not passed."""
        grouped: dict[dg.AssetCheckKey, list[Measurement]] = defaultdict(list)
        for measurement in measurements:
            grouped[self.key(measurement.entity, measurement.indicator)].append(measurement)
        for key, indicator in self._indicators.items():
            yield _result(self.project, key, indicator, grouped.get(key, []))

    def _namespace(self, entity: Entity) -> str:
        if entity.kind is EntityKind.MODEL:
            return "models"
        namespace = entity.dataset_name.rpartition(".")[0] or "datasets"
        return namespace if namespace in self._named else "other_namespaces"


def _named_namespaces(project: Project, indicators: int) -> frozenset[str]:
    """The largest namespaces, as many as keep the roll-ups within their limit; the others share one."""
    sizes = Counter(contract.namespace or "datasets" for contract in project.contracts.values())
    most = max(1, MOST_ROLL_UPS // max(1, indicators) - 2)  # two more: the models, and all the others
    ranked = sorted(sizes, key=lambda namespace: (-sizes[namespace], namespace))
    return frozenset(ranked[:most])


def _result(
    project: Project, key: dg.AssetCheckKey, indicator: str, measurements: Sequence[Measurement]
) -> dg.AssetCheckResult:
    """Passed only if everything passed. Failed and missing are errors; the rest warns."""
    outcome = worst(m.outcome for m in measurements)
    ordered = sorted(measurements, key=lambda m: (-m.outcome.severity, m.key))
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome is Outcome.PASS,
        severity=dg.AssetCheckSeverity.ERROR if outcome.is_breach else dg.AssetCheckSeverity.WARN,
        description=_sentence(ordered),
        metadata=_metadata(project, indicator, outcome, ordered),
    )


def _sentence(ordered: Sequence[Measurement]) -> str:
    """The worst finding in words, and how many are as bad."""
    if not ordered:
        return "Nothing was measured, so nothing is known."
    alike = sum(m.outcome is ordered[0].outcome for m in ordered) - 1
    if ordered[0].outcome is Outcome.PASS or not alike:
        return ordered[0].sentence
    return f"{ordered[0].sentence} ({alike} more like it: see the findings.)"


def _metadata(
    project: Project, indicator: str, outcome: Outcome, ordered: Sequence[Measurement]
) -> Mapping[str, Any]:
    """What a reader needs next, in that order."""
    found = Counter(str(m.outcome) for m in ordered)
    metadata: dict[str, Any] = {"outcome": str(outcome).replace("_", " "), "measured": counts(found)}
    if outcome.is_breach:
        metadata["what to do"] = numbered(advice_for(indicator).steps)
    if ordered:
        metadata["findings"] = measurement_table(ordered)
        metadata["playbook clause"] = ordered[0].clause or "none"
    metadata["not passed"] = sum(m.outcome is not Outcome.PASS for m in ordered)  # a number, to be drawn
    whole = ordered if len(ordered) == 1 else [m for m in ordered if not m.facet]
    if len(whole) == 1 and whole[0].value is not None:
        metadata[f"value in {whole[0].unit}" if whole[0].unit else "value"] = round(float(whole[0].value), 4)
    reports = sorted({str(m.details["report"]) for m in ordered if m.details.get("report")})
    for number, report in enumerate(reports):
        name = "drift report" if number == 0 else f"drift report {number + 1}"
        metadata[name] = _link(project, report)
    return metadata


def _link(project: Project, report: str) -> dg.MetadataValue[Any]:
    """A report as a link where it is a web address, else as the file's path."""
    if report.startswith(("http://", "https://")):
        return dg.MetadataValue.url(report)
    return dg.MetadataValue.path(str(project.root / report))
