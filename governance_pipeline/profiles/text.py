"""Values as text, the same on every engine: 1, 1.0 and decimal 1.00 are all ``1``."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def as_text(value: Any) -> str | None:
    """A group's or category's value as text; None for null and NaN.

    NUL is replaced, because not every store can hold it.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value).replace("\x00", "\ufffd")
