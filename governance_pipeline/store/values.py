"""What a stored value may be: one set of rules, applied before any database sees it.

Databases disagree at the edges (SQLite takes a NUL character and turns NaN into NULL, Postgres does
neither; an index of Postgres refuses long keys). Each rule here makes all stores agree, so that a
project tried on SQLite means the same on Postgres. Refusals are :class:`UsageError`.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pydantic_core import from_json

from governance_pipeline.errors import StoreUnavailable, UsageError
from governance_pipeline.vocabulary.entity import Entity

MAX_KEY_BYTES = 800
"""Three keys, UTF-8, fit one Postgres index entry: a B-tree takes 2,704 bytes (a third of a page)."""

_LARGEST = 2**63 - 1


def instant(value: datetime, what: str) -> datetime:
    """``value`` in UTC. Refuses a naive datetime: nobody can tell which instant it means."""
    if value.tzinfo is None or value.utcoffset() is None:
        raise UsageError(
            f"{what} has no time zone: {value.isoformat()}",
            hint="pass a timezone-aware datetime, best in UTC",
        )
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise UsageError(
            f"{what} is outside the years 1 to 9999 in UTC", hint="correct the date it comes from"
        ) from error


def optional_instant(value: datetime | None, what: str) -> datetime | None:
    """:func:`instant`, or None."""
    return None if value is None else instant(value, what)


def day(value: date, what: str) -> date:
    """``value``. Refuses a datetime, which is a date to Python and another value to each database."""
    if isinstance(value, datetime):
        raise UsageError(f"{what} is an instant, not a date: {value.isoformat()}", hint="pass its .date()")
    return value


def optional_day(value: date | None, what: str) -> date | None:
    """:func:`day`, or None."""
    return None if value is None else day(value, what)


def text(value: str, what: str) -> str:
    """``value`` as plain text. Refuses NUL characters and half surrogates: Postgres stores neither."""
    plain = str(value)
    if "\x00" in plain:
        raise UsageError(
            f"{what} contains a NUL character, which text cannot hold",
            hint="remove it where the text is made",
        )
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{what} contains half of a surrogate pair, which is not text",
                hint="decode the text it comes from with the right encoding",
            ) from error
    return plain


def key(value: str, what: str) -> str:
    """``value`` as text short enough to be indexed everywhere."""
    plain = text(value, what)
    if len(plain) * 4 > MAX_KEY_BYTES and len(plain.encode()) > MAX_KEY_BYTES:
        raise UsageError(
            f"{what} is too long: {len(plain.encode())} bytes, at most {MAX_KEY_BYTES}",
            hint=f"shorten it; it starts with '{plain[:40]}'",
        )
    return plain


def optional_key(value: str | None, what: str) -> str | None:
    """:func:`key`, or None."""
    return None if value is None else key(value, what)


def entity_key(entity: Entity) -> str:
    """The entity as one text; its order is the order of (kind, name)."""
    if not entity.name:
        raise UsageError(f"A {entity.kind} has no name", hint="name what is governed")
    return key(str(entity), "the name of a governed thing")


def whole(value: int, what: str) -> int:
    """``value`` as a 64-bit integer."""
    plain = int(value)
    if abs(plain) > _LARGEST:
        raise UsageError(f"{what} does not fit 64 bits: {plain}", hint="check the count it comes from")
    return plain


def number(value: float | None) -> float | None:
    """``value`` as a double; NaN is None (nothing was measured), and -0.0 is 0.0."""
    if value is None or math.isnan(value):
        return None
    return float(value) + 0.0


def required_number(value: float, what: str) -> float:
    """``value`` as a double. Refuses NaN."""
    plain = number(value)
    if plain is None:
        raise UsageError(f"{what} is not a number", hint="leave it out where nothing was measured")
    return plain


def plain_json(value: Any, what: str) -> Any:
    """A copy of ``value`` that is pure JSON: tuples become lists, numpy scalars numbers, keys text.

    NaN and the infinities become null: JSON has no word for them. Refuses what is not JSON at all,
    naming the place, e.g. ``details of drift.bins[3]``.
    """
    if isinstance(value, str):
        return text(value, what)
    if isinstance(value, Mapping):
        return {
            text(name, f"a key of {what}"): plain_json(part, f"{what}.{name}") for name, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain_json(part, f"{what}[{place}]") for place, part in enumerate(value)]
    return _plain_scalar(value, what)


def _plain_scalar(value: Any, what: str) -> bool | int | float | None:
    if callable(getattr(value, "item", None)):  # a numpy scalar
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    raise UsageError(
        f"{what} is a {type(value).__name__}, which JSON cannot hold",
        hint="give it as text, a number, a list or a mapping",
    )


def pack(document: Mapping[str, Any], what: str) -> bytes:
    """A JSON document as compressed ASCII bytes: exact, and the same on every store.

    Unlike :func:`plain_json` it changes nothing, and so refuses NaN and the infinities.
    """
    try:
        written = json.dumps(document, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} is not JSON: {error}", hint="encode it with its codec first") from error
    return zlib.compress(written.encode("ascii"), level=6)


def unpack(packed: bytes, what: str) -> dict[str, Any]:
    """The document :func:`pack` was given. Raises StoreUnavailable where the bytes are damaged."""
    try:
        return _document(zlib.decompress(packed))
    except (zlib.error, ValueError) as error:
        raise StoreUnavailable(
            f"{what} is damaged in the store: {error}", hint="restore the store from its last backup"
        ) from error


def _document(written: bytes) -> dict[str, Any]:
    """A night reads a few thousand documents: pydantic's parser takes half of json's time. It knows no half
    of a surrogate pair, which json does.
    """
    document: dict[str, Any]
    try:
        document = from_json(written)
    except ValueError:
        document = json.loads(written)
    return document
