"""governance permit, promote and rollback, over a project whose versions nobody approved yet."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_outputs import complaints
from tests.tiny import change


@pytest.fixture
def approved(shop: Path, governance: Command) -> Path:
    """The shop, with whatever its review of version 2 still needs decided."""
    return approve(shop, governance)


def approve(shop: Path, governance: Command) -> Path:
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


def test_a_rollback_opens_an_incident_and_its_rehearsal_is_remembered(approved: Path, governance: Command):
    from_1 = governance("rollback", "approval", "--rehearse", "--as", "pax", "-p", approved)
    assert from_1.code == 1
    assert "nothing was remembered" not in from_1.out
    shown = governance("review", "list", "-p", approved, "-f", "json").json
    review = next(one["review"] for one in shown if one["milestone"]["version"] == "1")
    acts = governance("review", "show", review, "-p", approved, "-f", "json").json["events"]
    assert acts[-1]["act"] == "rehearsed"
    assert "nothing was remembered" in governance("rollback", "approval", "--rehearse", "-p", approved).out


def asking_for_signatures(shop: Path, governance: Command, needed: int) -> dict[str, Path]:
    """The playbook names a key for each of two people, and the version is approved under it."""
    keys = {}
    lines = [f"reviews:\n  signers:\n    needed: {needed}\n    keys:"]
    for person in ("pax", "lea"):
        keys[person] = shop / f"key-of-{person}"
        made = governance("signature", "new-key", keys[person])
        assert made.code == 0, made.err
        lines.append(made.out.strip().splitlines()[-1].replace("YOUR-ID", person))
    change(shop, "playbook/playbook.yaml", "reviews:", "\n".join(lines))
    assert governance("nightly", "--date", "2026-03-03", "-p", shop).code == 1
    approve(shop, governance)
    return keys


def test_a_permit_with_two_signers_promotes_once_both_have_signed(shop: Path, governance: Command):
    keys = asking_for_signatures(shop, governance, 2)
    moving = ("promote", "approval", "2", "--as", "pax", "-p", shop)
    assert "needs the signatures of 2 people and has 0" in governance(*moving).err
    sign = ("signature", "add", "approval", "2", "-p", shop)
    done = governance(*sign, "--as", "pax", "--key", keys["pax"], "-f", "json")
    assert (done.json["signed_by"], done.json["needed"]) == (["pax"], 2)
    assert complaints("signature-add", done.json) == []
    assert governance(*sign, "--as", "lea", "--key", keys["pax"]).code == 1
    assert "needs the signatures of 2 people and has 1, by pax" in governance(*moving).err
    done = governance(*sign, "--as", "lea", "--key", keys["lea"])
    assert "is signed by pax and lea; that is enough" in done.out
    assert governance(*moving).code == 0
    assert governance("ledger", "verify", "-p", shop).code == 0


def test_a_key_is_private_and_never_written_over(tmp_path: Path, governance: Command):
    file = tmp_path / "key"
    assert governance("signature", "new-key", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert governance("signature", "new-key", file).code == 1
    assert file.read_bytes() == before
    absent = governance("signature", "add", "m", "1", "--as", "x", "--key", tmp_path / "none")
    assert (absent.code, "governance signature new-key" in absent.err) == (2, True)


@pytest.mark.parametrize(
    ("needed", "says"), [(3, "a permit needs 3 people's signatures, and 2"), (2, None)], ids=str
)
def test_more_signatures_than_keys_are_a_mistake_of_the_playbook(
    shop: Path, governance: Command, needed: int, says: str | None
):
    text = f"reviews:\n  signers:\n    needed: {needed}\n    keys:\n"
    text += "".join(f"      {who}: {{public: '{who[0] * 43}='}}\n" for who in ("pax", "lea"))
    change(shop, "playbook/playbook.yaml", "reviews:\n", text)
    done = governance("validate", "-p", shop)
    assert done.code == (2 if says else 0)
    assert (says or "") in done.out + done.err
    change(shop, "playbook/playbook.yaml", "lea:", "nobody:")
    assert "'nobody' is no person" in governance("validate", "-p", shop).err
