"""A review that opens is told: once to each, to the owner and to those who may decide."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from governance_pipeline.charter.settings import SignIn
from governance_pipeline.nightly import open_new_reviews
from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.outbox import dispatch
from governance_pipeline.testing import register_version
from governance_pipeline.vocabulary.night import AlertQueued
from tests.reviews.support import Lab, lab, people


def told(found: Lab, version: str = "2") -> list[dict[str, str]]:
    """What the receiver has got about a version's review."""
    project = found.project
    dispatch(found.services.store, open_channels(project.settings, found.root, {}), project.charter,
             found.clock, project.playbook.alerts)  # fmt: skip
    lines = (found.root / "alerts.jsonl").read_text().splitlines()
    review = found.review(version).id
    return [message for line in lines if review in (message := json.loads(line))["key"]]


def test_the_owner_and_everybody_who_may_decide_are_told_once(tmp_path: Path):
    found = lab(tmp_path)
    found.night()
    found.night()
    recipients = Counter(message["recipient"] for message in told(found))
    assert recipients == Counter(["ben", "lea", "pia", "pax", "eli"])


def test_a_message_says_what_happened_who_decides_until_when_and_how(tmp_path: Path):
    found = lab(tmp_path)
    found.night()
    messages = {message["recipient"]: message for message in told(found)}
    body = messages["pia"]["body"]
    assert "Version 2 of mortgage_approval was registered" in body
    assert "have approved: ethics, legal, privacy." in body
    assert "due by 15 March 2026" in body  # ten days after the morning of 5 March
    assert f"governance review decide {found.review().id} --as pia --function privacy" in body
    assert "your decision is asked" in messages["pia"]["subject"]
    assert "review decide" not in messages["ben"]["body"]


def test_where_people_sign_in_to_pages_a_message_leads_to_the_reviews(tmp_path: Path):
    found = lab(tmp_path)
    pages = SignIn(issuer="https://login.example", client_id="g", url="https://governance.example/")
    settings = found.project.settings.model_copy(update={"sign_in": pages})
    found.change(settings=settings)
    found.night()
    body = {message["recipient"]: message for message in told(found)}["pia"]["body"]
    assert f"https://governance.example/reviews/{found.review().id}\n" in body
    assert "review decide" not in body
    assert "review show" not in body


def test_where_nobody_may_decide_for_a_function_the_steward_is_told(tmp_path: Path):
    found = lab(tmp_path)
    found.change(charter=people(eli="2026-01-31"))
    found.night()
    messages = {message["recipient"]: message for message in told(found)}
    assert "Nobody may decide for: ethics" in messages["sam"]["body"]
    assert "eli" not in messages


def test_a_version_registered_by_day_is_told_without_waiting_for_the_night(tmp_path: Path):
    found = lab(tmp_path)
    found.night()
    register_version(found.root, "3")
    assert [opening.milestone.version for opening in open_new_reviews(found.services)] == ["3"]
    assert "pia" in {message["recipient"] for message in told(found, "3")}
    assert not open_new_reviews(found.services)
    assert not [event for event in found.night() if isinstance(event, AlertQueued)]


def test_asking_what_would_be_opened_writes_nothing(tmp_path: Path):
    found = lab(tmp_path)
    found.night()
    register_version(found.root, "3")
    assert len(open_new_reviews(found.services, write=False)) == 1
    assert len(open_new_reviews(found.services, write=False)) == 1
    with found.services.store.begin() as unit:
        assert {milestone.version for _, milestone in unit.reviews.list()} == {"1", "2"}


def test_without_any_night_there_is_no_evidence_and_no_review(tmp_path: Path):
    assert open_new_reviews(lab(tmp_path).services) == ()
