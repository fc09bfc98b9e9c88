from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from governance_pipeline.charter.contract import Calendar, DatasetKind
from governance_pipeline.indicators.recency import RECENCY
from governance_pipeline.testing import AS_OF, a_contract, a_playbook, a_profile, dataset_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

HOUR = timedelta(hours=1)


def measured(**changes: Any) -> dict[str, Measurement]:
    assert RECENCY.measure_dataset is not None
    return {found.facet: found for found in RECENCY.measure_dataset(dataset_inputs(**changes))}


def aged(hours: float, **changes: Any) -> Measurement:
    return measured(profile=a_profile(watermark=AS_OF - hours * HOUR, **changes))[""]


def test_data_within_the_promise_is_on_time() -> None:
    found = aged(2)
    assert found.outcome is Outcome.PASS
    assert found.value == 2
    assert found.unit == "hours"
    assert found.details["state"] == "on_time"
    assert found.clause == "P-1"


@pytest.mark.parametrize(
    ("hours", "outcome"),
    [
        (26, Outcome.PASS),  # the promise itself is kept
        (26.5, Outcome.WARN),
        (39, Outcome.WARN),  # 1.5 times the promise
        (39.1, Outcome.FAIL),
    ],
)
def test_lateness_is_judged_in_multiples_of_the_promise(hours: float, outcome: Outcome) -> None:
    assert aged(hours).outcome is outcome


def test_late_data_is_told_in_plain_words() -> None:
    contract = a_contract(
        dataset="lending.bureau_scores",
        calendar=Calendar("America/New_York", (1, 2, 3, 4, 5)),
    )
    # 76 working hours before the end of Friday 6 March in New York (Saturday 05:00 UTC).
    as_of = datetime(2026, 3, 7, 5, tzinfo=UTC)
    profile = a_profile(watermark=as_of - 76 * HOUR, tonight_rows=0)
    found = measured(contract=contract, profile=profile, as_of=as_of, night=date(2026, 3, 6))[""]
    assert found.sentence == (
        "The newest record in lending.bureau_scores is 3 days and 4 hours old; the contract allows 26 hours, "
        "counting working days in New York."
    )
    assert found.outcome is Outcome.FAIL
    assert found.details["state"] == "late"


def test_a_weekend_does_not_make_fridays_data_late() -> None:
    calendar = Calendar("America/New_York", (1, 2, 3, 4, 5))
    friday_evening = datetime(2026, 3, 6, 22, tzinfo=UTC)  # 17:00 in New York
    end_of_sunday = datetime(2026, 3, 9, 4, tzinfo=UTC)  # midnight, after the clocks went forward
    changes: dict[str, Any] = {
        "profile": a_profile(watermark=friday_evening, tonight_rows=0),
        "as_of": end_of_sunday,
        "night": date(2026, 3, 8),
    }
    weekdays = measured(contract=a_contract(calendar=calendar), **changes)[""]
    every_day = measured(contract=a_contract(calendar=Calendar("America/New_York")), **changes)[""]
    assert (weekdays.outcome, weekdays.value) == (Outcome.PASS, 7.0)
    # 7 hours of Friday, 24 of Saturday, 23 of Sunday.
    assert (every_day.outcome, every_day.value) == (Outcome.FAIL, 54.0)


def test_data_a_little_late_does_not_read_as_if_it_were_on_time() -> None:
    found = aged(26 + 1 / 120)
    assert found.outcome is Outcome.WARN
    assert "just over 26 hours old; the contract allows 26 hours" in found.sentence


def test_an_empty_table_is_missing_data_and_fails() -> None:
    found = measured(profile=a_profile(rows=0, window_rows=0, watermark=None, tonight_rows=0))
    assert found[""].outcome is Outcome.FAIL
    assert found[""].value is None
    assert found[""].details["state"] == "missing"
    assert found["future"].outcome is Outcome.INSUFFICIENT


def test_a_due_day_without_rows_warns_although_the_promise_still_holds() -> None:
    found = aged(25, tonight_rows=0)
    assert found.outcome is Outcome.WARN
    assert found.details["state"] == "missing"
    assert (
        "No record is dated Wednesday 4 March 2026, a day on which lending.incomes is due" in found.sentence
    )


def test_a_day_off_without_rows_is_no_warning() -> None:
    contract = a_contract(calendar=Calendar(workdays=(1, 2, 4, 5)))
    found = measured(contract=contract, profile=a_profile(watermark=AS_OF - 30 * HOUR, tonight_rows=0))[""]
    assert (found.outcome, found.value) == (Outcome.PASS, 6.0)


def test_a_weekly_promise_is_not_broken_by_a_day_without_rows() -> None:
    contract = a_contract(max_age=timedelta(days=7))
    found = measured(contract=contract, profile=a_profile(watermark=AS_OF - 90 * HOUR, tonight_rows=0))[""]
    assert (found.outcome, found.details["state"]) == (Outcome.PASS, "on_time")


def test_rows_from_the_future_fail_beside_the_age_of_the_others() -> None:
    profile = a_profile(watermark=AS_OF - 76 * HOUR, future_rows=40, furthest=AS_OF + 9 * HOUR)
    found = measured(profile=profile)
    assert (found[""].outcome, found[""].details["state"]) == (Outcome.FAIL, "late")
    future = found["future"]
    assert (future.outcome, future.value) == (Outcome.FAIL, 9.0)
    assert future.details["state"] == "future_dated"
    assert future.sentence == (
        "lending.incomes holds records dated up to 9 hours in the future (dated after the night: 40); "
        "clocks that differ explain 1 hour at most."
    )


@pytest.mark.parametrize(("minutes", "outcome"), [(60, Outcome.PASS), (61, Outcome.FAIL)])
def test_clocks_may_differ_by_the_tolerance(minutes: int, outcome: Outcome) -> None:
    profile = a_profile(future_rows=40, furthest=AS_OF + timedelta(minutes=minutes))
    assert measured(profile=profile)["future"].outcome is outcome


def test_rows_that_came_between_the_nights_end_and_the_scan_are_not_from_the_future() -> None:
    profile = a_profile(future_rows=400, furthest=AS_OF + timedelta(days=3))
    caught_up = measured(profile=profile, read_at=AS_OF + timedelta(days=3, hours=1))
    assert caught_up["future"].outcome is Outcome.PASS
    assert measured(profile=profile, read_at=AS_OF)["future"].outcome is Outcome.FAIL


def test_a_table_with_only_future_rows_has_no_age() -> None:
    profile = a_profile(watermark=None, future_rows=1000, furthest=AS_OF + timedelta(days=400))
    found = measured(profile=profile)
    assert (found[""].outcome, found[""].details["state"]) == (Outcome.FAIL, "future_dated")
    assert found["future"].outcome is Outcome.FAIL


def test_rows_without_any_date_fail_as_undated() -> None:
    found = measured(profile=a_profile(watermark=None, undated_rows=1000))
    assert (found[""].outcome, found[""].details["state"]) == (Outcome.FAIL, "undated")
    assert "None of the 1,000 records in lending.incomes has a date" in found[""].sentence
    assert found["future"].outcome is Outcome.INSUFFICIENT


def test_some_rows_without_a_date_warn_and_few_are_not_counted_out() -> None:
    many, few = aged(2, undated_rows=120), aged(2, undated_rows=3)
    assert (many.outcome, few.outcome) == (Outcome.WARN, Outcome.WARN)
    assert many.sentence.endswith("Records without a date, whose age is unknown: 120.")
    assert few.sentence.endswith("Records without a date, whose age is unknown: fewer than 11.")
    assert few.details["undated_rows"] == "fewer than 11"


def test_a_date_without_a_promise_is_insufficient() -> None:
    found = measured(contract=a_contract(max_age=None))
    assert found[""].outcome is Outcome.INSUFFICIENT
    assert "no recency promise in the contract" in found[""].sentence
    assert found["future"].outcome is Outcome.PASS


def test_a_promise_without_a_date_is_insufficient() -> None:
    found = measured(contract=a_contract(event_time=None), profile=a_profile(watermark=None))
    assert set(found) == {""}
    assert found[""].outcome is Outcome.INSUFFICIENT


def test_a_table_with_neither_date_nor_promise_is_not_measured() -> None:
    assert measured(contract=a_contract(event_time=None, max_age=None)) == {}


def test_what_the_engine_could_not_measure_is_not_run_with_its_reason() -> None:
    found = measured(profile=a_profile(unmeasured={"recency": "the column recorded_at holds text"}))
    assert {one.outcome for one in found.values()} == {Outcome.NOT_RUN}
    assert "the column recorded_at holds text" in found[""].sentence


def test_an_unknown_time_zone_is_not_run_and_named() -> None:
    contract = a_contract(calendar=Calendar("Mars/Olympus", (1, 2, 3)))
    found = measured(contract=contract, profile=a_profile(tonight_rows=0))[""]
    assert found.outcome is Outcome.NOT_RUN
    assert "Mars/Olympus" in found.sentence


def test_bounds_are_tightened_by_tier() -> None:
    playbook = a_playbook(recency={"by_tier": {"critical": {"warn": 0.5, "fail": 1.0}}})
    late = a_profile(watermark=AS_OF - 27 * HOUR)
    inputs = dataset_inputs(playbook=playbook, profile=late)
    assert RECENCY.measure_dataset is not None
    outcomes = {
        tier: next(iter(RECENCY.measure_dataset(replace(inputs, tier=tier)))).outcome
        for tier in ("high", "critical")
    }
    assert outcomes == {"high": Outcome.WARN, "critical": Outcome.FAIL}


def test_a_training_snapshot_that_promises_no_age_is_only_asked_for_rows_from_the_future() -> None:
    snapshot = a_contract(kind=DatasetKind.TRAINING_SNAPSHOT, max_age=None)
    old = a_profile(watermark=AS_OF - 400 * 24 * HOUR)
    assert {facet: found.outcome for facet, found in measured(contract=snapshot, profile=old).items()} == {
        "future": Outcome.PASS
    }
    promised = measured(contract=replace(snapshot, max_age=26 * HOUR), profile=old)
    assert promised[""].outcome is Outcome.FAIL
    source = measured(contract=a_contract(max_age=None), profile=old)
    assert source[""].outcome is Outcome.INSUFFICIENT
