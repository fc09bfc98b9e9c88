"""Definitions of one governance project."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from assets.automation import (
    alert_dispatch,
    catch_up,
    milestones,
    nightly_job,
    nightly_schedule,
    review_job,
)
from assets.feature_store import feature_store_specs
from assets.indicators import night_asset
from assets.resources import GovernanceResource
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.services import utc_now


def project_folder() -> Path:
    """Where the project is.

    Raises:
        NotFound: GOVERNANCE_PROJECT is not set and there is no demo.
    """
    named = os.environ.get("GOVERNANCE_PROJECT")
    folder = Path(named) if named else Path(__file__).resolve().parent.parent / "demo"
    if not (folder / "governance.yaml").exists():
        raise NotFound(
            f"there is no governance project in {folder}",
            hint="set GOVERNANCE_PROJECT to a folder with governance.yaml, or run `make demo`",
        )
    return folder


def build_definitions(project: Project) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensors of ``project``.

    Model versions are read from the registries at load; reload the location to see new ones.
    """
    discovery = discover(project, utc_now())
    graph = build_graph(project, discovery.all_versions)
    night = night_asset(project)
    return dg.Definitions(
        assets=[*feature_store_specs(project, graph, discovery.all_versions), night],
        jobs=[nightly_job(project), review_job],
        schedules=[nightly_schedule(project)],
        sensors=[catch_up, milestones, alert_dispatch],
        resources={"governance": GovernanceResource(project=str(project.root))},
        executor=dg.in_process_executor,
    )
