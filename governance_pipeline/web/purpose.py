"""``GET /api/v1/consent/check``: may this consumer use these datasets for this purpose?

200 allows; 403 refuses, with the clauses; 400 is a question that names nothing known; 503 means that there is
no answer, which is to be taken for a refusal. So a job that only looks at the status is never let through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from governance_pipeline.charter.loader import load_project
from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.reviews.purpose_check import PurposeAnswer, check_purpose
from governance_pipeline.stages.services import utc_now
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.json_schema import component
from governance_pipeline.web.answers import bad_question
from governance_pipeline.web.route import Route, query, responses

_MOST = 100
_ALLOWED, _REFUSED = 200, 403
_NAME = {"type": "string", "minLength": 1}
_ANSWER, _SCHEMAS = component("PurposeAnswer", PurposeAnswer)
_OPERATION = {
    "summary": "May this consumer use these datasets for this purpose?",
    "description": "200 allows and 403 refuses, each with the clauses; everything else is no answer.",
    "parameters": [
        query(
            "dataset",
            "What is read.",
            {"type": "array", "items": _NAME, "minItems": 1, "maxItems": _MOST},
            required=True,
        ),
        query("purpose", "What it is read for.", {"type": "string"}, required=True),
        query("consumer", "The model, team or person who reads it.", _NAME),
    ],
    "responses": responses({200: _ANSWER, 403: _ANSWER}, 400, 401, 503),
}


def purpose_route(root: Path, store: Store) -> Route:
    """The route over a project's folder, read anew for each question, and its store."""

    @get("/api/v1/consent/check", sync_to_thread=True, exception_handlers={NotFound: bad_question})
    def check(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        asked = request.query_params
        datasets, purposes = asked.getall("dataset", []), asked.getall("purpose", [])
        consumers = asked.getall("consumer", [])
        strange = sorted(set(asked) - {"dataset", "purpose", "consumer"})
        if strange or len(purposes) != 1 or len(consumers) > 1 or not 1 <= len(datasets) <= _MOST:
            expected = f"one purpose, at most one consumer and 1 to {_MOST} datasets"
            raise UsageError(f"ask for {expected}, and nothing else")
        consumer = consumers[0] if consumers else None
        found = check_purpose(load_project(root), store, datasets, purposes[0], consumer, utc_now())
        return Response(jsonable(found), status_code=_ALLOWED if found.allowed else _REFUSED)

    return Route(check, _OPERATION, _SCHEMAS)
