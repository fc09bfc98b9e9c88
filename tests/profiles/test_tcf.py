"""TC strings: published examples, strings written bit by bit here, and poison."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.profiles import tcf
from tests.profiles.tc_strings import written

# The example of the IAB's specification, and strings of other decoders' tests with what these read in them.
EXAMPLE = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA"
RANGES = "CGL23UdMFJzvuA9ACCENAXCEAC0AAGrAAA5YA5ht7-_d_7_vd-f-nrf4_4A4hM4JCKoK4YhmAqABgAEgAA"
RESTRICTED = (
    "COw4XqLOw4XqLAAAAAENAXCf-v-gAAAfwIAAACngAI8AEFABgACAA4A.IAPPwAPrwA.QAPPwAPrwA.cAEAPAAAC7gAHw4AAA"
)


def members(ranges: tcf.Ranges) -> set[int]:
    return {one for first, last in ranges for one in range(first, last + 1)}


def test_the_specifications_example() -> None:
    found = tcf.decode(f"{EXAMPLE}.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAA")
    assert found.created == found.updated == datetime(2020, 2, 20, 23, 57, 39, 300_000, UTC)
    assert (found.vendor_list, found.purposes_consent, found.purposes_legitimate) == (15, {1, 2, 3}, set())
    assert members(found.vendors.consent) == members(found.vendors.legitimate) == {2, 6, 8}
    assert found.vendors.restrictions == ()


def test_a_string_whose_legitimate_interests_are_ranges() -> None:
    found = tcf.decode(RANGES)
    assert (found.purposes_consent, found.purposes_legitimate) == ({3, 5, 6, 8}, {2, 3, 5, 7, 9, 10})
    assert {4, 5, 7, 8, 10, 115} <= members(found.vendors.consent)
    assert not {1, 2, 3, 6, 9, 14, 116} & members(found.vendors.consent)
    assert members(found.vendors.legitimate) == {
        4, 7, 8, 11, 12, 13, 19, 22, 27, 31, 33, 35, 37, 43, 45, 47, 48, 49, 54, 55, 59, 64, 65, 68, 69, 77,
        79, 81, 94, 95, 110, 113,
    }  # fmt: skip


def test_a_string_with_a_publishers_restriction() -> None:
    found = tcf.decode(RESTRICTED)
    assert found.purposes_consent == {1, 2, 3, 4, 5, 6, 7, 8, 9, 11}
    assert found.purposes_legitimate == set(range(12, 19))
    assert members(found.vendors.consent) == {2, 3, 4, 5}
    assert members(found.vendors.legitimate) == {1, 2, 3, 4}
    (one,) = found.vendors.restrictions
    assert (one.purpose, one.kind, members(one.vendors)) == (1, tcf.REQUIRE_CONSENT, set(range(1, 8)))


@pytest.mark.parametrize(
    ("kind", "consent", "legitimate"),
    [(tcf.NOT_ALLOWED, 0, 0), (tcf.REQUIRE_CONSENT, 1, 0), (tcf.REQUIRE_LEGITIMATE, 0, 1), (3, 0, 0)],
)
def test_a_restriction_takes_from_the_vendors_it_names_and_from_no_other(
    kind: int, consent: int, legitimate: int
) -> None:
    text = written(vendors={7, 9}, legitimate_vendors={7, 9}, restrictions=[(2, kind, [(6, 8)])])
    vendors = tcf.decode(text).vendors
    found, other = vendors.allowed(7), vendors.allowed(9)
    assert other == (tcf.all_purposes(), tcf.all_purposes())
    assert (found[0] >> 1 & 1, found[1] >> 1 & 1) == (consent, legitimate)
    assert all(mask | 2 == tcf.all_purposes() for mask in found)
    assert vendors.allowed(8) == (0, 0)


sets_of_vendors = st.sets(st.integers(1, 300), max_size=30)
purposes = st.sets(st.integers(1, 24))


@given(purposes, purposes, sets_of_vendors, sets_of_vendors, st.booleans(), st.booleans())
def test_what_is_written_is_read(consent, legitimate, vendors, others, ranged, other_ranged) -> None:
    text = written(consent, legitimate, vendors, others, ranged=ranged, legitimate_ranged=other_ranged)
    found = tcf.decode(text)
    assert (found.purposes_consent, found.purposes_legitimate) == (consent, legitimate)
    assert (members(found.vendors.consent), members(found.vendors.legitimate)) == (vendors, others)


POISON = ["", "C", "B" + EXAMPLE[1:], EXAMPLE[:40], EXAMPLE[:20] + "=" + EXAMPLE[21:], "C" * 30_000, "Cé",
          "C\0", "CAAAA AAAA", "." + EXAMPLE]  # fmt: skip


@pytest.mark.parametrize("text", POISON)
def test_what_is_no_string_of_version_2_is_refused(text: str) -> None:
    with pytest.raises(tcf.UnfitString):
        tcf.decode(text)


@given(st.text(alphabet=tcf.ALPHABET, max_size=400))
def test_any_text_is_read_or_refused(tail: str) -> None:
    try:
        tcf.vendors_of(tail)
    except tcf.UnfitString:
        return


def test_ranges_do_not_unfold() -> None:
    text = written(vendors=set(), restrictions=[(1, 0, [(1, 65535)] * 400)])
    assert tcf.decode(text).vendors.allowed(65535) == (0, 0)
