"""Delivers what is in the outbox: at least once, and never two dispatchers with one alert at a time.

An alert is claimed for a while (a lease, kept in the store), sent outside any transaction, and settled
by what the receiver answered. A process that dies in between leaves the claim to run out; then the alert
is sent again with the same key: one possible duplicate, and no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import AlertPolicy
from governance_pipeline.errors import ChannelFailed
from governance_pipeline.response.channels import Channel
from governance_pipeline.response.message import plain
from governance_pipeline.response.routes import recipient_of
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.incident import Alert, AlertStatus


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """How many alerts were taken by their receivers, will be tried again, and were given up.

    What was given up stays in the outbox as ``dead``, with its reason.
    """

    sent: int = 0
    failed: int = 0
    dead: int = 0


def dispatch(
    store: Store,
    channels: Mapping[str, Channel],
    charter: Charter,
    clock: Callable[[], datetime],
    policy: AlertPolicy,
    *,
    limit: int = 1000,
) -> DispatchReport:
    """Send what is due, one alert at a time, until nothing is due or ``limit`` were tried.

    Alerts are claimed one by one, so that a slow receiver cannot let the claims of others run out.

    Raises:
        StoreUnavailable: what was sent is settled, except perhaps the last one.
    """
    counts = dict.fromkeys(AlertStatus, 0)
    for _ in range(limit):
        with store.begin() as unit:
            due = unit.outbox.due(clock(), 1)
        if not due:
            break
        after = _attempt(due[0], channels, charter, clock, policy)
        _settle(store, after)
        counts[after.status] += 1
    return DispatchReport(counts[AlertStatus.SENT], counts[AlertStatus.PENDING], counts[AlertStatus.DEAD])


def _attempt(
    alert: Alert,
    channels: Mapping[str, Channel],
    charter: Charter,
    clock: Callable[[], datetime],
    policy: AlertPolicy,
) -> Alert:
    """Send one alert; its state afterwards."""
    tried = replace(alert, attempts=alert.attempts + 1)
    try:
        _send(alert, channels, charter)
    except ChannelFailed as failure:
        return _after_failure(tried, plain(failure.message, 300), clock(), policy, failure.transient)
    except Exception as error:  # noqa: BLE001 - a plug-in's bug must not lose the alert or stop the others
        # The type alone: the text of an unknown error may hold the URL with its secrets.
        reason = f"channel '{alert.channel}' broke: {type(error).__name__}"
        return _after_failure(tried, reason, clock(), policy, transient=True)
    return replace(tried, status=AlertStatus.SENT, sent_at=clock(), not_before=None, last_error="")


def _send(alert: Alert, channels: Mapping[str, Channel], charter: Charter) -> None:
    channel = channels.get(alert.channel)
    if channel is None:
        raise ChannelFailed(f"there is no channel '{alert.channel}' in governance.yaml", transient=False)
    recipient = recipient_of(charter, alert.recipient, alert.night)
    if recipient is None:
        raise ChannelFailed(f"there is no '{alert.recipient}' in charter.yaml to write to", transient=False)
    channel.send(alert, recipient)


def _after_failure(alert: Alert, reason: str, now: datetime, policy: AlertPolicy, transient: bool) -> Alert:
    if not transient or alert.attempts >= policy.max_attempts:
        return replace(alert, status=AlertStatus.DEAD, last_error=reason, not_before=None)
    return replace(
        alert,
        status=AlertStatus.PENDING,
        last_error=reason,
        not_before=now + timedelta(seconds=wait_seconds(alert.attempts, policy)),
    )


def wait_seconds(attempts: int, policy: AlertPolicy) -> float:
    """How long to wait after the ``attempts``-th failure: doubling, up to the policy's longest."""
    doubled = policy.first_retry_seconds * 2.0 ** min(attempts - 1, 60)
    return min(doubled, max(policy.longest_retry_seconds, policy.first_retry_seconds))


def _settle(store: Store, alert: Alert) -> None:
    """Write the outcome. The store lets nothing undo ``sent``, should a claim have run out meanwhile."""
    with store.begin() as unit:
        unit.outbox.settle(alert)
