"""Definitions of one governance project, and which project that is."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

import dagster as dg

from assets.automation import alerts, catch_up, milestones, nightly_job, nightly_schedule
from assets.feature_store import feature_store_specs
from assets.indicators import night_asset
from assets.resources import GovernanceResource
from governance_pipeline import bootstrap
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError, NotFound
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.stages.discover import Discovery, discover
from governance_pipeline.stages.knowledge import known_graph, known_versions
from governance_pipeline.stages.services import utc_now

_CLONE = Path(__file__).resolve().parent.parent


def definitions() -> dg.Definitions:
    """The project of GOVERNANCE_PROJECT, else ``demo`` beside this folder, else the demo's template.

    Raises:
        NotFound: GOVERNANCE_PROJECT names a folder without a project.
    """
    named = os.environ.get("GOVERNANCE_PROJECT")
    folder = Path(named) if named else _CLONE / "demo"
    if (folder / "governance.yaml").exists():
        return build_definitions(bootstrap.open_project(folder))
    if named:
        raise NotFound(
            f"there is no governance project in {folder}, which GOVERNANCE_PROJECT names",
            hint="set it to a folder with governance.yaml",
        )
    template = sample_template()
    logging.getLogger("dagster.governance").warning(
        "neither GOVERNANCE_PROJECT nor %s: showing the sample's template, in which nothing runs", folder
    )
    return build_definitions(bootstrap.open_project(template), template=True)


def project_folder() -> Path:
    """The folder of the project whose nights run here.

    Raises:
        NotFound: there is none.
    """
    folder = Path(os.environ.get("GOVERNANCE_PROJECT") or _CLONE / "demo")
    if not (folder / "governance.yaml").exists():
        raise NotFound(
            f"there is no governance project in {folder}",
            hint="set GOVERNANCE_PROJECT to a folder with governance.yaml, or run `make demo`",
        )
    return folder


def sample_template() -> Path:
    """The sample project's files as they come with us, without data."""
    installed = Path(bootstrap.__file__).parent / "samples" / "lending"
    return installed if installed.exists() else _CLONE / "examples" / "lending"


def _known(project: Project, governance: GovernanceResource, now: datetime) -> tuple[Discovery, LineageGraph]:
    """Versions and lineage as they are known by day: with what nights read elsewhere, and with events.

    A template has no nights; and a store that does not answer costs what it knows, not the location.
    """
    if not governance.template:
        try:
            with governance.open() as services:
                store = services.store
                discovery = discover(
                    project, now, environ=services.environ or None, known=known_versions(project, store)
                )
                built = known_graph(project, store, discovery.all_versions, now.date(), now)
                return discovery, built.graph
        except GovernanceError as error:
            logging.getLogger("dagster.governance").warning(
                "the lineage is that of the files only: %s", error
            )
    discovery = discover(project, now)
    return discovery, build_graph(project, discovery.all_versions)


def build_definitions(
    project: Project,
    *,
    template: bool = False,
    now: datetime | None = None,
    governance: GovernanceResource | None = None,
) -> dg.Definitions:
    """Assets, checks, job, schedule and sensors of ``project``, as it is ``now``.

    Model versions are read from the registries at load, what other tools know from the last night; reload
    the location to see new ones. A
    ``template`` has no schedule and no sensors, and its nights refuse to run.
    """
    now = now or utc_now()
    governance = governance or GovernanceResource(project=str(project.root), template=template)
    discovery, graph = _known(project, governance, now)
    return dg.Definitions(
        assets=[
            *feature_store_specs(project, graph, discovery, now.date()),
            night_asset(project),
        ],
        jobs=[nightly_job(project)],
        schedules=[] if template else [nightly_schedule(project)],
        sensors=[] if template else [catch_up, milestones, alerts],
        resources={"governance": governance},
        executor=dg.in_process_executor,
    )
