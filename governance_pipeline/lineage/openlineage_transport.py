"""Hands events over: to a file per night, or to a receiver by HTTP. Imports openlineage."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.settings import OpenLineageOut
from governance_pipeline.errors import UsageError

if TYPE_CHECKING:
    from requests import PreparedRequest

Event = Mapping[str, Any]
Handed = tuple[int, str, str | None]
"""How many events, where to, and what went wrong."""

_TIMEOUT_SECONDS = 5.0
_RETRIES = {"total": 2, "connect": 2, "read": 2, "backoff_factor": 0.2}


def write_events(file: Path, root: Path, events: Sequence[Event], *, whole: bool) -> Handed:
    """Write one JSON object per line, all or nothing.

    Args:
        file: is replaced; a reader sees the old night or the new one, never half of it.
        root: the project's folder, which the file is named from.
        events: tonight's.
        whole: the events are of the whole night. Where they are of some datasets only, the events of
            the others are kept as an earlier run wrote them.
    """
    shown = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
    try:
        kept = [] if whole else _kept(file, events)
        lines = [json.dumps(event, sort_keys=True) for event in (*kept, *events)]
        _replace(file, "\n".join(lines) + "\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return 0, shown, f"the events could not be written to {shown}: {reason}"
    return len(events), shown, None


def _kept(file: Path, events: Sequence[Event]) -> list[Event]:
    """Events of an earlier run of the night that ``events`` do not say again."""
    new = {_identity(event) for event in events}
    kept: list[Event] = []
    if not file.exists():
        return kept
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
            if _identity(event) not in new:
                kept.append(event)
        except (ValueError, KeyError, TypeError):
            continue  # not ours, or cut off by hand: a night's file holds events and nothing else
    return kept


def _identity(event: Event) -> tuple[str, str, str]:
    return (event["job"]["name"], event.get("run", {}).get("runId", ""), event.get("eventType", ""))


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def post_events(out: OpenLineageOut, events: Sequence[Event], environ: Mapping[str, str]) -> Handed:
    """POST each event to ``<url>/api/v1/lineage``; stop at the first that is not taken.

    Raises:
        UsageError: no usable URL is set, or a ``${NAME}`` in it is not.
    """
    import requests
    from openlineage.client.transport.http import HttpConfig, HttpTransport, create_token_provider

    url = resolve_env(out.url or "", environ)
    shown = _without_credentials(url)
    auth = {"type": "api_key", "api_key": resolve_env(out.api_key, environ)} if out.api_key else {}
    session = requests.Session()
    session.max_redirects = 0  # what the night learned goes to the named receiver and nowhere else
    if out.api_key:
        session.auth = _as_prepared  # else a name in the URL or in ~/.netrc would replace the key
    transport = HttpTransport(
        HttpConfig(
            url=url,
            timeout=_TIMEOUT_SECONDS,
            auth=create_token_provider(auth),
            retry=_RETRIES,
            session=session,
        )
    )
    sent = 0
    try:
        for event in events:
            transport.emit(event)  # type: ignore[arg-type]  # it only makes JSON of it
            sent += 1
    except requests.RequestException as error:
        # the message of requests quotes the URL, which may hold a password
        answer = f"answered {error.response.status_code}" if error.response is not None else "did not answer"
        much = f"{sent} of {len(events)} event{'' if len(events) == 1 else 's'}"
        return sent, shown, f"the OpenLineage receiver {shown} {answer} after {much}"
    finally:
        transport.close()
    return sent, shown, None


def _as_prepared(request: PreparedRequest) -> PreparedRequest:
    return request


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts = urlsplit("")
        port = ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            "openlineage.url in governance.yaml is not an http or https address",
            hint="write url: https://host:port, or choose transport: file",
        )
    return f"{parts.scheme}://{parts.hostname}{port}"
