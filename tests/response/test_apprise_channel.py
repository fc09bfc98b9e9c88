from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from governance_pipeline.errors import ChannelFailed
from governance_pipeline.response.apprise_channel import AppriseChannel
from governance_pipeline.response.routes import Recipient
from governance_pipeline.testing import a_charter
from governance_pipeline.vocabulary.incident import Alert
from tests.response.nights import day
from tests.response.receivers import closed_port, smtp_server, webhook

CHARTER = a_charter()
ADA = Recipient("ada", "Ada Okafor", CHARTER.members("ada", day(1)))
TEAM = Recipient("data-team", "Data team", CHARTER.members("data-team", day(1)))
ALERT = Alert(
    key="INC-12345678-opened-1-0123456789abcdef",
    night=day(1),
    recipient="ada",
    channel="out",
    subject="[lending] lending.incomes: data is late or missing",
    body="Hello,\n\nWHAT BROKE\n  5 < 6 & <b>that</b> is *all*: 100 %\n",
    incident="INC-12345678",
)


def send(url: str, alert: Alert = ALERT, to: Recipient = ADA, **environ: str) -> None:
    AppriseChannel("out", url, environ).send(alert, to)


def failure(url: str, to: Recipient = ADA, **environ: str) -> ChannelFailed:
    with pytest.raises(ChannelFailed) as caught:
        send(url, to=to, **environ)
    return caught.value


def test_a_webhook_gets_the_message_and_the_key_to_drop_duplicates_by() -> None:
    with webhook() as hook:
        send(hook.url)
    (payload,) = hook.taken
    assert payload["title"] == ALERT.subject
    assert payload["message"].rstrip() == ALERT.body.rstrip()
    assert (payload["alert"], payload["night"], payload["recipient"]) == (ALERT.key, "2026-03-04", "ada")
    (headers,) = hook.headers
    assert headers["idempotency-key"] == headers["x-governance-alert"] == ALERT.key


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 502, 503])
def test_an_answer_other_than_success_is_a_failure_that_names_it(status: int) -> None:
    with webhook(status) as hook:
        failed = failure(hook.url)
    assert f"the receiver answered {status}" in failed.message
    assert failed.transient
    assert hook.requests == 1


@pytest.mark.parametrize("behaviour", ["hang", "reset", "take_and_hang"])
def test_no_answer_is_a_failure(behaviour: str) -> None:
    with webhook(behaviour) as hook:
        failed = failure(hook.url)
    assert "no connection, or no answer in time" in failed.message
    assert failed.transient
    assert hook.requests == 1


def test_nobody_listening_is_a_failure() -> None:
    assert failure(f"json://127.0.0.1:{closed_port()}/?cto=0.5").transient


@pytest.mark.parametrize("also", ["", "&redirect=yes"])
def test_a_redirect_is_not_followed_even_where_the_url_asks_for_it(also: str) -> None:
    with webhook() as inside, webhook(302, location=f"http://127.0.0.1:{inside.port}/admin") as outside:
        failed = failure(outside.url + also)
    assert "the receiver answered 302" in failed.message
    assert (outside.requests, inside.requests) == (1, 0)


def test_a_mail_goes_to_the_recipient_alone_whatever_the_url_says() -> None:
    with smtp_server() as mailbox:
        send(mailbox.url + "&to=everybody@example.org")
    ((sender, receivers),) = mailbox.envelopes
    assert (sender, receivers) == ("governance@example.org", ["ada@example.org"])
    (message,) = mailbox.messages
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == ALERT.subject
    assert message["X-Governance-Alert"] == ALERT.key
    assert message.get_content_type() == "text/plain"
    assert message.get_content().rstrip().splitlines() == ALERT.body.rstrip().splitlines()


def test_a_mail_to_a_team_goes_to_each_member() -> None:
    with smtp_server() as mailbox:
        send(mailbox.url, to=TEAM)
    assert [to for _, to in mailbox.envelopes] == [["ada@example.org"], ["ben@example.org"]]


def test_a_subject_cannot_add_headers() -> None:
    hostile = replace(ALERT, subject="late\r\nBcc: everybody@example.org\r\n\r\nbody")
    with smtp_server() as mailbox:
        send(mailbox.url, hostile)
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert mailbox.envelopes[0][1] == ["ada@example.org"]


@pytest.mark.parametrize("reply", ["450 busy", "550 no such user"])
def test_a_refused_mail_is_a_failure(reply: str) -> None:
    with smtp_server() as mailbox:
        mailbox.answer = lambda _: reply
        failed = failure(mailbox.url)
    assert failed.transient
    assert mailbox.messages == []


def test_a_recipient_without_an_address_is_given_up_at_once() -> None:
    with smtp_server() as mailbox:
        failed = failure(mailbox.url, to=Recipient("left", "Left Long-ago"))
    assert not failed.transient
    assert "Left Long-ago has no mail address" in failed.message


@pytest.mark.parametrize("url", ["", "nonsense", "unknown://host", "json://", "mailto://"])
def test_a_url_that_apprise_cannot_use_says_what_to_do(url: str) -> None:
    failed = failure(url)
    assert "channel 'out'" in failed.message
    assert failed.transient, "the alert waits until the URL is corrected"


def test_a_missing_variable_is_named() -> None:
    failed = failure("json://${ALERT_HOST}/hook")
    assert "ALERT_HOST" in failed.message


CANARIES = {
    "PASSWORD": "canary-pw-1",
    "TOKEN": "canary-token-2",
    "QUERY": "canary-query-3",
    "HEAD": "canary-head-4",
}
SECRET = (
    "json://user:${PASSWORD}@127.0.0.1:%d/${TOKEN}?-password=${QUERY}&+Authorization=${HEAD}&cto=0.5&rto=0.5"
)


@pytest.mark.parametrize("behaviour", [200, 401, 500, "hang", "reset"])
def test_secrets_of_a_url_reach_the_receiver_and_nothing_else(
    behaviour: str | int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    with webhook(behaviour) as hook:
        channel = AppriseChannel("out", SECRET % hook.port, CANARIES)
        said.append(repr(channel))
        try:
            channel.send(ALERT, ADA)
        except ChannelFailed as failed:
            said.extend([str(failed), repr(failed), repr(failed.__cause__), repr(failed.__context__)])
    if behaviour == 200:
        assert hook.paths == ["/canary-token-2?password=canary-query-3"]
        assert hook.headers[0]["authorization"] != ""
    captured = capfd.readouterr()
    said.extend([caplog.text, captured.out, captured.err])
    assert not [canary for canary in CANARIES.values() for text in said if canary in text]


def test_secrets_of_an_unusable_url_are_not_shown() -> None:
    for url in ("nonsense://user:${PASSWORD}@host", "${PASSWORD}", "json://${PASSWORD}:@:@/"):
        failed = failure(url, **CANARIES)
        assert "canary" not in f"{failed} {failed!r} {failed.__context__!r}"
