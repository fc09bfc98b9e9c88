"""governance consent impact, subject, keys and erase, over a project on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.tiny import change, night, write

WITHDREW = [f"P01{number:04}" for number in range(15)]


@pytest.fixture
def withdrawn(shop: Path, governance: Command) -> Path:
    """Fifteen people whom both versions have learned from withdrew on the day of night 2."""
    policy = "  withdrawals: {clause: P-4, clock: retrain, days: 30, review_above: 0.02}\n"
    change(shop, "playbook/playbook.yaml", "  bias: #", f"{policy}  bias: #")
    at = [datetime(2026, 3, 3, 12, tzinfo=UTC)] * len(WITHDREW)
    write(
        shop, "consents", "withdrawals", subject_id=WITHDREW, purpose=["model_training"] * len(WITHDREW),
        basis=["consent"] * len(WITHDREW), status=["withdrawn"] * len(WITHDREW), valid_from=at,
        valid_to=[None] * len(WITHDREW), recorded_at=at,
    )  # fmt: skip
    done = governance("nightly", "--date", night(2), "--project", shop)
    assert "At least 11 of the 400 people whom version 1 has learned from have withdrawn" in _line(done.out)
    return shop


def _line(text: str) -> str:
    return " ".join(text.split())


def test_the_impact_names_versions_and_where_they_serve(withdrawn: Path, governance: Command):
    done = governance("consent", "impact", "--project", withdrawn)
    assert done.code == 0
    assert "approval 1 (production)" in _line(done.out)
    assert "At least 11 of the 400 people it has learned from; nobody had before" in _line(done.out)
    assert "To be replaced within 30 days." in _line(done.out)
    assert "15" not in done.out
    told = governance("consent", "impact", "--project", withdrawn, "--format", "json").json
    assert [one["version"] for one in told["versions"]] == ["1", "2"]
    assert {one["owed"] for one in told["versions"]} == {"replaced within 30 days"}
    assert [one["before"] for one in told["versions"]] == ["nobody", "nobody"]
    later = governance(
        "consent", "impact", "--since", "2026-03-04", "--project", withdrawn, "--format", "json"
    )
    assert [one["withdrawn"] for one in later.json["versions"]] == ["nobody", "nobody"]
    assert [one["owed"] for one in later.json["versions"]] == ["", ""]


def test_one_person_is_answered_and_nothing_about_them_is_kept(withdrawn: Path, governance: Command):
    told = governance("consent", "subject", "P010003", "--project", withdrawn)
    assert told.out.count("learned from this person") == 2
    other = governance("consent", "subject", "P020003", "--project", withdrawn, "--format", "json")
    assert [one["learned"] for one in other.json["versions"]] == [False, False]
    kept = [path for path in (withdrawn / ".governance").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"P010003" in path.read_bytes()]


def test_keys_are_listed_by_id_and_rotated(withdrawn: Path, governance: Command):
    first = governance("consent", "keys", "--project", withdrawn, "--format", "json").json["keys"]
    assert [(one["there"], one["newest"], one["manifests"]) for one in first] == [(True, True, 2)]
    secret = (withdrawn / ".governance" / "subject-keys").read_text().split()[1]
    rotated = governance("consent", "keys", "--rotate", "--project", withdrawn)
    assert "used for new manifests" in rotated.out
    assert "kept for older ones" in rotated.out
    assert secret not in rotated.out
    (withdrawn / ".governance" / "subject-keys").unlink()
    assert "not there any more" in governance("consent", "keys", "--project", withdrawn).out


def test_a_set_is_erased_and_then_says_so(withdrawn: Path, governance: Command):
    assert governance("consent", "erase", "approval", "1", "--project", withdrawn).code == 0
    told = governance("consent", "impact", "--project", withdrawn, "--format", "json").json["versions"]
    assert ["erased" in one["problem"] for one in told] == [True, False]
    missing = governance("consent", "erase", "approval", "7", "--project", withdrawn)
    assert missing.code == 2
    assert "there is no manifest of approval 7" in missing.err


def test_before_a_first_manifest_the_answer_says_when_one_is_taken(shop: Path, governance: Command):
    assert "taken by the night" in governance("consent", "impact", "--project", shop).out
