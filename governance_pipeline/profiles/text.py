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
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value).replace("\x00", "\ufffd")


def _decimal(value: Decimal) -> str | None:
    """As the double is written that is nearest, where that says the same; else every digit."""
    text = as_text(float(value))
    if text is None or Decimal(text) == value:
        return text
    digits = f"{value:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
