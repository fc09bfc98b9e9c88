"""RFC 8785: the same bytes as its reference library makes, and the RFC's own examples."""

from __future__ import annotations

import struct

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.errors import UsageError
from governance_pipeline.ledger.canonical import canonical

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.builds(
        lambda digits, power: float(f"{digits}e{power}"), st.integers(-999, 999), st.integers(-30, 30)
    )
    | _TEXT
)
_JSON = st.recursive(_SCALARS, lambda some: st.lists(some) | st.dictionaries(_TEXT, some))


@given(_JSON)
def test_the_bytes_are_the_reference_librarys(document):
    assert canonical(document) == rfc8785.dumps(document)


@pytest.mark.parametrize(
    ("bits", "written"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_written_as_appendix_b_of_the_rfc_has_them(bits, written):
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]) == written.encode()


def test_names_are_sorted_by_their_utf16_units_as_section_3_2_3_has_them():
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    assert canonical(dict.fromkeys(names, 0)).decode() == (
        '{"\\r":0,"1":0,"\x80":0,"ö":0,"€":0,"😀":0,"\ufb33":0}'
    )


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (float("nan"), "nan"),
        ([float("inf")], "inf"),
        (2**53, "a whole number beyond 2^53"),
        ("\ud800", "half of a surrogate pair"),
        ({"\udfff": 1}, "half of a surrogate pair"),
        ({1: 1}, "a name that is not text"),
        ({"a": {1, 2}}, "a set"),
        (b"bytes", "a bytes"),
    ],
)
def test_what_json_cannot_say_is_refused(document, why):
    with pytest.raises(UsageError, match=f"cannot be written into the ledger: {why.replace('^', '.')}"):
        canonical(document)
