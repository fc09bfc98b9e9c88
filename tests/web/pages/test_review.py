"""What people do on the page of a review, and what the review then holds."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pytest
import yaml

from governance_pipeline.bootstrap import open_project
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.planned import open_review
from governance_pipeline.reviews.service import Table
from governance_pipeline.vocabulary.review import ReviewAct, ReviewStatus, Stage
from tests.tiny import START, change, register
from tests.web.pages.conftest import Served

READ = "I have read the evidence."


def test_somebody_who_decides_is_recorded_with_what_they_said_and_how_they_signed_in(served: Served) -> None:
    lea = served.visit("lea")
    answer = lea.act(
        served.review, "decide", function="legal", verdict="approve", reason=READ, trade_off="More work."
    )
    assert (answer.status, answer.to) == (303, f"/reviews/{served.review}?done=decide")
    page = lea.get(answer.to).text
    assert "Your decision is recorded." in page
    assert READ in page
    decision = served.state.decisions[-1]
    assert (decision.person, decision.function, decision.reason, decision.trade_off) == (
        "lea", "legal", READ, "More work.",
    )  # fmt: skip
    event = served.events()[-1]
    assert event.act is ReviewAct.DECIDED
    assert event.data["identified"] == "development sign-in, nothing was checked"


def test_who_owns_an_input_is_told_so_and_refused(served: Served) -> None:
    ada = served.visit("ada")
    page = ada.get(f"/reviews/{served.review}").text
    assert "You may not decide on this:" in page
    assert "you answer for its input shop.features" in page
    assert 'name="verdict"' not in page
    answer = ada.act(served.review, "decide", function="engineering", verdict="approve", reason=READ)
    assert answer.status == 403
    assert not served.state.decisions


def test_what_was_written_is_still_there_after_a_refusal(served: Served) -> None:
    lea = served.visit("lea")
    fields = [
        ("token", lea.token()), ("function", "legal"), ("verdict", "approve_with_conditions"),
        ("reason", "Only if <b>it</b> is repaired."), ("todo", "Repair it"), ("owner", ""), ("by", ""),
        ("about", ""), ("side", "at_most"), ("bound", ""),
    ]  # fmt: skip
    answer = lea.post(f"/reviews/{served.review}/decide", fields)
    assert answer.status == 422
    assert "A condition is not complete" in answer.text
    assert "Only if &lt;b&gt;it&lt;/b&gt; is repaired." in answer.text
    assert 'value="Repair it"' in answer.text
    assert re.search(r'value="approve_with_conditions"[^>]*checked', answer.text)
    assert not served.state.decisions


def test_conditions_are_written_in_rows_of_the_form(served: Served) -> None:
    lea = served.visit("lea")
    fields = [
        ("token", lea.token()), ("function", "legal"), ("verdict", "approve_with_conditions"),
        ("reason", READ), ("todo", "Ask the notary"), ("owner", "ben"), ("by", "2026-04-01"),
        ("about", "dataset:shop.people recency"), ("side", "at_most"), ("bound", "48"),
    ]  # fmt: skip
    assert lea.post(f"/reviews/{served.review}/decide", fields).status == 303
    person, number = served.state.conditions
    assert (person.sentence, person.owner, str(person.due)) == ("Ask the notary", "ben", "2026-04-01")
    assert (number.entity, number.indicator, number.at_most) == ("dataset:shop.people", "recency", 48)


def test_conditions_beside_another_decision_are_a_mistake_that_is_said(served: Served) -> None:
    lea = served.visit("lea")
    fields = [
        ("token", lea.token()), ("function", "legal"), ("verdict", "approve"), ("reason", READ),
        ("todo", "Ask the notary"), ("owner", "ben"), ("by", "2026-04-01"),
    ]  # fmt: skip
    answer = lea.post(f"/reviews/{served.review}/decide", fields)
    assert answer.status == 422
    assert not served.state.decisions


def test_nobody_decides_on_evidence_they_have_not_seen(served: Served) -> None:
    lea = served.visit("lea")
    answer = lea.act(
        served.review,
        "decide",
        function="legal",
        verdict="approve",
        reason=READ,
        evidence="sha256:" + "0" * 64,
    )
    assert answer.status == 409
    assert "has changed since you saw it" in answer.text
    assert served.state.evidence.digest in answer.text, "the form now binds to what is shown"
    assert not served.state.decisions


def test_a_review_that_has_ended_refuses_the_second_as_a_conflict(served: Served) -> None:
    lea, eli = served.visit("lea"), served.visit("eli")
    lea.act(served.review, "decide", function="legal", verdict="reject", reason="It may not go ahead.")
    answer = eli.act(served.review, "decide", function="ethics", verdict="approve", reason=READ)
    assert answer.status == 409
    assert served.state.status is ReviewStatus.REJECTED


def test_who_was_handed_a_decision_steps_back_on_the_page_as_its_holder_would(served: Served) -> None:
    lea, eli = served.visit("lea"), served.visit("eli")
    review = served.review
    assert lea.act(review, "delegate", function="legal", to="eli", until="2026-03-20").status == 303
    assert f"/reviews/{review}/recuse" in eli.get(f"/reviews/{review}").text
    assert eli.act(review, "recuse", reason="I built it with her.").status == 303
    assert served.state.recused == {"eli": "I built it with her."}
    assert f"/reviews/{review}/recuse" not in eli.get(f"/reviews/{review}").text
    assert eli.act(review, "recuse", reason="Once more.").status == 403


def test_a_stand_in_whom_an_escalation_asked_decides_or_steps_back_on_the_page(served: Served) -> None:
    eli, review = served.visit("eli"), served.review
    asked = acts.escalating(served.state, 0, [("eli", "legal")], ["eli"], at=served.clock())
    with served.store.begin() as unit:
        unit.reviews.append(asked)
    page = eli.get(f"/reviews/{review}").text
    assert f"/reviews/{review}/recuse" in page
    assert eli.act(review, "recuse", reason="I am on leave.").status == 303
    assert served.state.recused == {"eli": "I am on leave."}
    assert eli.act(review, "decide", function="legal", verdict="approve", reason=READ).status == 403


def test_a_new_projects_review_shows_the_questionnaires_that_it_was_given(
    served: Served, tmp_path: Path
) -> None:
    create_project(tmp_path / "new", "new", START)
    given = tmp_path / "new" / "playbook" / "assessments"
    shutil.copytree(given, served.root / "playbook" / "assessments")
    lea, review = served.visit("lea"), served.review
    titles = {file.stem: yaml.safe_load(file.read_text())["title"] for file in given.glob("*.yaml")}
    assert len(titles) == 5
    page = lea.get(f"/reviews/{review}").text
    for questionnaire, title in titles.items():
        assert html.escape(title) in page
        form = lea.get(f"/reviews/{review}/assessments/{questionnaire}")
        assert form.status == 200
        assert html.escape(title) in form.text
    assert lea.act(review, "decide", function="legal", verdict="approve", reason=READ).status == 403


def test_who_may_not_decide_is_not_asked_to_step_back(served: Served) -> None:
    ben, review = served.visit("ben"), served.review  # the model's owner
    assert f"/reviews/{review}/recuse" not in ben.get(f"/reviews/{review}").text


def test_everything_else_that_people_do(served: Served) -> None:
    lea, pax, ben = (served.visit(one) for one in ("lea", "pax", "ben"))
    review = served.review
    assert lea.act(review, "comment", text="Which rows are meant?").status == 303
    assert "Which rows are meant?" in pax.get(f"/reviews/{review}").text
    assert pax.act(review, "recuse", reason="My sister built it.").status == 303
    assert served.state.recused == {"pax": "My sister built it."}
    answer = lea.act(review, "delegate", function="legal", to="eli", until="2026-03-20")
    assert answer.status == 303
    assert served.state.delegations[0].to == "eli"
    assert ben.act(review, "withdraw", reason="A better one comes.").status == 303
    assert served.state.status is ReviewStatus.WITHDRAWN
    assert ben.act(review, "reopen", reason="It does not come after all.").status == 303
    assert served.state.status is ReviewStatus.IN_REVIEW
    acts = [event.data.get("identified") for event in served.events()[1:]]
    assert acts == ["development sign-in, nothing was checked"] * 5


@pytest.mark.parametrize("act", ["decide", "comment", "recuse", "delegate", "waive", "fulfil", "withdraw",
                                 "revoke", "reopen", "explode"])  # fmt: skip
def test_an_empty_form_is_refused_with_a_page_and_does_nothing(served: Served, act: str) -> None:
    for person in ("lea", "sam", "ben"):
        answer = served.visit(person).act(served.review, act)
        assert 400 <= answer.status < 500, (person, answer.text)
        assert "<h1>" in answer.text
    assert served.state.sequence == 1


def test_a_page_that_is_not_there_says_so(served: Served) -> None:
    lea = served.visit("lea")
    answer = lea.get("/reviews/REV-0")
    assert answer.status == 404
    assert "There is no review &#39;REV-0&#39;" in answer.text
    assert lea.get(f"/reviews/{served.review}/assessments/none").status == 404


def test_a_project_with_a_mistake_is_a_page_that_names_it(served: Served) -> None:
    lea = served.visit("lea")
    change(served.root, "charter.yaml", "steward: sam", "steward: nobody")
    answer = lea.get("/")
    assert answer.status == 503
    assert "charter.yaml" in answer.text


def test_the_page_shows_what_keeps_the_gate_closed_and_what_was_found(served: Served) -> None:
    page = served.visit("lea").get(f"/reviews/{served.review}").text
    assert "Closed." in page
    assert "Recency" in page
    assert "shop.people" in page
    assert "What has changed" in page
    assert "which is in service without an approval" in page


def test_the_inbox_names_what_waits_for_whom(served: Served) -> None:
    assert "You decide for legal" in served.visit("lea").get("/").text
    page = served.visit("ada").get("/").text
    assert "Nothing waits for you." in page
    assert "You may not decide: you answer for its input" in page


def test_a_broken_registry_closes_the_gate_on_the_page_and_leaves_the_rest(served: Served) -> None:
    (served.root / "registry.json").write_text("{")
    answer = served.visit("lea").get(f"/reviews/{served.review}")
    assert answer.status == 200
    assert "Closed." in answer.text


def test_the_lists_filter_names_itself(served: Served) -> None:
    register(served.root, "3")
    lea = served.visit("lea")
    assert served.review in lea.get("/reviews?show=open").text
    assert served.review not in lea.get("/reviews?show=approved").text
    assert served.review in lea.get("/reviews?show=%00nonsense").text


def test_a_review_of_a_planned_stage_has_no_version_and_no_gate(served: Served) -> None:
    project = open_project(served.root)
    with served.store.begin() as unit:
        versions = unit.versions.of_model("approval")
    table = Table(project, served.store, build_graph(project, versions), served.clock.now)
    review = open_review(table, "approval", person="ben", reason="The design is drafted.", stage=Stage.DESIGN)
    lea = served.visit("lea")
    page = lea.get(f"/reviews/{review}")
    assert page.status == 200
    assert "Approval, stage design" in page.text
    assert "The gate" not in page.text
    assert "stage design" in lea.get("/").text
