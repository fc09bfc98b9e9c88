from __future__ import annotations

import random

import duckdb
import pytest

from governance_pipeline.profiles.sketch import (
    REGISTERS,
    REMAINDER_BITS,
    STANDARD_ERROR,
    estimate,
    merged,
    of_minima,
)


def sketch_of(hashes, hashed_by="test"):
    minima = {}
    for value in hashes:
        register, remainder = value >> REMAINDER_BITS, value & ((1 << REMAINDER_BITS) - 1)
        minima[register] = min(remainder, minima.get(register, remainder))
    return of_minima(hashed_by, minima)


def hashes(seed, count):
    chance = random.Random(seed)
    return [chance.getrandbits(64) for _ in range(count)]


@pytest.mark.parametrize("count", [0, 1, 10, 100, 1_000, 3_000, 30_000, 200_000])
def test_an_estimate_is_within_its_standard_error(count):
    errors = [estimate(sketch_of(hashes(seed, count))) - count for seed in range(12)]
    spread = (sum(error**2 for error in errors) / len(errors)) ** 0.5
    assert spread <= 1.6 * STANDARD_ERROR * count
    assert abs(sum(errors) / len(errors)) <= 1.2 * STANDARD_ERROR * count


def test_merging_gives_the_sketch_of_the_union():
    a, b = hashes(1, 5_000), hashes(2, 7_000)
    assert merged(sketch_of(a), sketch_of(b)) == sketch_of(a + b)
    assert merged(sketch_of(a), sketch_of(a)) == sketch_of(a)


def test_sketches_of_different_hash_functions_are_not_merged():
    assert merged(sketch_of([1], "one"), sketch_of([1], "other")) is None
    assert merged(None, sketch_of([1])) is None


def test_registers_are_those_of_hyperloglog_on_duckdbs_hashes():
    """Oracle: the leading zeros of every single hash, counted here."""
    with duckdb.connect() as connection:
        found = connection.execute("SELECT hash(range) FROM range(20000)").fetchall()
    registers = [0] * REGISTERS
    for (value,) in found:
        rest = value & ((1 << REMAINDER_BITS) - 1)
        zeros = REMAINDER_BITS - rest.bit_length()
        registers[value >> REMAINDER_BITS] = max(registers[value >> REMAINDER_BITS], zeros + 1)
    assert sketch_of(value for (value,) in found).registers == "".join(chr(48 + r) for r in registers)
