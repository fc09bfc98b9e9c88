"""Sessions: kept on the server, known to a browser by an unguessable name in a cookie, gone when they end.

What lies on the disk is of no use to whoever reads it: only the SHA-256 of the name is a key. A name is given
out anew at each sign-in, so that nobody can prepare one for somebody else (session fixation, OWASP ASVS 7.2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from litestar.stores.file import FileStore

from governance_pipeline.errors import StoreUnavailable

COOKIE = "__Host-session"
"""Browsers keep it for this host alone, and send it over TLS or to this machine only (RFC 6265bis, 4.1.3)."""

LASTS = timedelta(hours=8)
"""After a working day one signs in again."""

SIGNING_IN_LASTS = timedelta(minutes=10)


class Sessions:
    """What is known of signed-in browsers.

    Args:
        folder: where they are kept; all processes that serve the same pages share it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept = FileStore(folder)

    async def start(self, data: Mapping[str, Any], lasts: timedelta = LASTS) -> str:
        """Keep ``data`` under a new name, and give the name.

        Raises:
            StoreUnavailable: it cannot be kept.
        """
        await self._kept.delete_expired()
        name = token_urlsafe(32)
        await self._kept.set(_key(name), json.dumps(dict(data)), expires_in=lasts)
        if await self._kept.get(_key(name)) is None:
            raise StoreUnavailable(
                f"no session can be kept in {self._folder}", hint="let the server write into that folder"
            )
        return name

    async def read(self, name: str | None) -> dict[str, Any] | None:
        """What is kept under a name; None where nothing is, or not any more."""
        kept = await self._kept.get(_key(name)) if name else None
        return None if kept is None else dict(json.loads(kept))

    async def end(self, name: str | None) -> None:
        """Forget it."""
        if name:
            await self._kept.delete(_key(name))


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
