"""JSON as exactly one sequence of bytes: RFC 8785. Bytes are made once and kept; they are never made again
from what was read.

A night's seal holds a digest of all its measurements, so these bytes are made of thousands of rows. The
reference library takes twice as long; the tests hold both to the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from json.encoder import encode_basestring  # escapes exactly what RFC 8785 has escaped, in C
from typing import Any

from governance_pipeline.errors import UsageError

_LARGEST = 2**53 - 1  # beyond it JSON's numbers skip some


def canonical(document: Any) -> bytes:
    """The canonical bytes of a JSON value.

    Raises:
        UsageError: it has something that JSON of RFC 8785 cannot say, as a NaN.
    """
    try:
        return _text(document).encode()
    except UnicodeEncodeError as error:
        raise _unfit("half of a surrogate pair") from error


def plain(value: Any) -> Any:
    """A row of a table as JSON: days and instants as ISO 8601, and whole numbers beyond 2^53 as text."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, int) and abs(value) > _LARGEST:
        return str(value)
    return value


def _text(value: Any) -> str:
    write = _WRITERS.get(type(value))
    if write is None:  # one of a type of its own, as an enumeration's texts are
        write = next((write for type_, write in _WRITERS.items() if isinstance(value, type_)), None)
    if write is None:
        raise _unfit(f"a {type(value).__name__}")
    return write(value)


def _object(value: dict[str, Any]) -> str:
    pairs = [f"{encode_basestring(name)}:{_text(value[name])}" for name in _names(value)]
    return "{" + ",".join(pairs) + "}"


def _array(value: Sequence[Any]) -> str:
    return "[" + ",".join([_text(one) for one in value]) + "]"


def _names(of: dict[str, Any]) -> list[str]:
    """Sorted as UTF-16, which differs from Python's order where a name has a character beyond U+FFFF."""
    try:
        return sorted(of) if "".join(of).isascii() else sorted(of, key=_utf16)
    except TypeError:
        raise _unfit("a name that is not text") from None


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _whole(value: int) -> str:
    if abs(value) > _LARGEST:
        raise _unfit("a whole number beyond 2^53")
    return int.__repr__(value)


def _number(value: float) -> str:
    """As ECMAScript writes it: Python finds the same shortest digits, and only sets the point elsewhere."""
    if not math.isfinite(value):
        raise _unfit(f"{value}")
    if value == 0:
        return "0"
    mantissa, exponential, exponent = float.__repr__(value).partition("e")
    if not exponential:
        return mantissa.removesuffix(".0")
    sign = "-" if value < 0 else ""
    digits, power = mantissa.lstrip("-").replace(".", ""), int(exponent)
    if 0 < power <= 20:  # noqa: PLR2004 - ECMA-262, Number::toString: whole up to 21 digits
        return sign + digits.ljust(power + 1, "0")
    if -7 < power < 0:  # noqa: PLR2004 - and no exponent from 1e-6 on
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    return f"{mantissa}e{power:+d}"


def _unfit(what: str) -> UsageError:
    return UsageError(f"this cannot be written into the ledger: {what}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    float: _number,
    bool: lambda value: "true" if value else "false",
    int: _whole,
    type(None): lambda _: "null",
    dict: _object,
    list: _array,
    tuple: _array,
}
