"""A ledger outside any database, and somebody who may write whatever they like into it, but has no key."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from governance_pipeline.ledger.canonical import canonical
from governance_pipeline.ledger.checkpoints import sign_checkpoint
from governance_pipeline.ledger.entries import write_entry
from governance_pipeline.ledger.offline import (
    ENTRY_CONTEXT,
    Checkpoint,
    Frontier,
    PublicKey,
    StoredEntry,
    check_entries,
    leaf_hash,
    read_checkpoint,
)
from governance_pipeline.ledger.signing import SigningKey

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
OURS = SigningKey(bytes(range(32)))
THEIRS = SigningKey(bytes(range(1, 33)))
TRUSTED = {OURS.id: PublicKey(OURS.public)}


def ledger(size: int) -> list[StoredEntry]:
    return [
        write_entry(i, "review.decided", f"REV-{i}", NOON, {"reason": f"because {i}"}, OURS)[0]
        for i in range(size)
    ]


def checkpoint(entries: list[StoredEntry], key: SigningKey = OURS) -> Checkpoint:
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry.leaf))
    return read_checkpoint(
        sign_checkpoint("lending", frontier, key), TRUSTED | {key.id: PublicKey(key.public)}
    )


def faults(entries: list[StoredEntry], *points: Checkpoint) -> list[str]:
    return [fault.code for fault in check_entries(entries, points, TRUSTED)]


def forged(index: int, told: str, *, key_id: str = OURS.id) -> StoredEntry:
    """An entry that is right in everything but that our key has not signed it."""
    leaf = write_entry(index, "review.decided", f"REV-{index}", NOON, {"reason": told}, None)[0].leaf
    return StoredEntry(index, leaf, key_id, THEIRS.sign(ENTRY_CONTEXT + leaf))


def renumbered(entries: list[StoredEntry]) -> list[StoredEntry]:
    """The entries as an attacker makes them fit: each told to stand where it stands now."""
    fitted = []
    for index, entry in enumerate(entries):
        inside = {**json.loads(entry.leaf), "index": index}
        moved = index != entry.index
        fitted.append(replace(entry, index=index, leaf=canonical(inside) if moved else entry.leaf))
    return fitted
