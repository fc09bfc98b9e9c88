"""Sets of people by keyed hashes: exact, mergeable, small, and told by nobody without the key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.subject_keys import SubjectKey, SubjectKeys
from governance_pipeline.profiles.subject_sets import EMPTY, SubjectSet

EDGES = (0, 1, 2**63 - 1, 2**63, 2**64 - 1)
HASHES = st.sets(st.sampled_from(EDGES) | st.integers(0, 2**64 - 1) | st.integers(0, 60), max_size=80)


def made(hashes: set[int]) -> SubjectSet:
    return SubjectSet(np.array(sorted(hashes, reverse=True), dtype=np.uint64))


@settings(max_examples=300, deadline=None)
@given(HASHES, HASHES)
def test_sets_are_counted_joined_and_parted_as_sets_are(ones: set[int], others: set[int]):
    one, other = made(ones), made(others)
    assert len(one) == len(ones)
    assert one.count_of(other) == other.count_of(one) == len(ones & others)
    assert SubjectSet.union([one, other]) == made(ones | others)
    assert one.without(other) == made(ones - others)


@settings(max_examples=200, deadline=None)
@given(HASHES)
def test_what_is_stored_comes_back(hashes: set[int]):
    one = made(hashes)
    assert SubjectSet.decode(one.encode()) == one
    assert SubjectSet.decode(one.encode()).digest == one.digest


def test_the_union_of_none_is_nobody():
    assert SubjectSet.union([]) == EMPTY
    assert EMPTY.count_of(made({1})) == made({1}).count_of(EMPTY) == 0


def test_hashes_in_bytes_are_read_in_their_order_of_bytes():
    assert SubjectSet.of(bytes([0] * 7 + [1]) * 2 + bytes([1] + [0] * 7)).hashes.tolist() == [1, 2**56]


def test_a_large_set_takes_less_than_six_bytes_a_person():
    people = SubjectSet(np.random.default_rng(3).integers(0, 2**64, 200_000, dtype=np.uint64))
    assert len(people.encode()) < 6.25 * len(people)


@pytest.mark.parametrize("damaged", [b"", b"\x02", b"\x01", b"\x01broken", EMPTY.encode()[:-1]])
def test_bytes_that_are_no_set_are_refused(damaged: bytes):
    with pytest.raises(ValueError, match="set of subjects"):
        SubjectSet.decode(damaged)


# --- keys ---------------------------------------------------------------------------------------------


def digest(who: str) -> str:
    return hashlib.md5(who.encode(), usedforsecurity=False).hexdigest()


def test_a_hash_is_keyed_blake2b_of_the_engines_digest():
    key = SubjectKey(bytes(range(32)))
    wanted = hashlib.blake2b(
        digest("ann").encode(), digest_size=8, key=bytes(range(32)), person=b"gov-subject"
    ).digest()
    assert key.hashed([digest("ann"), digest("bob")])[:8] == wanted
    assert key.hashed([digest("ann")]) != SubjectKey(bytes(32)).hashed([digest("ann")])


def test_the_first_key_is_made_when_it_is_needed_and_kept_for_its_owner_alone(tmp_path: Path):
    keys = SubjectKeys(tmp_path / "kept" / "keys")
    assert keys.all() == ()
    first = keys.newest()
    assert keys.newest() == first
    assert (tmp_path / "kept" / "keys").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["keys"]
    assert first.secret.hex() not in repr(first)


def test_keys_rotate_and_the_older_ones_stay(tmp_path: Path):
    keys = SubjectKeys(tmp_path / "keys")
    first, second = keys.newest(), keys.rotate()
    assert keys.all() == (first, second)
    assert keys.newest() == second
    assert first.id != second.id


@pytest.mark.parametrize(
    "line", ["nonsense", "00000000 " + "00" * 32, "zz " * 3, "ab12cd34", "\N{SNOWMAN}"], ids=range(5)
)
def test_a_line_that_is_no_key_is_named(tmp_path: Path, line: str):
    file = tmp_path / "keys"
    SubjectKeys(file).newest()
    file.write_text(f"{file.read_text()}\n{line}\n", encoding="utf-8")
    with pytest.raises(CannotEvaluate, match="subject manifests"):
        SubjectKeys(file).newest()
    assert line in file.read_text(encoding="utf-8")  # nothing is lost


def test_where_keys_cannot_be_written_it_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotEvaluate, match="cannot be"):
        SubjectKeys(tmp_path / "file" / "keys").newest()
