from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import Store
from tests.store.examples import NIGHT, NOON, night_record, nights_after


def test_a_sealed_night_comes_back_as_it_was(store: Store):
    with store.begin() as unit:
        unit.nights.seal(night_record())
    with store.begin() as unit:
        assert unit.nights.get(NIGHT) == night_record()
        assert unit.nights.get(nights_after(1)) is None


def test_sealing_again_replaces_the_seal(store: Store):
    with store.begin() as unit:
        unit.nights.seal(night_record(received=3))
    with store.begin() as unit:
        unit.nights.seal(night_record(received=12, missing=()))
    with store.begin() as unit:
        assert unit.nights.between(NIGHT, NIGHT) == [night_record(received=12, missing=())]


def test_nights_are_read_in_order_with_both_ends(store: Store):
    with store.begin() as unit:
        for count in (3, 0, 2, 1):
            unit.nights.seal(night_record(nights_after(count)))
    with store.begin() as unit:
        found = unit.nights.between(nights_after(1), nights_after(3))
        assert [record.night for record in found] == [nights_after(1), nights_after(2), nights_after(3)]
        assert unit.nights.between(nights_after(9), nights_after(8)) == []
        assert unit.nights.latest() == night_record(nights_after(3))


def test_no_night_is_latest_in_an_empty_store(store: Store):
    with store.begin() as unit:
        assert unit.nights.latest() is None


def test_instants_come_back_in_utc(store: Store):
    tokyo = timezone(timedelta(hours=9))
    with store.begin() as unit:
        unit.nights.seal(night_record(started_at=datetime(2026, 3, 1, 3, 30, 0, 123456, tzinfo=tokyo)))
    with store.begin() as unit:
        found = unit.nights.get(NIGHT)
    assert found is not None
    assert found.started_at == datetime(2026, 2, 28, 18, 30, 0, 123456, tzinfo=UTC)
    assert found.started_at.tzinfo is UTC


def test_an_instant_without_a_time_zone_is_refused(store: Store):
    with store.begin() as unit, pytest.raises(UsageError, match="has no time zone"):
        unit.nights.seal(night_record(finished_at=NOON.replace(tzinfo=None)))
    with store.begin() as unit:
        assert unit.nights.latest() is None


def test_an_instant_for_a_night_is_refused(store: Store):
    with store.begin() as unit:
        with pytest.raises(UsageError, match="not a date"):
            unit.nights.seal(night_record(NOON))
        with pytest.raises(UsageError, match="not a date"):
            unit.nights.get(NOON)
