"""A real night of a real, small project, on both storages that deploy/dagster configures."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import dagster as dg
import pytest

from assets.history import mirror
from assets.keys import stage_key
from assets.location import build_definitions
from governance_pipeline.bootstrap import open_project, open_project_store, services
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.outcome import Outcome, worst
from tests.assets.support import CLONE

START = date(2026, 3, 3)
READINGS = dg.AssetKey(["example", "readings"])


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "meters"
    create_project(folder, "meters", START)
    data = folder / "data" / "readings.csv"
    text = data.read_text(encoding="utf-8").replace(",south,", ",cellar,")  # there is no such meter
    data.write_text(text, encoding="utf-8")
    return open_project(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def storage(request, tmp_path, monkeypatch):
    """An instance from the file in deploy/, as an operator would start it."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url").replace("+psycopg:", "+psycopg2:")
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(CLONE / "deploy" / "dagster" / request.param / "dagster.yaml", home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def latest_checks(instance, defs) -> dict[str, bool]:
    keys = defs.resolve_asset_graph().asset_check_keys
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    return {
        key.name: record.event.dagster_event.event_specific_data.passed for key, record in records.items()
    }


def outcomes(project) -> dict[str, bool]:
    """By indicator, whether everything the store holds of it passed."""
    store = open_project_store(project)
    found: dict[str, list[Outcome]] = {}
    with store.begin() as unit:
        for measurement in unit.measurements.of_night(START):
            found.setdefault(measurement.indicator, []).append(measurement.outcome)
    store.close()
    return {indicator: worst(all_of_it) is Outcome.PASS for indicator, all_of_it in found.items()}


def test_one_night_runs_and_says_in_dagster_what_it_says_in_the_store(project, storage):
    defs = build_definitions(project)
    job = defs.resolve_job_def("nightly")
    for _ in range(2):
        assert job.execute_in_process(instance=storage, partition_key=START.isoformat()).success
    shown = latest_checks(storage, defs)
    assert shown == outcomes(project)
    assert shown["quality"] is False
    assert shown["ownership"] is True
    assert storage.get_materialized_partitions(stage_key("seal")) == {START.isoformat()}


def test_nights_that_ran_outside_are_shown_once_with_the_same_outcomes(project, storage):
    nights = [START + timedelta(days=number) for number in range(3)]
    with services(project) as opened:
        for night in nights:
            list(run_night(opened, night))
        assert mirror(project, opened.store, storage) == 3
        assert mirror(project, opened.store, storage) == 0
    defs = build_definitions(project)
    for part in ("catalog", "recency", "risk", "seal"):
        shown = storage.get_materialized_partitions(stage_key(part))
        assert shown == {night.isoformat() for night in nights}
    checks = latest_checks(storage, defs)
    assert checks["quality"] is False
    assert checks["ownership"] is True
    assert (
        storage.fetch_observations(READINGS, limit=10)
        .records[0]
        .asset_observation.metadata["dagster/row_count"]
        .value
        == 8  # both meters' readings of two days
    )


def test_the_newest_night_is_the_one_that_the_tables_show(project, storage):
    """The second night finds the data mended; whatever order events are written in, it counts."""
    with services(project) as opened:
        list(run_night(opened, START))
        data = project.root / "data" / "readings.csv"
        data.write_text(data.read_text(encoding="utf-8").replace(",cellar,", ",south,"), encoding="utf-8")
        list(run_night(opened, START + timedelta(days=1)))
        mirror(project, opened.store, storage)
    assert latest_checks(storage, build_definitions(project))["quality"] is True
    newest = storage.get_latest_materialization_event(stage_key("seal"))
    assert newest.asset_materialization.partition == (START + timedelta(days=1)).isoformat()


def test_a_night_mended_later_outside_does_not_hide_what_dagster_measured_since(project, storage):
    second = START + timedelta(days=1)
    with services(project) as opened:
        list(run_night(opened, second))
        defs = build_definitions(project)
        job = defs.resolve_job_def("nightly")
        data = project.root / "data" / "readings.csv"
        data.write_text(data.read_text(encoding="utf-8").replace(",cellar,", ",south,"), encoding="utf-8")
        assert job.execute_in_process(instance=storage, partition_key=second.isoformat()).success
        data.write_text(data.read_text(encoding="utf-8").replace(",south,", ",cellar,"), encoding="utf-8")
        list(run_night(opened, START))
        assert mirror(project, opened.store, storage) == 1
    assert latest_checks(storage, defs)["quality"] is True


def test_a_mirror_that_breaks_leaves_nothing_half_shown(project, instance, monkeypatch):
    from assets import event_log

    def breaks(*_arguments):
        raise OSError("disk full")

    with services(project) as opened:
        list(run_night(opened, START))
        monkeypatch.setattr(event_log._OneTransaction, "store_asset_check_event", breaks)
        with pytest.raises(OSError, match="disk full"):
            mirror(project, opened.store, instance)
        monkeypatch.undo()
        assert not instance.get_materialized_partitions(stage_key("seal"))
        assert mirror(project, opened.store, instance) == 1
