"""Records of consent over HTTP: kept once, refused alike on both stores, and heard by the next night."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.nightly import run_night
from governance_pipeline.store.open import open_store
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus
from governance_pipeline.web.consent import consent_route
from tests.cli.conftest import Command
from tests.tiny import night, opened, tiny_project
from tests.web.clients import Client, client
from tests.web.serving import serving
from tests.web.test_poison import HERE, POISON

AT = "/api/v1/consent"
KEY = {"Authorization": "Bearer k"}
RECORD = {
    "subject": "P010001",
    "purpose": "model_training",
    "basis": "consent",
    "status": "withdrawn",
    "recorded_at": "2026-03-01T10:00:00+01:00",
    "valid_from": None,
    "valid_to": None,
    "notice": "v3",
    "jurisdiction": "DE",
}


def body(**changes: object) -> bytes:
    return json.dumps(RECORD | changes).encode()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    found = open_store(url if request.param == "sqlite" else request.getfixturevalue("postgres_store_url"))
    yield found
    found.close()


@pytest.fixture
def asking(store) -> Iterator[Client]:
    with serving(store, "k", [consent_route(store)]) as port, client(port) as found:
        yield found


def held(store) -> list[ConsentRecord]:
    with store.begin() as unit:
        return list(unit.consents.all())


def test_a_record_is_kept_once_however_it_is_written(store, asking: Client):
    assert asking.post(body(), AT, **KEY) == (201, {"taken": 1})
    assert asking.post(body(recorded_at="2026-03-01T09:00:00Z"), AT, **KEY) == (201, {"taken": 0})
    batch = b"[" + body() + b"," + body(subject="P010002", notice=None) + b"]"
    assert asking.post(batch, AT, **KEY) == (201, {"taken": 1})
    first, second = held(store)
    assert {first.subject, second.subject} == {"P010001", "P010002"}
    assert first.status is ConsentStatus.WITHDRAWN
    assert first.recorded_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


WRONG = [
    (b"{}", "$.subject is missing"),
    (b"[[]]", "$[0] is an array, not an object"),
    (body(subject=7), "$.subject is a number, not text"),
    (body(subject=" "), "$.subject is empty"),
    (body(subject="x" * 801), "$.subject is longer than 800 bytes"),
    (body(basis="because"), "$.basis is none of consent, contract"),
    (body(status="maybe"), "$.status is none of given, withdrawn, expired"),
    (body(recorded_at=None), "$.recorded_at is missing"),
    (body(recorded_at="2026-03-01"), "$.recorded_at is not an instant"),
    (body(recorded_at="2026-03-01T10:00:00"), "$.recorded_at is not an instant"),
    (body(valid_to=""), "$.valid_to is not an instant"),
    (
        body(valid_from="2026-03-02T00:00:00Z", valid_to="2026-03-01T00:00:00Z"),
        "$.valid_to is before valid_from",
    ),
    (body(notice="x" * 401), "$.notice is longer than 400 characters"),
    (body(consent="yes"), "$ has other keys than"),
]


def test_a_wrong_record_refuses_its_batch_and_no_answer_names_the_person(store, asking: Client):
    for wrong, said in WRONG:
        status, told = asking.post(wrong, AT, **KEY)
        assert (status, told["code"]) == (400, "event_refused")
        assert told["message"].startswith(said)
        assert "P010001" not in told["message"]
    status, told = asking.post(b"[" + body() + b"," + body(status=None) + b"]", AT, **KEY)
    assert (status, told["message"]) == (400, "$[1].status is missing")
    assert asking.post(body(), AT)[0] == 401
    assert held(store) == []


def test_every_poison_in_every_field_is_refused_or_kept(store, asking: Client):
    taken = 0
    for field in RECORD:
        for poison in POISON:
            written = json.dumps(RECORD | {field: HERE}).replace(f'"{HERE}"', poison)
            status, told = asking.post(written.encode("utf-8", "surrogatepass"), AT, **KEY)
            assert status in (201, 400), (field, poison, told)
            taken += told.get("taken", 0)
    assert len(held(store)) == taken > 20


def consent_of(root: Path, governance: Command) -> list[dict]:
    return [
        one
        for one in governance(
            "check", "shop.snapshot", "--date", str(night(1)), "-p", root, "-f", "json"
        ).json
        if one["indicator"] == "consent"
    ]


def test_the_next_night_counts_who_withdrew_over_the_api_until_they_are_forgotten(
    tmp_path: Path, governance: Command
):
    root = tiny_project(tmp_path / "shop", model=True)
    records = [
        RECORD | {"subject": f"P01{number:04}", "recorded_at": "2026-03-01T10:00:00Z"} for number in range(40)
    ]

    def values(found: list[dict]) -> list[float]:
        return [one["value"] for one in found]

    before = consent_of(root, governance)
    assert values(before)
    store = open_project_store(open_project(root))
    with serving(store, "k", [consent_route(store)]) as port, client(port) as sender:
        assert sender.post(json.dumps(records).encode(), AT, **KEY) == (201, {"taken": 40})
    store.close()
    after = consent_of(root, governance)
    assert values(after) != values(before)
    assert any("360 of 400" in one["sentence"] and "withdrew" in one["sentence"] for one in after), [
        one["sentence"] for one in after
    ]
    assert not any("P01" in json.dumps(one) for one in after)
    with opened(root) as parts:
        told = [str(event) for event in run_night(parts, night(1))]
    assert not any("P010001" in one for one in told)
    for number in range(40):
        assert governance("consent", "forget", f"P01{number:04}", "-p", root).out == "1 record erased\n"
    assert governance("consent", "forget", "P010001", "-p", root).out == "0 records erased\n"
    assert values(consent_of(root, governance)) == values(before)
