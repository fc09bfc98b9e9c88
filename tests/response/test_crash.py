"""A dispatcher that is killed, not asked to stop: nothing is lost, at most one duplicate per kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
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

    def run(self, kill_after: float | None) -> bool:
        """Run one, killed after some seconds; whether the kill met a living dispatcher."""
        self._say(f"run {120 * self.started}")
        self.started += 1
        process = int(self._answer("started"))
        if kill_after is not None:
            time.sleep(kill_after)  # the point of the kill is random on purpose; nothing is asserted on time
            os.kill(process, signal.SIGKILL)
        self._say("collect")
        return int(self._answer("ended")) == -signal.SIGKILL

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
def dispatchers(store_url: str, webhook_url: str) -> Iterator[Dispatchers]:
    command = [sys.executable, "-m", "tests.response.dispatcher_process", store_url, webhook_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        running = Dispatchers(parent)
        running._answer("ready")
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    url: str = request.getfixturevalue("postgres_url")
    upgrade_store(url)
    return url


def test_a_dispatcher_killed_at_any_point_loses_nothing_and_repeats_one_alert_at_most(store_url: str) -> None:
    alerts = [an_alert(number) for number in range(8 * ROUNDS)]
    store = open_store(store_url)
    queue(store, *alerts)
    chance = random.Random(20260304)
    kills = 0
    with webhook() as hook, dispatchers(store_url, hook.url.replace("rto=0.5", "rto=10")) as running:
        for _ in range(ROUNDS):
            kills += running.run(kill_after=chance.uniform(0, 0.15))
            assert len(hook.taken) - len(set(hook.keys)) <= kills
        taken_by_the_killed = len(hook.taken)
        running.run(kill_after=None)
    assert kills > ROUNDS / 2, "the rounds did not kill working dispatchers"
    assert taken_by_the_killed > ROUNDS / 2, "the dispatchers were killed before they worked"
    received = Counter(hook.keys)
    assert set(received) == {alert.key for alert in alerts}
    assert sum(received.values()) - len(alerts) <= kills
    assert {alert.status for alert in in_outbox(store)} == {AlertStatus.SENT}
    store.close()
