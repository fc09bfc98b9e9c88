"""Ctrl-C, and worse, in the middle of a night: nothing half-written, and the night again is whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad_input.conftest import Trouble
from tests.contents import contents, differences

ROOT = Path(__file__).parents[2]
ROUNDS = 4

# Alerts are sent after the night, at least once: how often it was tried is not the night's.
DELIVERY = ("alerts.status", "alerts.attempts", "alerts.not_before", "alerts.sent_at")


@dataclass
class Nights:
    """Starts nights one after the other."""

    parent: subprocess.Popen[str]

    def run(self, project: Path, stop: signal.Signals | None = None, after: float = 0) -> int:
        """Run night 2, stopped after some seconds; how it ended."""
        self._say(str(project))
        process = int(self._answer("started"))
        if stop is not None:
            time.sleep(after)  # the point is random on purpose; nothing is asserted on time
            os.kill(process, stop)  # it has been collected by nobody: the number is still its own
        self._say("collect")
        return int(self._answer("ended"))

    def _say(self, line: str) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{line}\n")
        self.parent.stdin.flush()

    def _answer(self, word: str) -> str:
        assert self.parent.stdout is not None
        said, _, value = self.parent.stdout.readline().strip().partition(" ")
        assert said == word
        return value


@contextmanager
def nights() -> Iterator[Nights]:
    command = [sys.executable, "-m", "tests.bad_input.night_process"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        running = Nights(parent)
        running._answer("ready")
        yield running


def url(project: Path) -> str:
    return f"sqlite:///{project}/.governance/store.db"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL], ids=lambda stop: stop.name)
def test_a_night_that_is_stopped_at_any_point_has_written_all_of_itself_or_nothing(
    trouble: Trouble, tmp_path: Path, stop: signal.Signals
):
    calm = Path(shutil.copytree(trouble.root, tmp_path / "calm"))
    trouble.data("people").write_bytes(b"")  # something to open an incident about
    shutil.copyfile(trouble.data("people"), calm / trouble.data("people").relative_to(trouble.root))
    before = contents(url(trouble.root))
    with nights() as running:
        begun = time.perf_counter()
        assert running.run(calm) == 1
        length = time.perf_counter() - begun
        after = contents(url(calm))
        met = 0
        for number in range(ROUNDS):
            project = Path(shutil.copytree(trouble.root, tmp_path / f"round-{number}"))
            ended = running.run(project, stop, after=length * random.uniform(0, 1))
            stopped = ended != 1
            met += stopped
            if stopped:
                assert ended == (130 if stop is signal.SIGINT else -signal.SIGKILL)
            said = project.with_suffix(".stderr").read_text()
            assert "Traceback" not in said
            if ended == 130:
                assert "run it again" in said
            found = contents(url(project), without=DELIVERY)
            whole = found["nights"] == after["nights"]
            assert differences(contents(url(calm if whole else trouble.root), without=DELIVERY), found) == {}
            assert running.run(project) == 1
            again = contents(url(project), without=DELIVERY)
            assert differences(contents(url(calm), without=DELIVERY), again) == {}
        assert met, "no night was stopped: make them longer"
    assert before != after
