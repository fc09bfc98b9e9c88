"""Received records of consent: each once, in every store, and gone with the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus
from tests.store.examples import NOON

ANN = ConsentRecord("ann", "model_training", "consent", ConsentStatus.GIVEN, NOON)


def take(store: Store, *records: ConsentRecord, at=NOON) -> int:
    with store.begin() as unit:
        return unit.consents.take(records, at)


def test_a_record_is_kept_once_and_comes_back_as_it_was(store: Store):
    whole = replace(
        ANN, valid_from=NOON, valid_to=NOON + timedelta(days=9), notice="v3", jurisdiction="DE", subject="Ä🙂"
    )
    assert take(store, ANN, whole, ANN) == 2
    assert take(store, whole, at=NOON + timedelta(days=1)) == 0
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    assert take(store, replace(ANN, recorded_at=elsewhere)) == 0  # the same instant
    with store.begin() as unit:
        assert sorted(unit.consents.all(), key=lambda one: one.subject) == [ANN, whole]


def test_whatever_differs_is_another_record(store: Store):
    changes = [
        {"subject": "bob"},
        {"purpose": "ads"},
        {"basis": "contract"},
        {"status": ConsentStatus.WITHDRAWN},
        {"recorded_at": NOON + timedelta(microseconds=1)},
        {"valid_from": NOON},
        {"valid_to": NOON},
        {"notice": "2"},
        {"jurisdiction": "FR"},
    ]
    assert take(store, ANN, *(replace(ANN, **change) for change in changes)) == 10


def test_a_persons_records_are_forgotten_and_nobody_elses(store: Store):
    with store.begin() as unit:
        assert unit.consents.state() == ""
    take(store, ANN, replace(ANN, purpose="ads"), replace(ANN, subject="ann2"))
    with store.begin() as unit:
        before = unit.consents.state()
        assert unit.consents.forget("ann", NOON) == 2
        assert unit.consents.forget("ann", NOON) == 0
        assert unit.consents.state() not in ("", before)
        assert [one.subject for one in unit.consents.all()] == ["ann2"]
    assert take(store, ANN) == 1  # said again after the erasure


def test_more_records_than_one_question_can_name(store: Store):
    many = [replace(ANN, subject=f"s{number}") for number in range(1203)]
    assert (take(store, *many), take(store, *many)) == (1203, 0)


@pytest.mark.parametrize("change", [{"subject": "a\x00"}, {"purpose": "\ud800"}, {"subject": "x" * 801}])
def test_what_no_store_can_keep_is_refused(store: Store, change):
    with pytest.raises(UsageError):
        take(store, replace(ANN, **change))


def test_a_record_does_not_show_the_person():
    assert "ann" not in repr(ANN)
