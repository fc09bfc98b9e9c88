"""An attacker who may rewrite the whole database, and has neither the key nor the checkpoints, is found out.

The 382 ways of the second half: 64 deletions, 63 swaps, 64 duplicates, 64 insertions, 64 truncations and 63
regrown tails of a ledger of 64 entries; in each, entries are numbered anew so that they fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from governance_pipeline.ledger.offline import PublicKey, StoredEntry, check_entries, entry_fault
from tests.ledger.support import (
    OURS,
    THEIRS,
    TRUSTED,
    checkpoint,
    faults,
    forged,
    ledger,
    renumbered,
)

SIZE = 64
ENTRIES = ledger(SIZE)
POINT = checkpoint(ENTRIES)
EIGHTHS = 8


def test_what_nobody_touched_holds():
    assert faults(ENTRIES, POINT) == []
    assert faults(ENTRIES, checkpoint(ENTRIES[:10]), POINT) == []
    assert faults([], *[]) == []


def flips(data: bytes) -> Iterator[bytes]:
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.parametrize("part", range(EIGHTHS))
def test_every_single_bit_counts(part):
    """Of leaf, signature, key and number of all 64 entries."""
    for index in range(part, SIZE, EIGHTHS):
        entry = ENTRIES[index]
        changed = [replace(entry, leaf=leaf) for leaf in flips(entry.leaf)]
        changed += [replace(entry, signature=signature) for signature in flips(entry.signature)]
        changed += [replace(entry, key=key.decode("latin-1")) for key in flips(entry.key.encode())]
        changed += [replace(entry, index=entry.index ^ 1 << bit) for bit in range(62)]
        missed = [one for one in changed if entry_fault(one, index, TRUSTED) is None]
        assert missed == []


def attacks() -> Iterator[tuple[str, list[StoredEntry]]]:
    for i in range(SIZE):
        yield f"delete {i}", renumbered(ENTRIES[:i] + ENTRIES[i + 1 :])
        yield f"duplicate {i}", renumbered([*ENTRIES[: i + 1], *ENTRIES[i:]])
        yield f"insert at {i}", renumbered([*ENTRIES[:i], forged(i, "all is well"), *ENTRIES[i:]])
        yield f"truncate to {i}", ENTRIES[:i]
    for i in range(SIZE - 1):
        swapped = [*ENTRIES[:i], ENTRIES[i + 1], ENTRIES[i], *ENTRIES[i + 2 :]]
        yield f"swap {i}", renumbered(swapped)
        grown = [forged(j, "all is well") for j in range(i + 1, SIZE)]
        yield f"regrow after {i}", [*ENTRIES[: i + 1], *grown]


def test_all_382_ways_are_found():
    tried = dict(attacks())
    assert len(tried) == 382
    assert [way for way, entries in tried.items() if not faults(entries, POINT)] == []


def test_the_checkpoint_alone_finds_what_a_stolen_key_signed():
    """Even somebody with the key cannot change what a checkpoint was signed over."""
    for i in range(0, SIZE, 7):
        rewritten = [*ENTRIES[:i], *ledger(SIZE)[i:]]  # other salts: other payload digests, rightly signed
        assert faults(rewritten, POINT) == ["root_differs"]


def test_a_forged_entry_after_the_last_checkpoint_is_found():
    assert faults([*ENTRIES, forged(SIZE, "approved")], POINT) == ["signature_broken"]
    assert faults([*ENTRIES, forged(SIZE, "approved", key_id=THEIRS.id)], POINT) == ["unknown_key"]
    assert faults([*ENTRIES, replace(forged(SIZE, "approved"), signature=b"", key="")], POINT) == [
        "unknown_key"
    ]


def test_the_entry_is_named():
    found = list(check_entries([*ENTRIES[:20], forged(20, "fine"), *ENTRIES[21:]], [POINT], TRUSTED))
    assert [fault.entry for fault in found] == [20, None]
    assert "entries 0 to 63" in found[1].sentence
    between = list(
        check_entries(
            [*ENTRIES[:20], forged(20, "fine"), *ENTRIES[21:]], [checkpoint(ENTRIES[:16]), POINT], TRUSTED
        )
    )
    assert "entries 16 to 63" in between[1].sentence


def test_a_retired_key_signs_nothing_more():
    retired = {OURS.id: PublicKey(OURS.public, 0, until=60)}
    found = [fault.code for fault in check_entries(ENTRIES, [], retired)]
    assert found == ["retired_key"] * 4
