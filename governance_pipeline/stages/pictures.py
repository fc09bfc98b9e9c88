"""Evidently's picture of a drift breach, drawn once when its incident opens and linked from then on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.profiles.scanning import plan_baseline
from governance_pipeline.response.incidents import Change
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.scan import plan_for
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.measurement import Measurement

DRIFT = "drift"
FOLDER = ".governance/reports/drift"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Links to pages by incident id, relative to the project; and why a page could not be drawn."""

    links: Mapping[str, str]
    problems: Mapping[str, str]


def draw_pictures(services: Services, evidence: Evidence, changes: Sequence[Change]) -> Pictures:
    """Draw the pages of the drift incidents that open tonight: those of one dataset and one first night
    share a page. A page that cannot be drawn is told as a problem; the measurement stands without it.
    """
    opened: dict[str, list[Incident]] = defaultdict(list)
    for change in changes:
        if change.incident.indicator == DRIFT and change.act in (IncidentAct.OPENED, IncidentAct.REOPENED):
            opened[page(change.incident)].append(change.incident)
    problems: dict[str, str] = {}
    links: dict[str, str] = {}
    for path, incidents in opened.items():
        dataset = incidents[0].entity.dataset_name
        try:
            _draw(services, evidence, dataset, incidents)
        except (GovernanceError, OSError) as error:
            problems[dataset] = str(error)
        else:
            links.update({incident.id: path for incident in incidents})
    return Pictures(links, problems)


def page(incident: Incident) -> str:
    """Where the page of an incident is, relative to the project folder."""
    return f"{FOLDER}/{incident.opened}/{incident.entity.dataset_name}.html"


def linked(
    project: Project, measurements: Sequence[Measurement], standing: Mapping[str, Incident]
) -> list[Measurement]:
    """The measurements, with a drift breach's page named in ``details["report"]`` where there is one."""
    pages = {
        (str(incident.entity), incident.indicator, incident.facet): page(incident)
        for incident in standing.values()
        if incident.indicator == DRIFT
        and incident.status is not IncidentStatus.RESOLVED
        and (project.root / page(incident)).exists()
    }
    return [
        replace(m, details={**m.details, "report": pages[m.key]}) if m.key in pages else m
        for m in measurements
    ]


def _draw(services: Services, evidence: Evidence, dataset: str, incidents: Sequence[Incident]) -> Path:
    from governance_pipeline.reports.drift_report import write_drift_report

    project = services.project
    names = _baseline_names(project, dataset, {incident.facet.partition("@")[0] for incident in incidents})
    columns = tuple(names)
    rows = project.settings.limits.sample_rows
    plan = plan_for(
        project,
        project.contract(dataset),
        evidence.night,
        evidence.discovery,
        evidence.baselines.profiles,
    )
    current = services.engine.sample(plan, columns, rows)
    snapshot = project.contract(_snapshot(evidence, project, dataset))
    reference_plan = plan_baseline(snapshot, evidence.night)
    reference = services.engine.sample(reference_plan, tuple(names.values()), rows)
    reference.columns = list(columns)
    title = f"Drift of {dataset}, night of {calendar_date(evidence.night)}"
    return write_drift_report(reference, current, columns, project.root / page(incidents[0]), title)


def _baseline_names(project: Project, dataset: str, columns: set[str]) -> dict[str, str]:
    """Feature column to its name in the training snapshot."""
    return {
        feature.name: feature.baseline_column
        for model in project.models.values()
        for feature in model.features
        if feature.dataset == dataset and feature.name in columns
    }


def _snapshot(evidence: Evidence, project: Project, dataset: str) -> str:
    """The snapshot of the model that reads the dataset's features; the first where several do."""
    for model in project.models.values():
        if any(feature.dataset == dataset for feature in model.features):
            serving = evidence.discovery.serving(model.name)
            return (serving.snapshot if serving else "") or model.training.snapshot
    raise GovernanceError(f"no model reads features of {dataset}", hint="name it in models/*.yaml")
