"""Profiles, partitions and slices as JSON objects and back. Defaults are left out, so that what is stored
stays small.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.cluster_codec import with_packed, with_unpacked
from governance_pipeline.profiles.partition import DayFacts, Partition, Slice
from governance_pipeline.profiles.profile import PROFILE_VERSION, Profile


def to_json(profile: Profile) -> dict[str, Any]:
    """The profile as JSON types only; instants in ISO 8601."""
    found: dict[str, Any] = _adapter().dump_python(profile, mode="json", exclude_defaults=True)
    return {"version": profile.version, **found, "columns": with_packed(found["columns"])}


def from_json(stored: Mapping[str, Any]) -> Profile:
    """The profile that :func:`to_json` wrote.

    Raises:
        CannotEvaluate: it was written by another version, or is damaged.
    """
    version = stored.get("version")
    if version != PROFILE_VERSION:
        raise CannotEvaluate(
            f"a stored profile has format {version}; this version of governance reads {PROFILE_VERSION}",
            hint="run the night again to measure it anew",
        )
    try:
        return _adapter().validate_python({**stored, "columns": with_unpacked(stored.get("columns"))})
    except ValueError as error:
        found = error.error_count() if isinstance(error, ValidationError) else 1
        raise CannotEvaluate(
            f"a stored profile is damaged: {found} of its values cannot be read",
            hint="run the night again to measure it anew",
        ) from error


@cache
def _adapter() -> TypeAdapter[Profile]:
    return TypeAdapter(Profile)


@dataclass(frozen=True, slots=True)
class _Head:
    """A partition without its slices.

    Attributes:
        schema: as JSON text, which is read once for all partitions that have the same.
    """

    state: str
    asked: str
    schema: str
    undated: int
    days: tuple[DayFacts, ...]
    own: bool = False


def partition_to_json(partition: Partition) -> tuple[dict[str, Any], dict[date | None, dict[str, Any]]]:
    """The partition's own facts, and each of its slices by day."""
    schema = json.dumps(partition.schema)
    head = _Head(partition.state, partition.asked, schema, partition.undated, partition.days, partition.own)
    return (
        {"version": PROFILE_VERSION, **_heads().dump_python(head, mode="json")},
        {day: _slice_to_json(one) for day, one in partition.slices.items()},
    )


def partition_from_json(
    name: str, head: Mapping[str, Any], slices: Mapping[date | None, Mapping[str, Any]]
) -> Partition | None:
    """The partition that :func:`partition_to_json` wrote; None where another version of the format or a
    damage makes it useless: it is then read again from its source.
    """
    if head.get("version") != PROFILE_VERSION:
        return None
    try:
        known = _heads().validate_python({key: value for key, value in head.items() if key != "version"})
        schema = _schema(known.schema)
        found = {day: _slice_from_json(body) for day, body in slices.items()}
    except ValueError:
        return None
    return Partition(name, known.state, known.asked, schema, known.undated, known.days, found, known.own)


@lru_cache(maxsize=256)
def _schema(text: str) -> tuple[tuple[str, str], ...]:
    return TypeAdapter(tuple[tuple[str, str], ...]).validate_json(text)


def _slice_to_json(one: Slice) -> dict[str, Any]:
    found: dict[str, Any] = _slices().dump_python(one, mode="json", exclude_defaults=True)
    return {**found, "columns": with_packed(found["columns"])}


def _slice_from_json(body: Mapping[str, Any]) -> Slice:
    return _slices().validate_python({**body, "columns": with_unpacked(body.get("columns"))})


@cache
def _heads() -> TypeAdapter[_Head]:
    return TypeAdapter(_Head)


@cache
def _slices() -> TypeAdapter[Slice]:
    return TypeAdapter(Slice)
