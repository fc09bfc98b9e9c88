"""What a version was trained with, as far as its registry says: hardware, software, seeds, code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VERSION = re.compile(r"^v?\d+(\.\d+)+([-+.]?[a-z0-9]+)*$", re.IGNORECASE)
_HARDWARE = re.compile(
    r"hardware|cpu|gpu|accelerator|memory|^ram|machine|cores|device|instance", re.IGNORECASE
)
_SEED = re.compile(r"seed|random_state", re.IGNORECASE)
_CODE = re.compile(
    r"commit|git|revision|repository|source[._]version|source[._]name|entry_point", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Environment:
    """What a registry says about a training, by what it is about.

    Attributes:
        parameters: what is none of the others: settings of the training.
    """

    hardware: Mapping[str, str]
    software: Mapping[str, str]
    seeds: Mapping[str, str]
    code: Mapping[str, str]
    parameters: Mapping[str, str]


def environment(told: Mapping[str, Any]) -> Environment:
    """Sort what a registry holds under ``environment``; nested keys are joined with a point."""
    found: dict[str, dict[str, str]] = {
        "hardware": {},
        "software": {},
        "seeds": {},
        "code": {},
        "parameters": {},
    }
    for name, value in sorted(_flat("", told)):
        found[_sort(name, value)][name] = value
    return Environment(**found)


def _flat(above: str, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        place = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from _flat(place, value)
        elif value not in (None, ""):
            yield place, str(value)


def _sort(name: str, value: str) -> str:
    for sort, pattern in (("seeds", _SEED), ("code", _CODE), ("hardware", _HARDWARE)):
        if pattern.search(name):
            return sort
    return "software" if name.casefold() == "python" or _is_release(value) else "parameters"


def _is_release(value: str) -> bool:
    """Whether it is written like a release (``1.9.1``) and not like a number (``0.1``)."""
    return bool(_VERSION.match(value)) and value.count(".") > 1
