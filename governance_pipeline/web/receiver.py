"""``POST /api/v1/lineage``: takes OpenLineage events, one or an array of them, as Marquez does.

201 once they are committed. A body that cannot be taken is 400 (401 without the key, 413 where it is too
long), whatever is in it; 503 means that the store did not take it, and that it is to be sent again.
"""

from __future__ import annotations

import zlib
from typing import Any

from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread

from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_in import read_events
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.store.ports import Store
from governance_pipeline.web.event_schema import EVENT_SCHEMAS
from governance_pipeline.web.route import JSON, Route, responses

_GZIP = 31  # of zlib's wbits: gzip, with its header
_MEMBERS = 100
_TAKEN = {
    "type": "object",
    "required": ["taken"],
    "additionalProperties": False,
    "properties": {"taken": {"type": "integer", "minimum": 0, "description": "Events that were new."}},
}
_EVENT = {"$ref": "#/components/schemas/Event"}
_OPERATION = {
    "summary": "Take OpenLineage events",
    "description": "An event or an array of them; all are kept, each once, or none.",
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"anyOf": [_EVENT, {"type": "array", "items": _EVENT}]}}},
    },
    "responses": responses({201: _TAKEN}, 400, 401, 413, 503),
}


def receive_route(store: Store) -> Route:
    """The route over an open store."""

    @post("/api/v1/lineage", request_max_body_size=MAX_BODY_BYTES)
    async def take(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        body = await request.body()
        encoding = request.headers.get("content-encoding", "").strip().lower()
        kept = await sync_to_thread(_take, store, body, encoding)
        return Response({"taken": kept}, status_code=201)

    return Route(take, _OPERATION, EVENT_SCHEMAS)


def _take(store: Store, body: bytes, encoding: str) -> int:
    """Check and commit a body's events; how many were new. All or none."""
    events = read_events(unpacked(body, encoding))
    with store.begin() as unit:
        return unit.lineage_events.take(events)


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body as it was before ``Content-Encoding``. Raises EventRefused."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise EventRefused("is in an encoding that is not taken; gzip is", path="$")
    found, rest = b"", body
    for _ in range(_MEMBERS):  # gzip may come in several members, one after the other
        opened = zlib.decompressobj(_GZIP)
        try:
            found += opened.decompress(rest, MAX_BODY_BYTES + 1 - len(found))
        except zlib.error as error:
            raise EventRefused("is not gzip, though its header says so", path="$") from error
        if len(found) > MAX_BODY_BYTES:
            return found
        if not opened.eof:
            raise EventRefused("is cut off", path="$")
        rest = opened.unused_data
        if not rest:
            return found
    raise EventRefused(f"has more than {_MEMBERS} gzip members", path="$")
