"""Answering an impact assessment."""

from __future__ import annotations

from collections.abc import Mapping

from governance_pipeline.errors import NotFound
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.assessed import known_of
from governance_pipeline.reviews.assessments import checked_answers
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table, load_review
from governance_pipeline.vocabulary.review import ReviewEvent


def answer(
    table: Table, review_id: str, *, person: str, questionnaire: str, answers: Mapping[str, str]
) -> ReviewState:
    """Answer a questionnaire as part of a review.

    Raises:
        NotFound: no such review, person or questionnaire, or an answer to a question that is not asked.
        UsageError: an answer that is not among the choices.
        Refused: it is not complete, or the person has no part in the review.
        Conflict: the review has ended.
    """
    who, project = table.person(person), table.project
    asked = project.assessments.get(questionnaire)
    if asked is None:
        told = ", ".join(project.assessments) or "none"
        raise NotFound(
            f"there is no questionnaire '{questionnaire}'", hint=f"in playbook/assessments: {told}"
        )
    kept = checked_answers(asked, answers)
    with table.store.reading() as unit:
        state = load_review(unit, review_id)
        inputs = known_of(project, table.graph, unit, state.model, state.version).inputs(asked)

    def make(circle: Circle) -> ReviewEvent:
        return acts.assessing(
            circle.state,
            at=table.now,
            roles=circle.roles(who),
            person=who.id,
            questionnaire=asked.id,
            digest=project.assessment_digest(asked.id),
            answers=kept,
            inputs=inputs,
        )

    return table.act(review_id, make)
