"""SIGKILL while events are posted: everything that was acknowledged is in the store afterwards."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

import pytest

from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store.open import open_store
from tests.lineage.openlineage import body
from tests.tiny import tiny_project
from tests.web.clients import client

SENDERS, ROUNDS = 4, 3
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def project(request, tmp_path) -> tuple[Path, str]:
    root = tiny_project(tmp_path / "shop")
    if request.param == "sqlite":
        return root, f"sqlite:///{root}/.governance/store.db"
    url = request.getfixturevalue("postgres_store_url")
    settings = root / "governance.yaml"
    written = re.sub(r"(?m)^store: .*$", f'store: "{url}"', settings.read_text())
    settings.write_text(written if url in written else f'{written}\nstore: "{url}"\n')
    return root, url


class Server:
    """``governance serve`` in a process of its own."""

    def __init__(self, root: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "governance_pipeline",
            "serve",
            "--port",
            "0",
            "--project",
            str(root),
        ]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        assert found is not None, said
        self.port = int(found.group(1))

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        assert self.process.wait(timeout=30) == -signal.SIGKILL
        assert self.process.stderr is not None
        self.process.stderr.close()


def send(port: int, sender: str, acknowledged: list[bytes]) -> None:
    """Events, one after the other, until nobody answers."""
    number = 0
    with client(port) as connection:
        while True:
            number += 1
            event = body(run={"runId": f"{sender}-{number // 3}"}, producer=f"number {number}")
            try:
                status, _ = connection.post(event)
            except (OSError, HTTPException):
                return
            assert status == 201
            acknowledged.append(event)


def test_what_was_acknowledged_before_a_kill_is_in_the_store(project: tuple[Path, str]):
    root, url = project
    acknowledged: list[bytes] = []
    for turn in range(ROUNDS):
        before = len(acknowledged)
        server = Server(root)
        names = [f"{turn}-{sender}" for sender in range(SENDERS)]
        threads = [threading.Thread(target=send, args=(server.port, name, acknowledged)) for name in names]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(acknowledged) < before + 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()  # while every sender is waiting for an answer, or about to
        for thread in threads:
            thread.join()
        assert len(acknowledged) >= before + 20
    events = [read_event(one) for one in acknowledged]
    store = open_store(url)
    with store.begin() as unit:
        kept = {body for run in {one.run for one in events} for body in unit.lineage_events.bodies(run)}
    store.close()
    assert {one.body for one in events} <= kept
    assert len(kept) <= len(events) + SENDERS * ROUNDS  # beside them, what was in hand at each kill
