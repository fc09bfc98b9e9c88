"""A model's versions, wherever its file says that they are registered."""

from __future__ import annotations

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registry_file import RegistryReading, read_versions
from governance_pipeline.charter.model import ModelSpec


def read_registry(model: ModelSpec, around: Surroundings) -> RegistryReading:
    """Read the versions of ``model``.

    Raises:
        CannotEvaluate: its registry cannot be read.
    """
    if model.registry.mlflow is not None:
        from governance_pipeline.catalog.mlflow_versions import read_mlflow_versions

        return read_mlflow_versions(model, model.registry.mlflow, around)
    return read_versions(model, around.root)
