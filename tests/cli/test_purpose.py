"""consent check, as a job calls it before it reads."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command


def test_a_job_may_read_what_is_allowed_and_stops_where_it_is_not(governance: Command, shop: Path) -> None:
    asked = ("consent", "check", "--project", shop, "--dataset", "shop.people")
    allowed = governance(*asked, "--purpose", "credit")
    assert allowed.code == 0, allowed.err
    assert "ALLOWED" in allowed.out
    assert "datasets/people.odcs.yaml:" in allowed.out
    refused = governance(*asked, "--purpose", "marketing", "--format", "json")
    assert refused.code == 1
    assert (refused.json["allowed"], refused.json["rulings"][0]["code"]) == (False, "purpose_not_listed")


def test_what_nobody_knows_is_bad_usage(governance: Command, shop: Path) -> None:
    asked = ("consent", "check", "--project", shop, "--purpose", "credit")
    assert governance(*asked, "--dataset", "shop.persons").code == 2
    assert governance(*asked).code == 2
    assert governance(*asked, "--dataset", "shop.people", "--consumer", "who").code == 2


def test_before_the_first_night_consent_is_not_known_to_hold(governance: Command, calm: Path) -> None:
    found = governance("consent", "check", "--project", calm, "--dataset", "shop.features",
                       "--purpose", "model_training")  # fmt: skip
    assert found.code == 1
    assert "no night of the last 36 hours" in found.out
