"""HyperLogLog: how many different values a column has, from a kilobyte that merges.

The engine hashes each value to 64 bits; the upper ten choose one of 1,024 registers, and the smallest
remainder of each register's hashes comes back: 1,024 numbers, whatever the table's size. A register is
then the position of the first one bit, which the smallest remainder decides.

Source: Flajolet, Fusy, Gandouet & Meunier (2007), "HyperLogLog: the analysis of a near-optimal
cardinality estimation algorithm", with linear counting for small numbers. With 64-bit hashes the
correction for large numbers is not needed (Heule, Nunkesser & Hall 2013).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from governance_pipeline.profiles.profile import Sketch

REGISTER_BITS = 10
REGISTERS = 1 << REGISTER_BITS
REMAINDER_BITS = 64 - REGISTER_BITS

STANDARD_ERROR = 1.04 / math.sqrt(REGISTERS)
"""One standard error of an estimate, relative: 3.25 %."""

_ZERO = 48  # registers are written as characters from "0" on
_WRITTEN = bytes((_ZERO + value) % 256 for value in range(256))
_REMAINDER = (1 << REMAINDER_BITS) - 1
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)
_LINEAR_UP_TO = 2.5 * REGISTERS


def of_minima(hashed_by: str, minima: Mapping[int, int]) -> Sketch:
    """The sketch of a column, from the smallest remainder of each register that has one."""
    registers = bytearray(REGISTERS)
    for register, remainder in minima.items():
        registers[register] = REMAINDER_BITS - remainder.bit_length() + 1
    return Sketch(hashed_by, registers.translate(_WRITTEN).decode("ascii"))


def of_hashes(hashed_by: str, hashes: Iterable[int]) -> Sketch:
    """The sketch of a column, from the hashes of all its different values, with or without a sign."""
    minima: dict[int, int] = {}
    for hashed in hashes:
        register, remainder = (hashed >> REMAINDER_BITS) % REGISTERS, hashed & _REMAINDER
        minima[register] = min(remainder, minima.get(register, remainder))
    return of_minima(hashed_by, minima)


def merged(a: Sketch | None, b: Sketch | None) -> Sketch | None:
    """The sketch of both columns' values; None where one is missing or was hashed otherwise."""
    if a is None or b is None or a.hashed_by != b.hashed_by:
        return None
    if a.registers == b.registers:
        return a
    return Sketch(a.hashed_by, "".join(map(max, a.registers, b.registers)))


def estimate(sketch: Sketch) -> int:
    """The number of different values, within :data:`STANDARD_ERROR`."""
    counts = Counter(sketch.registers)
    raw = _ALPHA * REGISTERS**2 / sum(count * 2.0 ** (_ZERO - ord(one)) for one, count in counts.items())
    empty = counts[chr(_ZERO)]
    if raw <= _LINEAR_UP_TO and empty:
        return round(REGISTERS * math.log(REGISTERS / empty))
    return round(raw)
