"""A profile as a JSON object and back. Defaults are left out, so that a stored profile stays small."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.profile import PROFILE_VERSION, Profile


def to_json(profile: Profile) -> dict[str, Any]:
    """The profile as JSON types only; instants in ISO 8601."""
    found: dict[str, Any] = _adapter().dump_python(profile, mode="json", exclude_defaults=True)
    return {"version": profile.version, **found}


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
        return _adapter().validate_python(dict(stored))
    except ValidationError as error:
        raise CannotEvaluate(
            f"a stored profile is damaged: {error.error_count()} of its values cannot be read",
            hint="run the night again to measure it anew",
        ) from error


@cache
def _adapter() -> TypeAdapter[Profile]:
    return TypeAdapter(Profile)
