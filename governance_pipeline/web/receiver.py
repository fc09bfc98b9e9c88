"""The receiver of OpenLineage events. Imports Litestar: import this module where a server is started.

Answers as Marquez does: ``POST /api/v1/lineage`` with one event or an array of them is 201 once they are
committed. A body that cannot be taken is 400 (401 without the key, 413 where it is too long), whatever is
in it; 503 means that the store did not take it, and that it is to be sent again.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from governance_pipeline.errors import CannotEvaluate, Conflict, EventRefused, GovernanceError
from governance_pipeline.lineage.openlineage_in import read_events
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.store.ports import Store

_GZIP = 31  # of zlib's wbits: gzip, with its header
_BAD, _UNKNOWN, _UNAVAILABLE = 400, 401, 503


def receiver(store: Store, api_key: str | None = None, further: Sequence[HTTPRouteHandler] = ()) -> Litestar:
    """The application over an open store.

    Args:
        api_key: what ``Authorization: Bearer ...`` has to hold; None takes events from everybody.
        further: other routes to answer beside.
    """

    @post("/api/v1/lineage", request_max_body_size=MAX_BODY_BYTES)
    async def take(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        if api_key is not None and not holds_key(request.headers.get("authorization", ""), api_key):
            return answer(_UNKNOWN, "unauthorized", "the API key is missing or wrong")
        body = await request.body()
        encoding = request.headers.get("content-encoding", "").strip().lower()
        kept = await sync_to_thread(_take, store, body, encoding)
        return Response({"taken": kept}, status_code=201)

    @get("/health", sync_to_thread=True)
    def health() -> Response[dict[str, Any]]:
        with store.begin():
            return Response({"status": "ok"})

    return Litestar(
        [take, health, *further],
        openapi_config=None,
        exception_handlers={GovernanceError: _refusal, HTTPException: _http_refusal},
    )


def _take(store: Store, body: bytes, encoding: str) -> int:
    """Check and commit a body's events; how many were new. All or none."""
    events = read_events(_unpacked(body, encoding))
    with store.begin() as unit:
        return unit.lineage_events.take(events)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise EventRefused("is in an encoding that is not taken; gzip is", path="$")
    opened = zlib.decompressobj(_GZIP)
    try:
        found = opened.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise EventRefused("is not gzip, though its header says so", path="$") from error
    if not opened.eof and len(found) <= MAX_BODY_BYTES:
        raise EventRefused("is cut off", path="$")
    return found


def holds_key(header: str, api_key: str) -> bool:
    """Whether an ``Authorization`` header shows the key."""
    kind, _, given = header.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), api_key.encode())


def _refusal(_: Request[Any, Any, Any], error: GovernanceError) -> Response[dict[str, Any]]:
    waits = isinstance(error, (CannotEvaluate, Conflict))
    return answer(_UNAVAILABLE if waits else _BAD, error.code, error.message)


def _http_refusal(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    return answer(error.status_code, "http", error.detail)


def answer(status: int, code: str, message: str) -> Response[dict[str, Any]]:
    """A refusal in the form that all routes share."""
    return Response({"code": code, "message": message}, status_code=status)
