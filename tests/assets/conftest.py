"""An instance of Dagster for each test, as the embedded default configures it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import dagster as dg
import pytest

from tests.assets.support import CLONE


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster"
    home.mkdir()
    shutil.copy(CLONE / "deploy" / "dagster" / "sqlite" / "dagster.yaml", home)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened
