"""What nights measured bears on a change: features that leak, candidates that treat a group worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.reviews.compare.candidates import candidates, compare_bias
from governance_pipeline.reviews.compare.features import labelled, leaking
from governance_pipeline.stages.compared import what_was_measured
from governance_pipeline.store.open import MEMORY, open_store
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.testing import AS_OF, MODEL, NIGHT, a_contract, a_model, a_small_project, a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

OLD, NEW = a_version(version="1", stage="production"), a_version(version="2", stage="candidate")
FEATURES = [{"column": "lending.incomes#ratio"}, {"column": "lending.incomes#subject_id"}]


def measured(indicator: str, facet: str, outcome: Outcome, **changes: Any) -> Measurement:
    said = f"About {facet}."
    return Measurement(NIGHT, Entity.model(MODEL), indicator, outcome, said, "P-1", facet, **changes)


def gap(version: str, value: float, half: float, outcome: Outcome = Outcome.PASS) -> Measurement:
    return measured(
        "bias",
        "race=black:selection_rate",
        outcome,
        value=value,
        interval=(value - half, value + half),
        details={"version": version},
    )


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Any, Any]:
    """The project, and the same with one more feature."""
    base = a_small_project(tmp_path)
    model = a_model(features=FEATURES)
    return base, a_small_project(tmp_path, models={model.name: model})


@pytest.mark.parametrize("facet", ["subject_id", "late:subject_id", "subject_id@2"])
def test_a_feature_that_the_last_night_calls_leaking_is_found_when_it_is_added(
    sides: tuple[Any, Any], facet: str
):
    (found,) = leaking(*sides, [measured("leakage", facet, Outcome.FAIL)])
    assert (found.column, found.added) == ("lending.incomes#subject_id", True)
    assert found.sentence == f"About {facet}."
    assert list(leaking(*sides, [measured("leakage", facet, Outcome.PASS)])) == []
    assert list(leaking(*sides, [measured("drift", facet, Outcome.FAIL)])) == []


def test_one_that_leaked_before_is_told_apart(sides: tuple[Any, Any]):
    (found,) = leaking(*sides, [measured("leakage", "ratio", Outcome.FAIL)])
    assert not found.added


def test_a_new_feature_on_protected_or_personal_data_is_found(sides: tuple[Any, Any]):
    base, head = sides
    assert list(labelled(base, head)) == []
    columns = tuple(replace(column, personal=True) for column in a_contract().columns)
    marked = {**head.contracts, "lending.incomes": a_contract(columns=columns)}
    (found,) = labelled(base, a_small_project(head.root, models=head.models, contracts=marked))
    assert (found.rule, found.column) == ("sensitive_feature_added", "lending.incomes#subject_id")


@pytest.mark.parametrize(
    ("mine", "theirs", "worse"),
    [
        (gap("2", 0.3, 0.02, Outcome.FAIL), gap("1", 0.1, 0.02), True),
        (gap("2", 0.3, 0.02, Outcome.FAIL), gap("1", 0.25, 0.02, Outcome.FAIL), True),
        (gap("2", 0.28, 0.02, Outcome.FAIL), gap("1", 0.27, 0.02, Outcome.FAIL), False),
        (gap("2", -0.3, 0.02, Outcome.WARN), gap("1", 0.1, 0.02), True),
        (gap("2", 0.1, 0.2), gap("1", 0.01, 0.005), False),
        (gap("2", 0.05, 0.02), gap("1", 0.3, 0.02, Outcome.FAIL), False),
    ],
)
def test_a_candidate_is_worse_where_chance_does_not_explain_it(
    mine: Measurement, theirs: Measurement, worse: bool
):
    found = compare_bias(NEW, OLD, [mine, theirs])
    assert bool(found.worse) == worse
    assert found.unknown == ""


def test_a_candidate_that_nobody_measured_is_said_to_be_unknown():
    found = compare_bias(NEW, OLD, [gap("1", 0.1, 0.01)])
    assert found.worse == ()
    assert "Of version 2 no night has measured what it decides" in found.unknown


def test_only_a_newer_version_than_the_one_that_serves_is_a_candidate():
    assert candidates([OLD, NEW]) == [(NEW, OLD)]
    assert candidates([OLD]) == candidates([NEW]) == candidates([]) == []


def test_what_was_measured_comes_from_the_store_and_says_when_there_is_nothing(sides: tuple[Any, Any]):
    base, head = sides
    store = open_store(MEMORY)
    assert what_was_measured(base, head, store).unread == "no night has been run yet"
    with store.begin() as unit:
        for version in (
            OLD,
            a_version(version="2", stage="", registered_at=OLD.registered_at + timedelta(1)),
        ):
            unit.versions.put(version)
        told = [measured("leakage", "subject_id", Outcome.FAIL), gap("1", 0.1, 0.01)]
        unit.measurements.replace(NIGHT, told, entities=[Entity.model(MODEL)])
        unit.nights.seal(NightRecord(NIGHT, AS_OF, AS_OF, 1, 1, (), "sha256:x", {}))
    found = what_was_measured(base, head, store)
    assert [one.column for one in found.leaking] == ["lending.incomes#subject_id"]
    assert [one.candidate for one in found.candidates] == ["2"]
    assert found.candidates[0].unknown
