from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.charter.playbook import AlertPolicy
from governance_pipeline.errors import ChannelFailed
from governance_pipeline.response.apprise_channel import AppriseChannel
from governance_pipeline.response.outbox import DispatchReport, dispatch, wait_seconds
from governance_pipeline.response.routes import Recipient
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import a_charter
from governance_pipeline.vocabulary.incident import Alert, AlertStatus
from tests.response.nights import day
from tests.response.receivers import Behaviour, Webhook, closed_port, smtp_server, webhook

START = datetime(2026, 3, 5, 2, tzinfo=UTC)
CHARTER = a_charter()
POLICY = AlertPolicy()


@dataclass
class Clock:
    """Time that passes only when told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **much: float) -> None:
        self.now += timedelta(**much)


@dataclass
class Remembering:
    """A channel that remembers, and fails as told."""

    failures: list[Exception] = field(default_factory=list)
    sent: list[tuple[str, Recipient]] = field(default_factory=list)

    def send(self, alert: Alert, recipient: Recipient) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((alert.key, recipient))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def an_alert(number: int = 1, channel: str = "out", recipient: str = "ada") -> Alert:
    return Alert(
        key=f"INC-{number:08x}-opened-1-0123456789abcdef",
        night=day(1),
        recipient=recipient,
        channel=channel,
        subject="[lending] lending.incomes: data is late or missing",
        body="Hello Ada Okafor,\n\nWHAT BROKE\n  The newest row is 52 hours old.\n",
        incident=f"INC-{number:08x}",
    )


def queue(store: Store, *alerts: Alert) -> None:
    with store.begin() as unit:
        for alert in alerts:
            assert unit.outbox.enqueue(alert)


def in_outbox(store: Store) -> list[Alert]:
    with store.begin() as unit:
        return list(unit.outbox.list())


def test_what_was_taken_is_sent_once_and_never_again(store: Store) -> None:
    queue(store, an_alert())
    clock = Clock()
    with webhook() as hook:
        channels = {"out": AppriseChannel("out", hook.url, {})}
        assert dispatch(store, channels, CHARTER, clock, POLICY) == DispatchReport(sent=1)
        clock.wait(days=2)
        assert dispatch(store, channels, CHARTER, clock, POLICY) == DispatchReport()
    assert hook.keys == [an_alert().key]
    (alert,) = in_outbox(store)
    assert (alert.status, alert.attempts, alert.sent_at, alert.last_error) == (AlertStatus.SENT, 1, START, "")


@pytest.mark.parametrize("misbehaviour", [429, 500, 503, "hang", "reset", 302])
def test_a_receiver_that_recovers_gets_the_alert_once(store: Store, misbehaviour: Behaviour) -> None:
    queue(store, an_alert())
    clock = Clock()
    with webhook(misbehaviour, misbehaviour) as hook:
        reports = _dispatch_until_quiet(store, hook, clock)
    assert hook.keys == [an_alert().key]
    assert hook.requests == 3
    assert [(r.sent, r.failed) for r in reports] == [(0, 1), (0, 1), (1, 0)]


def test_a_receiver_that_takes_it_and_never_answers_can_drop_the_second_by_its_key(store: Store) -> None:
    queue(store, an_alert())
    with webhook("take_and_hang") as hook:
        _dispatch_until_quiet(store, hook, Clock())
    assert hook.keys == [an_alert().key] * 2
    assert [headers["idempotency-key"] for headers in hook.headers] == [an_alert().key] * 2


def _dispatch_until_quiet(store: Store, hook: Webhook, clock: Clock) -> list[DispatchReport]:
    channels = {"out": AppriseChannel("out", hook.url, {})}
    reports = []
    while any(alert.status is AlertStatus.PENDING for alert in in_outbox(store)):
        report = dispatch(store, channels, CHARTER, clock, POLICY)
        reports.extend([report] if report != DispatchReport() else [])
        clock.wait(seconds=10)
    return reports


def test_a_receiver_that_is_gone_for_a_day_gets_every_alert_once_when_it_is_back(store: Store) -> None:
    alerts = [an_alert(number) for number in range(3)]
    queue(store, *alerts)
    clock = Clock()
    with webhook(then=503) as hook:
        channels = {"out": AppriseChannel("out", hook.url, {})}
        while clock.now < START + timedelta(hours=24):
            dispatch(store, channels, CHARTER, clock, POLICY)
            clock.wait(minutes=10)
        assert hook.taken == []
        assert {alert.status for alert in in_outbox(store)} == {AlertStatus.PENDING}
        hook.then = 200
        while clock.now < START + timedelta(hours=26):
            dispatch(store, channels, CHARTER, clock, POLICY)
            clock.wait(minutes=10)
    assert sorted(hook.keys) == sorted(alert.key for alert in alerts)


def test_mail_arrives_in_the_mailbox_of_each_recipient_once(store: Store) -> None:
    queue(store, an_alert(1), an_alert(2, recipient="pia"), an_alert(3, recipient="data-team"))
    with smtp_server() as mailbox:
        channels = {"out": AppriseChannel("out", mailbox.url, {})}
        for _ in range(2):
            dispatch(store, channels, CHARTER, Clock(), POLICY)
    received = Counter(address for _, to in mailbox.envelopes for address in to)
    assert received == {"ada@example.org": 2, "pia@example.org": 1, "ben@example.org": 1}


def test_waits_double_up_to_an_hour_and_outlast_a_day() -> None:
    waits = [wait_seconds(attempt, POLICY) for attempt in range(1, POLICY.max_attempts)]
    assert waits[:9] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert sum(waits) == 3810 + 28 * 3600
    assert wait_seconds(10_000, POLICY) == 3600


def test_between_tries_an_alert_waits(store: Store) -> None:
    queue(store, an_alert())
    clock, channel = Clock(), Remembering([ChannelFailed("busy")])
    dispatch(store, {"out": channel}, CHARTER, clock, POLICY)
    (alert,) = in_outbox(store)
    assert (alert.status, alert.not_before) == (AlertStatus.PENDING, START + timedelta(seconds=30))
    clock.wait(seconds=29)
    assert dispatch(store, {"out": channel}, CHARTER, clock, POLICY) == DispatchReport()
    clock.wait(seconds=1)
    assert dispatch(store, {"out": channel}, CHARTER, clock, POLICY) == DispatchReport(sent=1)


def test_what_fails_too_often_is_given_up_and_stays_visible_with_its_reason(store: Store) -> None:
    queue(store, an_alert())
    clock, policy = Clock(), AlertPolicy(max_attempts=3)
    channels = {"out": AppriseChannel("out", f"json://127.0.0.1:{closed_port()}/?cto=0.5", {})}
    reports = []
    for _ in range(5):
        reports.append(dispatch(store, channels, CHARTER, clock, policy))
        clock.wait(hours=2)
    assert reports == [
        DispatchReport(failed=1),
        DispatchReport(failed=1),
        DispatchReport(dead=1),
        DispatchReport(),
        DispatchReport(),
    ]
    (alert,) = in_outbox(store)
    assert (alert.status, alert.attempts) == (AlertStatus.DEAD, 3)
    assert alert.last_error == "channel 'out': no connection, or no answer in time"


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        (an_alert(channel="pager"), "there is no channel 'pager' in governance.yaml"),
        (an_alert(recipient="nemo"), "there is no 'nemo' in charter.yaml to write to"),
    ],
)
def test_what_can_never_be_sent_is_given_up_at_once(store: Store, alert: Alert, reason: str) -> None:
    queue(store, alert)
    assert dispatch(store, {"out": Remembering()}, CHARTER, Clock(), POLICY) == DispatchReport(dead=1)
    (given_up,) = in_outbox(store)
    assert (given_up.status, given_up.last_error) == (AlertStatus.DEAD, reason)


def test_one_bad_channel_does_not_hold_up_the_others_and_its_error_shows_no_secret(store: Store) -> None:
    queue(store, an_alert(1, "bad"), an_alert(2, "out"))
    bad, good = Remembering([ValueError("https://token@host")]), Remembering()
    report = dispatch(store, {"bad": bad, "out": good}, CHARTER, Clock(), POLICY)
    assert report == DispatchReport(sent=1, failed=1)
    assert in_outbox(store)[0].last_error == "channel 'bad' broke: ValueError"


def test_a_call_tries_no_more_than_its_limit(store: Store) -> None:
    queue(store, *map(an_alert, range(5)))
    channel = Remembering()
    assert dispatch(store, {"out": channel}, CHARTER, Clock(), POLICY, limit=2).sent == 2
    assert dispatch(store, {"out": channel}, CHARTER, Clock(), POLICY).sent == 3


def test_the_people_of_the_alerts_night_are_written_to(store: Store) -> None:
    people = [
        {"id": "sam", "name": "Sam Reyes", "mail": "sam@example.org"},
        {"id": "ada", "name": "Ada Okafor", "mail": "ada@example.org", "until": "2026-03-04"},
    ]
    charter = a_charter(people=people, teams=[])
    queue(store, an_alert())
    channel = Remembering()
    dispatch(store, {"out": channel}, charter, Clock(START + timedelta(days=9)), POLICY)
    assert [person.mail for person in channel.sent[0][1].people] == ["ada@example.org"]


def test_nothing_is_locked_while_a_receiver_is_waited_for(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    queue(store, an_alert(1))

    class Writing:
        def send(self, alert: Alert, recipient: Recipient) -> None:
            other = open_store(f"sqlite:///{tmp_path}/store.db")
            queue(other, an_alert(2, "elsewhere"))
            other.close()

    report = dispatch(store, {"out": Writing()}, CHARTER, Clock(), POLICY)
    assert (report.sent, report.dead) == (1, 1)
    store.close()


def test_two_dispatchers_at_once_deliver_everything_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    alerts = [an_alert(number) for number in range(60)]
    first = open_store(url)
    queue(first, *alerts)
    first.close()
    start = threading.Barrier(3)

    def run(hook: Webhook) -> DispatchReport:
        own = open_store(url)
        start.wait()
        report = dispatch(own, {"out": AppriseChannel("out", hook.url, {})}, CHARTER, Clock(), POLICY)
        own.close()
        return report

    with webhook() as hook, ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(run, [hook] * 3))
    assert sorted(hook.keys) == sorted(alert.key for alert in alerts)
    assert sum(report.sent for report in reports) == 60
    assert sum(report.sent > 0 for report in reports) > 1, "they did not run at once"
