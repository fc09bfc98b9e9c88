"""One office for the tests that only read, and one pack of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.reports.evidence.support import decided, office, pack
from tests.reviews.support import Lab


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Nobody changes it."""
    return decided(office(tmp_path_factory.mktemp("evidence") / "project"))


@pytest.fixture(scope="session")
def _packed(lived: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack") / "pack"
    pack(lived, folder)
    return folder


@pytest.fixture
def packed(_packed: Path, tmp_path: Path) -> Path:
    """A copy of its pack, to do with what a test likes."""
    return Path(shutil.copytree(_packed, tmp_path / "pack"))
