from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.incident import AlertStatus
from tests.store.examples import NIGHT, NOON, alert, nights_after

LATER = NOON + timedelta(seconds=61)


def test_an_alert_comes_back_as_it_was(store: Store):
    full = alert(
        "b", status=AlertStatus.DEAD, attempts=3, not_before=NOON, sent_at=LATER, last_error="refused"
    )
    bare = alert("a", incident=None)
    with store.begin() as unit:
        assert unit.outbox.enqueue(full)
        assert unit.outbox.enqueue(bare)
    with store.begin() as unit:
        assert unit.outbox.list() == [bare, full]


def test_a_key_is_queued_once(store: Store):
    with store.begin() as unit:
        assert unit.outbox.enqueue(alert()) is True
        assert unit.outbox.enqueue(alert(subject="again")) is False
    with store.begin() as unit:
        assert unit.outbox.enqueue(alert(subject="again")) is False
        assert unit.outbox.list() == [alert()]


def test_alerts_are_listed_by_night_then_key(store: Store):
    with store.begin() as unit:
        for key, count in (("b", 1), ("a", 1), ("z", 0)):
            unit.outbox.enqueue(alert(key, night=nights_after(count)))
        assert [found.key for found in unit.outbox.list()] == ["z", "a", "b"]
        assert [found.key for found in unit.outbox.list(night=nights_after(1))] == ["a", "b"]
        assert unit.outbox.list(night=nights_after(7)) == []


def test_pending_alerts_whose_time_has_come_are_due(store: Store):
    with store.begin() as unit:
        unit.outbox.enqueue(alert("at once"))
        unit.outbox.enqueue(alert("now", not_before=NOON))
        unit.outbox.enqueue(alert("later", not_before=NOON + timedelta(microseconds=1)))
        unit.outbox.enqueue(alert("sent", status=AlertStatus.SENT))
        unit.outbox.enqueue(alert("dead", status=AlertStatus.DEAD))
        assert [found.key for found in unit.outbox.due(NOON)] == ["at once", "now"]


def test_a_claimed_alert_is_nobody_elses_for_a_minute(store: Store):
    with store.begin() as unit:
        unit.outbox.enqueue(alert())
    with store.begin() as unit:
        claimed = unit.outbox.due(NOON)
    assert claimed == [alert(not_before=NOON + timedelta(seconds=60))]
    with store.begin() as unit:
        assert unit.outbox.due(NOON + timedelta(seconds=59)) == []
        assert unit.outbox.list() == claimed
    with store.begin() as unit:  # the claimer died: the lease ends by itself
        assert [found.key for found in unit.outbox.due(NOON + timedelta(seconds=60))] == [alert().key]


def test_a_claim_that_is_rolled_back_is_no_claim(store: Store):
    with store.begin() as unit:
        unit.outbox.enqueue(alert())
    with contextlib.suppress(KeyboardInterrupt), store.begin() as unit:
        assert unit.outbox.due(NOON)
        raise KeyboardInterrupt
    with store.begin() as unit:
        assert len(unit.outbox.due(NOON)) == 1


def test_a_limit_claims_the_oldest_first_and_leaves_the_rest(store: Store):
    with store.begin() as unit:
        for key in "dbca":
            unit.outbox.enqueue(alert(key))
        assert [found.key for found in unit.outbox.due(NOON, limit=3)] == ["a", "b", "c"]
        assert unit.outbox.due(NOON, limit=0) == []
        assert unit.outbox.due(NOON, limit=-1) == []
        assert [found.key for found in unit.outbox.due(NOON)] == ["d"]


def test_settling_writes_back_what_sending_changed_and_nothing_else(store: Store):
    with store.begin() as unit:
        unit.outbox.enqueue(alert())
        (claimed,) = unit.outbox.due(NOON)
        failed = replace(claimed, attempts=1, not_before=LATER, last_error="timed out")
        unit.outbox.settle(replace(failed, subject="changed", recipient="ben"))
        assert unit.outbox.list() == [failed]
        assert unit.outbox.due(NOON) == []
        (again,) = unit.outbox.due(LATER)
        sent = replace(
            again, status=AlertStatus.SENT, attempts=2, sent_at=LATER, not_before=None, last_error=""
        )
        unit.outbox.settle(sent)
    with store.begin() as unit:
        assert unit.outbox.list() == [sent]
        assert unit.outbox.due(LATER + timedelta(days=1)) == []


def test_a_sent_alert_stays_sent_when_a_slower_claimer_reports_a_failure(store: Store):
    sent = alert(status=AlertStatus.SENT, attempts=1, sent_at=NOON)
    with store.begin() as unit:
        unit.outbox.enqueue(alert())
        unit.outbox.settle(sent)
        unit.outbox.settle(alert(attempts=1, last_error="timed out"))
        assert unit.outbox.list() == [sent]
        assert unit.outbox.due(NOON) == []


def test_settling_an_unknown_alert_is_an_error(store: Store):
    with store.begin() as unit, pytest.raises(NotFound, match="No alert nobody's is in the outbox"):
        unit.outbox.settle(alert("nobody's"))


def test_polling_with_a_time_without_zone_is_refused(store: Store):
    with store.begin() as unit, pytest.raises(UsageError, match="has no time zone"):
        unit.outbox.due(NOON.replace(tzinfo=None))


def test_a_night_is_listed_by_its_date_only(store: Store):
    with store.begin() as unit, pytest.raises(UsageError, match="not a date"):
        unit.outbox.list(night=NOON)
    with store.begin() as unit:
        unit.outbox.enqueue(alert())
        assert unit.outbox.list(night=NIGHT) == [alert()]
