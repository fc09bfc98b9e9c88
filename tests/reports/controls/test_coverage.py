"""Coverage says what the record supports, what is stale, and what only a person can say; never that a control
is complied with.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.controls import controls
from governance_pipeline.reports.controls.coverage import NOTE, Coverage, Supported, coverage
from governance_pipeline.reports.controls.support import KINDS, State, combined, supports
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.testing import a_playbook
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ReviewAct, ReviewEvent
from tests.reports.evidence.support import decided, office, record
from tests.reviews.support import Lab

LAW = "EU-AI-Act Art. 12"  # by the ledger alone


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return decided(office(tmp_path_factory.mktemp("controls") / "project"))


@pytest.fixture(scope="module")
def known(lived: Lab) -> Record:
    return record(lived)


def state(known: Record, kind: str, hours: float = 0) -> State:
    return supports(kind, known, known.as_of + timedelta(hours=hours)).state


def one(found: Coverage, name: str) -> Supported:
    return next(one for one in found.controls if one.control.name == name)


def test_every_control_has_a_state_and_every_lack_a_step(known: Record):
    found = coverage([known], known.as_of)
    assert [one.control.name for one in found.controls] == list(controls())
    for supported in found.controls:
        lacking = [by for by in supported.by if by.state is not State.EVIDENCED]
        assert all(by.raises for by in lacking), supported.control.name
        assert bool(supported.raises) == bool(lacking), supported.control.name
    for framework in found.frameworks:
        mine = [one for one in found.controls if one.control.framework == framework.framework]
        assert sum(framework.states.values()) == len(mine)


def test_what_raises_most_controls_is_told_first(known: Record):
    found = coverage([known], known.as_of)
    counts = [len(step.controls) for step in found.steps]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 1
    for step in found.steps:
        assert set(step.controls) == {o.control.name for o in found.controls if step.step in o.raises}


def test_nothing_is_ever_said_to_comply(known: Record):
    told = json.dumps(jsonable(coverage([known], known.as_of))).casefold()
    assert "compl" not in told.replace("completeness", "")
    assert NOTE.startswith("A mapping supports")


def test_decisions_permits_and_assessments_are_evidence_until_they_run_out(known: Record):
    for kind in ("review", "permit", "assessment"):
        assert state(known, kind) is State.EVIDENCED, kind
    months = 24 * 120
    assert state(known, "review", months) is State.STALE


def test_without_decisions_nothing_speaks_for_them(tmp_path: Path):
    found = record(office(tmp_path))
    for kind in ("review", "permit", "assessment"):
        assert state(found, kind) is State.NOT_EVIDENCED, kind


def test_a_measurement_is_stale_once_the_gate_would_say_so(known: Record):
    hours = known.project.playbook.reviews.evidence_hours
    assert state(known, "bias", hours - 1) is State.EVIDENCED
    assert state(known, "bias", hours + 1) is State.STALE
    assert state(known, "completeness", hours + 1) is State.STALE


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.NOT_RUN])
def test_what_does_not_hold_is_evidence_in_part(known: Record, outcome: Outcome):
    measured = [m.concluded(outcome) if m.indicator == "bias" else m for m in known.night.measured]
    found = replace(known, night=replace(known.night, measured=tuple(measured)))
    told = supports("bias", found, found.as_of)
    assert told.state is State.PARTLY
    assert told.raises == "repair bias of mortgage_approval"


def test_what_is_not_measured_speaks_for_nothing(known: Record):
    measured = tuple(m for m in known.night.measured if m.indicator != "proxy")
    found = replace(known, night=replace(known.night, measured=measured))
    assert state(found, "proxy") is State.NOT_EVIDENCED


def test_before_the_first_night_nothing_is_evidenced_that_a_night_brings(known: Record):
    night = replace(known.night, seal=None, measured=(), risk=None, count=0)
    found = replace(known, night=night)
    for kind in ("bias", "risk", "completeness", "incidents"):
        assert state(found, kind) is State.NOT_EVIDENCED, kind


def test_an_incident_that_nobody_took_up_is_evidence_in_part(known: Record):
    assert {str(one.incident.status) for one in known.acts.incidents} == {"open"}
    assert state(known, "incidents") is State.PARTLY
    assert state(replace(known, acts=replace(known.acts, incidents=())), "incidents") is State.EVIDENCED


def test_a_way_back_that_nobody_rehearsed_is_evidence_in_part(known: Record):
    ready = replace(known.standing, way_back=replace(known.standing.way_back, target="1", faults=()))
    found = replace(known, standing=ready)
    assert state(found, "rollback") is State.PARTLY
    first, *rest = known.acts.reviews
    event = ReviewEvent(first.id, 99, ReviewAct.REHEARSED, known.as_of, "ada")
    done = replace(first, events=(*first.events, event))
    found = replace(found, acts=replace(known.acts, reviews=(done, *rest)))
    assert state(found, "rollback") is State.EVIDENCED
    assert state(found, "rollback", 24 * 91) is State.STALE


def test_a_clause_of_the_playbook_speaks_for_the_control_that_it_names(tmp_path: Path):
    clause = {"title": "Recency", "text": "On time.", "controls": ["EU-AI-Act Art. 12(1)"]}
    rest = {f"P-{n}": {"title": "x", "text": "x"} for n in range(2, 40)}
    playbook = a_playbook(clauses={"P-1": clause, **rest})
    known = record(office(tmp_path, playbook=playbook))
    told = one(coverage([known], known.as_of), LAW)
    assert told.clauses == ("P-1",)
    assert "clause P-1" in {by.kind for by in told.by}
    assert told.state is State.PARTLY, "its recency fails"


def test_models_together_are_no_better_than_the_worst(lived: Lab, known: Record):
    early = replace(
        known, sealed=replace(known.sealed, checkpoint=None), version=replace(known.version, version="9")
    )
    both = coverage([known, early], known.as_of)
    told = one(both, LAW)
    assert told.by_model == {
        "mortgage_approval 2": State.EVIDENCED,
        "mortgage_approval 9": State.NOT_EVIDENCED,
    }
    assert told.state is State.PARTLY
    assert both.versions == ("mortgage_approval 2", "mortgage_approval 9")


def test_there_is_an_answer_for_each_kind_of_evidence(known: Record):
    for kind in KINDS:
        assert supports(kind, known, known.as_of).why
    with pytest.raises(KeyError):
        supports("hearsay", known, known.as_of)


states = st.sampled_from(list(State))


@given(st.lists(states, min_size=1))
def test_states_add_up_to_evidenced_only_where_all_are(found: list[State]):
    whole = combined(found)
    assert (whole is State.EVIDENCED) == (set(found) == {State.EVIDENCED})
    assert (whole is State.PERSON) == (set(found) == {State.PERSON})
    if State.NOT_EVIDENCED in found and State.EVIDENCED in found:
        assert whole is State.PARTLY
    assert combined(reversed(found)) is whole


@given(states, states)
def test_more_evidence_never_lowers_a_control(first: State, second: State):
    order = [State.NOT_EVIDENCED, State.STALE, State.PARTLY, State.EVIDENCED]
    pair: list[Any] = [first, second]
    if State.PERSON in pair:
        return
    for better in order[order.index(second) :]:
        before, after = combined([first, second]), combined([first, better])
        improved = order.index(after) >= order.index(before)
        assert improved or (before, after) == (State.PARTLY, State.STALE)
