"""From the bytes of a body to JSON that every store can keep, or a refusal that names the place.

JSON has corners where parsers and databases disagree: NUL characters and half surrogates (Postgres takes
neither), NaN and numbers beyond every double, keys that occur twice, bottomless nesting. They are refused
here, before any store sees them, so that the answer is the same whatever the store.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from governance_pipeline.errors import EventRefused

MAX_BODY_BYTES = 5_000_000
MAX_DEPTH = 32
_MAX_DIGITS = 308  # of a whole number: more do not fit a double


@dataclass(frozen=True, slots=True)
class _Bad:
    """Stands in the document where something is wrong, until its path is known."""

    reason: str


class _Parser:
    """Parses with marks instead of exceptions: the parser itself cannot say where it is."""

    def __init__(self) -> None:
        self.marked = False

    def parse(self, text: str) -> Any:
        return json.loads(
            text,
            parse_constant=lambda name: self._bad(f"is {name}, which JSON does not have"),
            parse_float=self._float,
            parse_int=self._whole,
            object_pairs_hook=self._object,
        )

    def _bad(self, reason: str) -> _Bad:
        self.marked = True
        return _Bad(reason)

    def _float(self, digits: str) -> float | _Bad:
        value = float(digits)
        return value if math.isfinite(value) else self._bad("is a number that no double can hold")

    def _whole(self, digits: str) -> int | _Bad:
        if len(digits) > _MAX_DIGITS:
            return self._bad("is a number that no double can hold")
        return int(digits)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    found[key] = self._bad("occurs twice")
                seen.add(key)
        return found


def parsed(body: bytes) -> Any:
    """The JSON of a body: an event, or an array of events.

    Raises EventRefused for what is too long, too deep, not UTF-8 or not JSON as RFC 8259 has it.
    """
    if len(body) > MAX_BODY_BYTES:
        raise EventRefused(f"has {len(body)} bytes, at most {MAX_BODY_BYTES} are taken", path="$")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EventRefused(f"is not UTF-8 at byte {error.start}", path="$") from error
    parser = _Parser()
    try:
        document = parser.parse(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise EventRefused(f"is not JSON at {where}: {error.msg}", path="$") from error
    except RecursionError as error:
        raise EventRefused(f"is nested more than {MAX_DEPTH} deep", path="$") from error
    if parser.marked:
        for event in document if isinstance(document, list) else [document]:
            require_depth(event)
        _refuse_first_bad(document)
    return document


def require_depth(event: Any) -> None:
    """Refuse what is nested deeper than :data:`MAX_DEPTH`."""
    level, depth = [event], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise EventRefused(f"is nested more than {MAX_DEPTH} deep", path="$")
        level = [
            part
            for whole in level
            if isinstance(whole, (dict, list))
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, (dict, list))
        ]


def canonical(event: Any) -> bytes:
    """The event's canonical bytes; raises EventRefused for text that no database takes."""
    written = json.dumps(event, allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    try:
        body = written.encode()
    except UnicodeEncodeError:
        _refuse_first_bad(event)
        raise
    if "\\u0000" in written:
        _refuse_first_bad(event)  # a backslash may stand before it as text: then nothing is found
    return body


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _refuse_first_bad(document: Any) -> None:
    for path, value in _walk(document, "$"):
        reason = value.reason if isinstance(value, _Bad) else _wrong_text(value)
        if reason:
            raise EventRefused(reason, path=path)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything in a document with its path, keys included, in order."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield f"{path} (a key)", key
            shown = key if key.isprintable() and len(key) <= 80 else "?"  # noqa: PLR2004 - a readable line
            yield from _walk(part, f"{path}.{shown}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _walk(part, f"{path}[{place}]")


def _wrong_text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if "\x00" in value:
        return "contains a NUL character, which text cannot hold"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "contains half of a surrogate pair, which is not text"
    return ""
