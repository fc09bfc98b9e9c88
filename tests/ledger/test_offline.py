"""The tree as RFC 6962 has it, checkpoints as signed notes, envelopes as DSSE: each by others' word."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.ledger import offline
from governance_pipeline.ledger.checkpoints import sign_checkpoint
from governance_pipeline.ledger.offline import (
    BrokenProof,
    Frontier,
    PublicKey,
    inclusion_proof,
    leaf_hash,
    node_hash,
    read_checkpoint,
    read_keys,
    require_included,
    tree_root,
)
from tests.ledger.support import OURS, THEIRS, TRUSTED, checkpoint, ledger

# The leaves and roots that the authors of RFC 6962 test their own implementations with.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_rfc_6962(size):
    assert tree_root(map(leaf_hash, LEAVES[:size])).hex() == ROOTS[size - 1]


def recursive_root(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, word by word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(recursive_root(hashes[:split]), recursive_root(hashes[split:]))


@given(st.integers(1, 300))
def test_a_tree_that_grows_is_the_tree_by_definition(size):
    hashes = [leaf_hash(str(i).encode()) for i in range(size)]
    assert tree_root(hashes) == recursive_root(hashes)


@given(st.integers(1, 80), st.data())
def test_a_proof_holds_for_its_own_leaf_only(size, data):
    hashes = [leaf_hash(str(i).encode()) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(hashes, index), tree_root(hashes)
    require_included(hashes[index], index, size, proof, root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda i: i != index))
    for leaf, place, shown in (
        (leaf_hash(b"another"), index, proof),
        (hashes[index], other, proof),
        (hashes[index], index, [*proof, root]),
        (hashes[index], index, [bytes(32), *proof[1:]] if proof else [bytes(32)]),
    ):
        with pytest.raises(BrokenProof):
            require_included(leaf, place, size, shown, root)


def test_a_note_is_what_others_verify():
    """By the words of C2SP signed-note, without our reader."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    note = checkpoint(ledger(5)).note
    text, _, line = note.partition("\n\n")
    mark, name, encoded = line.split(" ")
    signature = base64.b64decode(encoded)
    assert (mark, name) == ("\u2014", "lending")
    Ed25519PublicKey.from_public_bytes(OURS.public).verify(signature[4:], text.encode() + b"\n")
    assert text.split("\n")[:2] == ["lending", "5"]


def test_every_bit_of_a_checkpoint_counts():
    note = checkpoint(ledger(5)).note.encode()
    for position in range(len(note) * 8):
        changed = bytearray(note)
        changed[position // 8] ^= 1 << position % 8
        try:
            text = changed.decode()
        except UnicodeDecodeError:
            continue
        with pytest.raises(BrokenProof):
            read_checkpoint(text, TRUSTED)


def test_a_checkpoint_by_another_key_is_none():
    frontier = Frontier()
    frontier.append(leaf_hash(b"x"))
    with pytest.raises(BrokenProof, match="not signed by a trusted key"):
        read_checkpoint(sign_checkpoint("lending", frontier, THEIRS), TRUSTED)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"keys": [{}]}', '{"keys": [{"public": "AAAA", "first": 0, "until": null}]}', "{"]
)
def test_a_file_that_is_no_list_of_keys_is_refused(text):
    with pytest.raises(BrokenProof):
        read_keys(text)


def test_the_verifier_needs_nothing_of_this_project():
    """It runs as a copy, in Python's isolated mode, where only `cryptography` can be imported beside it."""
    source = Path(offline.__file__).read_text(encoding="utf-8")
    assert "governance_pipeline" not in source
    program = source.rpartition("\nif __name__")[0] + "\nprint(tree_root([leaf_hash(b'')]).hex())"
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ROOTS[0]


def envelope(payload: bytes, *keys) -> dict:
    kind = "application/vnd.in-toto+json"
    message = offline.pre_authentication(kind, payload)
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": kind,
        "signatures": [
            {"keyid": key.id, "sig": base64.b64encode(key.sign(message)).decode()} for key in keys
        ],
    }


def test_pre_authentication_is_that_of_the_protocol():
    assert offline.pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_needs_as_many_keys_as_are_asked_for():
    both = {**TRUSTED, THEIRS.id: PublicKey(THEIRS.public)}
    assert offline.open_envelope(envelope(b"{}", OURS, THEIRS), both, threshold=2) == b"{}"
    for signers in ((OURS,), (OURS, OURS)):
        with pytest.raises(BrokenProof, match="1 of the 2"):
            offline.open_envelope(envelope(b"{}", *signers), both, threshold=2)
    with pytest.raises(BrokenProof, match="0 of the 1"):
        offline.open_envelope(envelope(b"{}", THEIRS), TRUSTED)
    with pytest.raises(BrokenProof, match="0 of the 1"):
        offline.open_envelope(envelope(b"{}"), TRUSTED, threshold=0)


@pytest.mark.parametrize("broken", [{}, {"payload": 1}, {"payload": "?"}, [], None, "x"])
def test_what_is_no_envelope_is_refused(broken):
    with pytest.raises(BrokenProof, match="no DSSE envelope"):
        offline.open_envelope(broken, TRUSTED)


def test_a_changed_envelope_is_refused():
    sound = json.dumps(envelope(b'{"decision": "approve"}', OURS))
    random.seed(1)
    for position in random.sample(range(len(sound)), 60):
        letter = "A" if sound[position] != "A" else "B"
        changed = sound[:position] + letter + sound[position + 1 :]
        try:
            opened = offline.open_envelope(json.loads(changed), TRUSTED)
        except (BrokenProof, json.JSONDecodeError):
            continue
        assert opened == b'{"decision": "approve"}'  # only the key's hint, which decides nothing
