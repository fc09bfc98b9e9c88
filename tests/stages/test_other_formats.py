"""What an earlier version of the program has stored is taken anew, and never the end of a night."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.profile import PROFILE_VERSION
from governance_pipeline.stages.crosses import _stored_as
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests.tiny import MODEL, land, night, opened, tiny_project

Stored = Mapping[str, Any]
VERSION = (MODEL, "1")


@pytest.fixture(scope="module")
def _after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tiny_project(tmp_path_factory.mktemp("formats") / "shop", model=True)
    run(root, 1)
    land(root, 2, model=True)
    return root


@pytest.fixture
def root(_after_one_night: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_after_one_night, tmp_path / "shop"))


def run(root: Path, number: int) -> dict[tuple[str, str, str], Measurement]:
    with opened(root, number) as services:
        events = list(run_night(services, night(number)))
    return {e.measurement.key: e.measurement for e in events if isinstance(e, IndicatorMeasured)}


def of_another_version(stored: Stored) -> Stored:
    """Another format, in which columns are called something else."""
    return {"version": PROFILE_VERSION - 1, "rows": stored["rows"], "fields": stored["columns"]}


def damaged(stored: Stored) -> Stored:
    return {**stored, "columns": "none"}


def change_baseline(root: Path, change: Callable[[Stored], Stored]) -> Stored:
    with opened(root) as services, services.store.begin() as unit:
        was = unit.profiles.get_baseline(*VERSION)
        assert was is not None
        unit.profiles.drop_baseline(*VERSION)
        unit.profiles.put_baseline(*VERSION, change(was))
    return was


def baseline(root: Path) -> Stored | None:
    with opened(root) as services, services.store.begin() as unit:
        return unit.profiles.get_baseline(*VERSION)


@pytest.mark.parametrize("change", [of_another_version, damaged])
def test_a_baseline_that_cannot_be_read_is_taken_anew_from_the_same_snapshot(root: Path, change) -> None:
    was = change_baseline(root, change)
    found = run(root, 2)
    assert {m.outcome for m in found.values()} == {Outcome.PASS}
    now = baseline(root)
    assert now is not None
    assert now["columns"].keys() == was["columns"].keys()
    for name, column in now["columns"].items():
        before = was["columns"][name]
        moments = {part: pytest.approx(before[part]) for part in ("mean", "variance") if part in before}
        assert column == {**before, **moments}  # threads add up in any order
    assert now["version"] == PROFILE_VERSION


def test_a_snapshot_that_is_another_by_now_is_no_baseline_and_that_is_said(root: Path) -> None:
    change_baseline(root, of_another_version)
    path = root / "data" / "snapshot" / "taken.parquet"
    pq.write_table(pq.read_table(path).slice(0, 300), path)
    found = run(root, 2)
    drift = [m for m in found.values() if m.indicator == "drift" and m.entity.name == "shop.features"]
    assert [m.outcome for m in drift] == [Outcome.NOT_RUN]
    assert "stored in format 1, which is not read any more" in drift[0].sentence
    assert "it had 400 rows and has 300" in drift[0].sentence
    others = [m for m in found.values() if m.indicator not in ("drift", "provenance")]
    assert {m.outcome for m in others} == {Outcome.PASS}
    assert (baseline(root) or {})["version"] == PROFILE_VERSION - 1  # kept, until there is a better one


@pytest.mark.parametrize("change", [of_another_version, damaged])
def test_last_nights_profile_that_cannot_be_read_is_as_good_as_none(root: Path, change) -> None:
    with opened(root) as services, services.store.begin() as unit:
        for dataset in services.project.contracts:
            stored = unit.profiles.get(dataset, night(1))
            assert stored is not None
            unit.profiles.put(dataset, night(1), change(stored))
    assert {m.outcome for m in run(root, 2).values()} == {Outcome.PASS}


def test_counts_that_cannot_be_read_are_counted_again(root: Path) -> None:
    playbook = root / "playbook" / "playbook.yaml"
    text = playbook.read_text()
    assert "indicators:\n" in text
    playbook.write_text(text.replace("indicators:\n", "indicators:\n  leakage: {clause: P-7}\n", 1))
    with opened(root) as services, services.store.begin() as unit:
        unit.profiles.put(_stored_as(VERSION), night(1), {"tables": "none", "counted": "never"})
    found = run(root, 2)
    leakage = [m for m in found.values() if m.indicator == "leakage"]
    assert leakage
    assert Outcome.NOT_RUN not in {m.outcome for m in leakage}
