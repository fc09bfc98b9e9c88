import json
import subprocess
import sys
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.contract import DatasetKind, Population
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.playbook import Indicators
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import CannotEvaluate, NotFound
from governance_pipeline.indicators import registry
from governance_pipeline.indicators.base import Indicator
from governance_pipeline.testing import (
    NIGHT,
    a_charter,
    a_column,
    a_contract,
    a_model,
    a_playbook,
    a_profile,
    a_tally,
    dataset_inputs,
    model_inputs,
    night_inputs,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.outcome import Outcome

WATER = Indicator(name="water_use", title="Water use", subject="dataset")
ON_DECLARATION = ("representation", "calibration", "access")
OF_MODELS = (
    "bias",
    "prediction_drift",
    "performance",
    "proxy",
    "leakage",
    "withdrawals",
    "permits",
    "rehearsal",
)
NOT_AN_INDICATOR = "water"


def a_project(
    contracts: tuple[Any, ...] = (), models: tuple[ModelSpec, ...] = (), **playbook: Any
) -> Project:
    return Project(
        root=Path("/project"),
        settings=Settings.model_validate({"name": "lending", "schedule": {"start": NIGHT}}),
        charter=a_charter(),
        playbook=a_playbook(**playbook),
        contracts={contract.dataset: contract for contract in contracts},
        models={model.name: model for model in models},
        digests={},
        playbook_digest="sha256:0",
    )


def installed(monkeypatch: pytest.MonkeyPatch, **plugins: str) -> None:
    """Make the interpreter see these entry points, as installed packages declare them."""
    entries = [EntryPoint(name, value, registry.GROUP) for name, value in plugins.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: [e for e in entries if e.group == group])
    anew = cache(registry.plugin_indicators.__wrapped__)  # this test's alone: the process has looked already
    monkeypatch.setattr(registry, "plugin_indicators", anew)


def test_every_indicator_of_the_playbook_is_registered_once_and_in_order() -> None:
    assert [one.name for one in registry.INDICATORS] == list(Indicators.model_fields)


def test_every_indicator_measures_what_it_says() -> None:
    for one in registry.INDICATORS:
        of_datasets = one.measure_dataset or one.measure_night
        subject = of_datasets if one.subject == "dataset" else one.measure_model
        assert subject is not None, one.name


def test_every_measurement_has_a_sentence_and_a_clause_and_details_that_are_json() -> None:
    for one in registry.INDICATORS:
        found = [
            *(one.measure_dataset(dataset_inputs()) if one.measure_dataset else ()),
            *(one.measure_model(model_inputs()) if one.measure_model else ()),
            *(one.measure_night(night_inputs()) if one.measure_night else ()),
        ]
        for measurement in found:
            assert measurement.indicator == one.name
            assert measurement.sentence.endswith(".")
            assert measurement.clause == getattr(a_playbook().indicators, one.name).clause
            assert json.loads(json.dumps(measurement.details)) == measurement.details
        assert len({measurement.key for measurement in found}) == len(found)


def test_the_healthy_example_passes_every_indicator_of_a_dataset() -> None:
    for one in registry.INDICATORS:
        for measurement in one.measure_dataset(dataset_inputs()) if one.measure_dataset else ():
            assert measurement.outcome is Outcome.PASS, measurement


def test_what_needs_no_scan_says_so_and_is_measured_without_one() -> None:
    declared = [one for one in registry.INDICATORS if "declared" in one.tags]
    assert [one.name for one in declared] == ["ownership", "provenance"]
    blank = a_profile(rows=0, window_rows=0, schema=(), columns={}, watermark=None, consent=())
    for one in declared:
        assert one.measure_dataset is not None
        assert {m.outcome for m in one.measure_dataset(dataset_inputs(profile=blank))} == {Outcome.PASS}


def test_an_unknown_indicator_is_refused_with_its_nearest_name() -> None:
    assert registry.indicator("consent").title == "Consent coverage"
    with pytest.raises(NotFound, match="did you mean 'recency'") as caught:
        registry.indicator("recentcy")
    assert "recentcy" in caught.value.message


def test_a_plug_in_is_measured_after_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, water_use=f"{__name__}:WATER")
    assert registry.all_indicators()[-1] is WATER
    assert registry.indicator("water_use") is WATER


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:THING", "cannot be imported: ModuleNotFoundError"),
        (f"{__name__}:NO_SUCH_NAME", "cannot be imported: AttributeError"),
        (f"{__name__}:NOT_AN_INDICATOR", "is no Indicator"),
        ("governance_pipeline.indicators.consent:CONSENT", "its name 'consent' is taken"),
    ],
)
def test_a_broken_plug_in_stops_the_night_by_name(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    installed(monkeypatch, theirs=value)
    with pytest.raises(CannotEvaluate, match=reason) as caught:
        registry.all_indicators()
    assert "'theirs'" in caught.value.message


def test_two_plug_ins_cannot_take_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, one=f"{__name__}:WATER", two=f"{__name__}:WATER")
    with pytest.raises(CannotEvaluate, match="'two'"):
        registry.plugin_indicators()


def test_a_feature_view_with_a_model_expects_everything() -> None:
    project = a_project((a_contract(),), (a_model(),), withdrawals={}, permits={}, rehearsal={}, access={})
    expected = registry.expected_keys(project, project.contracts.values(), project.models.values())
    dataset, model = "dataset:lending.incomes", "model:mortgage_approval"
    assert expected == {
        *(
            (dataset, name)
            for name in Indicators.model_fields
            if name not in ON_DECLARATION and name not in OF_MODELS
        ),
        (model, "ownership"),
        *((model, name) for name in OF_MODELS),
    }


def test_nothing_is_expected_that_does_not_apply() -> None:
    contract = a_contract(kind=DatasetKind.SOURCE, event_time=None, max_age=None, retention=None, purposes=())
    model = a_model(predictions=None, sensitive_attributes=[], features=[{"column": "lending.other#x"}])
    project = a_project((contract,), (model,))
    assert registry.expected_keys(project, (contract,), (model,)) == {
        ("dataset:lending.incomes", "quality"),
        ("dataset:lending.incomes", "ownership"),
        ("model:mortgage_approval", "ownership"),
        ("model:mortgage_approval", "leakage"),
    }


def test_scores_and_a_declared_population_are_expected_where_they_are_declared() -> None:
    model = a_model(
        predictions={"dataset": "lending.predictions", "prediction": "p", "label": "y", "score": "s"}
    )
    groups = a_column("race", population=Population({"white": 0.8, "black": 0.1}))
    project = a_project((a_contract(columns=(groups,)),), (model,))
    expected = registry.expected_keys(project, project.contracts.values(), project.models.values())
    assert ("model:mortgage_approval", "calibration") in expected
    assert ("dataset:lending.incomes", "representation") in expected


def test_what_the_playbook_has_no_policy_for_is_not_expected() -> None:
    project = a_project((a_contract(),), (a_model(),), performance=None, proxy=None, twins=None)
    expected = registry.expected_keys(project, project.contracts.values(), project.models.values())
    assert not {name for _, name in expected} & {"performance", "proxy", "twins"}
    assert not project.playbook.asks_for("performance")
    assert project.playbook.asks_for("a_plug_in")


def test_an_indicator_that_is_switched_off_is_not_expected() -> None:
    project = a_project((a_contract(),), (a_model(),), ownership={"enabled": False})
    expected = registry.expected_keys(project, project.contracts.values(), project.models.values())
    assert not [key for key in expected if key[1] == "ownership"]


def test_expectations_and_measurements_agree() -> None:
    """What is expected by the files is what the indicators bring, for every kind of dataset."""
    changes: list[dict[str, Any]] = [
        {},
        {"purposes": ()},
        {"retention": None},
        {"event_time": None},
        {"event_time": None, "max_age": None},
        *({"kind": kind} for kind in DatasetKind),
    ]
    for change in changes:
        contract = a_contract(**change)
        inputs = dataset_inputs(
            contract=contract, profile=a_profile(consent=(a_tally(),) * bool(contract.purposes))
        )
        brought = {
            one.name
            for one in registry.INDICATORS
            if (one.measure_dataset and list(one.measure_dataset(inputs)))
            or (one.measure_night and list(one.measure_night(night_inputs((contract, inputs.profile)))))
        }
        expected = {one.name for one in registry.INDICATORS if registry.expects_dataset(one, contract, ())}
        assert brought == expected, change


def test_a_missing_measurement_is_told_with_its_reason_and_hint() -> None:
    found = registry.not_run(
        Entity.dataset("lending.incomes"),
        "recency",
        NIGHT,
        "the file incomes.parquet is not there\n  -> restore it or remove its contract",
        "P-1",
        cause="scan",
    )
    assert found.outcome is Outcome.NOT_RUN
    assert found.sentence == (
        "Recency of lending.incomes could not be measured: the file incomes.parquet is not there. "
        "Restore it or remove its contract."
    )
    assert found.details == {"cause": "scan"}
    assert registry.not_run(found.entity, "theirs", NIGHT, "", "").sentence == (
        "theirs of lending.incomes could not be measured: no reason is known."
    )
    asked = registry.not_run(found.entity, "recency", NIGHT, "no zone 'Zurch'; did you mean 'Zurich'?", "")
    assert asked.sentence.endswith("did you mean 'Zurich'?")


def test_looking_at_the_registry_imports_no_heavy_library() -> None:
    code = (
        "import sys, governance_pipeline.indicators.registry as r; r.all_indicators(); "
        "print([m for m in ('pandas', 'evidently', 'fairlearn', 'scipy', 'pandera', 'ibis', 'plotly') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
