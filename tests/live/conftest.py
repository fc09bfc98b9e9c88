"""The environments of the tools, once for all tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.environments import CannotInstall, environment_with


def _tool(requirement: str, factory: pytest.TempPathFactory) -> Path:
    try:
        return environment_with(requirement, factory.mktemp("environments"))
    except CannotInstall as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must run it")
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def feast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Feast's commands."""
    return _tool("feast==0.67.0", tmp_path_factory)


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of MLflow's commands."""
    return _tool("mlflow==3.17.2", tmp_path_factory)


@pytest.fixture(scope="session")
def trestle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Python with the models of OSCAL."""
    return _tool("compliance-trestle==5.2.0", tmp_path_factory)


@pytest.fixture(scope="session")
def cryptography_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Python that has the package cryptography and nothing else."""
    return _tool("cryptography==50.0.2", tmp_path_factory)
