"""What an auditor needs to check a ledger alone: this one file, and the package ``cryptography``.

It imports nothing of this project, and takes from whoever shows the ledger no algorithm, size, index or key:
those come from RFC 6962 and from the public keys that the auditor already holds. The project itself
verifies through this file, so that both mean the same.

Sources: RFC 6962 section 2.1 (the tree and its proofs); C2SP signed-note and tlog-checkpoint (checkpoints);
the DSSE protocol v1.0.2 (envelopes).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENTRY_CONTEXT = b"governance-ledger-entry-v1\n"
"""Stands before a leaf where it is signed, so that no signature on anything else is one on an entry."""

_KEY_BYTES = 32
_ED25519 = b"\x01"  # its number in signed notes


class BrokenProof(Exception):
    """Something that was to be proven is not; the message says what."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that is trusted to sign.

    Attributes:
        public: the 32 bytes of an Ed25519 public key (RFC 8032).
        first, until: it signs the entries ``first <= index < until``; None: no end.
    """

    public: bytes
    first: int = 0
    until: int | None = None

    @property
    def id(self) -> str:
        return hashlib.sha256(self.public).hexdigest()[:16]

    def signs(self, index: int) -> bool:
        """Whether it was in use at that entry."""
        return self.first <= index and (self.until is None or index < self.until)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` is this key's on exactly ``message``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


Keys = Mapping[str, PublicKey]
"""Trusted keys by their id."""


def _decoded(text: str) -> bytes:
    """Base64 in its only right spelling: with another one, two texts would be one signature."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 with bits to spare")
    return data


def read_keys(text: str) -> dict[str, PublicKey]:
    """The keys of a file of public keys: ``{"keys": [{"public": base64, "first": 0, "until": null}]}``.

    Raises:
        BrokenProof: it is no such file.
    """
    try:
        keys = [
            PublicKey(_decoded(one["public"]), int(one["first"]), one["until"])
            for one in json.loads(text)["keys"]
        ]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BrokenProof(f"the file of public keys cannot be read: {error}") from error
    if any(len(key.public) != _KEY_BYTES for key in keys):
        raise BrokenProof("the file of public keys has a key that is not 32 bytes long")
    return {key.id: key for key in keys}


# The tree


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """A tree's right edge: enough to append and to tell the root. ``peaks`` are the roots of its perfect
    subtrees, the largest first; there is one per bit of ``size``.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add the leaf whose hash is ``leaf``."""
        self.peaks.append(leaf)
        self.size += 1
        merged = self.size
        while merged % 2 == 0:
            right = self.peaks.pop()
            self.peaks.append(node_hash(self.peaks.pop(), right))
            merged //= 2

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of a leaf (RFC 6962, 2.1.1)."""
    if len(leaves) <= 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*inclusion_proof(leaves[:split], index), tree_root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), tree_root(leaves[:split])]


def require_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Whether the leaf with this hash stands at ``index`` of the tree (RFC 9162, 2.1.3.2).

    Raises:
        BrokenProof: it does not.
    """
    if not 0 <= index < size:
        raise BrokenProof(f"entry {index} is not in a ledger of {size} entries")
    position, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BrokenProof(f"the proof of entry {index} is too long")
        if position % 2 or position == last:
            hashed = node_hash(sibling, hashed)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        position, last = position >> 1, last >> 1
    if last or hashed != root:
        raise BrokenProof(f"entry {index} is not what the checkpoint of {size} entries was signed over")


# Checkpoints


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed root: ``size`` entries have the root ``root``.

    Attributes:
        origin: whose ledger it is.
        peaks: the tree's right edge, so that the next root needs no older entry.
        note: the signed text, with its signatures.
    """

    origin: str
    size: int
    root: bytes
    peaks: tuple[bytes, ...]
    note: str

    @property
    def frontier(self) -> Frontier:
        return Frontier(self.size, list(self.peaks))


def note_key_id(origin: str, public: bytes) -> bytes:
    """The four bytes that name a key in a signed note."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


def read_checkpoint(note: str, keys: Keys) -> Checkpoint:
    """A checkpoint that a trusted key has signed.

    Raises:
        BrokenProof: it is none, or no trusted key's signature on it holds.
    """
    text, separator, signatures = note.partition("\n\n")
    try:
        origin, size, root, *extra = text.split("\n")
        peaks = extra[0].removeprefix("peaks ").split(",") if extra and extra[0] != "peaks " else []
        checkpoint = Checkpoint(
            origin,
            int(size),
            _decoded(root),
            tuple(_decoded(peak) for peak in peaks),
            note,
        )
    except (ValueError, binascii.Error) as error:
        raise BrokenProof(f"a checkpoint cannot be read: {error}") from error
    if not separator or not _signed(text + "\n", signatures, origin, size=checkpoint.size, keys=keys):
        raise BrokenProof(f"the checkpoint of {checkpoint.size} entries is not signed by a trusted key")
    if checkpoint.frontier.root() != checkpoint.root:
        raise BrokenProof(f"the checkpoint of {checkpoint.size} entries contradicts itself")
    return checkpoint


def _signed(text: str, signatures: str, origin: str, *, size: int, keys: Keys) -> bool:
    for line in signatures.split("\n"):
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        if mark != "\u2014" or name != origin:
            continue
        try:
            signature = _decoded(encoded)
        except (ValueError, binascii.Error):
            continue
        for key in keys.values():
            named = note_key_id(origin, key.public) == signature[:4]
            # the key in use at the last entry, or the one that took over right after it
            if (
                named
                and (key.signs(size - 1) or key.signs(size))
                and key.verifies(signature[4:], text.encode())
            ):
                return True
    return False


NOTE_END = "\n--\n"
"""Follows each checkpoint in a file of them; what follows the last one was not written to its end."""


def split_notes(log: str) -> list[str]:
    """The checkpoints of a file of them, oldest first."""
    return log.split(NOTE_END)[:-1]


# Entries


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is kept: the signed bytes, and what signed them."""

    index: int
    leaf: bytes
    key: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was signed. ``entry`` is None where it concerns the ledger as a whole."""

    code: str
    sentence: str
    entry: int | None = None


def check_entries(
    entries: Iterable[StoredEntry], checkpoints: Sequence[Checkpoint], keys: Keys
) -> Iterator[Fault]:
    """Everything that is wrong with the entries of a whole ledger, in the order of ``index``."""
    frontier, at_size = Frontier(), {point.size: point for point in checkpoints}
    sound_until = 0
    for position, entry in enumerate(entries):
        fault = entry_fault(entry, position, keys)
        if fault:
            yield fault
        frontier.append(leaf_hash(entry.leaf))
        point = at_size.pop(frontier.size, None)
        if point and point.root == frontier.root():
            sound_until = point.size
        elif point:
            yield Fault(
                "root_differs",
                f"the first {point.size} entries are not those that were signed: something among entries"
                f" {sound_until} to {point.size - 1} was changed",
            )
    for size in sorted(size for size in at_size if size > frontier.size):
        yield Fault(
            "truncated",
            f"a signed checkpoint has {size} entries, the ledger has {frontier.size}: entries"
            f" {frontier.size} to {size - 1} are gone",
        )


def entry_fault(entry: StoredEntry, position: int, keys: Keys) -> Fault | None:
    """What is wrong with the entry that stands at ``position``, by itself."""
    if entry.index != position:
        return Fault("out_of_place", f"entry {entry.index} stands where entry {position} must be", position)
    try:
        inside = json.loads(entry.leaf)["index"]
    except (ValueError, KeyError, TypeError):
        return Fault("unreadable", f"entry {position} cannot be read", position)
    if inside != position:
        return Fault("out_of_place", f"entry {position} was written as entry {inside}", position)
    return _signature_fault(entry, position, keys)


def _signature_fault(entry: StoredEntry, position: int, keys: Keys) -> Fault | None:
    key = keys.get(entry.key)
    if key is None:
        return Fault("unknown_key", f"entry {position} is signed by no trusted key", position)
    if not key.signs(position):
        return Fault("retired_key", f"entry {position} is signed by a key that was not in use", position)
    if not key.verifies(entry.signature, ENTRY_CONTEXT + entry.leaf):
        return Fault("signature_broken", f"entry {position} is not what was signed", position)
    return None


def payload_fault(entry: StoredEntry, salt: bytes, body: bytes) -> Fault | None:
    """Whether a payload is not the one its entry was written for."""
    if json.loads(entry.leaf)["payload"] == payload_digest(salt, body):
        return None
    return Fault("payload_changed", f"what entry {entry.index} tells was changed", entry.index)


def payload_digest(salt: bytes, body: bytes) -> str:
    """Salted, so that an erased payload cannot be found again by guessing."""
    return hashlib.sha256(salt + body).hexdigest()


# Envelopes


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is signed in a DSSE envelope: PAE of protocol v1."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def open_envelope(envelope: Mapping[str, Any], keys: Keys, *, threshold: int = 1) -> bytes:
    """The payload of a DSSE envelope that enough trusted keys have signed.

    Args:
        threshold: how many different keys.

    Raises:
        BrokenProof: it is no envelope, or too few signatures hold.
    """
    try:
        payload = _decoded(envelope["payload"])
        message = pre_authentication(envelope["payloadType"], payload)
        signatures = [_decoded(one["sig"]) for one in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise BrokenProof(f"this is no DSSE envelope: {error}") from error
    signers = {
        key.id for key in keys.values() if any(key.verifies(signature, message) for signature in signatures)
    }
    if len(signers) < max(threshold, 1):
        raise BrokenProof(
            f"{len(signers)} of the {max(threshold, 1)} signatures that are needed are there, by trusted keys"
        )
    return payload
