"""A night in Dagster: the same outcomes as in the store, once, whatever breaks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from governance_pipeline.errors import SourceUnavailable, UsageError
from governance_pipeline.testing import (
    AS_OF,
    DATASET,
    NIGHT,
    FakeEngine,
    FixedClock,
    a_healthy_scan,
    a_services,
)
from governance_pipeline.vocabulary.outcome import Outcome, worst
from tests.assets.support import run_night

INCOMES = dg.AssetKey(["lending", "incomes"])


def late(plan):
    """A scan that finds the newest row twelve days old; the contract allows 26 hours."""
    return replace(a_healthy_scan(plan), watermark=AS_OF - timedelta(days=12))


def evaluations(result: dg.ExecuteInProcessResult) -> dict[dg.AssetCheckKey, dg.AssetCheckEvaluation]:
    return {one.asset_check_key: one for one in result.get_asset_check_evaluations()}


def stored(services):
    with services.store.begin() as unit:
        return unit.measurements.of_night(NIGHT)


def test_every_outcome_in_dagster_is_the_one_in_the_store(instance, tmp_path):
    services = a_services(tmp_path, engine=FakeEngine({DATASET: late}))
    result = run_night(instance, services, NIGHT.isoformat())
    by_check: dict[dg.AssetCheckKey, list[Outcome]] = {}
    for measurement in stored(services):
        prefix = ["models"] if measurement.entity.kind == "model" else []
        key = dg.AssetKey([*prefix, *measurement.entity.name.split(".")])
        by_check.setdefault(dg.AssetCheckKey(key, measurement.indicator), []).append(measurement.outcome)
    shown = evaluations(result)
    assert set(shown) == set(by_check)
    assert len(shown) > 15
    for key, outcomes in by_check.items():
        assert shown[key].passed is (worst(outcomes) is Outcome.PASS)
        assert shown[key].metadata["outcome"].value == str(worst(outcomes)).replace("_", " ")


def test_a_failed_check_explains_itself_and_does_not_fail_the_run(instance, tmp_path):
    services = a_services(tmp_path, engine=FakeEngine({DATASET: late}))
    result = run_night(instance, services, NIGHT.isoformat())
    assert result.success
    check = evaluations(result)[dg.AssetCheckKey(INCOMES, "recency")]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert (
        check.description
        == "The newest record in lending.incomes is 12 days old; the contract allows 26 hours."
    )
    assert "start it again" in check.metadata["what to do"].value
    assert check.metadata["playbook clause"].value == "P-1"


def test_a_table_that_cannot_be_read_is_a_failed_check_and_costs_no_other_table_its_night(instance, tmp_path):
    gone = SourceUnavailable("the file of lending.incomes is not there", hint="look for it")
    services = a_services(tmp_path, engine=FakeEngine({DATASET: gone}))
    result = run_night(instance, services, NIGHT.isoformat())
    assert result.success
    shown = evaluations(result)
    check = shown[dg.AssetCheckKey(INCOMES, "recency")]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "the file of lending.incomes is not there" in (check.description or "")
    assert check.metadata["outcome"].value == "not run"
    assert shown[dg.AssetCheckKey(dg.AssetKey(["lending", "applications"]), "recency")].passed


def test_the_same_partition_twice_adds_no_rows_incidents_or_alerts(instance, tmp_path):
    services = a_services(tmp_path, engine=FakeEngine({DATASET: late}))
    found = []
    for _ in range(2):
        assert run_night(instance, services, NIGHT.isoformat()).success
        with services.store.begin() as unit:
            events = [event for i in unit.incidents.list() for event in unit.incidents.events(i.id)]
            found.append(
                (
                    list(unit.measurements.of_night(NIGHT)),
                    list(unit.incidents.list()),
                    events,
                    [alert.key for alert in unit.outbox.list()],
                    list(unit.reviews.list()),
                )
            )
    assert found[0] == found[1]
    assert len(found[0][1]) == 1, "one incident for the late table"


def test_every_part_of_the_night_is_materialised_in_its_partition(instance, tmp_path):
    services = a_services(tmp_path)
    result = run_night(instance, services, NIGHT.isoformat())
    parts = {event.asset_key.path[-1]: event.partition for event in result.get_asset_materialization_events()}
    assert set(parts.values()) == {"2026-03-04"}
    assert set(parts) >= {"catalog", "profiles", "recency", "consent", "quality", "retention", "ownership"}
    assert set(parts) >= {"provenance", "drift", "bias", "risk", "incidents", "reviews", "lineage", "seal"}


def test_rows_and_risk_are_observed_on_the_tables_themselves(instance, tmp_path):
    services = a_services(tmp_path, engine=FakeEngine({DATASET: late}))
    run_night(instance, services, NIGHT.isoformat())
    record = instance.fetch_observations(INCOMES, limit=1).records[0]
    metadata = record.asset_observation.metadata
    assert metadata["worst outcome"].value == "fail"
    assert metadata["dagster/row_count"].value == a_healthy_scan_rows(services)
    assert metadata["risk score"].value > 0
    assert "Recency" in metadata["risk"].value


def a_healthy_scan_rows(services) -> int:
    with services.store.begin() as unit:
        return unit.profiles.get(DATASET, NIGHT)["rows"]


def test_a_part_selected_alone_is_reported_alone(instance, tmp_path):
    services = a_services(tmp_path)
    only = dg.AssetKey(["governance", "drift"])
    result = run_night(instance, services, NIGHT.isoformat(), asset_selection=[only])
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [only]
    assert not result.get_asset_check_evaluations()
    assert stored(services), "the night itself ran whole"


def test_a_night_that_cannot_write_fails_its_run(instance, tmp_path):
    services = a_services(tmp_path)

    class Down:
        def begin(self):
            raise ConnectionError("the store is down")

        reading = begin

        def close(self):
            pass

    with pytest.raises(ConnectionError, match="the store is down"):
        run_night(instance, replace(services, store=Down()), NIGHT.isoformat())


def test_a_night_whose_day_has_not_ended_fails_its_run(instance, tmp_path):
    clock = FixedClock(AS_OF - timedelta(minutes=1))
    services = a_services(tmp_path, clock=clock)
    with pytest.raises(UsageError, match=f"the day {NIGHT} has not ended"):
        run_night(instance, services, NIGHT.isoformat())
    with services.store.begin() as unit:
        assert unit.nights.latest() is None


def test_a_night_of_four_tables_costs_few_events(instance, tmp_path):
    result = run_night(instance, a_services(tmp_path), NIGHT.isoformat())
    written = instance.all_logs(result.run_id)
    kinds = Counter(e.dagster_event.event_type_value if e.dagster_event else "log" for e in written)
    checks, parts = kinds["ASSET_CHECK_EVALUATION"], kinds["ASSET_MATERIALIZATION"]
    # Dagster writes three events for each check and part (planned, found, output), about ten for the run,
    # and we one observation for each of four tables and one model.
    assert len(written) <= 3 * (checks + parts) + 5 + 20
