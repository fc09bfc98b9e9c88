"""``GET /api/v1/lineage/...``: trace, impact, gaps and diff, as ``governance lineage`` answers them in JSON.

The project's files are read anew for each question, as its graph is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from governance_pipeline.charter.loader import load_project
from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.proposals import Change
from governance_pipeline.stages.lineage_answers import (
    Lineage,
    LineageChange,
    LineageDiff,
    LineageGaps,
    LineageImpact,
    changed,
    differing,
    left_open,
    reached,
    traced,
)
from governance_pipeline.stages.lineage_seen import Seen, known, seen
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.json_schema import component
from governance_pipeline.web.asked import asked, day
from governance_pipeline.web.proposed import proposed_route
from governance_pipeline.web.route import Route, query, responses

_DAY = {"type": "string", "format": "date"}
_NODE = query("node", "kind:name, e.g. dataset:lending.incomes.", {"type": "string"}, required=True)
_AS_OF = query("as_of", "The graph of this past night; without, as it is now.", _DAY)
_REFUSALS = (400, 401, 404, 503)


def lineage_routes(root: Path, store: Store) -> list[Route]:
    """The routes over a project's folder and its store."""
    return [
        _trace(root, store),
        _impact(root, store),
        proposed_route(root, store),
        _gaps(root, store),
        _diff(root, store),
    ]


def _seen(root: Path, store: Store, given: Mapping[str, str]) -> Seen:
    return seen(load_project(root), store, day(given, "as_of"))


def _node(found: Seen, given: Mapping[str, str]) -> Entity:
    if "node" not in given:
        raise UsageError("node is missing; write it like dataset:lending.incomes")
    return known(found.graph, given["node"])


def _trace(root: Path, store: Store) -> Route:
    @get("/api/v1/lineage/trace", sync_to_thread=True)
    def trace(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        given = asked(request, "node", "as_of")
        found = _seen(root, store, given)
        return Response(jsonable(traced(found, _node(found, given))))

    answer, schemas = component("Lineage", Lineage)
    said = {
        "summary": "Everything upstream of a node",
        "parameters": [_NODE, _AS_OF],
        "responses": responses({200: answer}, *_REFUSALS),
    }
    return Route(trace, said, schemas)


def _impact(root: Path, store: Store) -> Route:
    @get("/api/v1/lineage/impact", sync_to_thread=True)
    def impact(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        given = asked(request, "node", "as_of", "change", "type")
        change = _change(given)
        found = _seen(root, store, given)
        entity = _node(found, given)
        if change is None:
            return Response(jsonable(reached(found, entity)))
        return Response(jsonable(changed(found, entity, change, given.get("type"))))

    whole, schemas = component("LineageImpact", LineageImpact)
    proposed, further = component("LineageChange", LineageChange)
    said = {
        "summary": "Everything downstream of a node, or what a change of it would do",
        "parameters": [
            _NODE,
            _AS_OF,
            query("change", "What if this happened?", {"enum": [str(one) for one in _ASKED]}),
            query("type", "With change=retype: the new logical type.", {"type": "string", "minLength": 1}),
        ],
        "responses": responses({200: {"anyOf": [whole, proposed]}}, *_REFUSALS),
    }
    return Route(impact, said, {**schemas, **further})


_ASKED = (Change.DROP, Change.RETYPE, Change.STOP)


def _change(given: Mapping[str, str]) -> Change | None:
    written = given.get("change")
    if written is not None and written not in _ASKED:
        raise UsageError(f"change is one of {', '.join(_ASKED)}")
    change = None if written is None else Change(written)
    if (change is Change.RETYPE) != bool(given.get("type")) or ("type" in given and not given["type"]):
        raise UsageError("change=retype and type are asked for together")
    return change


def _gaps(root: Path, store: Store) -> Route:
    @get("/api/v1/lineage/gaps", sync_to_thread=True)
    def gaps(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        return Response(jsonable(left_open(_seen(root, store, asked(request, "as_of")))))

    answer, schemas = component("LineageGaps", LineageGaps)
    said = {
        "summary": "What the lineage leaves open",
        "parameters": [_AS_OF],
        "responses": responses({200: answer}, *_REFUSALS),
    }
    return Route(gaps, said, schemas)


def _diff(root: Path, store: Store) -> Route:
    @get("/api/v1/lineage/diff", sync_to_thread=True)
    def diff(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        given = asked(request, "as_of", "since", "since_review")
        since = day(given, "since")
        after = _seen(root, store, given)
        return Response(jsonable(differing(store, after, since, given.get("since_review"))))

    answer, schemas = component("LineageDiff", LineageDiff)
    since = query("since", "The earlier night; without, the one before.", _DAY)
    model = query(
        "since_review", "Since this model's last approved review; not with since.", {"type": "string"}
    )
    said = {
        "summary": "What has changed in the lineage",
        "parameters": [_AS_OF, since, model],
        "responses": responses({200: answer}, *_REFUSALS),
    }
    return Route(diff, said, schemas)
