"""``GET /api/v1/consent/check``: may this consumer use these datasets for this purpose?

200 allows; 403 refuses, with the clauses; 400 is a question that names nothing known; 503 means that there is
no answer, which is to be taken for a refusal. So a job that only looks at the status is never let through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from governance_pipeline.charter.loader import load_project
from governance_pipeline.reviews.purpose_check import check_purpose
from governance_pipeline.stages.services import utc_now
from governance_pipeline.store.ports import Store
from governance_pipeline.web.receiver import answer, holds_key

_MOST = 100
_ALLOWED, _BAD, _UNKNOWN, _REFUSED = 200, 400, 401, 403


def purpose_route(root: Path, store: Store, api_key: str | None = None) -> HTTPRouteHandler:
    """The route over a project's folder, read anew for each question, and its store.

    Args:
        api_key: as of the receiver.
    """

    @get("/api/v1/consent/check", sync_to_thread=True)
    def check(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        if api_key is not None and not holds_key(request.headers.get("authorization", ""), api_key):
            return answer(_UNKNOWN, "unauthorized", "the API key is missing or wrong")
        asked = request.query_params
        datasets, purposes = asked.getall("dataset", []), asked.getall("purpose", [])
        consumers = asked.getall("consumer", [])
        strange = sorted(set(asked) - {"dataset", "purpose", "consumer"})
        if strange or len(purposes) != 1 or len(consumers) > 1 or not 1 <= len(datasets) <= _MOST:
            expected = f"one purpose, at most one consumer and 1 to {_MOST} datasets"
            return answer(_BAD, "usage", f"ask for {expected}, and nothing else")
        consumer = consumers[0] if consumers else None
        found = check_purpose(load_project(root), store, datasets, purposes[0], consumer, utc_now())
        rulings = [
            {
                "dataset": one.dataset,
                "allowed": one.allowed,
                "code": one.code,
                "sentence": one.sentence,
                "clause": one.clause,
            }
            for one in found.rulings
        ]
        body = {
            "allowed": found.allowed,
            "purpose": found.purpose,
            "consumer": found.consumer,
            "datasets": list(found.datasets),
            "rulings": rulings,
        }
        return Response(body, status_code=_ALLOWED if found.allowed else _REFUSED)

    return check
