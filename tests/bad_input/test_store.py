"""A store or a receiver that fails: said plainly, nothing half-written, and the night can be run again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.nightly import run_night
from governance_pipeline.stages.services import Services
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.night import LineagePublished
from tests.bad_input.conftest import Trouble, alike
from tests.contents import contents, differences
from tests.response.receivers import closed_port
from tests.tiny import change, morning, night


def governance(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "governance_pipeline", *arguments, "--project", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def url(root: Path) -> str:
    return f"sqlite:///{root}/.governance/store.db"


@pytest.mark.parametrize(
    "verb", [("nightly", "--date", "2026-03-03"), ("gate", "approval", "1")], ids=lambda verb: verb[0]
)
def test_a_store_that_does_not_answer_is_no_verdict(trouble: Trouble, verb: tuple[str, ...]):
    password = "not-to-be-shown"
    change(
        trouble.root, "governance.yaml", "name: shop\n",
        f"name: shop\nstore: postgresql://somebody:{password}@127.0.0.1:{closed_port()}/governance\n",
    )  # fmt: skip
    done = governance(trouble.root, *verb)
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "-> check that it runs" in done.stderr
    assert "Traceback" not in done.stderr
    assert password not in done.stderr + done.stdout


def test_an_unset_variable_in_the_stores_address_is_named_and_nothing_else_is(trouble: Trouble):
    change(
        trouble.root, "governance.yaml", "name: shop\n",
        "name: shop\nstore: postgresql://somebody:${NO_SUCH_SECRET}@db/governance\n",
    )  # fmt: skip
    done = governance(trouble.root, "nightly", "--date", "2026-03-03")
    assert done.returncode == 2
    assert "NO_SUCH_SECRET" in done.stderr
    assert "somebody" not in done.stderr


@contextmanager
def with_little_room(root: Path, pages: int) -> Iterator[Services]:
    """The project's services, with a database that may grow by ``pages`` pages (of 4 KiB) only."""
    with services(open_project(root), clock=FixedClock(morning(2))) as opened:
        assert isinstance(opened.store, SqlStore)

        def limit(connection, _record) -> None:
            (size,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {size + pages}")

        opened.store.engine.dispose()
        event.listen(opened.store.engine, "connect", limit)
        yield opened


def test_a_disk_that_fills_up_at_any_point_leaves_the_night_unwritten_and_says_so(trouble: Trouble):
    """With room for nothing, for a little more, for a little more yet ... until the night fits."""
    before = contents(url(trouble.root))
    refusals: list[StoreUnavailable] = []
    for pages in range(400):
        with with_little_room(trouble.root, pages) as opened:
            try:
                list(run_night(opened, night(2)))
            except StoreUnavailable as error:
                refusals.append(error)
            else:
                break
        assert differences(before, contents(url(trouble.root))) == {}
    assert len(refusals) >= 5
    assert all("is full" in error.message and "free space" in error.hint for error in refusals)
    assert alike(trouble.tonight().measured) == alike(trouble.calm.measured)


def test_a_store_that_is_damaged_is_no_verdict(trouble: Trouble):
    store = trouble.root / ".governance" / "store.db"
    store.write_bytes(b"this is not a database" * 1000)
    done = governance(trouble.root, "nightly", "--date", "2026-03-03")
    assert done.returncode == 3
    assert "damaged or is not a database" in done.stderr
    assert "restore it" in done.stderr


def test_lineage_that_cannot_be_delivered_costs_the_night_nothing(trouble: Trouble):
    folder = trouble.root / ".governance" / "openlineage"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    tonight = trouble.tonight()
    (published,) = [event for event in tonight.events if isinstance(event, LineagePublished)]
    assert published.error
    assert tonight.seal.missing == ()
    assert alike(tonight.measured) == alike(trouble.calm.measured)


def test_alerts_that_cannot_be_written_wait_in_the_outbox_until_they_can(trouble: Trouble):
    trouble.data("people").write_bytes(b"")
    target = trouble.root / ".governance" / "alerts.jsonl"
    target.unlink(missing_ok=True)
    target.mkdir()
    done = governance(trouble.root, "nightly", "--date", "2026-03-03")
    assert done.returncode == 1, done.stderr
    assert "to try again" in done.stdout
    waiting = governance(trouble.root, "alert", "list", "--format", "json")
    assert '"pending"' in waiting.stdout
    assert "Traceback" not in done.stderr
