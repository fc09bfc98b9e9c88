"""``governance up``: the whole of it, as a newcomer starts, reads and stops it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.cli.dagster import serve
from governance_pipeline.errors import UsageError
from governance_pipeline.nightly import run_night
from tests.web.serving import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
START = date(2026, 3, 3)
COMMAND = "from governance_pipeline.cli.main import run; run()"


@dataclass
class Running:
    """A started UI.

    Attributes:
        said: the lines printed until it was ready.
    """

    process: subprocess.Popen[str]
    project: Path
    address: str
    said: list[str]

    def processes(self) -> set[int]:
        """Every process that was started for the project, by what its environment says."""
        mark = f"GOVERNANCE_PROJECT={self.project}".encode()
        found = set()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
            except (OSError, ProcessLookupError):
                continue  # it ended while we looked, or is somebody else's
        return found


@pytest.fixture
def project(tmp_path) -> Path:
    """A project whose first night found a meter that does not exist."""
    folder = tmp_path / "meters"
    create_project(folder, "meters", START)
    data = folder / "data" / "readings.csv"
    data.write_text(data.read_text(encoding="utf-8").replace(",south,", ",cellar,"), encoding="utf-8")
    with services(open_project(folder)) as opened:
        list(run_night(opened, START))
    return folder


@pytest.fixture
def ui(project) -> Iterator[Running]:
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if k != "GOVERNANCE_PROJECT"}
    environ["DAGSTER_HOME"] = ""  # as a shell or a CI file leaves it; it is no home
    arguments = ["up", "--project", str(project), "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", COMMAND, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.rstrip())
        if line.startswith("ready"):
            break
    running = Running(process, project, f"http://127.0.0.1:{port}", said)
    try:
        yield running
    finally:
        for pid in running.processes():
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.communicate()


def test_it_says_the_address_shows_the_nights_and_ctrl_c_stops_every_process(ui):
    assert ui.process.poll() is None, "\n".join(ui.said)
    assert ui.address in ui.said[0]
    assert any("1 night run outside Dagster" in line for line in ui.said)
    assert ui.said[-1] == f"ready: {ui.address}"
    assert len(ui.processes()) >= 4, "Dagster's web server, daemon and code servers"
    ui.process.send_signal(signal.SIGINT)
    assert ui.process.wait(timeout=120) == 0
    assert ui.processes() == set()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_a_browser_sees_the_failed_check_with_its_sentence_and_the_owner(ui):
    from playwright.sync_api import expect, sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        page.goto(f"{ui.address}/assets/example/readings?view=checks&checkDetail=quality")
        expect(page.get_by_text(re.compile("In example.readings 4 of 8 rows"))).to_be_visible()
        expect(page.get_by_text("Find the change that broke it")).to_be_visible()
        page.goto(f"{ui.address}/assets/example/readings")
        expect(page.get_by_text(owner_mail(ui.project)).first).to_be_visible()
        page.goto(f"{ui.address}/assets/governance/quality?view=partitions")
        expect(page.get_by_text("2026-03-03").first).to_be_visible()
        browser.close()


def owner_mail(project: Path) -> str:
    charter = open_project(project).charter
    person = charter.person("sam")
    assert person is not None
    return person.mail


def test_a_taken_port_is_a_plain_error_before_anything_starts(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            serve(project, host="127.0.0.1", port=port, ready=lambda: None)
    assert "--port" in caught.value.hint
    assert not (project / ".dagster").exists()
