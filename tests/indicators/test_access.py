"""Who can read a table, held against the roles of its contract, as a measurement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance_pipeline.indicators.access import measure
from governance_pipeline.profiles.reader import Access, Reader
from governance_pipeline.testing import a_contract, a_playbook, a_profile, dataset_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

CLERK = Reader("clerk", "grant", ("clerk", "risk_readers"))
INTERN = Reader("intern", "grant", ("intern", "everyone"), through="dw.incomes_view")
FOUND = Access("lending.incomes", ("risk_readers",), (CLERK,), ())


def measured(found: Access | None, unmeasured: str = "", **policy: Any) -> list[Measurement]:
    profile = a_profile(access=found, unmeasured={"access": unmeasured} if unmeasured else {})
    contract = a_contract(readers=("risk_readers",))
    return list(
        measure(dataset_inputs(contract=contract, profile=profile, playbook=a_playbook(access=policy)))
    )


def test_who_has_a_role_of_the_contract_passes():
    (one,) = measured(FOUND)
    assert (one.outcome, one.value, one.n) == (Outcome.PASS, 0, 1)
    assert "risk_readers" in one.sentence


def test_one_other_reader_fails_and_is_told_with_the_way():
    (one,) = measured(replace(FOUND, undeclared=(INTERN,)))
    assert (one.outcome, one.value, one.n) == (Outcome.FAIL, 1, 2)
    assert one.sentence == (
        "1 reader of lending.incomes has no role that its contract names: intern (grant, through everyone,"
        " by way of dw.incomes_view)."
    )


def test_many_readers_are_counted_and_some_told():
    many = tuple(replace(INTERN, role=f"r{number:03}") for number in range(200))
    (one,) = measured(replace(FOUND, undeclared=many))
    assert "and 195 more" in one.sentence
    assert len(one.details["undeclared"]) == 50


def test_superusers_are_not_counted():
    boss = Reader("boss", "superuser", ("boss",))
    (one,) = measured(replace(FOUND, superusers=(boss,)))
    assert (one.outcome, one.value, one.details["superusers"]) == (Outcome.PASS, 0, 1)


def test_default_privileges_warn():
    (one,) = measured(replace(FOUND, to_come=("everyone",)))
    assert (one.outcome, one.value) == (Outcome.WARN, 0)
    assert "everyone" in one.sentence


@pytest.mark.parametrize(("bounds", "outcome"), [({"fail": 1}, Outcome.PASS), ({"fail": None}, Outcome.PASS)])
def test_the_playbook_says_how_many_are_too_many(bounds: dict[str, Any], outcome: Outcome):
    assert measured(replace(FOUND, undeclared=(INTERN,)), **bounds)[0].outcome is outcome


def test_of_a_night_run_later_nothing_is_claimed():
    assert measured(None)[0].outcome is Outcome.INSUFFICIENT


def test_what_could_not_be_read_is_said():
    (one,) = measured(None, "the database refuses to tell")
    assert (one.outcome, one.value) == (Outcome.NOT_RUN, None)
    assert "the database refuses to tell" in one.sentence


def test_without_roles_or_a_policy_nothing_is_measured():
    inputs = dataset_inputs(contract=a_contract(readers=()), playbook=a_playbook(access={}))
    assert list(measure(inputs)) == []
    assert list(measure(dataset_inputs(contract=a_contract(readers=("x",)), playbook=a_playbook()))) == []
