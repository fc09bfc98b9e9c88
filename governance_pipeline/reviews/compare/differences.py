"""Where two trees of plain data differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str, ...]


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = _Absent()
"""What stands where one side has nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which two trees differ; ``before`` or ``after`` is ABSENT where one has no such key."""

    path: Path
    before: Any
    after: Any


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """The outermost keys that only one side has, and the leaves that are not the same, by path."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inside = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from differences(*inside, (*path, str(key)))
    elif before != after or type(before) is not type(after):
        yield Difference(path, before, after)
