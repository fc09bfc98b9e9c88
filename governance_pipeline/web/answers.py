"""Refusals: one form for all routes, and which status says what."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException

from governance_pipeline.errors import CannotEvaluate, Conflict, GovernanceError, NotFound, ProjectInvalid

BAD, UNAVAILABLE = 400, 503
_ABSENT = 404


def answer(status: int, code: str, message: str) -> Response[dict[str, Any]]:
    """A refusal."""
    return Response({"code": code, "message": message}, status_code=status)


def refusal(_: Request[Any, Any, Any], error: GovernanceError) -> Response[dict[str, Any]]:
    """503 where nobody can say now, 404 for what is not there, 400 for every other refusal."""
    if isinstance(error, (CannotEvaluate, Conflict, ProjectInvalid)):
        return answer(UNAVAILABLE, error.code, error.message)
    return answer(_ABSENT if isinstance(error, NotFound) else BAD, error.code, error.message)


def bad_question(_: Request[Any, Any, Any], error: NotFound) -> Response[dict[str, Any]]:
    """400 also for what is not there, where 404 could be taken for an answer."""
    return answer(BAD, error.code, error.message)


def http_refusal(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """What the server itself refuses: unknown paths and methods, long bodies, missing keys."""
    code = "unauthorized" if isinstance(error, NotAuthorizedException) else "http"
    found = answer(error.status_code, code, error.detail)
    found.headers.update(error.headers or {})
    return found
