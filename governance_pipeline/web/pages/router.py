"""All pages, with what holds for every one of them."""

from __future__ import annotations

import logging
from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath

from governance_pipeline.errors import CannotEvaluate, GovernanceError, NotFound
from governance_pipeline.web.answers import http_refusal
from governance_pipeline.web.pages.assessments import assessment_pages
from governance_pipeline.web.pages.inbox import inbox_pages
from governance_pipeline.web.pages.review import review_pages
from governance_pipeline.web.pages.sign_in import sign_in_pages
from governance_pipeline.web.pages.site import AnyRequest, SignInNeeded, Site

_log = logging.getLogger(__name__)
_FILES = {
    "style.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def pages(site: Site) -> Router:
    """The pages of a site. Errors become pages too, and every answer has the security headers."""

    def under_own_name(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        site.require_host(connection.headers.get("host", ""))

    def refused(request: AnyRequest, error: GovernanceError) -> Response[str]:
        return site.refused(request, error)

    def sign_in_first(request: AnyRequest, _: SignInNeeded) -> Response[Any]:
        return site.sign_in_first(request)

    def unusable(request: AnyRequest, error: HTTPException) -> Response[str]:
        found = site.refused(request, NotFound(error.detail, hint="go back, and try again"))
        found.status_code = error.status_code
        return found

    def failed(request: AnyRequest, error: Exception) -> Response[str]:
        _log.error("the page %s failed", request.url.path, exc_info=error)
        said = CannotEvaluate(
            "this page has failed, and that is our fault", hint="nothing was decided; tell whoever runs it"
        )
        found = site.refused(request, said)
        found.status_code = 500
        return found

    return Router(
        "/",
        route_handlers=[
            *sign_in_pages(site),
            *inbox_pages(site),
            *review_pages(site),
            *assessment_pages(site),
            _static(site),
            _absent(),
        ],
        guards=[under_own_name],
        exception_handlers={
            GovernanceError: refused,
            SignInNeeded: sign_in_first,
            HTTPException: unusable,
            Exception: failed,
        },
    )


def _static(site: Site) -> HTTPRouteHandler:
    @get("/static/{name:str}", sync_to_thread=False)
    def static(name: FromPath[str]) -> Response[bytes]:
        if name not in _FILES:
            raise NotFound(f"there is no file '{name}'")
        headers = {**site.headers(), "Cache-Control": "max-age=300"}
        return Response(_content(name), media_type=_FILES[name], headers=headers)

    return static


def _absent() -> HTTPRouteHandler:
    """What is no page: a page says so, and JSON under ``/api``."""

    @get("/{rest:path}", sync_to_thread=False, exception_handlers={NotFoundException: http_refusal})
    def absent(rest: FromPath[str]) -> Response[str]:
        if rest.startswith("/api/"):
            raise NotFoundException("Not Found")
        raise NotFound(f"there is no page {rest}", hint="go back to the first page")

    return absent


@cache
def _content(name: str) -> bytes:
    return (files("governance_pipeline.web.pages") / "static" / name).read_bytes()
