"""models/*.yaml: whether what a model reads, predicts and answers to exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from governance_pipeline.charter.checks.datasets import Datasets, column_check, known_name
from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.diagnostics import Problem, nearest, one_of
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook


def check_models(
    models: Sequence[Loaded[ModelSpec]],
    datasets: Datasets,
    charter: Loaded[Charter] | None,
    playbook: Loaded[Playbook] | None,
    root: Path,
    connections: Collection[str] = (),
) -> Iterator[Problem]:
    """Each model by itself, and that no two have one name."""
    seen: set[str] = set()
    for model in models:
        value, source = model.value, model.source
        if value.name in seen:
            message = f"another file already describes the model '{value.name}'"
            yield source.problem(("name",), message, expected="a name of its own")
        seen.add(value.name)
        if charter is not None:
            owners = charter.value.owner_ids
            yield from known_name(
                value.owner, owners, source, ("owner",), "no person or team of charter.yaml"
            )
        if playbook is not None and value.tier not in playbook.value.reviews.by_tier:
            tiers = one_of(playbook.value.reviews.by_tier)
            message = f"the playbook names no reviewers for the tier {value.tier}"
            yield source.problem(("tier",), message, expected=f"a tier with reviewers ({tiers})")
        yield from _registry(model, connections, root)
        snapshot, problems = _training(model, datasets)
        yield from problems
        yield from _features(model, datasets, snapshot)
        yield from _predictions(model, datasets)


def _registry(model: Loaded[ModelSpec], connections: Collection[str], root: Path) -> Iterator[Problem]:
    registry, source = model.value.registry, model.source
    if (registry.path is None) == (registry.mlflow is None):
        message = "a model's versions are registered in one place"
        yield source.problem(("registry",), message, expected="either 'path' or 'mlflow'")
    elif registry.path is not None:
        try:
            project_path(registry.path, root)
        except UnfitPath as error:
            expected = "a path in the project folder, or an absolute path"
            yield source.problem(("registry", "path"), str(error), expected=expected)
    elif registry.mlflow is not None and registry.mlflow.connection not in connections:
        name = registry.mlflow.connection
        yield source.problem(
            ("registry", "mlflow", "connection"),
            f"governance.yaml has no connection '{name}'",
            expected=one_of(sorted(connections)) if connections else "an entry of 'connections'",
            suggestion=nearest(name, sorted(connections)),
        )


def _training(model: Loaded[ModelSpec], datasets: Datasets) -> tuple[Contract | None, list[Problem]]:
    training, source, path = model.value.training, model.source, ("training", "snapshot")
    snapshot, problems = datasets.named(training.snapshot, source, path, "the training snapshot")
    problems += datasets.of_kind(snapshot, DatasetKind.TRAINING_SNAPSHOT, source, path)
    check = column_check(snapshot, source)
    problems += check(training.label, ("training", "label"))
    problems += check(training.label_time, ("training", "label_time"))
    problems += check(training.prediction, ("training", "prediction"))
    problems += check(training.score, ("training", "score"))
    problems += _never_compared(model)
    if training.evaluation is not None:
        path_of = ("training", "evaluation")
        problems += datasets.named(training.evaluation, source, path_of, "the evaluation dataset")[1]
    if snapshot is None:
        return None, problems
    if not snapshot.training_use:
        message = f"the contract of {snapshot.dataset} forbids training (trainingUse: false)"
        problems.append(source.problem(path, message, expected="a dataset that may be trained on"))
    purposes = sorted({use.purpose for use in snapshot.purposes})
    what = f"no purpose of {snapshot.dataset}"
    problems += known_name(training.purpose, purposes, source, ("training", "purpose"), what)
    return snapshot, problems


def _never_compared(model: Loaded[ModelSpec]) -> Iterator[Problem]:
    """Predictions on training data that no prediction of the deployed model is compared with."""
    training, log, source = model.value.training, model.value.predictions, model.source
    if training.prediction and (log is None or log.kind == "number"):
        message = "decisions on training data are compared with those of the deployed model, and it logs none"
        yield source.problem(("training", "prediction"), message, expected="a predictions section of classes")
    if training.score and (log is None or log.score is None):
        message = "scores of training data are compared with those of the deployed model, and it logs none"
        yield source.problem(("training", "score"), message, expected="a predictions section with a score")


def _features(model: Loaded[ModelSpec], datasets: Datasets, snapshot: Contract | None) -> Iterator[Problem]:
    source = model.source
    seen: set[str] = set()
    for index, feature in enumerate(model.value.features):
        path = ("features", index, "column")
        if feature.column in seen:
            yield source.problem(path, f"the feature '{feature.column}' stands here twice")
        seen.add(feature.column)
        contract, problems = datasets.named(feature.dataset, source, path, "the feature's dataset")
        yield from problems
        missing = column_check(contract, source)(feature.name, path)
        yield from missing
        if contract is not None and not contract.training_use:
            message = f"the contract of {contract.dataset} forbids training (trainingUse: false)"
            yield source.problem(path, message, expected="a feature that may be trained on")
        if not missing and not problems:
            where = ("features", index, "snapshot_column") if feature.snapshot_column else path
            yield from column_check(snapshot, source)(feature.baseline_column, where)
        yield from column_check(snapshot, source)(feature.time, ("features", index, "time"))


def _predictions(model: Loaded[ModelSpec], datasets: Datasets) -> Iterator[Problem]:
    value, source = model.value, model.source
    predictions = value.predictions
    if predictions is None:
        if value.sensitive_attributes:
            message = "sensitive attributes are compared in the predictions dataset, and none is named"
            yield source.problem(
                ("sensitive_attributes",), message, expected="a predictions section", key=True
            )
        return
    path = ("predictions", "dataset")
    contract, problems = datasets.named(predictions.dataset, source, path, "the predictions dataset")
    yield from problems
    yield from datasets.of_kind(contract, DatasetKind.PREDICTIONS, source, path)
    yield from _sources(model, datasets)
    check = column_check(contract, source)
    for name in ("prediction", "label", "label_recorded_at", "score", "version"):
        yield from check(getattr(predictions, name), ("predictions", name))
    for index, stratum in enumerate(predictions.strata):
        yield from check(stratum, ("predictions", "strata", index))
    yield from _of_numbers(model)
    for index, attribute in enumerate(value.sensitive_attributes):
        yield from check(attribute.column, ("sensitive_attributes", index, "column"))


def _of_numbers(model: Loaded[ModelSpec]) -> Iterator[Problem]:
    """A model that predicts a number makes no decision that could favour a group, and has no score."""
    value, source = model.value, model.source
    if value.predictions is None or value.predictions.kind != "number":
        return
    if value.sensitive_attributes:
        message = "groups are compared by decisions, and this model predicts a number"
        expected = "no sensitive_attributes, or a decision as the prediction"
        yield source.problem(("sensitive_attributes",), message, expected=expected, key=True)
    if value.predictions.score is not None:
        message = "a predicted number has no score"
        yield source.problem(("predictions", "score"), message, expected="no score", key=True)


def _sources(model: Loaded[ModelSpec], datasets: Datasets) -> Iterator[Problem]:
    """Where protected attributes are joined from: a column of a dataset that says whose row it is."""
    source = model.source
    for index, attribute in enumerate(model.value.sensitive_attributes):
        if attribute.source is None:
            continue
        path = ("sensitive_attributes", index, "source")
        dataset, _, column = attribute.source.partition("#")
        contract, problems = datasets.named(dataset, source, path, "the attribute's dataset")
        yield from problems
        yield from column_check(contract, source)(column, path)
        if contract is not None and contract.subject_key is None:
            message = f"the contract of {dataset} names no subjectKey, so that nobody's value can be found"
            yield source.problem(path, message, expected="a dataset with a subjectKey")
