"""The page of one review, and what people do on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import FormMultiDict
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from governance_pipeline.errors import GovernanceError, NotFound
from governance_pipeline.reviews.service import Table, load_review
from governance_pipeline.reviews.waivers import written
from governance_pipeline.stages.dossier import Dossier, Finding, dossier
from governance_pipeline.stages.knowledge import known_graph
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.review import Verdict
from governance_pipeline.web.pages.acting import ACTS, DONE
from governance_pipeline.web.pages.forms import Form
from governance_pipeline.web.pages.may import may
from governance_pipeline.web.pages.site import (
    MAX_FORM_BYTES,
    SEE_OTHER,
    AnyRequest,
    Site,
    Visitor,
    status_of,
)
from governance_pipeline.web.pages.words import remaining

CONDITION_ROWS, BOUND_ROWS = 3, 2


@dataclass(frozen=True)
class Group:
    """Findings of one indicator on one thing; the worst comes first."""

    entity: Entity
    indicator: str
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Trouble:
    """An act that was refused: which, why, and what its form held."""

    act: str
    error: GovernanceError
    typed: Form


def review_pages(site: Site) -> list[HTTPRouteHandler]:
    """The routes."""

    @get("/reviews/{review_id:str}")
    async def review(request: AnyRequest, review_id: FromPath[str]) -> Response[str]:
        visitor = await site.visitor(request)
        done = DONE.get(request.query_params.get("done", ""), "")
        return await sync_to_thread(_page, site, visitor, review_id, done=done)

    @post("/reviews/{review_id:str}/{act:str}", request_max_body_size=MAX_FORM_BYTES, status_code=SEE_OTHER)
    async def act(request: AnyRequest, review_id: FromPath[str], act: FromPath[str]) -> Response[Any]:
        visitor, form = await site.filled_in(request)
        return await sync_to_thread(_act, site, visitor, review_id, act, form)

    return [review, act]


def table_of(site: Site, visitor: Visitor, review_id: str) -> Table:
    """Where the visitor sits to act on a review. Raises NotFound: there is no such review."""
    project, now = visitor.project, site.now()
    with site.store.reading() as unit:
        versions = unit.versions.of_model(load_review(unit, review_id).model)
    graph = known_graph(project, site.store, versions, now.date(), now).graph
    return Table(project, site.store, graph, now, identified=visitor.identity.how)


def _act(site: Site, visitor: Visitor, review_id: str, act: str, form: Form) -> Response[Any]:
    if act not in ACTS:
        raise NotFound(f"nobody can {act} a review here", hint="go back to the review")
    try:
        ACTS[act](table_of(site, visitor, review_id), review_id, visitor.person.id, form)
    except NotFound:
        raise
    except GovernanceError as error:
        return _page(site, visitor, review_id, trouble=Trouble(act, error, form))
    return Redirect(f"/reviews/{review_id}?done={act}", status_code=SEE_OTHER)


def _page(
    site: Site, visitor: Visitor, review_id: str, *, done: str = "", trouble: Trouble | None = None
) -> Response[str]:
    file = dossier(visitor.project, site.store, review_id, site.now())
    return site.page(
        "review.html",
        visitor,
        status=200 if trouble is None else status_of(trouble.error),
        file=file,
        state=file.state,
        may=may(file, visitor.person),
        groups=_grouped(file.findings),
        bounds=_measured(file),
        due=remaining(file.state.due, file.now),
        done=done,
        trouble=trouble,
        typed=trouble.typed if trouble else Form(FormMultiDict()),
        Verdict=Verdict,
        written=written,
        condition_rows=CONDITION_ROWS,
        bound_rows=BOUND_ROWS,
    )


def _grouped(findings: Sequence[Finding]) -> list[Group]:
    """In the order of the worst of each group."""
    ranked = sorted(findings, key=_rank)
    order = {key: place for place, key in reversed(list(enumerate(map(_question, ranked))))}
    together = sorted(ranked, key=lambda one: (order[_question(one)], _rank(one)))
    return [
        Group(entity, indicator, tuple(found))
        for (entity, indicator), found in groupby(together, key=_question)
    ]


def _question(one: Finding) -> tuple[Entity, str]:
    return one.measurement.entity, one.measurement.indicator


def _rank(one: Finding) -> tuple[int, str, float]:
    found = one.measurement
    return -found.outcome.severity, found.indicator, -abs(found.value or 0)


def _measured(file: Dossier) -> list[str]:
    """What a condition can be bound to: each finding that has a number."""
    return [written(one.measurement.key) for one in file.findings if one.measurement.value is not None]
