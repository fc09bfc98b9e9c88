"""Records as plain JSON values: the one form in which they are printed, sent and answered."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from governance_pipeline.vocabulary.entity import Entity


def jsonable(value: Any) -> Any:
    """Dataclasses, dates and enums as plain JSON values; stable key order as declared.

    A governed thing is its name, ``dataset:lending.incomes``; a number that JSON does not know is null.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Entity):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Entity | str | Path):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
