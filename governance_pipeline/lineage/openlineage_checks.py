"""Typed reads out of a JSON event; each refusal names the path and what was expected, never the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance_pipeline.errors import EventRefused
from governance_pipeline.vocabulary.openlineage import Name

Json = Mapping[str, Any]

MAX_NAME_BYTES = 700
"""A name with its namespace and a column: with ``column:`` before it, it is a key of every store."""

_WORDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "an array"}


def mapping(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise EventRefused(f"is {word(value)}, not an object", path=path)
    return value


def part(of: Json, key: str, path: str) -> Json | None:
    """The object under ``key``, None where there is none."""
    value = of.get(key)
    return None if value is None else mapping(value, f"{path}.{key}")


def required_part(of: Json, key: str, path: str) -> Json:
    if of.get(key) is None:
        raise EventRefused("is missing", path=f"{path}.{key}")
    return mapping(of[key], f"{path}.{key}")


def text(of: Json, key: str, path: str) -> str:
    """The text under ``key``, "" where there is none."""
    value = of.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventRefused(f"is {word(value)}, not text", path=f"{path}.{key}")
    return value


def required_text(of: Json, key: str, path: str) -> str:
    value = of.get(key)
    if isinstance(value, str) and value and not value.isspace():
        return value
    if value is None:
        raise EventRefused("is missing", path=f"{path}.{key}")
    text(of, key, path)
    raise EventRefused("is empty", path=f"{path}.{key}")


def truth(of: Json, key: str, path: str) -> bool:
    value = of.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise EventRefused(f"is {word(value)}, not true or false", path=f"{path}.{key}")
    return value


def objects(of: Json, key: str, path: str) -> Iterator[tuple[Json, str]]:
    """The objects of the array under ``key``, each with its path; none where there is no array."""
    value = of.get(key)
    if value is None:
        return
    if not isinstance(value, list):
        raise EventRefused(f"is {word(value)}, not an array", path=f"{path}.{key}")
    for place, one in enumerate(value):
        here = f"{path}.{key}[{place}]"
        yield mapping(one, here), here


def name(of: Json, path: str) -> Name:
    """``namespace`` and ``name`` of a dataset or job."""
    found = Name(required_text(of, "namespace", path), required_text(of, "name", path))
    short_enough(found, "", f"{path}.name")
    return found


def short_enough(of: Name, column: str, path: str) -> None:
    """Refuse a name that no store could keep as a key."""
    length = len(of.namespace) + len(of.name) + len(column)
    if length * 4 + 2 <= MAX_NAME_BYTES:  # no character has more than 4 bytes
        return
    size = len(f"{of}#{column}".replace("#", "%23").encode())
    if size > MAX_NAME_BYTES:
        raise EventRefused(
            f"is too long: {size} bytes with its namespace, at most {MAX_NAME_BYTES}", path=path
        )


def word(value: Any) -> str:
    return "an object" if isinstance(value, dict) else _WORDS.get(type(value), "null")
