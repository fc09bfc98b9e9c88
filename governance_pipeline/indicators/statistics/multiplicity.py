"""How many surprises are too many: corrections for asking many questions in one night.

Both return, for each p-value in its place, the adjusted p-value: reject where it is at most the
level. P-values outside 0 to 1 and NaN raise ValueError: an unknown p-value must not look harmless.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted for the false-discovery rate: of what is rejected at q, at most q is false on average.

    Holds for independent and for positively dependent questions. Source: Benjamini & Hochberg
    (1995), J. R. Statist. Soc. B 57; Benjamini & Yekutieli (2001) for the dependence.
    """
    order, count = _ascending(p_values), len(p_values)
    adjusted = [1.0] * count
    smallest = 1.0
    for rank in range(count, 0, -1):
        index = order[rank - 1]
        smallest = min(smallest, p_values[index] * count / rank)
        adjusted[index] = smallest
    return tuple(adjusted)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted for the family-wise error: the chance of even one false rejection stays at the level.

    Holds whatever the dependence. Source: Holm (1979), Scand. J. Statist. 6.
    """
    order, count = _ascending(p_values), len(p_values)
    adjusted = [1.0] * count
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (count - rank)))
        adjusted[index] = largest
    return tuple(adjusted)


def _ascending(p_values: Sequence[float]) -> list[int]:
    if any(math.isnan(p) or not 0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1")
    return sorted(range(len(p_values)), key=p_values.__getitem__)
