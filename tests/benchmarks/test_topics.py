"""Every topic runs at a tiny size and measures what it says; what it measures there means nothing."""

from __future__ import annotations

import math

import pytest

from benchmarks import (
    consent_join,
    lineage_events,
    many_tables,
    memory,
    new_partition,
    processes,
    scan,
    versus_evidently,
    versus_script,
    withdrawals,
)
from benchmarks.data import ledger, standard
from governance_pipeline.profiles.subject_sets import SubjectSet


def figures(topic, monkeypatch, **sizes):
    for name, value in sizes.items():
        monkeypatch.setattr(topic, name, value)
    found = list(topic.run(True))
    assert all(math.isfinite(figure.value) for figure in found)
    return {figure.name: figure for figure in found}


def test_a_scan_is_measured_beside_a_bare_sum_and_summarize(monkeypatch):
    found = figures(scan, monkeypatch, QUICK_ROWS=2000)
    assert found["scan of a partition, times a bare sum"].bar == 5
    assert all(figure.value > 0 for figure in found.values())


def test_a_night_with_one_new_partition_is_measured_beside_a_full_run(monkeypatch, folder):
    found = figures(new_partition, monkeypatch, QUICK_ROWS=600, DAYS=6, NEW=2)
    assert found["one new partition of 365, share of a full run"].bar == 3
    assert not list(folder.glob("partitions-*"))


def test_orchestration_is_what_a_night_takes_beyond_the_engine(monkeypatch):
    found = figures(many_tables, monkeypatch, QUICK_TABLES=5, ROWS=50, DIFFERENT=2)
    night, engine = found["a night over 5 tables"].value, found["the engine's own time"].value
    assert found["orchestration, 5 tables"].value == pytest.approx(1000 * night / 5 - engine)


def test_consent_is_measured_beside_a_plain_join(monkeypatch):
    assert figures(consent_join, monkeypatch, QUICK_ROWS=4000)["consent, times the plain hash join"].bar == 3


def test_the_impact_of_withdrawals_is_measured_and_compared_with_plain_sets(monkeypatch):
    found = figures(withdrawals, monkeypatch, QUICK_SNAPSHOTS=3, QUICK_PEOPLE=5000, WITHDRAWN=400)
    assert found["withdrawal impact, once manifests are loaded"].bar == 1
    assert found["a subject manifest, each person"].value < 8


def test_sets_that_count_wrongly_have_no_speed(monkeypatch):
    monkeypatch.setattr(SubjectSet, "count_of", lambda *_: 0)
    with pytest.raises(RuntimeError, match="do not count"):
        figures(withdrawals, monkeypatch, QUICK_SNAPSHOTS=2, QUICK_PEOPLE=2000, WITHDRAWN=400)


def test_a_wrong_consent_tally_has_no_speed(monkeypatch):
    monkeypatch.setattr(ledger, "EXPIRED", "s % 100 = 7 OR s % 100 = 9")
    real = consent_join.consents

    def another(subjects):
        monkeypatch.setattr(ledger, "EXPIRED", "s % 100 = 3")
        path = real(subjects)
        monkeypatch.setattr(ledger, "EXPIRED", "s % 100 = 7 OR s % 100 = 9")
        return path

    monkeypatch.setattr(consent_join, "consents", another)
    with pytest.raises(RuntimeError, match="the tally is"):
        figures(consent_join, monkeypatch, QUICK_ROWS=4000)


def test_the_memory_of_a_night_is_that_of_its_process(monkeypatch, folder):
    found = figures(memory, monkeypatch, QUICK_ROWS=2000)
    assert 50 < found["memory of a night over 0.002M rows"].value < 1500
    assert not list(folder.glob("large-*/*.parquet"))


def test_psi_and_jensen_shannon_equal_evidently_on_the_same_tables():
    then, now = standard.training(3000), standard.serving(3000)
    found = versus_evidently.differences(versus_evidently.governed_drift(then, now), then, now)
    assert found == pytest.approx({"psi": 0, "jensen_shannon": 0}, abs=1e-9)


def test_a_night_is_measured_beside_a_teams_script(monkeypatch):
    found = figures(versus_script, monkeypatch, QUICK_ROWS=2000)
    assert {figure.bar for figure in found.values()} == {25, 0.25, None}


def test_a_child_is_not_charged_for_its_parents_memory():
    held = bytearray(600_000_000)
    held[::4096] = b"x" * len(held[::4096])
    child = processes.run("tests.benchmarks.child", "10")
    assert child.memory < 200_000_000
    assert child.told == {"sum": 45}
    assert len(held) == 600_000_000


def test_a_childs_own_memory_is_counted():
    assert processes.run("tests.benchmarks.child", "300000000").memory > 300_000_000


def test_a_child_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match=r"child ended with code 1: ValueError: invalid literal"):
        processes.run("tests.benchmarks.child", "ten")


@pytest.mark.postgres
def test_openlineage_events_are_measured_into_both_databases(monkeypatch):
    found = figures(lineage_events, monkeypatch, QUICK_EVENTS=30)
    assert [(figure.bar, figure.direction) for figure in found.values()] == [(2000, ">=")] * 2
