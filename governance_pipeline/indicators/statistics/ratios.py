"""The interval of a ratio of two proportions, and the shortfall that a ratio stands for."""

from __future__ import annotations

import math
from collections.abc import Callable

from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile

_STEPS = 200  # halvings of a bracket: beyond the digits of a double


def koopman(
    successes: int, n: int, reference_successes: int, reference_n: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Score interval of a ratio of proportions (first over reference); the upper end may be infinite.

    All ratios that the score test with the restricted estimate does not reject. Source: Koopman (1984),
    Biometrics 40, 513-517; Miettinen & Nurminen (1985) without their factor n / (n - 1).

    Raises ValueError where there is no proportion.
    """
    for part, whole in ((successes, n), (reference_successes, reference_n)):
        if whole < 1 or not 0 <= part <= whole:
            raise ValueError(f"{part} of {whole} is not a proportion")
    if successes == reference_successes == 0:
        return 0.0, math.inf
    square = quantile(confidence) ** 2

    def rejected(log_ratio: float) -> bool:
        found = _score(math.exp(log_ratio), (successes, n), (reference_successes, reference_n))
        return found > square

    low, high = 0.0, math.inf
    middle = _middle((successes, n), (reference_successes, reference_n))
    if successes > 0:
        low = math.exp(_edge(rejected, middle, -1))
    if reference_successes > 0:
        high = math.exp(_edge(rejected, middle, 1))
    return low, high


def shortfall(ratio: float) -> float:
    """What the smaller of two rates lacks of the larger one: 0.2 where their ratio is 0.8 or 1.25."""
    if ratio <= 0 or math.isinf(ratio):
        return 1.0
    return 1 - min(ratio, 1 / ratio)


def _middle(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The logarithm of a ratio inside the interval: the observed one, half a success for none."""
    return math.log((max(first[0], 0.5) / first[1]) / (max(second[0], 0.5) / second[1]))


def _score(ratio: float, first: tuple[int, int], second: tuple[int, int]) -> float:
    """The square of the score statistic that the ratio of the proportions is ``ratio``."""
    (x, n), (y, m) = first, second
    a = (n + m) * ratio
    b = -(n * ratio + x + m + y * ratio)
    c = x + y
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    other = 2 * c / (-b + root)  # the smaller root, written without cancellation
    own = min(1.0, ratio * other)
    variance = own * (1 - own) / n + ratio**2 * other * (1 - other) / m
    gap = x / n - ratio * y / m
    if variance <= 0:
        return 0.0 if gap == 0 else math.inf
    return gap * gap / variance


def _edge(rejected: Callable[[float], bool], start: float, direction: int) -> float:
    """Where rejection begins, going from ``start``, by doubling and then halving steps."""
    inside, step = start, 0.5
    while not rejected(start + direction * step):
        inside = start + direction * step
        step *= 2
    outside = start + direction * step
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return inside
