from datetime import timedelta
from typing import Any

import pytest

from governance_pipeline.indicators.retention import RETENTION
from governance_pipeline.profiles.profile import Outlived
from governance_pipeline.testing import AS_OF, a_contract, a_profile, dataset_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


def measured(**changes: Any) -> list[Measurement]:
    assert RETENTION.measure_dataset is not None
    return list(RETENTION.measure_dataset(dataset_inputs(**changes)))


def oldest(days: float, **changes: Any) -> Measurement:
    (found,) = measured(profile=a_profile(oldest=AS_OF - timedelta(days=days), **changes))
    return found


def test_records_within_retention_pass_at_zero_days() -> None:
    found = oldest(30)
    assert (found.outcome, found.value, found.unit, found.n) == (Outcome.PASS, 0.0, "days", 1000)


@pytest.mark.parametrize(
    ("days", "outcome", "over"),
    [
        (365, Outcome.PASS, 0.0),
        (365.5, Outcome.WARN, 0.5),
        (366, Outcome.WARN, 1.0),
        (366.25, Outcome.FAIL, 1.25),
        (400, Outcome.FAIL, 35.0),
    ],
)
def test_days_past_the_contracts_year_are_judged(days: float, outcome: Outcome, over: float) -> None:
    found = oldest(days)
    assert (found.outcome, found.value) == (outcome, over)


def test_an_overdue_record_is_told_in_plain_words() -> None:
    assert oldest(377).sentence == (
        "The oldest record in lending.incomes is 377 days old, 12 days more than the 365 days for which the "
        "contract lets records be kept."
    )


def test_no_retention_in_the_contract_means_no_measurement() -> None:
    assert measured(contract=a_contract(retention=None)) == []


def test_a_retention_without_a_date_column_is_insufficient() -> None:
    (found,) = measured(contract=a_contract(event_time=None), profile=a_profile(oldest=None))
    assert found.outcome is Outcome.INSUFFICIENT
    assert "names no column that dates a record" in found.sentence


@pytest.mark.parametrize(
    "profile", [a_profile(rows=0, oldest=None), a_profile(undated_rows=1000, oldest=None)]
)
def test_nothing_dated_is_insufficient_and_never_a_pass(profile: Any) -> None:
    (found,) = measured(profile=profile)
    assert found.outcome is Outcome.INSUFFICIENT


def test_records_without_a_date_warn() -> None:
    found = oldest(30, undated_rows=50)
    assert found.outcome is Outcome.WARN
    assert found.sentence.endswith("Records without a date, for which this cannot be shown: 50.")


def test_a_reason_from_the_engine_makes_it_not_run() -> None:
    assert oldest(30, unmeasured={"retention": "the dates are text"}).outcome is Outcome.NOT_RUN


def erased(subjects: int, rows: int) -> Measurement:
    (found,) = measured(
        contract=a_contract(retention=None), profile=a_profile(outlived=Outlived(subjects, rows))
    )
    assert found.facet == "erased people"
    return found


def test_one_person_who_was_erased_and_is_still_there_is_a_failure_and_stays_unnamed() -> None:
    found = erased(1, 4)
    assert (found.outcome, found.details) == (
        Outcome.FAIL,
        {"people": "fewer than 11", "records": "not shown"},
    )
    assert found.sentence.startswith("Records of fewer than 11 people who were erased are still in lending.i")


def test_many_are_counted_and_none_passes() -> None:
    found = erased(11, 40)
    assert (found.outcome, found.details) == (Outcome.FAIL, {"people": 11, "records": 40})
    assert erased(0, 0).outcome is Outcome.PASS


def test_a_register_that_cannot_be_read_is_not_run() -> None:
    (found,) = measured(
        contract=a_contract(retention=None), profile=a_profile(unmeasured={"erasures": "it is gone"})
    )
    assert found.outcome is Outcome.NOT_RUN
    assert "it is gone" in found.sentence
