from datetime import date
from typing import Any

from governance_pipeline.indicators.ownership import OWNERSHIP
from governance_pipeline.testing import a_charter, a_contract, a_model, dataset_inputs, model_inputs
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

PEOPLE = [person.model_dump() for person in a_charter().people]


def charter_with(**changed: dict[str, Any]) -> Any:
    return a_charter(people=[{**person, **changed.get(person["id"], {})} for person in PEOPLE])


def measured(owner: str | None = "ada", charter: Any = None) -> Measurement:
    assert OWNERSHIP.measure_dataset is not None
    inputs = dataset_inputs(contract=a_contract(owner=owner), charter=charter or a_charter())
    (found,) = OWNERSHIP.measure_dataset(inputs)
    return found


def test_an_active_person_owns_a_dataset() -> None:
    found = measured()
    assert (found.outcome, found.value) == (Outcome.PASS, 1.0)
    assert found.sentence == "Ada Okafor answers for lending.incomes."


def test_a_team_owns_as_long_as_one_member_is_active() -> None:
    gone = {"until": date(2026, 3, 3)}
    assert measured("data-team").sentence == ("Data team answers for lending.incomes, with 2 active members.")
    assert measured("data-team", charter_with(ada=gone)).value == 1.0
    empty = measured("data-team", charter_with(ada=gone, ben=gone))
    assert (empty.outcome, empty.value) == (Outcome.FAIL, 0.0)
    assert empty.sentence == (
        "Data team owns lending.incomes but has no active member on Wednesday 4 March 2026 "
        "(Ada Okafor and Ben Moreau); Sam Reyes (steward) answers for it until a new owner is named."
    )


def test_a_last_day_still_counts_and_the_day_after_does_not() -> None:
    assert measured(charter=charter_with(ada={"until": date(2026, 3, 4)})).outcome is Outcome.PASS
    found = measured(charter=charter_with(ada={"until": date(2026, 3, 3)}))
    assert found.outcome is Outcome.FAIL
    assert found.sentence.startswith(
        "Ada Okafor, the owner of lending.incomes, left on Tuesday 3 March 2026; Sam Reyes (steward)"
    )


def test_an_owner_who_has_not_started_owns_nothing_yet() -> None:
    found = measured(charter=charter_with(ada={"since": date(2026, 3, 9)}))
    assert found.outcome is Outcome.FAIL
    assert "only starts on Monday 9 March 2026" in found.sentence


def test_nobody_named_fails_and_names_who_answers_meanwhile() -> None:
    found = measured(None)
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "Nobody is named as the owner of lending.incomes; Sam Reyes (steward) answers for it until "
        "a new owner is named."
    )


def test_an_owner_unknown_to_the_charter_fails() -> None:
    found = measured("zoe")
    assert found.outcome is Outcome.FAIL
    assert "'zoe', who is not in the charter" in found.sentence


def test_a_steward_who_is_gone_too_is_said_to_be() -> None:
    found = measured(None, charter_with(sam={"until": date(2026, 1, 1)}))
    assert found.sentence.endswith(
        "Sam Reyes, the steward who would stand in, is not active either, so nobody answers for it."
    )
    unknown = measured(None, a_charter(steward="nobody"))
    assert "the charter's steward is not among its people" in unknown.sentence


def test_a_model_is_owned_by_the_same_rule() -> None:
    assert OWNERSHIP.measure_model is not None
    (good,) = OWNERSHIP.measure_model(model_inputs())
    (bad,) = OWNERSHIP.measure_model(model_inputs(model=a_model(owner="zoe")))
    assert good.entity == Entity.model("mortgage_approval")
    assert good.sentence == "Ben Moreau answers for the model Mortgage approval."
    assert (good.outcome, bad.outcome) == (Outcome.PASS, Outcome.FAIL)
