"""Who may call: holders of the API key. A guard, so that it is asked before a body is read."""

from __future__ import annotations

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard


def needs_key(api_key: str) -> Guard:
    """A guard that lets those through who show the key as ``Authorization: Bearer ...``."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if not holds_key(connection.headers.get("authorization", ""), api_key):
            challenge = {"WWW-Authenticate": "Bearer"}
            raise NotAuthorizedException("the API key is missing or wrong", headers=challenge)

    return guard


def holds_key(header: str, api_key: str) -> bool:
    """Whether an ``Authorization`` header shows the key."""
    kind, _, given = header.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), api_key.encode())
