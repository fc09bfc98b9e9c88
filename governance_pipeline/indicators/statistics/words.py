"""Numbers, ranges and days as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

LONGEST = 15
"""Significant digits beyond which two floats cannot be told apart."""


def number(value: float, digits: int = 3) -> str:
    """``value`` to so many significant digits, never in exponents: 33.1, 0.0042, 1,250,000."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    if math.isinf(rounded):  # also what is rounded up beyond the largest double
        return "infinity" if rounded > 0 else "-infinity"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def apart(first: float, second: float) -> tuple[str, str]:
    """Both numbers with just enough digits to be told apart (33.12 and 33.13, not 33.1 twice)."""
    for digits in range(3, LONGEST + 1):
        pair = number(first, digits), number(second, digits)
        if pair[0] != pair[1]:
            return pair
    return number(first), number(second)


def ranges(edges: Sequence[float]) -> tuple[str, ...]:
    """The bins below, between and above ``edges``, in words.

    Rounded to the fewest digits (three or more) that keep the edges apart: an edge may be one
    person's value, and a rounded one is not.
    """
    texts = _distinct(edges)
    between = (f"values from {low} to {high}" for low, high in pairwise(texts))
    return (f"values below {texts[0]}", *between, f"values above {texts[-1]}")


def _distinct(edges: Sequence[float]) -> list[str]:
    texts: list[str] = []
    for digits in range(3, LONGEST + 1):
        texts = [number(edge, digits) for edge in edges]
        if len(set(texts)) == len(texts):
            break
    return texts


def points(gap: float) -> str:
    """A difference of shares, in percentage points with one decimal."""
    return f"{100 * gap:.1f}".removesuffix(".0")


def day(when: date) -> str:
    """``3 March``."""
    return f"{when.day} {when:%B}"
