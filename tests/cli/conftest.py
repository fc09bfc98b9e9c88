"""The command, run as its entry point runs it, over a tiny project that has lived through two nights."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline import bootstrap
from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.cli import main
from governance_pipeline.nightly import run_night
from governance_pipeline.stages import services as stage_services
from governance_pipeline.testing import FixedClock
from tests.tiny import land, morning, night, register, tiny_project


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """The commands' clock: the morning after night 2."""
    found = FixedClock(morning(2))
    defaults = inspect.unwrap(bootstrap.services).__kwdefaults__
    monkeypatch.setitem(defaults, "clock", found)
    monkeypatch.setattr(stage_services, "utc_now", found)
    return found


@pytest.fixture
def governance(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run ``governance`` with these words in this process."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["governance", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main.run()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Night 1 was calm; on night 2 the people's feed stopped, and version 2 had been registered."""
    root = tiny_project(tmp_path_factory.mktemp("cli") / "shop", model=True)
    with services(open_project(root), clock=FixedClock(morning(1))) as opened:
        list(run_night(opened, night(1)))
    land(root, 2, model=True)
    (root / "data" / "people" / f"{night(2)}.parquet").write_bytes(b"")
    register(root, "2", at=morning(1))
    with services(open_project(root), clock=FixedClock(morning(2))) as opened:
        list(run_night(opened, night(2)))
    return root


@pytest.fixture
def shop(_lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_lived, tmp_path / "shop"))


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """One night of data, and nothing run yet."""
    return tiny_project(tmp_path / "calm")
