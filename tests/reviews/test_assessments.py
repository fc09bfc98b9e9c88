"""Impact assessments: filled in with what is known, complete or refused, due again when that changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.errors import NotFound, Refused, UsageError
from governance_pipeline.reviews.assessed import known_of, last_assessments
from governance_pipeline.reviews.assessing import answer
from governance_pipeline.reviews.assessments import why_due
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table
from governance_pipeline.testing import DATASET, MODEL
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Verdict
from tests.reviews.support import Lab, lab, late

BIAS = Questionnaire.model_validate(
    {
        "id": "bias",
        "title": "Bias",
        "tiers": ["high"],
        "questions": [
            {"id": "groups", "text": "Which groups?", "facts": ["sensitive", "inputs"]},
            {"id": "harm", "text": "How bad?", "choices": ["little", "much"], "indicators": ["recency"]},
            {"id": "more", "text": "Anything else?", "optional": True},
        ],
    }
)
ANSWERS = {"groups": "All.", "harm": "little"}


@pytest.fixture
def reviewed(tmp_path: Path) -> Lab:
    found = lab(tmp_path)
    found.change(assessments={"bias": BIAS}, assessment_digests={"bias": "sha256:1"})
    found.night()
    return found


def table(found: Lab) -> Table:
    return Table(found.project, found.services.store, found.graph(), found.clock())


def reply(found: Lab, person: str = "lea", **answers: str) -> ReviewState:
    said = answers or ANSWERS
    return answer(table(found), found.review().id, person=person, questionnaire="bias", answers=said)


def due(found: Lab) -> str:
    desk = table(found)
    with found.services.store.begin() as unit:
        known = known_of(desk.project, desk.graph, unit, MODEL, "2")
        last = last_assessments(unit, MODEL).get("bias")
    return why_due(BIAS, found.project.assessment_digest("bias"), known, last)


def test_nobody_approves_before_what_the_tier_asks_for_is_answered(reviewed: Lab):
    with pytest.raises(Refused, match="'bias' is to be answered before anybody approves: it has never been"):
        reviewed.decide("lea", Function.LEGAL)
    reviewed.decide("pia", Function.PRIVACY, Verdict.REQUEST_CHANGES)
    (kept,) = reply(reviewed).assessments
    assert (kept.id, kept.by, kept.answers) == ("bias", "lea", ANSWERS)
    reviewed.decide("lea", Function.LEGAL)


def test_a_tier_that_does_not_ask_for_it_does_without(reviewed: Lab):
    reviewed.change(assessments={"bias": BIAS.model_copy(update={"tiers": ("critical",)})})
    reviewed.decide("lea", Function.LEGAL)


def test_what_is_known_stands_beside_the_questions(reviewed: Lab):
    desk = table(reviewed)
    with reviewed.services.store.begin() as unit:
        known = known_of(desk.project, desk.graph, unit, MODEL, "2")
    assert f"{DATASET} (" in known.beside(BIAS.questions[0])["inputs"]
    assert known.beside(BIAS.questions[1]) == {"indicator recency": "pass"}


def test_it_is_due_again_when_what_it_rests_on_changes(reviewed: Lab):
    reply(reviewed)
    assert due(reviewed) == ""
    reviewed.change(assessment_digests={"bias": "sha256:2"})
    assert due(reviewed) == "the questionnaire has changed"
    reply(reviewed)
    assert due(reviewed) == ""
    reviewed.engine.answers[DATASET] = late(90)
    reviewed.night()
    assert due(reviewed) == "changed since: indicator recency"
    reply(reviewed)
    assert due(reviewed) == ""


def test_the_gate_closes_again_with_what_falls_due_after_the_approval(reviewed: Lab):
    reply(reviewed)
    reviewed.approve()
    assert reviewed.codes() == []
    reviewed.change(assessment_digests={"bias": "sha256:2"})
    (reason,) = reviewed.gate().reasons
    assert (reason.code, reason.sentence) == (
        "assessment_due",
        "the assessment 'bias' is due: the questionnaire has changed",
    )
    with pytest.raises(Refused, match="they own the model"):
        reply(reviewed, "ben")  # nobody would decide on what the owner answers now
    reply(reviewed)
    assert reviewed.codes() == []


@pytest.mark.parametrize(
    ("answers", "error", "why"),
    [
        ({"groups": "All."}, Refused, "not complete: harm has no answer"),
        ({**ANSWERS, "harm": "perhaps"}, UsageError, "'perhaps' is no answer to harm"),
        ({**ANSWERS, "colour": "red"}, NotFound, "no question 'colour'"),
    ],
)
def test_what_is_incomplete_or_not_asked_is_refused(
    reviewed: Lab, answers: dict[str, str], error: type[Exception], why: str
):
    with pytest.raises(error, match=why):
        reply(reviewed, **answers)
    assert reviewed.review().assessments == ()


def test_those_whose_work_it_is_may_answer_and_strangers_may_not(reviewed: Lab):
    assert reply(reviewed, "ben").assessments
    with pytest.raises(Refused, match="may not assess"):
        reply(reviewed, "eva")
