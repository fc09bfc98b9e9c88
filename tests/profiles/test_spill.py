"""What an engine writes to disk is gone after it, even where its process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.spill import SpillFolder
from tests.profiles.support import contract, plan, settings, write

HOLDER = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from governance_pipeline.profiles.spill import SpillFolder
held = SpillFolder()
(held.path / "block.tmp").write_bytes(b"spilled")
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def other(scratch: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that holds a folder, and the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(scratch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_the_folder_of_a_killed_process_is_removed_by_the_next(other: tuple[subprocess.Popen[str], Path]):
    process, folder = other
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "block.tmp").exists()
    mine = SpillFolder()
    assert not folder.exists()
    assert mine.path.exists()
    mine.close()


def test_the_folder_of_a_process_that_runs_is_left_alone(other: tuple[subprocess.Popen[str], Path]):
    process, folder = other
    SpillFolder().close()
    assert (folder / "block.tmp").exists()
    process.communicate()
    assert process.returncode == 0
    assert not folder.exists()


def test_two_of_one_process_do_not_remove_each_other():
    first, second = SpillFolder(), SpillFolder()
    assert first.path.exists()
    first.close()
    assert second.path.exists()
    second.close()
    assert not second.path.exists()


def test_an_engine_leaves_nothing_behind(tmp_path: Path, scratch: Path):
    location = write("parquet", tmp_path, pd.DataFrame({"x": [1.0, 2.0]}))
    engine = IbisEngine(settings(), tmp_path, {})
    assert engine.scan(plan(contract(location))).rows == 2
    assert [folder.name.startswith("governance-spill-") for folder in scratch.iterdir()] == [True]
    engine.close()
    assert not list(scratch.iterdir())
