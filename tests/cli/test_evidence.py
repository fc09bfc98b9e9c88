"""governance evidence and verify: a folder that is taken away, and what checks it."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from tests.cli.conftest import Command
from tests.reports.evidence.support import contents
from tests.tiny import land, morning, night, write

SUBJECT = re.compile(rb"P0[12]\d{4}")


def test_neither_the_clock_nor_the_process_shows_in_the_bytes(shop: Path, tmp_path: Path):
    """Two processes with other hash seeds, time zones and times of day."""
    for number in (1, 2):
        words = ("evidence", "approval", "2", "-o", tmp_path / str(number), "-p", shop)
        environ = {"PYTHONHASHSEED": str(number), "TZ": ("UTC", "Asia/Tokyo")[number - 1], "PATH": "/usr/bin"}
        subprocess.run(
            [sys.executable, "-m", "governance_pipeline", *map(str, words)],
            check=True, capture_output=True, env=environ,
        )  # fmt: skip
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_no_subject_and_no_raw_value_leaves(shop: Path, governance: Command, tmp_path: Path):
    rows = b"".join(path.read_bytes() for path in (shop / "data" / "people").glob("*.parquet"))
    assert SUBJECT.search(rows), "the canaries are in the data"
    assert governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop).code == 0
    for name, content in contents(tmp_path / "pack").items():
        assert not SUBJECT.search(content), name


def test_a_value_of_a_single_person_leaves_neither_by_name_nor_by_number(
    governance: Command, shop: Path, tmp_path: Path
):
    """One person of the night has a race and an income that nobody else has."""
    land(shop, 2, model=True)  # what could not be read is repaired
    ids, day = [f"Q{n:05}" for n in range(400)], [morning(3) - timedelta(hours=4)] * 400
    incomes, races = [1.0] * 399 + [918273645.5], ["white", "black"] * 199 + ["white", "quasimodo"]
    write(shop, "people", str(night(3)), subject_id=ids, recorded_at=day, income=incomes, race=races)
    with services(open_project(shop), clock=FixedClock(morning(3))) as opened:
        list(run_night(opened, night(3)))
        with opened.store.begin() as unit:
            profile = str(unit.profiles.get("shop.people", night(3)))
    assert "918273645.5" in profile, "the canaries were measured"
    assert "quasimodo" in profile
    assert governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop).code == 0
    held = contents(tmp_path / "pack")
    assert night(3).isoformat().encode() in held["indicators.json"]
    entries = json.loads(held["ledger/entries.json"])
    bodies = [base64.b64decode(one["payload"]["body"]) for one in entries]
    for content in (*held.values(), *bodies):
        assert not re.search(rb"quasimodo|918,?273,?645|9\.18273645e", content)
        assert not re.search(rb"Q0\d{4}", content)


def test_from_a_ledger_that_was_changed_no_evidence_is_made(shop: Path, governance: Command, tmp_path: Path):
    store = sqlite3.connect(shop / ".governance" / "store.db")
    with store:
        store.execute("UPDATE measurements SET outcome = 'pass'")
    store.close()
    done = governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop)
    assert done.code == 1
    assert "nothing in it is evidence" in done.err
    assert not (tmp_path / "pack").exists()


def test_refusals_are_what_the_command_says(governance: Command, shop: Path, tmp_path: Path):
    done = governance("evidence", "approval", "7", "-o", tmp_path / "pack", "-p", shop)
    assert done.code == 2
    assert "versions that were seen: 1, 2" in done.err


def test_a_pack_is_written_and_checked(governance: Command, shop: Path, tmp_path: Path):
    folder, keys = tmp_path / "pack", shop / ".governance" / "signing-keys.public.json"
    done = governance("evidence", "approval", "2", "-o", folder, "-p", shop)
    assert done.code == 0
    assert "not known, listed first in index.html" in done.out
    held = governance("verify", folder, "--key", keys)
    assert held.code == 0
    assert held.out.startswith("HOLDS  approval 2 as of 2026-03-0")
    assert "first sight" not in held.out


def test_keys_that_came_with_a_pack_are_said_to_be_trusted_on_first_sight(
    governance: Command, shop: Path, tmp_path: Path
):
    governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop)
    done = governance("verify", tmp_path / "pack")
    assert done.code == 0
    assert "trusted on first sight" in done.out
    assert governance("verify", tmp_path / "pack", "-f", "json").json["report"]["first_sight"] is True


def test_what_was_changed_is_named_and_the_exit_is_one(governance: Command, shop: Path, tmp_path: Path):
    governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop)
    (tmp_path / "pack" / "model-card.json").write_text("{}")
    done = governance("verify", tmp_path / "pack")
    assert done.code == 1
    assert done.out.startswith("CHANGED")
    assert "x model-card.json: model-card.json is not what was signed" in done.out


def test_a_folder_without_a_pack_is_bad_usage(governance: Command, tmp_path: Path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        done = governance("verify", folder)
        assert done.code == 2
        assert "governance evidence" in done.err


def test_keys_that_cannot_be_read_leave_it_unchecked(governance: Command, shop: Path, tmp_path: Path):
    governance("evidence", "approval", "2", "-o", tmp_path / "pack", "-p", shop)
    (tmp_path / "keys").write_text("nothing")
    for key in (tmp_path / "keys", tmp_path / "nowhere"):
        assert governance("verify", tmp_path / "pack", "--key", key).code == 3


def test_coverage_is_told_for_the_project_and_for_one_version(governance: Command, shop: Path):
    whole = governance("controls", "-p", shop)
    assert whole.code == 0
    assert "Whether the control is met, people decide." in whole.out
    one = governance("controls", "approval", "2", "--framework", "GDPR", "-p", shop, "-f", "json").json
    assert one["versions"] == ["approval 2"]
    assert {control["control"]["framework"] for control in one["controls"]} == {"GDPR"}
    listed = governance("controls", "--framework", "GDPR", "-p", shop)
    assert "what would raise it" in " ".join(listed.out.split())


def test_a_framework_that_there_is_not_is_bad_usage(governance: Command, shop: Path):
    done = governance("controls", "--framework", "GDPX", "-p", shop)
    assert done.code == 2
    assert "NIST-AI-RMF-1.0" in done.err


def test_a_control_that_is_misspelt_fails_validation(governance: Command, shop: Path):
    file = shop / "playbook" / "playbook.yaml"
    file.write_text(file.read_text().replace("EU-AI-Act Art. 10", "EU-AI-Act Art. 1000", 1))
    done = governance("validate", "-p", shop)
    assert done.code == 2
    assert "is no control of the frameworks that are known" in " ".join((done.out + done.err).split())
