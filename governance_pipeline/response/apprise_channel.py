"""Mail, webhooks and chat through Apprise."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.errors import ChannelFailed, UsageError
from governance_pipeline.response.routes import Recipient
from governance_pipeline.vocabulary.incident import Alert

SEND_SECONDS = 45.0
"""The whole of one send, whatever the receiver does: less than the outbox's lease of 60 s, so that no
second dispatcher takes an alert while the first still waits. A URL's ``cto`` and ``rto`` (connect and
read timeout, 4 s each unless given) cut off sooner."""

_MAIL = ("mailto", "mailtos")
_STATUS = re.compile(r"\berror=(\d{3})\b")
_REFUSED = re.compile(r"SMTP recipient .* was refused: (\d{3})")


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """One Apprise URL.

    A mail channel writes to the recipient's own address, whatever ``to`` the URL has; any other URL is
    one place for everybody (a webhook, a chat room).
    """

    name: str
    url: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    def send(self, alert: Alert, recipient: Recipient) -> None:
        apprise = _apprise()
        service = self._service(apprise, alert, recipient)
        sender = apprise.Apprise(asset=service.asset)
        sender.add(service)
        result = sender.notify(
            body=alert.body, title=alert.subject, body_format=apprise.NotifyFormat.TEXT, timeout=SEND_SECONDS
        )
        if not result:
            reason = _reason(result)
            raise ChannelFailed(f"channel '{self.name}': {reason}", hint="the outbox will try again")

    def _service(self, apprise: ModuleType, alert: Alert, recipient: Recipient) -> Any:
        """A fresh Apprise service: a kept one would wait between messages."""
        asset = apprise.AppriseAsset(
            http_redirects=False, storage_mode=apprise.PersistentStoreMode.MEMORY, app_id="governance"
        )
        parts = self._parts(asset)
        parts["redirect"] = False
        if parts["schema"] in _MAIL:
            if not recipient.people:
                raise ChannelFailed(
                    f"channel '{self.name}': {recipient.name} has no mail address to write to",
                    hint="correct the person or team in charter.yaml",
                    transient=False,
                )
            parts["targets"] = [person.mail for person in recipient.people]
        if isinstance(parts.get("headers"), dict):
            parts["headers"] |= {"X-Governance-Alert": alert.key, "Idempotency-Key": alert.key}
        if isinstance(parts.get("payload"), dict):
            night = alert.night.isoformat()
            parts["payload"] |= {"alert": alert.key, "night": night, "recipient": recipient.id}
        service = apprise.Apprise.instantiate(parts, asset=asset)
        if service is None:
            raise self._unusable()
        return service

    def _parts(self, asset: Any) -> dict[str, Any]:
        from apprise.plugins import url_to_dict

        try:
            url = resolve_env(self.url, self.environ)
        except UsageError as error:
            raise ChannelFailed(f"channel '{self.name}': {error.message}", hint=error.hint) from error
        read: Callable[..., dict[str, Any] | None] = url_to_dict  # Apprise leaves it half typed
        parts = read(url, secure_logging=asset.secure_logging)
        if parts is None:
            raise self._unusable()
        return parts

    def _unusable(self) -> ChannelFailed:
        return ChannelFailed(
            f"channel '{self.name}': its URL is not one that Apprise understands",
            hint="correct its url in governance.yaml; the forms are listed at https://appriseit.com/services",
        )


@cache
def _apprise() -> ModuleType:
    """Import Apprise, and keep it and its HTTP library from logging: their debug lines show whole URLs."""
    with warnings.catch_warnings():
        # Apprise still reaches for imghdr where Python has it; that is nothing our users can act on.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise
        import apprise.utils.pgp

    library = logging.getLogger("apprise")
    library.addHandler(logging.NullHandler())
    library.setLevel(logging.WARNING)
    library.propagate = False
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    return apprise


def _reason(result: Any) -> str:
    """Why a send failed, in words without addresses: Apprise keeps status codes in its log only."""
    if result.status.name == "TIMEOUT":
        return f"no answer within {SEND_SECONDS:.0f} seconds"
    if result.status.name == "NOMATCH":
        return "nothing was sent"
    text = "\n".join(entry.message for entry in result.logs())
    if found := _STATUS.search(text):
        return f"the receiver answered {found.group(1)}"
    if found := _REFUSED.search(text):
        return f"the mail server refused the recipient ({found.group(1)})"
    if "onnection error" in text:
        return "no connection, or no answer in time"
    return "the receiver did not take it"
