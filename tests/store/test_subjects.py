from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.subjects import SubjectManifest
from tests.store.examples import NOON

MANIFEST = SubjectManifest(
    model="mortgage_approval",
    version="2",
    snapshot="lending.training_snapshot",
    taken_at=NOON,
    source_state="3 files",
    key="0a1b2c3d",
    subjects=2_000_000_000_000,
    digest="sha256:00",
    purpose="model_training",
    basis="consent",
    asked=12,
    withdrawn=0,
    notices=("v3", "v4, revised"),
)


def test_a_manifest_and_its_set_come_back_as_they_were(store: Store):
    with store.begin() as unit:
        unit.subjects.put(MANIFEST, b"\x00\xff")
        unit.subjects.put(replace(MANIFEST, version="10", asked=None, withdrawn=None, problem="?"), None)
    with store.begin() as unit:
        assert [one.version for one in unit.subjects.all()] == ["10", "2"]
        assert unit.subjects.all()[1] == MANIFEST
        assert unit.subjects.body("mortgage_approval", "2") == b"\x00\xff"
        assert unit.subjects.body("mortgage_approval", "10") is None
        assert unit.subjects.body("mortgage_approval", "3") is None


def test_what_is_put_again_takes_the_others_place(store: Store):
    with store.begin() as unit:
        unit.subjects.put(MANIFEST, b"old")
        unit.subjects.put(replace(MANIFEST, key="ffffffff"), b"new")
        assert [one.key for one in unit.subjects.all()] == ["ffffffff"]
        assert unit.subjects.body("mortgage_approval", "2") == b"new"
        unit.subjects.put(replace(MANIFEST, problem="gone"), None)
        assert unit.subjects.body("mortgage_approval", "2") is None


def test_a_set_is_erased_on_its_own(store: Store):
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    with store.begin() as unit:
        unit.subjects.put(MANIFEST, b"who")
        unit.subjects.put(replace(MANIFEST, version="3"), b"others")
        unit.subjects.erase("mortgage_approval", "2", elsewhere)
        unit.subjects.erase("mortgage_approval", "2", NOON + timedelta(days=1))  # it was gone by then
        unit.subjects.erase("mortgage_approval", "unknown", NOON)
    with store.begin() as unit:
        assert unit.subjects.body("mortgage_approval", "2") is None
        assert unit.subjects.body("mortgage_approval", "3") == b"others"
        erased, other = unit.subjects.all()
        assert erased == replace(MANIFEST, erased_at=NOON)
        assert erased.erased_at is not None
        assert erased.erased_at.tzinfo is UTC
        assert other.erased_at is None


@pytest.mark.parametrize(
    "change", [{"model": "a\0b"}, {"snapshot": "x" * 900}, {"taken_at": NOON.replace(tzinfo=None)}]
)
def test_what_not_every_database_keeps_is_refused(store: Store, change: dict[str, Any]):
    with store.begin() as unit, pytest.raises(UsageError):
        unit.subjects.put(replace(MANIFEST, **change), b"")
