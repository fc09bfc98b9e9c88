"""The ledger's entries about a version, each with the proof that it stands where the checkpoint says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import Entry, Payload, read_entry
from governance_pipeline.ledger.offline import Checkpoint, StoredEntry, leaf_hash, node_hash
from governance_pipeline.store.ports import Unit


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry; ``payload`` is None where it was erased."""

    stored: StoredEntry
    entry: Entry
    payload: Payload | None
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the ledger holds of a version.

    Attributes:
        checkpoint: the newest; None where none was ever made.
        size: entries there are in all.
        entries: those about the version, oldest first, that the checkpoint covers.
        unwitnessed: numbers of those that it does not cover yet.
    """

    checkpoint: Checkpoint | None
    size: int
    entries: tuple[Proven, ...]
    unwitnessed: tuple[int, ...] = ()

    @property
    def erased(self) -> tuple[int, ...]:
        """Numbers of the entries whose words were erased."""
        return tuple(one.entry.index for one in self.entries if one.payload is None)


class Tree:
    """An RFC 6962 tree over leaf hashes that tells many proofs: each node is hashed once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves
        self._nodes: dict[tuple[int, int], bytes] = {}

    def root(self, first: int = 0, until: int | None = None) -> bytes:
        """The root over the leaves ``first`` to before ``until``, of which there is at least one."""
        until = len(self._leaves) if until is None else until
        if until - first == 1:
            return self._leaves[first]
        if (first, until) not in self._nodes:
            middle = first + _split(until - first)
            self._nodes[first, until] = node_hash(self.root(first, middle), self.root(middle, until))
        return self._nodes[first, until]

    def proof(self, index: int) -> tuple[bytes, ...]:
        """The audit path of a leaf (RFC 6962, 2.1.1)."""
        first, until, path = 0, len(self._leaves), list[bytes]()
        while until - first > 1:
            middle = first + _split(until - first)
            if index < middle:
                path.append(self.root(middle, until))
                until = middle
            else:
                path.append(self.root(first, middle))
                first = middle
        return tuple(reversed(path))


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def sealed(unit: Unit, log: CheckpointLog, about: Collection[str]) -> Sealed:
    """The entries about these reviews, incidents, nights and manifests.

    Raises:
        CannotEvaluate: the newest checkpoint is not of these entries.
    """
    points, _ = log.all(log.keys.trusted())
    point = max(points, key=lambda one: one.size, default=None)
    stored = list(unit.ledger.entries())
    read = [read_entry(one) for one in stored]
    mine = [one for one in read if one.about in about]
    covered = [one for one in mine if point and one.index < point.size]
    payloads = {one.digest: one for one in unit.ledger.payloads({one.payload for one in covered})}
    entries: tuple[Proven, ...] = ()
    if point is not None and point.size:
        tree = Tree([leaf_hash(one.leaf) for one in stored[: point.size]])
        if tree.root() != point.root:
            raise CannotEvaluate(
                "the newest checkpoint is not of the ledger's entries", hint="run `governance ledger verify`"
            )
        entries = tuple(
            Proven(stored[e.index], e, payloads.get(e.payload), tree.proof(e.index)) for e in covered
        )
    beyond = tuple(one.index for one in mine if not point or one.index >= point.size)
    return Sealed(point, len(stored), entries, beyond)


def entries_json(found: Sealed) -> list[dict[str, Any]]:
    """The entries as an auditor's verifier reads them: bytes as base64."""
    return [
        {
            "index": one.entry.index,
            "kind": one.entry.kind,
            "about": one.entry.about,
            "leaf": _text(one.stored.leaf),
            "key": one.stored.key,
            "signature": _text(one.stored.signature),
            "proof": [_text(node) for node in one.proof],
            "payload": None
            if one.payload is None
            else {"salt": _text(one.payload.salt), "body": _text(one.payload.body)},
        }
        for one in found.entries
    ]


def _text(data: bytes) -> str:
    return b64encode(data).decode()
