"""All routes and pages of ``governance serve``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from litestar import Router

from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.project import Project
from governance_pipeline.store.ports import Store
from governance_pipeline.web.app import health_route
from governance_pipeline.web.consent import consent_route
from governance_pipeline.web.lineage import lineage_routes
from governance_pipeline.web.pages.doors import ClosedDoor, Door, OpenDoor
from governance_pipeline.web.pages.oidc import OidcDoor
from governance_pipeline.web.pages.router import pages
from governance_pipeline.web.pages.sessions import Sessions
from governance_pipeline.web.pages.site import Site
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


def page_router(
    project: Project, store: Store, environ: Mapping[str, str], *, dev_sign_in: bool = False
) -> Router:
    """The pages over a project and its open store.

    Args:
        environ: where ``${NAME}`` of the provider's secret is looked up.
        dev_sign_in: people say who they are.
    """
    sessions = Sessions(project.root / ".governance" / "sessions")
    return pages(Site(project.root, store, _door(project, environ, dev_sign_in=dev_sign_in), sessions))


def _door(project: Project, environ: Mapping[str, str], *, dev_sign_in: bool) -> Door:
    if dev_sign_in:
        return OpenDoor()
    settings = project.settings.sign_in
    if settings is None:
        return ClosedDoor()
    secret = settings.client_secret
    return OidcDoor(settings, None if secret is None else resolve_env(secret, environ))
