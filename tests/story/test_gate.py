"""Version 2's way: closed with reasons, decided on by those who may, open, and closed again by news."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from governance_pipeline.errors import Refused
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.nightly import run_night
from governance_pipeline.reviews.gate import GateReport, evaluate_gate
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table, decide, eligible, list_reviews, load_review
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewStatus, Verdict
from tests.story.conftest import LAST_NIGHT, Story, morning_after, open_services

pytestmark = pytest.mark.story

MODEL = "mortgage_approval"

# What must keep the gate shut on night 60, by hand from the README's table of faults.
FINDINGS = {
    ("recency_fail", "lending.bureau_scores"),
    ("consent_fail", "lending.training_snapshot"),
    ("drift_fail", "lending.applicant_features"),
    ("drift_fail", "lending.property_features"),
    ("prediction_drift_fail", MODEL),
    ("bias_fail", MODEL),
    ("quality_fail", "lending.applications"),
    ("retention_fail", "lending.incomes"),
    ("ownership_fail", "lending.properties"),
    ("provenance_fail", "lending.property_features"),
    ("provenance_fail", "lending.training_snapshot"),
    ("provenance_fail", "lending.training_snapshot_2"),
}


def gate(opened: Services, version: str = "2") -> GateReport:
    return evaluate_gate(opened.project, opened.store, MODEL, version, opened.clock())


def review(opened: Services, version: str = "2") -> ReviewState:
    return next(state for _, state in list_reviews(opened.store) if state.version == version)


def judge(opened: Services, person: str, function: Function) -> ReviewState:
    with opened.store.begin() as unit:
        graph = build_graph(opened.project, unit.versions.of_model(MODEL))
    return decide(
        Table(opened.project, opened.store, graph, opened.clock()),
        review(opened).id,
        person=person,
        function=function,
        verdict=Verdict.APPROVE,
        reason="I have read every finding and accept it for the pilot.",
    )


def approve(opened: Services) -> ReviewState:
    """Everybody who is asked and may decide approves."""
    state = review(opened)
    with opened.store.begin() as unit:
        versions = unit.versions.of_model(MODEL)
        version = unit.versions.get(MODEL, "2")
    free = eligible(
        opened.project, build_graph(opened.project, versions), state, version, opened.clock().date()
    )
    for function in state.missing:
        state = judge(opened, free[function][0].id, function)
    return state


@contextmanager
def the_morning(root: Path, now: datetime | None = None) -> Iterator[Services]:
    with open_services(root, now or morning_after(root)) as opened:
        yield opened


def test_the_gate_of_version_2_is_closed_for_the_planted_reasons_and_says_what_to_do(story: Story):
    with the_morning(story.root) as opened:
        report = gate(opened)
    assert not report.is_open
    found = {(reason.code, reason.entity) for reason in report.reasons}
    failed = {pair for pair in found if pair[0].endswith("_fail")}
    assert failed == FINDINGS
    assert ("review_not_approved", "") in found
    assert {code for code, _ in found if not code.endswith(("_fail", "_insufficient", "_not_run"))} == {
        "review_not_approved"
    }
    assert all(reason.sentence and reason.next_step for reason in report.reasons)


def test_the_first_version_was_approved_and_its_approval_does_not_cover_what_came_after(story: Story):
    with the_morning(story.root) as opened:
        state = review(opened, "1")
        report = gate(opened, "1")
    assert {decision.function for decision in (*state.decisions, *state.void)} == {
        "engineering", "business", "compliance", "legal", "ethics",
    }  # fmt: skip
    assert not report.is_open


def test_when_the_needed_functions_have_decided_the_gate_opens_and_names_what_was_accepted(copy: Path):
    with the_morning(copy) as opened:
        needed = review(opened).missing
        state = approve(opened)
        assert state.status is ReviewStatus.APPROVED
        assert {decision.function for decision in state.decisions} == set(needed)
        assert len({decision.person for decision in state.decisions}) == len(needed) == 7
        report = gate(opened)
        assert report.reasons == ()
        accepted = {(indicator, entity) for entity, indicator, _ in report.accepted}
        assert ("bias", f"model:{MODEL}") in accepted


def test_one_decision_too_few_keeps_the_gate_closed(copy: Path):
    with the_morning(copy) as opened:
        for person, function in (
            ("anika.sorensen", Function.ENGINEERING),
            ("carla.nunes", Function.BUSINESS),
            ("samuel.adeyemi", Function.COMPLIANCE),
            ("helen.brandt", Function.LEGAL),
            ("mei.tanaka", Function.ETHICS),
            ("piotr.zielinski", Function.PRIVACY),
        ):
            judge(opened, person, function)
        report = gate(opened)
        assert "review_not_approved" in {reason.code for reason in report.reasons}
        assert any(r.sentence.endswith("still to decide: vendor management") for r in report.reasons)


@pytest.mark.parametrize(
    ("person", "function", "why"),
    [
        ("ruth.kowalski", Function.VENDOR_MANAGEMENT, "they answer for its input lending.bureau_scores"),
        ("joaquin.morales", Function.PRIVACY, "they answer for its input lending.consents"),
        ("oliver.grant", Function.BUSINESS, "they answer for its input"),
        ("ingrid.solberg", Function.ENGINEERING, "they answer for its input"),
        ("priya.raman", Function.ENGINEERING, "they registered version 2"),
        ("daniel.weiss", Function.COMPLIANCE, "they answer for its input lending.properties"),
    ],
)
def test_nobody_judges_their_own_work(copy: Path, person: str, function: Function, why: str):
    with the_morning(copy) as opened:
        before = review(opened)
        with pytest.raises(Refused, match=why):
            judge(opened, person, function)
        assert review(opened) == before


def test_a_new_finding_after_the_approval_closes_the_gate_again_and_asks_anew(copy: Path):
    with the_morning(copy) as opened:
        approve(opened)
        assert gate(opened).is_open
    for file in (copy / "data" / "loan_performance").iterdir():
        file.unlink()
    for file in (copy / "data" / "decisions").iterdir():
        file.unlink()
    with the_morning(copy, morning_after(copy) + timedelta(hours=1)) as opened:
        list(run_night(opened, LAST_NIGHT))
        report = gate(opened)
        state = review(opened)
        assert not report.is_open
        assert "review_not_approved" in {reason.code for reason in report.reasons}
        assert ("recency_not_run", "lending.decisions") in {(r.code, r.entity) for r in report.reasons}
        assert state.status is ReviewStatus.IN_REVIEW
        assert len(state.void) == 7


def test_a_changed_playbook_makes_the_approval_void_at_once(copy: Path):
    with the_morning(copy) as opened:
        approve(opened)
    thresholds = copy / "playbook" / "thresholds.yaml"
    thresholds.write_text(thresholds.read_text().replace("fail: 0.95", "fail: 0.90"))
    with the_morning(copy) as opened:
        reasons = gate(opened).reasons
    assert [reason.code for reason in reasons] == ["approval_void"]
    assert "playbook" in reasons[0].sentence


def test_a_swapped_artefact_is_refused_at_once(copy: Path):
    with the_morning(copy) as opened:
        approve(opened)
    registry = yaml.safe_load((copy / "registry" / f"{MODEL}.yaml").read_text())
    artefact = copy / "registry" / registry["versions"][-1]["artefact"]
    artefact.write_bytes(artefact.read_bytes() + b"\0")
    with the_morning(copy) as opened:
        report = gate(opened)
    assert not report.is_open
    assert "registry_problem" in {reason.code for reason in report.reasons}


def test_an_approval_ends_after_the_days_of_the_playbook(copy: Path):
    with the_morning(copy) as opened:
        approve(opened)
    with the_morning(copy, morning_after(copy) + timedelta(days=91)) as opened:
        codes = {reason.code for reason in gate(opened).reasons}
    assert {"evidence_stale", "review_not_approved"} <= codes


def test_the_review_can_be_read_again_from_its_events_alone(copy: Path):
    with the_morning(copy) as opened:
        state = approve(opened)
        with opened.store.begin() as unit:
            assert load_review(unit, state.id) == state
            acts = [event.act for event in unit.reviews.events(state.id)]
    assert json.dumps(acts).count("decided") == 7
