"""Entries: what is written about an act, as bytes that are made once and signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any

from governance_pipeline.ledger.canonical import canonical, plain
from governance_pipeline.ledger.offline import ENTRY_CONTEXT, StoredEntry, payload_digest
from governance_pipeline.ledger.signing import SigningKey

KeyNow = Callable[[], SigningKey]
"""Gives the key that signs."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What an entry tells, apart from it so that it can be erased: the entry has only its salted digest."""

    digest: str
    salt: bytes
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The act as it was told."""
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, read. ``kind`` is the act (``review.decided``), ``about`` what it was done to."""

    index: int
    kind: str
    about: str
    at: datetime
    payload: str


def write_entry(
    index: int, kind: str, about: str, at: datetime, told: Mapping[str, Any], key: SigningKey | None
) -> tuple[StoredEntry, Payload]:
    """The entry and its payload. Without a key it is unsigned, which every verification will tell."""
    salt, body = token_bytes(16), canonical(plain(told))
    payload = Payload(payload_digest(salt, body), salt, body)
    leaf = canonical(
        {
            "about": about,
            "at": at.isoformat(),
            "index": index,
            "kind": kind,
            "payload": payload.digest,
            "v": 1,
        }
    )
    signature = key.sign(ENTRY_CONTEXT + leaf) if key else b""
    return StoredEntry(index, leaf, key.id if key else "", signature), payload


def read_entry(stored: StoredEntry) -> Entry:
    """What stands in an entry. Raises ValueError for bytes that are none."""
    inside = json.loads(stored.leaf)
    return Entry(
        inside["index"],
        inside["kind"],
        inside["about"],
        datetime.fromisoformat(inside["at"]),
        inside["payload"],
    )
