"""The page of one impact assessment: the questions, what is known beside each, the answers."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from governance_pipeline.errors import GovernanceError, NotFound
from governance_pipeline.reviews.assessing import answer
from governance_pipeline.stages.dossier import dossier
from governance_pipeline.web.pages.forms import Form
from governance_pipeline.web.pages.may import may
from governance_pipeline.web.pages.review import table_of
from governance_pipeline.web.pages.site import (
    MAX_FORM_BYTES,
    SEE_OTHER,
    AnyRequest,
    Site,
    Visitor,
    status_of,
)

_PATH = "/reviews/{review_id:str}/assessments/{questionnaire:str}"


def assessment_pages(site: Site) -> list[HTTPRouteHandler]:
    """The routes."""

    @get(_PATH)
    async def show(
        request: AnyRequest, review_id: FromPath[str], questionnaire: FromPath[str]
    ) -> Response[str]:
        visitor = await site.visitor(request)
        return await sync_to_thread(_page, site, visitor, review_id, questionnaire)

    @post(_PATH, request_max_body_size=MAX_FORM_BYTES, status_code=SEE_OTHER)
    async def send(
        request: AnyRequest, review_id: FromPath[str], questionnaire: FromPath[str]
    ) -> Response[Any]:
        visitor, form = await site.filled_in(request)
        return await sync_to_thread(_send, site, visitor, review_id, questionnaire, form)

    return [show, send]


def _page(
    site: Site,
    visitor: Visitor,
    review_id: str,
    questionnaire: str,
    typed: Form | None = None,
    error: GovernanceError | None = None,
) -> Response[str]:
    file = dossier(visitor.project, site.store, review_id, site.now())
    found = next((one for one in file.assessments if one.questionnaire.id == questionnaire), None)
    if found is None:
        raise NotFound(f"there is no questionnaire '{questionnaire}'", hint="go back to the review")
    last = found.last.answers if found.last else {}
    answers = {
        one.id: typed.text(f"answer-{one.id}") if typed else last.get(one.id, "")
        for one in found.questionnaire.questions
    }
    return site.page(
        "assessment.html",
        visitor,
        status=200 if error is None else status_of(error),
        file=file,
        asked=found,
        beside={one.id: file.known.beside(one) for one in found.questionnaire.questions},
        answers=answers,
        may=may(file, visitor.person),
        error=error,
    )


def _send(site: Site, visitor: Visitor, review_id: str, questionnaire: str, form: Form) -> Response[Any]:
    asked = visitor.project.assessments.get(questionnaire)
    answers = {one.id: form.text(f"answer-{one.id}") for one in asked.questions} if asked else {}
    try:
        answer(
            table_of(site, visitor, review_id),
            review_id,
            person=visitor.person.id,
            questionnaire=questionnaire,
            answers=answers,
        )
    except NotFound:
        raise
    except GovernanceError as error:
        return _page(site, visitor, review_id, questionnaire, form, error)
    return Redirect(f"/reviews/{review_id}?done=assess#assessments", status_code=SEE_OTHER)
