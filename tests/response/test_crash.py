"""A dispatcher that is killed, not asked to stop: nothing is lost, at most one duplicate per kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.vocabulary.incident import AlertStatus
from tests.response.receivers import webhook
from tests.response.test_outbox import an_alert, in_outbox, queue

ROOT = Path(__file__).parents[2]
ROUNDS = 50


@dataclass
class Dispatchers:
    """Starts dispatchers one after the other, each two minutes later by its clock: what one that was
    killed had claimed (60 s) is free again for the next.
    """

    parent: subprocess.Popen[str]
    started: int = 0

    def run(self, *, limit: int = 1000) -> int:
        """Run one to its end; the steps it took."""
        status, steps = self._run(limit, 0)
        assert status == 0
        return steps

    def kill(self, at_step: int) -> None:
        """Run one that dies at this step of its work."""
        status, _ = self._run(1000, at_step)
        assert status == -signal.SIGKILL

    def _run(self, limit: int, last_step: int) -> tuple[int, int]:
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{120 * self.started} {limit} {last_step}\n")
        self.parent.stdin.flush()
        self.started += 1
        status, steps = self.answer("ended")
        return int(status), int(steps)

    def answer(self, word: str) -> list[str]:
        assert self.parent.stdout is not None
        said, *values = self.parent.stdout.readline().split()
        assert said == word
        return values


@contextmanager
def dispatchers(store_url: str, webhook_url: str) -> Iterator[Dispatchers]:
    command = [sys.executable, "-m", "tests.response.dispatcher_process", store_url, webhook_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        running = Dispatchers(parent)
        running.answer("ready")
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    url: str = request.getfixturevalue("postgres_url")
    upgrade_store(url)
    return url


def test_a_dispatcher_killed_at_any_point_loses_nothing_and_repeats_one_alert_at_most(store_url: str) -> None:
    """The points lie evenly over the delivery of two alerts and more: claimed, sent, taken, settled."""
    alerts = [an_alert(number) for number in range(3 * ROUNDS)]  # a dispatcher dies within its third
    store = open_store(store_url)
    queue(store, *alerts)
    with webhook() as hook, dispatchers(store_url, patient(hook.url)) as running:
        two = running.run(limit=2)
        assert len(hook.taken) == 2
        for kills in range(1, ROUNDS + 1):
            running.kill(at_step=kills * two // ROUNDS)
            assert len(hook.taken) - len(set(hook.keys)) <= kills
        assert len(hook.taken) > ROUNDS / 2, "the dispatchers were killed before they worked"
        running.run()
    received = Counter(hook.keys)
    assert set(received) == {alert.key for alert in alerts}
    assert 0 < sum(received.values()) - len(alerts) <= ROUNDS, "none died between taken and settled"
    assert {alert.status for alert in in_outbox(store)} == {AlertStatus.SENT}
    store.close()


def patient(url: str) -> str:
    """However busy the machine is, no request is given up: that would be a repetition of its own."""
    return url.replace("cto=0.5", "cto=60").replace("rto=0.5", "rto=60")
