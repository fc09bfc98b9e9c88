"""The application: routes, the key they ask for, their OpenAPI document, and the form of refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Response, Router, get
from litestar.exceptions import HTTPException

from governance_pipeline.errors import GovernanceError
from governance_pipeline.store.ports import Store
from governance_pipeline.web.access import needs_key
from governance_pipeline.web.answers import http_refusal, refusal
from governance_pipeline.web.openapi import document
from governance_pipeline.web.route import Route, responses


def application(
    routes: Sequence[Route], api_key: str | None = None, pages: Sequence[Router] = ()
) -> Litestar:
    """The application that answers ``routes``, and describes them at ``/api/v1/openapi.json``.

    Args:
        api_key: what ``Authorization: Bearer ...`` has to hold at routes that are not open; None asks nobody.
        pages: for people, who sign in; they are no part of the document.
    """
    every = [*routes, _document_route(routes, keyed=api_key is not None)]
    guards = [] if api_key is None else [needs_key(api_key)]
    keyed = Router("/", route_handlers=[one.handler for one in every if not one.open], guards=guards)
    return Litestar(
        [keyed, *(one.handler for one in every if one.open), *pages],
        openapi_config=None,
        exception_handlers={GovernanceError: refusal, HTTPException: http_refusal},
        logging_config=None,  # the process's own logging stays as it is
    )


def health_route(store: Store) -> Route:
    """``GET /health``: 200 while the store answers."""

    @get("/health", sync_to_thread=True)
    def health() -> Response[dict[str, Any]]:
        with store.reading():
            return Response({"status": "ok"})

    status = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
    said = {"summary": "Whether the store answers", "responses": responses({200: status}, 503)}
    return Route(health, said, open=True)


def _document_route(routes: Sequence[Route], *, keyed: bool) -> Route:
    described: dict[str, Any] = {}

    @get("/api/v1/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return described

    itself = {"summary": "This document", "responses": responses({200: {"type": "object"}})}
    route = Route(openapi, itself, open=True)
    described |= document([*routes, route], keyed=keyed)
    return route
