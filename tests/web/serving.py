"""The application on a real socket, in a thread of the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from governance_pipeline.store.ports import Store
from governance_pipeline.web.app import application, health_route
from governance_pipeline.web.receiver import receive_route
from governance_pipeline.web.route import Route


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(store: Store, api_key: str | None = None, further: Sequence[Route] = ()) -> Iterator[int]:
    """Its port."""
    with listening(application([health_route(store), receive_route(store), *further], api_key)) as port:
        yield port


@contextmanager
def listening(app: Litestar) -> Iterator[int]:
    """An application's port."""
    with listening_at(app, 0) as port:
        yield port


@contextmanager
def listening_at(app: Litestar, port: int) -> Iterator[int]:
    """An application's port, which is ``port`` unless that is 0."""
    config = uvicorn.Config(app, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
