"""All routes of ``governance serve``."""

from __future__ import annotations

from pathlib import Path

from governance_pipeline.store.ports import Store
from governance_pipeline.web.app import health_route
from governance_pipeline.web.consent import consent_route
from governance_pipeline.web.lineage import lineage_routes
from governance_pipeline.web.purpose import purpose_route
from governance_pipeline.web.receiver import receive_route
from governance_pipeline.web.route import Route


def routes(root: Path, store: Store) -> list[Route]:
    """Over a project's folder, and its open store."""
    return [
        health_route(store),
        receive_route(store),
        consent_route(store),
        *lineage_routes(root, store),
        purpose_route(root, store),
    ]
