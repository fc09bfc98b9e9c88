"""What an auditor needs to check a ledger or an evidence pack alone: this file, and ``cryptography``.

``python offline.py FOLDER --key KEYS`` checks a pack. The file imports nothing of this project, and takes
from whoever shows the ledger no algorithm, size, index or key: those come from RFC 6962 and from the public
keys that the auditor already holds. The project itself verifies through it, so that both mean the same.

Sources: RFC 6962 section 2.1 (the tree and its proofs); C2SP signed-note and tlog-checkpoint (checkpoints);
the DSSE protocol v1.0.2 (envelopes).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
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
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
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


# Evidence packs

MANIFEST = "MANIFEST"
SIGNED_MANIFEST = "MANIFEST.dsse.json"
PACK = "urn:governance-pipeline:evidence:v1"
_IN_TOTO = "application/vnd.in-toto+json"
_ENVELOPE, _SIGNATURE = {"payload", "payloadType", "signatures"}, {"keyid", "sig"}
_KEYS, _CHECKPOINT, _ENTRIES = "ledger/keys.public.json", "ledger/checkpoint.txt", "ledger/entries.json"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, BrokenProof)


_PERMITTED, _SIGNED = "review.permitted", "review.signed"


class NoPack(Exception):
    """A folder that holds no evidence pack, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class PackFault:
    """Something in a pack that is not as it was signed.

    Attributes:
        where: the file, with the entry where it is about one: ``ledger/entries.json#12``.
    """

    code: str
    where: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry tells: an act of some kind; ``said`` is None where it was erased."""

    kind: str
    said: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class PackReport:
    """What a verification of a pack found.

    Attributes:
        about: project, model, version and the instant, as the signed manifest says; "" where none holds.
        keys: ids of the keys that were trusted; ``first_sight`` whether they came with the pack, so that
            nothing says whose they are.
        files, entries, permits: how many were checked.
        covered: entries under the checkpoint.
        faults: empty where all holds.
    """

    about: Mapping[str, str]
    keys: tuple[str, ...]
    first_sight: bool
    files: int
    entries: int
    permits: int
    covered: int
    faults: tuple[PackFault, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def check_pack(folder: Path, keys: Keys | None = None) -> PackReport:
    """Check every file, signature and proof of an evidence pack.

    Args:
        keys: that are trusted; None to trust those that came with the pack.

    Raises:
        NoPack: the folder is none, or cannot be read.
    """
    found, faults = _files(folder)
    if not {MANIFEST, SIGNED_MANIFEST} & found.keys():
        raise NoPack(f"{folder} holds no evidence pack: there is neither {MANIFEST} nor {SIGNED_MANIFEST}")
    own, own_faults = _own_keys(found.get(_KEYS), keys)
    trusted = own if keys is None else keys
    faults += own_faults
    statement, manifest_faults = _manifest(found, trusted)
    faults += manifest_faults
    about = _about(statement)
    point, point_faults = _pack_checkpoint(found.get(_CHECKPOINT), statement, trusted)
    entries, entry_faults = _pack_entries(found.get(_ENTRIES), point, trusted)
    permits, permit_faults = _pack_permits(found, about, entries, trusted)
    faults += [*point_faults, *entry_faults, *permit_faults, *_told_otherwise(found, entries)]
    return PackReport(
        about=about,
        keys=tuple(sorted(trusted)),
        first_sight=keys is None,
        files=len(found),
        entries=sum(1 for one in entries.values() if one.said is not None),
        permits=permits,
        covered=point.size if point else 0,
        faults=tuple(dict.fromkeys(faults)),
    )


def _files(folder: Path) -> tuple[dict[str, bytes], list[PackFault]]:
    """Every file by its name in the folder. A link is no file: it would be read from elsewhere."""
    found: dict[str, bytes] = {}
    faults = []
    try:
        if not folder.is_dir():
            raise NoPack(f"{folder} is no folder")
        for place, folders, names in os.walk(folder):
            for name in sorted((*names, *(one for one in folders if Path(place, one).is_symlink()))):
                path = Path(place, name)
                told = path.relative_to(folder).as_posix()
                if path.is_symlink() or not path.is_file():
                    faults.append(PackFault("not_a_file", told, f"{told} is a link or no file"))
                else:
                    found[told] = path.read_bytes()
    except OSError as error:
        raise NoPack(f"{folder} cannot be read: {error}") from error
    return found, faults


def _own_keys(text: bytes | None, given: Keys | None) -> tuple[dict[str, PublicKey], list[PackFault]]:
    """The keys that came with a pack; where others are trusted, each must be one of them."""
    if text is None:
        return {}, [] if given is not None else [PackFault("no_keys", _KEYS, "there is no key to check with")]
    try:
        own = read_keys(text.decode("ascii"))
    except (BrokenProof, UnicodeDecodeError) as error:
        return {}, [PackFault("unreadable", _KEYS, f"{_KEYS}: {error}")]
    strangers = sorted(own.keys() - given.keys()) if given is not None else []
    return own, [
        PackFault("unknown_key", _KEYS, f"the pack brings key {one}, which is none of those you trust")
        for one in strangers
    ]


def _manifest(found: Mapping[str, bytes], keys: Keys) -> tuple[Mapping[str, Any], list[PackFault]]:
    """The signed statement, and where the files are not those it names."""
    signed = found.get(SIGNED_MANIFEST)
    if signed is None:
        fault = PackFault("missing", SIGNED_MANIFEST, f"{SIGNED_MANIFEST} is gone: nothing is signed")
        return {}, [fault, *_differences(found, _listed(found.get(MANIFEST, b"")))]
    try:
        envelope = json.loads(signed)
        statement: Mapping[str, Any] = json.loads(open_envelope(envelope, keys))
        _require_as_signed(signed, envelope, keys)
        if envelope["payloadType"] != _IN_TOTO or statement["predicateType"] != PACK:
            raise BrokenProof("it is no manifest of an evidence pack")
        named = {one["name"]: str(one["digest"]["sha256"]) for one in statement["subject"]}
    except _UNREADABLE as error:
        fault = PackFault("manifest_broken", SIGNED_MANIFEST, f"{SIGNED_MANIFEST} does not hold: {error}")
        return {}, [fault, *_differences(found, _listed(found.get(MANIFEST, b"")))]
    return statement, list(_differences(found, named))


def _require_as_signed(text: bytes, envelope: Mapping[str, Any], keys: Keys) -> None:
    """What stands around a payload is not signed: it has one right spelling, and each signature counts.

    Raises:
        BrokenProof: it is spelt otherwise, or a signature is of no trusted key, or another's than it says.
    """
    if text != f"{json.dumps(envelope, indent=1)}\n".encode() or envelope.keys() != _ENVELOPE:
        raise BrokenProof("it is not written as it was signed")
    message = pre_authentication(envelope["payloadType"], _decoded(envelope["payload"]))
    for one in envelope["signatures"]:
        key = keys.get(one["keyid"])
        if key is None or one.keys() != _SIGNATURE or not key.verifies(_decoded(one["sig"]), message):
            raise BrokenProof(f"the signature named {one['keyid']} does not hold")


def _listed(text: bytes) -> dict[str, str]:
    """The plain list of digests: unsigned, and asked only where what is signed is broken."""
    lines = (line.partition("  ") for line in text.decode("utf-8", errors="replace").splitlines())
    return {name: digest for digest, _, name in lines if name}


def _differences(found: Mapping[str, bytes], named: Mapping[str, str]) -> Iterator[PackFault]:
    by_digest = {digest: name for name, digest in named.items()}
    for name, digest in sorted(named.items()):
        content = found.get(name)
        if content is None:
            yield PackFault("missing", name, f"{name} is gone")
            continue
        held = hashlib.sha256(content).hexdigest()
        if held != digest:
            other = by_digest.get(held)
            more = f": it holds what {other} should" if other else ""
            yield PackFault("changed", name, f"{name} is not what was signed{more}")
    for name in sorted(found.keys() - named.keys() - {MANIFEST, SIGNED_MANIFEST}):
        yield PackFault("added", name, f"{name} was not in the pack")


def _about(statement: Mapping[str, Any]) -> dict[str, str]:
    told = statement.get("predicate")
    names = ("project", "model", "version", "asOf")
    return {name: str(told[name]) for name in names if name in told} if isinstance(told, Mapping) else {}


def _pack_checkpoint(
    text: bytes | None, statement: Mapping[str, Any], keys: Keys
) -> tuple[Checkpoint | None, list[PackFault]]:
    """The checkpoint, which has to be the one that the manifest was signed with."""
    try:
        notes = split_notes((text or b"").decode("utf-8"))
        point = read_checkpoint(notes[-1], keys) if notes else None
    except (BrokenProof, UnicodeDecodeError, RecursionError) as error:
        return None, [PackFault("checkpoint_broken", _CHECKPOINT, f"{_CHECKPOINT}: {error}")]
    told = statement.get("predicate")
    if not isinstance(told, Mapping):
        return point, []
    held = {"size": point.size, "root": point.root.hex()} if point else None
    if told.get("ledger") != held or (point and point.origin != told.get("project")):
        sentence = "the checkpoint is not the one that the manifest was signed with"
        return point, [PackFault("checkpoint_differs", _CHECKPOINT, sentence)]
    return point, []


def _pack_entries(
    text: bytes | None, point: Checkpoint | None, keys: Keys
) -> tuple[dict[int, Told], list[PackFault]]:
    """What the entries tell, by their number, and what is wrong with them."""
    told: dict[int, Told] = {}
    faults: list[PackFault] = []
    try:
        listed = json.loads(text or b"[]")
        numbers = [one["index"] for one in listed]
    except _UNREADABLE as error:
        return {}, [PackFault("unreadable", _ENTRIES, f"{_ENTRIES} cannot be read: {error}")]
    if numbers != sorted(set(numbers)):
        faults.append(PackFault("out_of_place", _ENTRIES, "the entries are not in their order, each once"))
    for one in listed:
        where = f"{_ENTRIES}#{one['index']}"
        try:
            told[int(one["index"])] = _entry(one, point, keys)
        except _UNREADABLE as error:
            faults.append(PackFault("entry_broken", where, str(error) or f"{where} cannot be read"))
    return told, faults


def _entry(one: Mapping[str, Any], point: Checkpoint | None, keys: Keys) -> Told:
    """What one entry tells. Raises BrokenProof where it is not what was signed, or not in the tree."""
    index = int(one["index"])
    stored = StoredEntry(index, _decoded(one["leaf"]), str(one["key"]), _decoded(one["signature"]))
    fault = entry_fault(stored, index, keys)
    if fault:
        raise BrokenProof(fault.sentence)
    inside = json.loads(stored.leaf)
    if (inside["kind"], inside["about"]) != (one["kind"], one["about"]):
        raise BrokenProof(f"entry {index} is named as something that it is not")
    if point is None:
        raise BrokenProof(f"entry {index} has no checkpoint that it could stand under")
    proof = [_decoded(node) for node in one["proof"]]
    require_included(leaf_hash(stored.leaf), index, point.size, proof, point.root)
    payload = one["payload"]
    if payload is None:
        return Told(inside["kind"], None)
    body = _decoded(payload["body"])
    changed = payload_fault(stored, _decoded(payload["salt"]), body)
    if changed:
        raise BrokenProof(changed.sentence)
    return Told(inside["kind"], json.loads(body))


def _pack_permits(
    found: Mapping[str, bytes], about: Mapping[str, str], entries: Mapping[int, Told], keys: Keys
) -> tuple[int, list[PackFault]]:
    """Each permit is signed, of this version, and was entered into the ledger with all its signatures."""
    names = sorted(name for name in found if name.startswith("permits/"))
    acts = {kind: [one for one in entries.values() if one.kind == kind] for kind in (_PERMITTED, _SIGNED)}
    erased = any(one.said is None for told in acts.values() for one in told)
    envelopes = [one.said["data"]["envelope"] for one in acts[_PERMITTED] if one.said]
    added = [one.said["data"]["sig"] for one in acts[_SIGNED] if one.said]
    faults = []
    for name in names:
        try:
            envelope = json.loads(found[name])
            inside = json.loads(open_envelope(envelope, keys))["predicate"]
            if about and (inside["model"], inside["version"]) != (about["model"], about["version"]):
                raise BrokenProof("it is of another version")
            if not erased:  # what was erased can tell of nothing
                _require_entered(envelope, envelopes, added)
        except _UNREADABLE as error:
            faults.append(PackFault("permit_broken", name, f"{name} does not hold: {error}"))
    return len(names), faults


def _require_entered(
    envelope: Mapping[str, Any], envelopes: Iterable[Mapping[str, Any]], added: Sequence[str]
) -> None:
    entered = next((one for one in envelopes if one["payload"] == envelope["payload"]), None)
    if entered is None:
        raise BrokenProof("no entry of the ledger tells of it")
    known = [one["sig"] for one in entered["signatures"]] + list(added)
    if any(one["sig"] not in known for one in envelope["signatures"]):
        raise BrokenProof("no entry of the ledger tells of one of its signatures")


def _told_otherwise(found: Mapping[str, bytes], entries: Mapping[int, Told]) -> Iterator[PackFault]:
    """Where ``decisions.json`` tells an act otherwise than its entry in the ledger."""
    name = "decisions.json"
    try:
        acts = [act for review in json.loads(found[name])["reviews"] for act in review["acts"]]
        for act in acts:
            told = entries.get(act["entry"])
            if told is None or told.said is None:
                continue
            entry = told.said
            data = {key: value for key, value in entry["data"].items() if key != "envelope"}
            held = (entry["sequence"], entry["act"], entry["actor"], _plain(data))
            if held != (act["sequence"], act["act"], act["by"], _plain(act["data"])):
                sentence = f"act {act['sequence']} is told otherwise than entry {act['entry']} of the ledger"
                yield PackFault("told_otherwise", f"{name}#{act['entry']}", sentence)
    except _UNREADABLE as error:
        yield PackFault("unreadable", name, f"{name} cannot be read: {error}")


def _plain(value: Any) -> str:
    """JSON as one text, so that two of them can be compared."""
    return json.dumps(value, sort_keys=True)


def describe(report: PackReport) -> Iterator[str]:
    """The report in lines, for people."""
    about = report.about
    what = (
        f"{about.get('model')} {about.get('version')} as of {about.get('asOf')}" if about else "no manifest"
    )
    yield f"{'HOLDS' if report.holds else 'CHANGED'}  {what}"
    yield (
        f"  {report.files} files, {report.entries} entries of the ledger with what they tell, "
        f"{report.permits} permits; the checkpoint covers {report.covered} entries"
    )
    yield f"  trusted: {', '.join(report.keys) or 'no key'}"
    if report.first_sight:
        yield (
            "  ! these keys came with the pack and were trusted on first sight: that proves that the pack"
            " fits itself, not whose it is. Get the public keys from the project and give them with --key"
        )
    for fault in report.faults:
        yield f"  x {fault.where}: {fault.sentence}"


def main(words: Sequence[str] | None = None) -> int:
    """Check a pack from the command line: 0 it holds, 1 something was changed, 2 no pack, 3 not readable."""
    parser = argparse.ArgumentParser(description="Check an evidence pack, offline.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", type=Path, metavar="FILE", help="the public keys that you trust")
    asked = parser.parse_args(words)
    try:
        keys = read_keys(asked.key.read_text(encoding="ascii")) if asked.key else None
        report = check_pack(asked.folder, keys)
    except NoPack as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except (OSError, UnicodeDecodeError, BrokenProof) as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    sys.stdout.write("\n".join(describe(report)) + "\n")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
