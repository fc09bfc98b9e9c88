"""``POST /api/v1/consent``: takes records of consent, one or an array of them.

201 once they are committed, each once. No answer and no log holds a person's id.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread

from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.stages.services import utc_now
from governance_pipeline.store.ports import Store
from governance_pipeline.web.consent_in import SCHEMA, read_records
from governance_pipeline.web.receiver import unpacked
from governance_pipeline.web.route import JSON, Route, responses

_RECORD = {"$ref": "#/components/schemas/ConsentRecord"}
_TAKEN = {
    "type": "object",
    "required": ["taken"],
    "additionalProperties": False,
    "properties": {"taken": {"type": "integer", "minimum": 0, "description": "Records that were new."}},
}
_OPERATION = {
    "summary": "Take records of consent",
    "description": "A record or an array of them; all are kept, each once, or none.",
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"anyOf": [_RECORD, {"type": "array", "items": _RECORD}]}}},
    },
    "responses": responses({201: _TAKEN}, 400, 401, 413, 503),
}


def consent_route(store: Store) -> Route:
    """The route over an open store."""

    @post("/api/v1/consent", request_max_body_size=MAX_BODY_BYTES)
    async def take(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        body = await request.body()
        encoding = request.headers.get("content-encoding", "").strip().lower()
        kept = await sync_to_thread(_take, store, body, encoding)
        return Response({"taken": kept}, status_code=201)

    return Route(take, _OPERATION, {"ConsentRecord": SCHEMA})


def _take(store: Store, body: bytes, encoding: str) -> int:
    records = read_records(unpacked(body, encoding))
    with store.begin() as unit:
        return unit.consents.take(records, utc_now())
