"""A permit that the playbook wants signed by several people counts with enough of their signatures only."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from governance_pipeline.charter.playbook import ReviewPolicy, SignersPolicy
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.ledger.signing import SigningKey
from governance_pipeline.reviews.admission import acts_on, permits, unpermitted
from governance_pipeline.reviews.promotion import promote, sign_permit
from governance_pipeline.testing import MODEL, a_playbook
from governance_pipeline.vocabulary.review import ReviewAct
from tests.reviews.support import Lab, lab
from tests.reviews.test_promotion import codes, desk, given, registered, stages

KEYS = {name: SigningKey(bytes([number]) * 32) for number, name in enumerate(("lea", "pia", "eli"), 1)}


def public(key: SigningKey) -> str:
    return b64encode(key.public).decode()


def signers(needed: int = 2, keys: dict[str, Any] | None = None) -> SignersPolicy:
    named = keys or {name: {"public": public(key)} for name, key in KEYS.items()}
    return SignersPolicy.model_validate({"needed": needed, "keys": named})


def with_signers(found: Lab, policy: SignersPolicy) -> None:
    playbook = found.project.playbook
    reviews = ReviewPolicy.model_validate({**dict(playbook.reviews), "signers": policy})
    found.change(playbook=playbook.model_copy(update={"reviews": reviews}))


@pytest.fixture
def asked(tmp_path: Path) -> Lab:
    """Version 2 is approved, and two of three people must sign its permit."""
    found = lab(tmp_path, playbook=a_playbook(permits={}))
    with_signers(found, signers())
    found.night()
    found.approve()
    return found


def add(found: Lab, person: str, key: SigningKey | None = None) -> int:
    found.clock.tick(minutes=1)
    done = sign_permit(
        desk(found), MODEL, "2", "production", person=person, key=key or KEYS[person], now=found.clock()
    )
    return done.missing


def move(found: Lab) -> None:
    promote(desk(found), MODEL, "2", "production", person="ada", now=found.clock())


def test_a_permit_counts_from_its_last_signature_on(asked: Lab):
    given(asked)
    assert codes(asked) == ["permit_unsigned"]
    with pytest.raises(Refused, match="needs the signatures of 2 people and has 0"):
        move(asked)
    assert add(asked, "lea") == 1
    assert codes(asked) == ["permit_unsigned"]
    assert add(asked, "pia") == 0
    assert codes(asked) == []
    before = asked.clock()
    asked.clock.tick(minutes=1)
    move(asked)
    version = registered(asked)["2"]
    with asked.services.store.begin() as unit:
        assert unpermitted(unit, version, desk(asked).trust, before) is None
        early = before.replace(minute=before.minute - 1)
        assert unpermitted(unit, version, desk(asked).trust, early) is not None


def test_a_promotion_asks_for_the_signatures_and_issues_one_permit_only(asked: Lab):
    for _ in range(2):
        with pytest.raises(Refused, match="and has 0") as refused:
            move(asked)
        assert "governance signature add mortgage_approval 2" in refused.value.hint
    with asked.services.store.begin() as unit:
        given_so_far = [e for e in acts_on(unit, MODEL) if e.act is ReviewAct.PERMITTED]
    assert len(given_so_far) == 1
    assert stages(asked)["1"] == "production"


def test_the_same_person_signs_once_and_the_same_key_is_one_person(asked: Lab):
    given(asked)
    assert [add(asked, "lea"), add(asked, "lea")] == [1, 1]
    shared = {"lea": {"public": public(KEYS["lea"])}, "pia": {"public": public(KEYS["lea"])}}
    with_signers(asked, signers(2, shared))
    assert add(asked, "pia", KEYS["lea"]) >= 0
    assert codes(asked) == ["permit_unsigned"]


@pytest.mark.parametrize("person", ["lea", "sam"])
def test_only_the_key_that_the_playbook_has_for_somebody_signs_for_them(asked: Lab, person: str):
    given(asked)
    with pytest.raises(Refused, match="not the key that the playbook has for"):
        add(asked, person, KEYS["pia"])


def test_without_a_permit_there_is_nothing_to_sign(asked: Lab):
    with pytest.raises(NotFound, match="no permit of mortgage_approval 2"):
        add(asked, "lea")


def test_a_key_that_was_retired_before_does_not_count_and_after_does(asked: Lab):
    given(asked)
    add(asked, "lea")
    add(asked, "pia")
    for until, expected in ((date(2026, 3, 4), ["permit_unsigned"]), (date(2026, 3, 5), [])):
        keys = {name: {"public": public(key)} for name, key in KEYS.items()}
        keys["pia"] = {**keys["pia"], "until": until}
        with_signers(asked, signers(2, keys))
        assert codes(asked) == expected


def test_any_verifier_of_envelopes_counts_the_signatures(asked: Lab):
    given(asked)
    add(asked, "lea")
    add(asked, "eli")
    with asked.services.store.begin() as unit:
        (permit,) = permits(acts_on(unit, MODEL), "2", "production", desk(asked).trust)
    theirs = [SSlibKey(k.id, "ed25519", "ed25519", {"public": k.public.hex()}) for k in KEYS.values()]
    found = Envelope.from_dict(json.loads(json.dumps(permit.envelope))).verify(theirs, 2)
    assert {key.keyid for key in found.values()} == {KEYS["lea"].id, KEYS["eli"].id}


def test_a_signature_on_another_permit_counts_for_nothing(asked: Lab):
    given(asked)
    add(asked, "lea")
    add(asked, "pia")
    asked.clock.tick(minutes=1)
    given(asked)
    assert codes(asked) == ["permit_unsigned"]
