"""The ways alerts leave: the console, a file of JSON lines, and everything that Apprise reaches.

Where a message may go is decided by whoever writes governance.yaml: no address comes from data, from a
contract or from a receiver's answer. Redirects are not followed. A URL may hold secrets: it is resolved
from the environment when it is needed, and no error, log or ``repr`` shows it.

Delivery is at least once. Every message carries the alert's key, in the text and where the receiver has
a place for it (``Idempotency-Key`` and ``X-Governance-Alert`` headers, ``alert`` in a JSON webhook's
payload), so that a receiver can drop a duplicate.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from governance_pipeline.charter.settings import Channel as ChannelSettings
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import ChannelFailed
from governance_pipeline.response.apprise_channel import AppriseChannel
from governance_pipeline.response.routes import CONSOLE, Recipient
from governance_pipeline.vocabulary.incident import Alert

if TYPE_CHECKING:
    from rich.console import Console


class Channel(Protocol):
    """Hands one message to one receiver."""

    def send(self, alert: Alert, recipient: Recipient) -> None:
        """Return once the receiver has taken it.

        Raises:
            ChannelFailed: it did not, or may not have; ``transient`` says whether to try again.
        """


def open_channels(
    settings: Settings, root: Path, environ: Mapping[str, str], console: Console | None = None
) -> Mapping[str, Channel]:
    """The channels of governance.yaml by name, and ``console``, which is always there.

    Nothing is connected, resolved or created yet: a channel that is wrongly configured fails when it
    is used, for its own alerts only.
    """
    opened: dict[str, Channel] = {CONSOLE: ConsoleChannel(console)}
    for name, channel in settings.channels.items():
        opened[name] = _open(name, channel, root, environ, console)
    return opened


def _open(
    name: str, channel: ChannelSettings, root: Path, environ: Mapping[str, str], console: Console | None
) -> Channel:
    if channel.type == "console":
        return ConsoleChannel(console)
    if channel.type == "file":
        return FileChannel(root / (channel.path or f".governance/alerts/{name}.jsonl"))
    return AppriseChannel(name, channel.url or "", environ)


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints a panel; for a terminal, a demo, or a scheduler that keeps what jobs print."""

    console: Console | None = None

    def send(self, alert: Alert, recipient: Recipient) -> None:
        from rich.console import Console
        from rich.panel import Panel
        from rich.text import Text

        # Text, not str: names in a message are data and must not be read as Rich markup.
        panel = Panel(
            Text(alert.body.rstrip()), title=Text(alert.subject), subtitle=Text(f"to {recipient.name}")
        )
        (self.console or Console()).print(panel)


@dataclass(frozen=True, slots=True)
class FileChannel:
    """Appends one JSON object per line, on disk before it returns; the folder is made when needed."""

    path: Path

    def send(self, alert: Alert, recipient: Recipient) -> None:
        line = json.dumps(
            {
                "key": alert.key,
                "night": alert.night.isoformat(),
                "recipient": recipient.id,
                "name": recipient.name,
                "channel": alert.channel,
                "incident": alert.incident,
                "subject": alert.subject,
                "body": alert.body,
            }
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _append(self.path, line.encode() + b"\n")
        except OSError as error:
            raise ChannelFailed(
                f"the alert file {self.path.name} cannot be written: {error.strerror}",
                hint=f"make room, or make {self.path.parent} writable",
            ) from error


def _append(path: Path, line: bytes) -> None:
    """Add ``line`` whole or not at all: what a full disk cut off is taken back."""
    import fcntl

    with path.open("ab", buffering=0) as file:
        # Alone in the file, so that taking back cannot cut off another writer's line.
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        try:
            view = memoryview(line)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise
