"""Real receivers on loopback that behave, and misbehave, as told; what they took is what counts."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = str | int
"""``hang`` (never answers), ``reset``, ``take_and_hang`` (takes it, then never answers), or the status."""


@dataclass
class Webhook:
    """An HTTP receiver. ``behaviours`` are used up one per request; then it answers ``then``."""

    behaviours: list[Behaviour] = field(default_factory=list)
    then: Behaviour = 200
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    requests: int = 0
    port: int = 0
    location: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Its Apprise URL, with timeouts short enough for a test."""
        return f"json://127.0.0.1:{self.port}/hook?cto=0.5&rto=0.5"

    @property
    def keys(self) -> list[str]:
        """The alert keys it took, in order, duplicates included."""
        return [payload["alert"] for payload in self.taken]

    def next(self) -> Behaviour:
        with self.lock:
            self.requests += 1
            return self.behaviours.pop(0) if self.behaviours else self.then


@contextmanager
def webhook(*behaviours: Behaviour, then: Behaviour = 200, location: str = "") -> Iterator[Webhook]:
    hook = Webhook(list(behaviours), then, location=location)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            _handle(self, hook)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        hook.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handle(request: BaseHTTPRequestHandler, hook: Webhook) -> None:
    behaviour = hook.next()
    content = request.rfile.read(int(request.headers.get("Content-Length", 0)))
    if behaviour in {200, "take_and_hang"}:
        with hook.lock:
            hook.taken.append(json.loads(content))
            hook.headers.append({name.lower(): value for name, value in request.headers.items()})
            hook.paths.append(request.path)
    if behaviour in {"hang", "take_and_hang"}:
        hook.released.wait(20)
        request.close_connection = True
        return
    if behaviour == "reset":
        # Linger 0: closing sends RST instead of FIN.
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.shutdown(socket.SHUT_RD)
        request.close_connection = True
        return
    request.send_response(int(behaviour))
    if hook.location:
        request.send_header("Location", hook.location)
    request.send_header("Content-Length", "0")
    request.end_headers()


@dataclass
class Mailbox:
    """What an SMTP server took. ``answer`` may refuse a message by its envelope."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    answer: Callable[[str], str] = lambda _: "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        reply = self.answer(address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        message = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        return "250 OK"

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?smtp=127.0.0.1&from=governance@example.org&mode=insecure"


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    from aiosmtpd.controller import Controller

    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def closed_port() -> int:
    """A port on which nobody listens."""
    return _free_port()
