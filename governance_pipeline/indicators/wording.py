"""Numbers, durations and lists as a reader writes them. Used by every sentence of a measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

_HOURS_UP_TO = timedelta(hours=48)
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``12,000 rows``; ``plural`` where adding an s is wrong."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """``94.3 %``, ``99.96 %``: up to two digits more where one would round to 0 or 100 without being it."""
    for digits in (1, 2, 3):
        text = f"{100 * share:.{digits}f}".rstrip("0").rstrip(".")
        if text not in ("0", "100") or share in (0.0, 1.0):
            return f"{text} %"
    return "less than 0.001 %" if share < 0.5 else "more than 99.999 %"  # noqa: PLR2004 - the nearer end


def number(value: float) -> str:
    """``12``, ``12.5``, ``1,204.25``: at most four decimals, no exponent for common sizes."""
    if not math.isfinite(value):
        return "no number" if math.isnan(value) else "an infinite number"
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 - beyond it a float has no units digit
        return f"{int(value):,}"
    return f"{value:,.4f}".rstrip("0") if abs(value) >= 0.001 else f"{value:.2g}"  # noqa: PLR2004 - four decimals end there


def duration(length: timedelta) -> str:
    """The two largest units: ``3 days and 4 hours``, ``26 hours``, ``45 minutes``.

    Up to 48 hours are written in hours, because promises of recency are. Rounded down.
    """
    seconds = int(length.total_seconds())
    units = _UNITS[1:] if length <= _HOURS_UP_TO else _UNITS
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(counted(count, name))
        elif parts:
            break
    return " and ".join(parts[:2]) or "less than a minute"


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b and c``; beyond ``most``: ``a, b and 7 more``."""
    shown = list(names)
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    if len(shown) <= 1:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def calendar_date(day: date) -> str:
    """``4 March 2026``."""
    return f"{day.day} {day:%B %Y}"


def long_date(day: date) -> str:
    """``Wednesday 4 March 2026``."""
    return f"{day:%A} {calendar_date(day)}"


def place(timezone: str) -> str:
    """``America/New_York`` as people say it: ``New York``."""
    return timezone.rpartition("/")[2].replace("_", " ")
