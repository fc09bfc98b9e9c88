"""What a query string asks: each name once, and none that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Request

from governance_pipeline.errors import UsageError


def asked(request: Request[Any, Any, Any], *names: str) -> Mapping[str, str]:
    """The values given for ``names``. Raises UsageError for other names, and for one that is given twice."""
    given = request.query_params
    strange = sorted(set(given) - set(names))
    if strange:
        raise UsageError(f"ask for {', '.join(names) or 'nothing'}, and nothing else")
    twice = [name for name in names if len(given.getall(name, [])) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is asked for more than once")
    return {name: given[name] for name in names if name in given}


def day(given: Mapping[str, str], name: str) -> date | None:
    """A day in ISO form, None where none is given. Raises UsageError."""
    if name not in given:
        return None
    try:
        found = date.fromisoformat(given[name])
    except ValueError:
        found = None
    if found is None or found.isoformat() != given[name]:
        raise UsageError(f"{name} is not a day; write it like 2026-03-01")
    return found
