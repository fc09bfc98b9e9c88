"""governance policy backtest over a project that has lived through two nights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_outputs import complaints
from tests.tiny import change


@pytest.fixture
def other(shop: Path, tmp_path: Path) -> Path:
    """The shop's playbook, in a folder of its own."""
    return Path(shutil.copytree(shop / "playbook", tmp_path / "other"))


def test_the_same_playbook_changes_nothing(governance: Command, shop: Path, other: Path):
    done = governance("policy", "backtest", "--playbook", other, "-p", shop)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("THE SAME over 2 nights, 2026-03-02 to 2026-03-03")


def test_another_playbook_changes_what_it_would_have_changed(governance: Command, shop: Path, other: Path):
    change(other, "playbook.yaml", "never: [", "allow_warn: false\n  never: [")
    text = (other / "playbook.yaml").read_text()
    (other / "playbook.yaml").write_text(text.replace("ownership:\n", "ownership:\n    enabled: false\n", 1))
    words = ("policy", "backtest", "--playbook", other, "-p", shop)
    done = governance(*words, "-f", "json")
    assert done.code == 0
    assert complaints("policy-backtest", done.json) == []
    told = done.json["backtest"]
    assert done.json["differs"]
    assert {(one["indicator"], one["then"]) for one in told["outcomes"]} == {("ownership", None)}
    shown = governance(*words)
    assert "DIFFERS over 2 nights" in shown.out
    assert "not measured" in " ".join(shown.out.split())
    assert len(governance(*words, "--from", "2026-03-03", "-f", "json").json["backtest"]["outcomes"]) < len(
        told["outcomes"]
    )


def test_a_backtest_writes_nothing(governance: Command, shop: Path, other: Path):
    before = governance("ledger", "verify", "-p", shop, "-f", "json").json["report"]["root"]
    assert governance("policy", "backtest", "--playbook", other, "-p", shop).code == 0
    assert governance("ledger", "verify", "-p", shop, "-f", "json").json["report"]["root"] == before


def test_a_playbook_with_mistakes_is_refused_with_its_line(governance: Command, shop: Path, other: Path):
    change(other, "playbook.yaml", "clause: P-1", "clause: P-77")
    done = governance("policy", "backtest", "--playbook", other, "-p", shop)
    assert done.code == 2
    assert "P-77" in done.err
    empty = governance("policy", "backtest", "--playbook", shop / "data", "-p", shop)
    assert (empty.code, "no playbook in" in empty.err) == (2, True)


def test_a_whole_project_may_stand_for_its_playbook(governance: Command, shop: Path):
    assert governance("policy", "backtest", "--playbook", shop, "-p", shop).out.startswith("THE SAME")


def test_nights_that_were_never_run_are_not_found(governance: Command, shop: Path, other: Path):
    done = governance("policy", "backtest", "--playbook", other, "--from", "2030-01-01", "-p", shop)
    assert (done.code, "no night was recorded in that time" in done.err) == (2, True)
