"""SIGKILL, and a database that goes away: what was acknowledged stays, and no answer changes.

``GOVERNANCE_KILLS`` and ``GOVERNANCE_EVALUATIONS`` make it as many as BARS ask for; by default a few.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.gate import evaluate_gate
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.stages.dossier import dossier
from governance_pipeline.stages.services import checkpoint_log
from governance_pipeline.store.ledger_check import verify_ledger
from governance_pipeline.store.open import upgrade_store
from governance_pipeline.vocabulary.review import ReviewAct
from tests.postgres import running_postgres
from tests.tiny import MODEL, morning, night, opened, register, tiny_project

KILLS = int(os.environ.get("GOVERNANCE_KILLS", "4"))
EVALUATIONS = int(os.environ.get("GOVERNANCE_EVALUATIONS", "60"))
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(0 if KILLS + EVALUATIONS > 100 else 300)


def lived(root: Path, url: str | None = None) -> Path:
    """A project with one night, and an open review of version 2."""
    tiny_project(root, model=True)
    register(root, "2")
    if url is not None:
        settings = root / "governance.yaml"
        text = re.sub(r"(?m)^store: .*\n", "", settings.read_text())
        settings.write_text(f'{text}store: "{url}"\n')
    from governance_pipeline.nightly import run_night

    with opened(root) as services:
        list(run_night(services, night(1)))
    return root


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_store_url")
    return lived(tmp_path / "shop", url)


def review_of(root: Path) -> str:
    store = open_project_store(open_project(root))
    try:
        return next(state.id for _, state in list_reviews(store) if state.version == "2")
    finally:
        store.close()


def acting(root: Path, review: str, person: str, first: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.reviews.acting_process", str(root), review, person, str(first)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def until_killed(process: subprocess.Popen[str], after: int, delay: float) -> list[str]:
    """What the process has acknowledged when it is killed, ``delay`` seconds after the ``after``-th."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(after)]
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.readlines()
    assert process.wait(timeout=30) == -signal.SIGKILL
    process.stdout.close()
    return [line.strip() for line in said if line.endswith("\n")]


def test_what_was_acknowledged_before_a_kill_is_in_the_review_and_in_the_ledger(project: Path):
    review, rng = review_of(project), random.Random(7)
    acknowledged: list[str] = []
    for turn in range(KILLS):
        pair = [
            acting(project, review, person, 1000 * (2 * turn + place))
            for place, person in enumerate(("lea", "pax"))
        ]
        killed = [until_killed(one, rng.randint(1, 3), rng.random() / 20) for one in pair]
        acknowledged += [number for said in killed for number in said]
        opened_project = open_project(project)
        store = open_project_store(opened_project)
        with store.begin() as unit:
            events = unit.reviews.events(review)
        kept = [event.data["text"] for event in events if event.act is ReviewAct.COMMENTED]
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert set(acknowledged) <= set(kept)
        assert len(kept) == len(set(kept)), "nothing is there twice"
        assert len(kept) <= len(acknowledged) + 2 * (turn + 1), "beside them, what was in hand at each kill"
        report = verify_ledger(store, checkpoint_log(opened_project))
        store.close()
        assert report.faults == ()
    print(f"{2 * KILLS} processes killed, {len(acknowledged)} acts acknowledged before")  # noqa: T201 - the figure
    assert len(acknowledged) >= 2 * KILLS


def test_the_gate_and_a_review_answer_while_somebody_writes(project: Path):
    review, opened_project = review_of(project), open_project(project)
    store, writing = open_project_store(opened_project), open_project_store(opened_project)

    def answers() -> tuple[object, ...]:
        report = evaluate_gate(opened_project, store, MODEL, "2", morning(1))
        around = dossier(opened_project, store, review, morning(1))
        return report.is_open, report.reasons, around.state, verify_ledger(store, log).faults

    log = checkpoint_log(opened_project)
    before = answers()
    with writing.begin() as unit:
        events = unit.reviews.events(review)
        unit.reviews.append(acts.reminding(fold(events), ("lea",), at=morning(1)))
        assert answers() == before
        review_of(project)  # opens the store anew
    assert answers() != before
    store.close()
    writing.close()


@pytest.mark.postgres
def test_a_database_that_goes_away_again_and_again_changes_no_answer(tmp_path: Path):
    with running_postgres(restarting=True) as server, server.database() as url:
        upgrade_store(url)
        root = lived(tmp_path / "shop", url)
        project = open_project(root)
        store = open_project_store(project)

        def answer() -> tuple[bool, tuple[str, ...]]:
            report = evaluate_gate(project, store, MODEL, "2", morning(1))
            return report.is_open, tuple(reason.sentence for reason in report.reasons)

        undisturbed, done = answer(), threading.Event()
        stops = 0

        def disturb() -> None:
            nonlocal stops
            rng = random.Random(7)
            while not done.wait(0.1 + rng.random()):
                server.stop_at_once()
                stops += 1

        disturbing = threading.Thread(target=disturb)
        disturbing.start()
        unanswered = answered = 0
        try:
            while answered < EVALUATIONS or stops < 3:
                try:
                    assert answer() == undisturbed
                    answered += 1
                except StoreUnavailable:
                    unanswered += 1
                    time.sleep(0.05)
        finally:
            done.set()
            disturbing.join()
        print(f"{answered} answers, {stops} stops, {unanswered} times it was said that the store is away")  # noqa: T201 - the figure of the page
        store.close()
        _wait_until_back(server.url())


def _wait_until_back(url: str) -> None:
    """The database is dropped afterwards, which needs a server."""
    import psycopg

    for _ in range(600):
        try:
            psycopg.connect(url.replace("+psycopg", "")).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
