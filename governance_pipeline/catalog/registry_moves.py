"""Moving a stage, or an alias, to a version: the only place that writes to a model registry."""

from __future__ import annotations

import stat
from pathlib import Path

import yaml

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.charter.model import MlflowRegistry, ModelSpec
from governance_pipeline.errors import CannotEvaluate, NotFound, Refused
from governance_pipeline.ledger.key_file import write_whole

REPLACED = "replaced"
"""The stage, in a registry file, of a version that another one has taken the place of."""


def move_stage(model: ModelSpec, version: str, stage: str, around: Surroundings) -> None:
    """Make ``version`` the one at ``stage``, and no other.

    Args:
        stage: in a registry file, the word under ``stage``; in MLflow, an alias, where ``production`` stands
            for the first of the aliases that mean it (``registry.mlflow.serving``).

    Raises:
        CannotEvaluate: the registry cannot be read or written, or does not say afterwards what it should.
        NotFound: it has no such version.
    """
    if version not in {one.version for one in read_registry(model, around).versions}:
        raise NotFound(
            f"{model.name} has no sound version '{version}' registered", hint="see `governance gate`"
        )
    if model.registry.mlflow is not None:
        _move_alias(model, model.registry.mlflow, version, stage, around)
    else:
        _move_in_file(around.root / str(model.registry.path), version, stage)
    found = next((one for one in read_registry(model, around).versions if one.version == version), None)
    if found is None or (found.stage != stage and stage not in found.environment.get("aliases", ())):
        raise CannotEvaluate(
            f"the registry of {model.name} does not have version {version} at '{stage}' after it was moved",
            hint="look at it there: somebody else may be writing to it",
        )


def _move_alias(
    model: ModelSpec, registry: MlflowRegistry, version: str, stage: str, around: Surroundings
) -> None:
    from governance_pipeline.catalog.mlflow_api import MlflowServer

    alias = registry.serving[0] if stage == "production" and registry.serving else stage
    server = MlflowServer(registry.connection, around)
    try:
        server.post("registered-models/alias", name=registry.name or model.name, alias=alias, version=version)
    finally:
        server.close()


def _move_in_file(file: Path, version: str, stage: str) -> None:
    """Change the words under ``stage`` where they stand, and nothing else of the file."""
    before = file.read_text(encoding="utf-8")
    after = before
    for label, node in reversed(_stages(before)):
        word = stage if label == version else REPLACED if node.value == stage else node.value
        written = yaml.safe_dump(word, default_style=node.style or None).removesuffix("...\n").strip()
        after = f"{after[: node.start_mark.index]}{written}{after[node.end_mark.index :]}"
    if file.read_text(encoding="utf-8") != before:
        raise Refused(f"{file.name} is being written by somebody else", hint="try again")
    try:
        write_whole(file, after, stat.S_IMODE(file.stat().st_mode))
    except OSError as error:
        raise CannotEvaluate(
            f"the registry file {file.name} cannot be written: {error.strerror}", hint="make it writable"
        ) from error


def _stages(text: str) -> list[tuple[str, yaml.ScalarNode]]:
    """Each version's label, and its stage with the place where it stands, in the file's order."""
    found = []
    top = yaml.compose(text, Loader=yaml.SafeLoader)
    assert top is not None  # it has been read as a registry
    for key, versions in top.value:
        for entry in versions.value if key.value == "versions" else ():
            fields = {name.value: value for name, value in entry.value}
            found.append((str(fields["version"].value), fields["stage"]))
    return found
