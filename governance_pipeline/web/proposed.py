"""``POST /api/v1/lineage/impact/sql``: what a dataset's or a column's new SQL would do to what depends on it.

The SQL comes in the body, because it may be longer than an address. Nothing is changed, and nothing kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread

from governance_pipeline.charter.loader import load_project
from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_checks import mapping, required_text, text
from governance_pipeline.lineage.openlineage_json import canonical, parsed, require_depth
from governance_pipeline.lineage.sql import MAX_SQL_CHARACTERS
from governance_pipeline.stages.lineage_answers import LineageChange, made_by
from governance_pipeline.stages.lineage_seen import known, seen
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.json_schema import component
from governance_pipeline.web.asked import asked, day
from governance_pipeline.web.event_schema import SEEN
from governance_pipeline.web.route import JSON, Route, responses

_MAX_BODY_BYTES = 1_000_000
_FIELDS = ("node", "sql", "as_of")
_QUESTION = {
    "type": "object",
    "required": ["node", "sql"],
    "additionalProperties": False,
    "properties": {
        "node": {"type": "string", "pattern": SEEN, "description": "dataset:..., or column:...#..."},
        "sql": {"type": "string", "pattern": SEEN, "maxLength": MAX_SQL_CHARACTERS},
        "as_of": {
            "type": ["string", "null"],
            "format": "date",
            "description": "The graph of this past night; without, as it is now.",
        },
    },
}


def proposed_route(root: Path, store: Store) -> Route:
    """The route over a project's folder, read anew for each question, and its store."""

    @post("/api/v1/lineage/impact/sql", request_max_body_size=_MAX_BODY_BYTES, status_code=200)
    async def propose(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        asked(request)
        body = await request.body()
        return Response(jsonable(await sync_to_thread(_answer, root, store, body)))

    answer, schemas = component("LineageChange", LineageChange)
    said = {
        "summary": "What new SQL of a dataset or a column would do",
        "requestBody": {"required": True, "content": {JSON: {"schema": _QUESTION}}},
        "responses": responses({200: answer}, 400, 401, 404, 413, 503),
    }
    return Route(propose, said, schemas)


def _answer(root: Path, store: Store, body: bytes) -> LineageChange:
    document = parsed(body)
    require_depth(document)
    canonical(document)
    told = mapping(document, "$")
    if set(told) - set(_FIELDS):
        raise EventRefused(f"has other keys than {', '.join(_FIELDS)}", path="$")
    node, sql = required_text(told, "node", "$"), required_text(told, "sql", "$")
    if len(sql) > MAX_SQL_CHARACTERS:
        raise EventRefused(f"is longer than {MAX_SQL_CHARACTERS:,} characters", path="$.sql")
    written = text(told, "as_of", "$")
    given = {"as_of": written} if told.get("as_of") is not None else {}
    found = seen(load_project(root), store, day(given, "as_of"))
    return made_by(found, known(found.graph, node), sql, "the new SQL")
