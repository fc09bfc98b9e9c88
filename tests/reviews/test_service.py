"""Who may decide: people of the function, who are there, and never on their own work."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.errors import Conflict, NotFound, Refused
from governance_pipeline.reviews.service import load_review, own_work, review_of_version
from governance_pipeline.testing import DATASET, MODEL, NIGHT, SOURCE, a_contract, register_version
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewStatus, Verdict
from tests.reviews.support import Lab, lab, people


@pytest.fixture
def reviewed(tmp_path: Path) -> Lab:
    found = lab(tmp_path)
    found.night()
    return found


def test_decisions_of_the_needed_functions_approve(reviewed: Lab):
    assert reviewed.decide("lea", Function.LEGAL).status is ReviewStatus.IN_REVIEW
    assert reviewed.decide("PIA@example.org ", Function.PRIVACY).status is ReviewStatus.IN_REVIEW
    state = reviewed.decide("eli", Function.ETHICS)
    assert state.status is ReviewStatus.APPROVED
    assert [decision.person for decision in state.decisions] == ["lea", "pia", "eli"]


@pytest.mark.parametrize(
    ("person", "function", "why"),
    [
        ("lea", Function.PRIVACY, "do not hold the function privacy"),
        ("sam", Function.SECURITY, "does not ask security"),
        ("ben", Function.ENGINEERING, "they own the model|they registered"),
        ("ada", Function.ENGINEERING, "they answer for its input|they trained"),
    ],
)
def test_who_may_not_decide_is_refused_and_nothing_is_written(
    reviewed: Lab, person: str, function: Function, why: str
):
    before = reviewed.review()
    with pytest.raises(Refused, match=why):
        reviewed.decide(person, function)
    assert reviewed.review() == before


def test_somebody_who_left_cannot_decide_from_the_day_after(reviewed: Lab):
    reviewed.change(charter=people(eli="2026-03-04"))  # the clock says 5 March
    with pytest.raises(Refused, match="not in the organisation on 5 March 2026"):
        reviewed.decide("eli", Function.ETHICS)
    reviewed.change(charter=people(eli="2026-03-05"))
    reviewed.decide("eli", Function.ETHICS)


def test_a_stranger_and_an_unknown_review_are_named_with_the_nearest(reviewed: Lab):
    with pytest.raises(NotFound) as raised:
        reviewed.decide("elli", Function.ETHICS)
    assert raised.value.hint == "did you mean 'eli'?"
    known = reviewed.review().id
    with pytest.raises(NotFound) as raised:
        reviewed.decide("eli", Function.ETHICS, review=known[:-1] + "_")
    assert known in raised.value.hint


def test_the_same_person_does_not_count_twice(reviewed: Lab):
    reviewed.decide("lea", Function.LEGAL)
    state = reviewed.decide("lea", Function.LEGAL)
    assert set(state.missing) == {Function.PRIVACY, Function.ETHICS}


def test_after_the_end_nobody_decides(reviewed: Lab):
    reviewed.decide("eli", Function.ETHICS, Verdict.REJECT)
    with pytest.raises(Conflict, match="has ended: rejected"):
        reviewed.decide("lea", Function.LEGAL)


def test_own_work_names_each_tie(reviewed: Lab):
    with reviewed.services.store.begin() as unit:
        version = unit.versions.get(MODEL, "2")
    found = own_work(reviewed.project, reviewed.graph(), MODEL, version, NIGHT)
    assert found == {
        "ada": "they answer for its input lending.applications; they trained version 2",
        "ben": "they answer for its input lending.applications; they own the model;"
        " they registered version 2",
    }


def test_the_steward_answers_for_what_has_lost_its_owner(reviewed: Lab):
    contracts = dict(reviewed.project.contracts)
    contracts[DATASET] = a_contract(owner="eli")
    reviewed.change(contracts=contracts, charter=people(eli="2026-01-31"))
    found = own_work(reviewed.project, reviewed.graph(), MODEL, None, NIGHT)
    assert found["sam"] == f"they answer for its input {DATASET}"


def test_owners_of_the_sources_behind_the_inputs_are_interested_too(reviewed: Lab):
    contracts = dict(reviewed.project.contracts)
    contracts[SOURCE] = a_contract(dataset=SOURCE, owner="pia", upstream=())
    reviewed.change(contracts=contracts)
    with pytest.raises(Refused, match=f"they answer for its input {SOURCE}"):
        reviewed.decide("pia", Function.PRIVACY)
    assert [person.id for person in reviewed.free()[Function.PRIVACY]] == ["pax"]


def test_those_who_decided_are_not_asked_again(reviewed: Lab):
    assert [person.id for person in reviewed.free()[Function.PRIVACY]] == ["pia", "pax"]
    reviewed.decide("pia", Function.PRIVACY)
    assert Function.PRIVACY not in reviewed.free()


def test_a_newer_version_takes_the_place_of_an_undecided_older_one(reviewed: Lab):
    register_version(reviewed.root, "3")
    reviewed.night()
    assert reviewed.review("2").status is ReviewStatus.SUPERSEDED
    assert reviewed.review("3").status is ReviewStatus.IN_REVIEW


def test_an_approval_is_not_superseded_by_a_newer_version(reviewed: Lab):
    reviewed.approve()
    register_version(reviewed.root, "3")
    reviewed.night()
    assert reviewed.review("2").status is ReviewStatus.APPROVED


def test_a_version_without_a_review_has_none(reviewed: Lab):
    with reviewed.services.store.begin() as unit:
        assert review_of_version(unit, MODEL, "9") is None
        found = review_of_version(unit, MODEL, "2")
        assert found is not None
        assert load_review(unit, found.id) == found
