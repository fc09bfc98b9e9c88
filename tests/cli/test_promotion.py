"""governance permit, promote and rollback, over a project whose versions nobody approved yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def approved(shop: Path, governance: Command) -> Path:
    """The shop, with whatever its review of version 2 still needs decided."""
    reviews = governance("review", "list", "-p", shop, "-f", "json").json
    review = next(one["review"] for one in reviews if one["milestone"]["version"] == "2")
    shown = governance("review", "show", review, "-p", shop, "-f", "json").json
    for function, people in shown["eligible"].items():
        done = governance(
            "review", "decide", review, "--as", people[0], "--function", function, "--verdict", "approve",
            "--reason", "Read.", "-p", shop,
        )  # fmt: skip
        assert done.code == 0
    return shop


def test_a_closed_gate_promotes_nothing(shop: Path, governance: Command):
    for verb in ("permit", "promote"):
        done = governance(verb, "approval", "2", "--as", "pax", "--project", shop)
        assert done.code == 1
        assert "the gate of approval 2 is closed" in done.err


def test_an_approved_version_is_promoted_and_its_permit_given(approved: Path, governance: Command):
    out = approved / "permit.json"
    done = governance("permit", "approval", "2", "--as", "pax", "--out", out, "--project", approved)
    assert done.code == 0, done.err
    assert json.loads(out.read_text(encoding="utf-8"))["payloadType"] == "application/vnd.in-toto+json"
    assert governance("gate", "approval", "2", "--stage", "production", "--project", approved).code == 0
    done = governance("promote", "approval", "2", "--as", "pax", "--project", approved, "-f", "json")
    assert done.json["replaced"] == "1"
    assert governance("ledger", "verify", "--project", approved).code == 0


def test_a_gate_of_a_stage_asks_for_a_permit(shop: Path, governance: Command):
    done = governance("gate", "approval", "2", "--stage", "production", "--project", shop, "-f", "json")
    assert done.code == 1
    assert "permit_missing" in [reason["code"] for reason in done.json["report"]["reasons"]]


def test_a_rollback_has_to_be_somebodys_and_can_be_rehearsed(shop: Path, governance: Command):
    assert governance("rollback", "approval", "--project", shop).code == 2
    done = governance("rollback", "approval", "--rehearse", "--project", shop)
    assert done.code == 1
    assert "NOT READY" in done.out
    assert "no earlier version was ever approved" in " ".join(done.out.split())
