"""Promotion obeys the gate and leaves a permit that others verify; rollback goes to what was approved."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.ledger.offline import PublicKey
from governance_pipeline.ledger.signing import SigningKey, SigningKeys
from governance_pipeline.reviews.admission import Trust, unpermitted
from governance_pipeline.reviews.desk import Desk
from governance_pipeline.reviews.permit import sign
from governance_pipeline.reviews.promotion import gate_for_stage, issue_permit, promote
from governance_pipeline.reviews.rollback import look_back, roll_back
from governance_pipeline.reviews.service import append_late, eligible
from governance_pipeline.testing import AS_OF, MODEL, NIGHT, a_playbook, register_version
from governance_pipeline.testing.project import REGISTRY
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent
from tests.reviews.support import Lab, lab, people

OTHER = SigningKey(bytes(32))


@pytest.fixture
def approved(tmp_path: Path) -> Lab:
    found = lab(tmp_path)
    found.night()
    found.approve()
    return found


def keys_of(found: Lab) -> SigningKeys:
    return SigningKeys(found.root / found.project.settings.ledger.keys)


def desk(found: Lab) -> Desk:
    return Desk(found.project, found.services.store, keys_of(found), {})


def registered(found: Lab) -> dict[str, ModelVersion]:
    reading = read_registry(found.project.model(MODEL), desk(found).around(found.clock()))
    return {one.version: one for one in reading.versions}


def stages(found: Lab) -> dict[str, str]:
    return {label: one.stage for label, one in registered(found).items()}


def acts(found: Lab) -> list[ReviewAct]:
    review = found.review().id
    with found.services.store.begin() as unit:
        return [event.act for event in unit.reviews.events(review)]


def given(found: Lab, stage: str = "production") -> dict:
    return dict(issue_permit(desk(found), MODEL, "2", stage, person="ada", now=found.clock()))


def codes(found: Lab, stage: str = "production") -> list[str]:
    report = gate_for_stage(desk(found), MODEL, "2", stage, found.clock())
    return [reason.code for reason in report.reasons]


def test_a_permit_is_what_any_verifier_of_envelopes_accepts(approved: Lab):
    envelope = given(approved)
    key = keys_of(approved).newest()
    ours = SSlibKey(key.id, "ed25519", "ed25519", {"public": key.public.hex()})
    theirs = SSlibKey(key.id, "ed25519", "ed25519", {"public": OTHER.public.hex()})
    Envelope.from_dict(json.loads(json.dumps(envelope))).verify([ours], 1)
    with pytest.raises(VerificationError):
        Envelope.from_dict(json.loads(json.dumps(envelope))).verify([theirs], 1)


def test_a_permit_says_what_was_permitted_and_on_what(approved: Lab):
    told = json.loads(base64.b64decode(given(approved)["payload"]))
    version = registered(approved)["2"]
    inside = told["predicate"]
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["subject"][0]["digest"] == {"sha256": version.digest.removeprefix("sha256:")}
    assert inside["stage"] == "production"
    assert inside["evidence"]["digest"] == approved.review().evidence.digest
    assert {one["verdict"] for one in inside["decisions"]} == {"approve"}
    assert {one["indicator"] for one in inside["indicators"]} >= {"recency", "consent", "drift"}
    assert inside["expiresAt"] == approved.review().valid_until.isoformat()


def test_without_a_permit_the_gate_of_a_stage_is_closed(approved: Lab):
    assert codes(approved) == ["permit_missing"]
    given(approved, "staging")
    assert codes(approved, "staging") == []
    assert codes(approved) == ["permit_missing"]


def test_promotion_moves_the_stage_under_a_permit(approved: Lab):
    done = promote(desk(approved), MODEL, "2", "production", person="Ada@Example.org", now=approved.clock())
    assert (done.version, done.replaced) == ("2", "1")
    assert stages(approved) == {"1": "replaced", "2": "production"}
    assert acts(approved)[-2:] == [ReviewAct.PERMITTED, ReviewAct.PROMOTED]
    assert codes(approved) == []
    again = promote(desk(approved), MODEL, "2", "production", person="ada", now=approved.clock())
    assert (again.permit, again.replaced) == (done.permit, None)


def test_a_closed_gate_moves_nothing(tmp_path: Path):
    found = lab(tmp_path)
    found.night()
    before = (tmp_path / REGISTRY).read_bytes()
    for act in (issue_permit, promote):
        with pytest.raises(Refused, match="is closed"):
            act(desk(found), MODEL, "2", "production", person="ada", now=found.clock())
    assert (tmp_path / REGISTRY).read_bytes() == before


def test_only_people_of_the_organisation_promote(approved: Lab):
    with pytest.raises(NotFound, match="no person 'mallory'"):
        promote(desk(approved), MODEL, "2", "production", person="mallory", now=approved.clock())
    approved.change(charter=people(ada="2020-01-01"))
    with pytest.raises(Refused, match="Ada is not in the organisation"):
        promote(desk(approved), MODEL, "2", "production", person="ada", now=approved.clock())


def test_a_changed_input_voids_a_permit(approved: Lab):
    given(approved)
    assert codes(approved) == []
    register_version(approved.root, "2", content=b"another artefact")
    found = codes(approved)
    assert "approval_void" in found
    assert "permit_void" in found


def test_a_changed_playbook_voids_a_permit(approved: Lab):
    given(approved)
    approved.change(playbook_digest="sha256:" + "9" * 64)
    assert "permit_void" in codes(approved)


def test_new_evidence_voids_a_permit_even_when_it_is_approved_again(approved: Lab):
    given(approved)
    register_version(approved.root, "2", content=b"another artefact")
    approved.night()
    approved.approve()
    assert codes(approved) == ["permit_void"]
    given(approved)
    assert codes(approved) == []


def test_a_permit_ends_with_the_approval(approved: Lab):
    given(approved)
    approved.clock.tick(days=91)
    assert "permit_expired" in codes(approved)


def forged(found: Lab, envelope: dict) -> None:
    review = found.review()
    data = {"stage": "production", "envelope": envelope}
    with found.services.store.begin() as unit:
        append_late(unit, ReviewEvent(review.id, 0, ReviewAct.PERMITTED, found.clock(), "mallory", data))


def test_a_permit_that_another_key_signed_is_none(approved: Lab):
    sound = given(approved)
    forged(approved, sign(json.loads(base64.b64decode(sound["payload"])), OTHER))
    assert codes(approved) == ["permit_broken"]


def test_a_permit_of_another_version_is_none(approved: Lab):
    told = json.loads(base64.b64decode(given(approved)["payload"]))
    told["predicate"]["version"] = "7"
    forged(approved, sign(told, keys_of(approved).newest()))
    assert codes(approved) == ["permit_void"]


def promoted_and_served(found: Lab) -> Lab:
    """Version 2 was approved and promoted; so was version 3 after it."""
    promote(desk(found), MODEL, "2", "production", person="ada", now=found.clock())
    register_version(found.root, "3", at=AS_OF - timedelta(days=1))
    found.night()
    taken: set[str] = set()
    state = found.review("3")
    for function, count in state.missing.items():
        with found.services.store.begin() as unit:
            version = unit.versions.get(MODEL, "3")
        free = eligible(found.project, found.graph(), state, version, found.clock().date())
        for person in [p for p in free[function] if p.id not in taken][:count]:
            taken.add(person.id)
            found.decide(person.id, function, review=state.id)
    promote(desk(found), MODEL, "3", "production", person="ada", now=found.clock())
    assert stages(found) == {"1": "replaced", "2": "replaced", "3": "production"}
    return found


def permitted_in_production(found: Lab) -> dict[str, bool]:
    """Whether each version in production may be there."""
    serving = [one for one in registered(found).values() if one.stage == "production"]
    with found.services.store.begin() as unit:
        trust = desk(found).trust
        return {one.version: unpermitted(unit, one, trust, found.clock()) is None for one in serving}


def test_a_rollback_goes_to_the_version_approved_before(approved: Lab):
    found = promoted_and_served(approved)
    ready = look_back(desk(found), MODEL, found.clock(), stage="production")
    assert (ready.version, ready.target, ready.is_ready) == ("3", "2", True)
    done = roll_back(
        desk(found),
        MODEL,
        stage="production",
        person="ada",
        reason="It refuses everybody.",
        now=found.clock(),
    )
    assert (done.version, done.replaced) == ("2", "3")
    assert stages(found)["2"] == "production"
    assert acts(found)[-1] is ReviewAct.ROLLED_BACK
    assert permitted_in_production(found) == {"2": True}
    register_version(found.root, "2", stage="production", content=b"not what was brought back")
    assert permitted_in_production(found) == {"2": False}


def test_a_rollback_needs_a_reason_and_a_sound_target(approved: Lab):
    found = promoted_and_served(approved)
    with pytest.raises(Refused, match="needs a reason"):
        roll_back(desk(found), MODEL, stage="production", person="ada", reason=" ", now=found.clock())
    with pytest.raises(Refused, match="version 1 was never approved"):
        roll_back(
            desk(found), MODEL, to="1", stage="production", person="ada", reason="Bad.", now=found.clock()
        )
    register_version(found.root, "2", stage="replaced", content=b"not what was approved")
    assert look_back(desk(found), MODEL, found.clock(), stage="production").faults == (
        "no earlier version was ever approved",
    )
    assert stages(found)["3"] == "production"


def test_nothing_at_a_stage_cannot_be_rolled_back(approved: Lab):
    with pytest.raises(NotFound, match="is at 'shadow'"):
        look_back(desk(approved), MODEL, approved.clock(), stage="shadow")


def test_what_stands_at_a_stage_without_a_permit_is_told(approved: Lab):
    now = approved.clock()
    promote(desk(approved), MODEL, "2", "production", person="ada", now=now)
    found = registered(approved)
    with approved.services.store.begin() as unit:
        assert unpermitted(unit, found["2"], desk(approved).trust, now) is None
        assert "no permit was ever given" in str(unpermitted(unit, found["1"], desk(approved).trust, now))
        other = Trust({OTHER.id: PublicKey(OTHER.public)})
        assert unpermitted(unit, found["2"], other, now) is not None


def test_of_a_registry_file_only_the_stages_change(approved: Lab):
    file = approved.root / REGISTRY
    known = json.loads(file.read_text(encoding="utf-8"))
    entries = "".join(
        f"  # version {one['version']}, by hand\n  - " + "\n    ".join(
            f"{name}: {json.dumps(value)}" for name, value in one.items() if name != "stage"
        ) + f"\n    stage: {one['stage']}  # where it is\n" for one in known["versions"]
    )  # fmt: skip
    text = f"# kept by the training pipeline\nmodel: {MODEL}\nversions:\n{entries}"
    file.write_text(text, encoding="utf-8")
    promote(desk(approved), MODEL, "2", "production", person="ada", now=approved.clock())
    expected = text.replace("stage: production", "stage: replaced").replace(
        "stage: candidate", "stage: production"
    )
    assert file.read_text(encoding="utf-8") == expected


def permit_outcomes(events: list) -> list[tuple[str, str]]:
    found = [one.measurement for one in events if isinstance(one, IndicatorMeasured)]
    return [(str(m.outcome), m.sentence) for m in found if m.indicator == "permits"]


def test_the_night_finds_who_serves_without_a_permit(tmp_path: Path):
    found = lab(tmp_path, playbook=a_playbook(permits={}))
    assert permit_outcomes(found.night()) == [
        ("fail", "Version 1 is at 'production', and no permit was ever given for that.")
    ]
    with found.services.store.begin() as unit:
        assert [one.indicator for one in unit.incidents.list()] == ["permits"]
    found.approve()
    promote(desk(found), MODEL, "2", "production", person="ada", now=found.clock())
    after = NIGHT + timedelta(days=1)
    found.clock.tick(days=1)
    assert permit_outcomes(found.night(after)) == [
        ("pass", "A permit was given for version 2 at production.")
    ]
    file = found.root / REGISTRY
    file.write_text(file.read_text(encoding="utf-8").replace('"replaced"', '"production"'), encoding="utf-8")
    found.clock.tick(days=1)
    assert permit_outcomes(found.night(after + timedelta(days=1)))[0][0] == "fail"
