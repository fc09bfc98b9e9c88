"""TC strings of the IAB's Transparency and Consent Framework, version 2: the core segment.

Source: IAB Tech Lab, Consent string and vendor list formats v2. A segment is base64url without padding;
fields stand one after the other, most significant bit first. Vendors are a bit field or a list of
ranges; ranges are kept as they are, so that a short string cannot unfold to millions of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BITS = 6
VERSION_2 = "C"
LONGEST = 20_000  # characters; a bit field of all vendors there can be, twice, has 22,000
PURPOSES = 24
CONSENT_AT, LEGITIMATE_AT = 152, 176
TAIL_CHARACTER = 35  # the first whose bits depend on vendors; before it stand the times
_TAIL_SKIPS = 213 - TAIL_CHARACTER * BITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NOT_ALLOWED, REQUIRE_CONSENT, REQUIRE_LEGITIMATE = 0, 1, 2


class UnfitString(ValueError):
    """The text is no TC string of version 2."""


Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """That the publisher restricts vendors in one purpose: see the constants for ``kind``."""

    purpose: int
    kind: int
    vendors: Ranges


@dataclass(frozen=True, slots=True)
class Vendors:
    """Which vendors have a consent, an established legitimate interest, and which are restricted."""

    consent: Ranges
    legitimate: Ranges
    restrictions: tuple[Restriction, ...]

    def allowed(self, vendor: int) -> tuple[int, int]:
        """The purposes that the vendor may pursue on consent and on legitimate interest, as bit masks
        (purpose 1 is the lowest bit), as far as vendors are concerned.
        """
        consent = all_purposes() if holds(self.consent, vendor) else 0
        legitimate = all_purposes() if holds(self.legitimate, vendor) else 0
        for one in self.restrictions:
            if holds(one.vendors, vendor) and 1 <= one.purpose <= PURPOSES:
                bit = 1 << (one.purpose - 1)
                consent &= ~bit if one.kind != REQUIRE_CONSENT else consent
                legitimate &= ~bit if one.kind != REQUIRE_LEGITIMATE else legitimate
        return consent, legitimate


@dataclass(frozen=True, slots=True)
class TcString:
    """What the core segment says of purposes and vendors."""

    created: datetime
    updated: datetime
    vendor_list: int
    purposes_consent: frozenset[int]
    purposes_legitimate: frozenset[int]
    vendors: Vendors


def all_purposes() -> int:
    return (1 << PURPOSES) - 1


def holds(ranges: Ranges, vendor: int) -> bool:
    """Whether the vendor is in one of the ranges."""
    return any(first <= vendor <= last for first, last in ranges)


def letters_with(bit: int) -> tuple[str, ...]:
    """The characters whose bit is set: of bit ``n`` of a segment that of character ``n // 6``."""
    mask = 1 << (BITS - 1 - bit % BITS)
    return tuple(letter for value, letter in enumerate(ALPHABET) if value & mask)


def decode(text: str) -> TcString:
    """The core segment of a TC string.

    Raises:
        UnfitString: it is no TC string of version 2, or ends too soon.
    """
    core = text.partition(".")[0]
    bits = _Bits(core)
    if not core.startswith(VERSION_2):
        raise UnfitString("the string is not of version 2")
    bits.take(BITS)
    created, updated = (_EPOCH + timedelta(milliseconds=100 * bits.take(36)) for _ in range(2))
    bits.take(12 + 12 + 6 + 12)
    vendor_list = bits.take(12)
    bits.take(6 + 1 + 1 + 12)
    consent, legitimate = (_numbered(bits.take(PURPOSES)) for _ in range(2))
    return TcString(created, updated, vendor_list, consent, legitimate, vendors_of(core[TAIL_CHARACTER:]))


def vendors_of(tail: str) -> Vendors:
    """What stands from character ``TAIL_CHARACTER`` of a core segment on.

    Raises:
        UnfitString: it ends too soon, or is none.
    """
    bits = _Bits(tail)
    bits.take(_TAIL_SKIPS)
    consent, legitimate = _vendors(bits), _vendors(bits)
    restrictions = []
    for _ in range(bits.take(12)):
        purpose, kind = bits.take(6), bits.take(2)
        restrictions.append(Restriction(purpose, kind, _ranges(bits)))
    return Vendors(consent, legitimate, tuple(restrictions))


def _vendors(bits: _Bits) -> Ranges:
    highest, ranged = bits.take(16), bits.take(1)
    if ranged:
        return _ranges(bits)
    field = bits.take(highest)
    return tuple((one, one) for one in range(1, highest + 1) if field >> (highest - one) & 1)


def _ranges(bits: _Bits) -> Ranges:
    found = []
    for _ in range(bits.take(12)):
        several, first = bits.take(1), bits.take(16)
        found.append((first, bits.take(16) if several else first))
    return tuple(found)


def _numbered(field: int) -> frozenset[int]:
    return frozenset(one for one in range(1, PURPOSES + 1) if field >> (PURPOSES - one) & 1)


class _Bits:
    """The bits of a segment, taken from the left."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise UnfitString(f"the string is longer than {LONGEST:,} characters")
        values = [ALPHABET.find(letter) for letter in text]
        if min(values, default=0) < 0:
            raise UnfitString("the string holds a character that is not of base64url")
        self._all = "".join(f"{value:06b}" for value in values)
        self._at = 0

    def take(self, bits: int) -> int:
        """The next ``bits`` as a number. Raises UnfitString where there are fewer."""
        part = self._all[self._at : self._at + bits]
        if len(part) < bits:
            raise UnfitString("the string ends too soon")
        self._at += bits
        return int(part, 2) if part else 0
