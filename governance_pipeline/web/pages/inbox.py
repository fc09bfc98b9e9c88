"""The first page: what waits for the visitor. And the list of all reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Response, get
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table, list_reviews
from governance_pipeline.stages.knowledge import known_graph, known_versions
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Condition, Milestone, ReviewStatus
from governance_pipeline.web.pages.site import AnyRequest, Site, Visitor
from governance_pipeline.web.pages.words import remaining, to_you

SETTLED_SHOWN = 8


@dataclass(frozen=True)
class Listed:
    """One review in a list.

    Attributes:
        functions: for which the visitor may still decide.
        note: why they may not, or what they decided, in words to them.
    """

    state: ReviewState
    status: ReviewStatus
    milestone: Milestone
    due: str
    functions: tuple[Function, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Owed:
    """A condition that the visitor has promised to see to."""

    state: ReviewState
    condition: Condition


def inbox_pages(site: Site) -> list[HTTPRouteHandler]:
    """The routes."""

    @get("/")
    async def inbox(request: AnyRequest) -> Response[str]:
        visitor = await site.visitor(request)
        return await sync_to_thread(_inbox, site, visitor)

    @get("/reviews")
    async def reviews(request: AnyRequest) -> Response[str]:
        visitor = await site.visitor(request)
        wanted = request.query_params.get("show", "all")
        return await sync_to_thread(_reviews, site, visitor, wanted)

    return [inbox, reviews]


def _inbox(site: Site, visitor: Visitor) -> Response[str]:
    now = site.now()
    found = list_reviews(site.store)
    open_ = [(milestone, state) for milestone, state in found if state.status_at(now).is_open]
    listed = _around(site, visitor, open_) if open_ else []
    owed = [
        Owed(state, condition)
        for _, state in found
        if state.is_approved
        for place, condition in enumerate(state.conditions)
        if condition.owner == visitor.person.id and place not in state.fulfilled
    ]
    settled = [_listed(site, one) for one in found if not one[1].status_at(now).is_open]
    return site.page(
        "inbox.html",
        visitor,
        waiting=[one for one in listed if one.functions],
        others=[one for one in listed if not one.functions],
        owed=owed,
        settled=list(reversed(settled))[:SETTLED_SHOWN],
        more=max(len(settled) - SETTLED_SHOWN, 0),
    )


def _around(site: Site, visitor: Visitor, open_: Sequence[tuple[Milestone, ReviewState]]) -> list[Listed]:
    """Open reviews with the visitor's part in each; those due first come first."""
    now, project = site.now(), visitor.project
    graph = known_graph(project, site.store, known_versions(project, site.store), now.date(), now).graph
    table = Table(project, site.store, graph, now)
    found = []
    with site.store.reading() as unit:
        for milestone, state in sorted(open_, key=lambda one: one[1].due):
            circle = table.circle(unit, state)
            functions, note = _part(circle, visitor)
            found.append(_listed(site, (milestone, state), functions, note))
    return found


def _part(circle: Circle, visitor: Visitor) -> tuple[tuple[Function, ...], str]:
    person, state = visitor.person, circle.state
    decided = [one for one in state.standing.values() if one.person == person.id]
    if decided:
        return (), f"you decided for {decided[0].function}: {decided[0].verdict}".replace("_", " ")
    functions = tuple(one for one in state.required if circle.may_decide(person, one))
    ties = circle.interests.get(person.id, {})
    note = f"you may not decide: {to_you('; '.join(ties.values()))}" if ties else ""
    return functions, "" if functions else note


def _listed(
    site: Site,
    found: tuple[Milestone, ReviewState],
    functions: tuple[Function, ...] = (),
    note: str = "",
) -> Listed:
    milestone, state = found
    now = site.now()
    return Listed(state, state.status_at(now), milestone, remaining(state.due, now), functions, note)


_SHOWN = {
    "all": "All",
    "open": "Open",
    "approved": "Approved",
    "ended": "Ended otherwise",
}


def _reviews(site: Site, visitor: Visitor, wanted: str) -> Response[str]:
    listed = [_listed(site, one) for one in reversed(list_reviews(site.store))]
    chosen = wanted if wanted in _SHOWN else "all"
    return site.page(
        "reviews.html",
        visitor,
        listed=[one for one in listed if chosen in ("all", _kind(one.status))],
        chosen=chosen,
        shown=_SHOWN,
        total=len(listed),
    )


def _kind(status: ReviewStatus) -> str:
    if status.is_open:
        return "open"
    return "approved" if status.is_approval else "ended"
