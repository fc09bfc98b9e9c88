"""Clients of the receiver: plain connections that stay open, as senders of many events have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

POST = "/api/v1/lineage"


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, body: bytes, path: str = POST, **headers: str) -> tuple[int, Any]:
        self._connection.request("POST", path, body=body, headers=headers)
        return self._answer()

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        self._connection.request("GET", path, headers=headers)
        return self._answer()

    def close(self) -> None:
        self._connection.close()

    def _answer(self) -> tuple[int, Any]:
        found = self._connection.getresponse()
        return found.status, json.loads(found.read())


@contextmanager
def client(port: int) -> Iterator[Client]:
    found = Client(port)
    try:
        yield found
    finally:
        found.close()
