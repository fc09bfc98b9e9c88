from datetime import date
from typing import Any

import pytest

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.indicators.quality import QUALITY
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.testing import (
    AS_OF,
    a_column,
    a_contract,
    a_playbook,
    a_profile,
    dataset_inputs,
)
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

SCHEMA = (("subject_id", "string"), ("recorded_at", "timestamp('UTC')"), ("ratio", "float64"))
NULLS = QualityRule("ratio.nulls", "ratio", "nullValues", "mustBe", 0.0)


def measured(**changes: Any) -> dict[str, Measurement]:
    assert QUALITY.measure_dataset is not None
    return {found.facet: found for found in QUALITY.measure_dataset(dataset_inputs(**changes))}


def test_a_table_as_promised_passes() -> None:
    found = measured()
    assert {facet: one.outcome for facet, one in found.items()} == {
        "schema": Outcome.PASS,
        "schema_change": Outcome.PASS,
        "duplicate_keys": Outcome.PASS,
    }


def test_a_missing_column_fails_and_is_named() -> None:
    found = measured(profile=a_profile(schema=SCHEMA[:2]))["schema"]
    assert (found.outcome, found.value, found.details["missing"]) == (Outcome.FAIL, 1.0, ["ratio"])
    assert found.sentence == "lending.incomes is not as its contract promises: ratio is missing."


def test_a_column_the_contract_does_not_know_warns() -> None:
    found = measured(profile=a_profile(schema=(*SCHEMA, ("note", "string"))))["schema"]
    assert (found.outcome, found.details["unexpected"]) == (Outcome.WARN, ["note"])


def test_a_column_of_another_type_fails_with_both_types() -> None:
    found = measured(profile=a_profile(schema=(*SCHEMA[:2], ("ratio", "string"))))["schema"]
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "lending.incomes is not as its contract promises: ratio holds string instead of number."
    )
    assert found.details["columns"] == ["ratio"]


def test_a_type_of_the_databases_own_warns_because_nobody_can_tell() -> None:
    found = measured(profile=a_profile(schema=(*SCHEMA[:2], ("ratio", "mood"))))["schema"]
    assert (found.outcome, found.details["unclear"]) == (Outcome.WARN, ["ratio"])
    assert "whether mood is a number (ratio) is unknown" in found.sentence


def test_several_deviations_are_told_together() -> None:
    schema = (("recorded_at", "string"), ("a", "int64"), ("b", "int64"))
    found = measured(profile=a_profile(schema=schema))["schema"]
    assert found.value == 5.0
    assert found.sentence == (
        "lending.incomes is not as its contract promises: subject_id and ratio are missing; "
        "recorded_at holds string instead of timestamp; a and b are not in the contract."
    )


def test_a_contract_without_columns_is_insufficient() -> None:
    assert measured(contract=a_contract(columns=()))["schema"].outcome is Outcome.INSUFFICIENT


def test_columns_that_could_not_be_read_are_not_run() -> None:
    found = measured(profile=a_profile(schema=()))
    assert {found[facet].outcome for facet in ("schema", "schema_change", "duplicate_keys")} == {
        Outcome.NOT_RUN
    }


def test_a_column_that_changed_its_type_overnight_fails() -> None:
    found = measured(profile=a_profile(schema=(*SCHEMA[:2], ("ratio", "string"))))["schema_change"]
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "The columns of lending.incomes changed since the night before: ratio changed from float64 to string."
    )
    assert found.details["retyped"] == {"ratio": ["float64", "string"]}


def test_the_playbook_may_only_warn_of_a_schema_change() -> None:
    playbook = a_playbook(quality={"schema_change": "warn"})
    found = measured(profile=a_profile(schema=SCHEMA[:2]), playbook=playbook)["schema_change"]
    assert (found.outcome, found.details["removed"]) == (Outcome.WARN, ["ratio"])


def test_a_new_column_warns_whatever_the_playbook_says_of_changes() -> None:
    found = measured(profile=a_profile(schema=(*SCHEMA, ("note", "string"))))["schema_change"]
    assert (found.outcome, found.details["added"]) == (Outcome.WARN, ["note"])


def test_whether_an_engine_calls_a_type_nullable_is_no_change() -> None:
    schema = tuple((name, f"!{kind}") for name, kind in SCHEMA)
    assert measured(profile=a_profile(schema=schema))["schema_change"].outcome is Outcome.PASS


def test_columns_in_another_order_are_no_change() -> None:
    assert measured(profile=a_profile(schema=SCHEMA[::-1]))["schema_change"].outcome is Outcome.PASS


def test_the_first_night_has_no_change_to_speak_of() -> None:
    assert "schema_change" not in measured(previous=None)


def test_a_change_over_missed_nights_does_not_claim_to_be_of_last_night() -> None:
    previous = a_profile(night=date(2026, 3, 1), as_of=AS_OF)
    assert (
        "have not changed since it was last measured" in measured(previous=previous)["schema_change"].sentence
    )


def test_repeated_keys_fail() -> None:
    found = measured(profile=a_profile(duplicate_keys=25))["duplicate_keys"]
    assert (found.outcome, found.value) == (Outcome.FAIL, 25.0)
    assert found.sentence == (
        "In lending.incomes 25 rows of 1,000 repeat a key (subject_id) that may occur once only."
    )
    few = measured(profile=a_profile(duplicate_keys=2))["duplicate_keys"]
    assert (few.outcome, few.value) == (Outcome.FAIL, None)
    assert "fewer than 11 rows" in few.sentence


def test_a_table_without_rows_says_nothing_about_its_keys() -> None:
    found = measured(profile=a_profile(rows=0, window_rows=0))["duplicate_keys"]
    assert found.outcome is Outcome.INSUFFICIENT


def test_a_key_that_is_missing_cannot_be_checked() -> None:
    found = measured(profile=a_profile(schema=SCHEMA[1:]))["duplicate_keys"]
    assert found.outcome is Outcome.NOT_RUN
    assert found.sentence.endswith("could not be checked: subject_id is missing.")


def test_a_contract_without_a_key_has_no_key_measurement() -> None:
    assert "duplicate_keys" not in measured(contract=a_contract(columns=(a_column("ratio"),)))


def test_every_rule_of_the_contract_is_measured_by_its_id() -> None:
    contract = a_contract(rules=(NULLS, QualityRule("rows", None, "rowCount", "mustBeGreaterThan", 10.0)))
    tallies = (RuleTally("ratio.nulls", 1000, 40), RuleTally("rows", 0, None, 1000.0))
    found = measured(contract=contract, profile=a_profile(rules=tallies))
    assert (found["ratio.nulls"].outcome, found["rows"].outcome) == (Outcome.FAIL, Outcome.PASS)
    assert found["ratio.nulls"].n == 1000
    assert found["rows"].metric == "rowCount"


def test_a_rule_without_a_result_is_not_run_and_not_forgotten() -> None:
    found = measured(contract=a_contract(rules=(NULLS,)), profile=a_profile(rules=()))["ratio.nulls"]
    assert found.outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("empty", "checked"),
    [({"rows": 0, "window_rows": 0}, 0), ({"window_rows": 0}, 0), ({"window_rows": 0}, 500)],
)
def test_no_rows_tonight_is_no_proof_that_a_rule_is_kept(empty: dict[str, int], checked: int) -> None:
    profile = a_profile(rules=(RuleTally("ratio.nulls", checked, 0),), **empty)
    found = measured(contract=a_contract(rules=(NULLS,)), profile=profile)["ratio.nulls"]
    assert found.outcome is Outcome.INSUFFICIENT
