"""Seconds that something takes when nothing is in its way."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter


def least(repeats: int, *called: Callable[[], object]) -> list[float]:
    """The least wall time of each of ``called``, run in turn so that a busy moment hits them alike."""
    found: list[list[float]] = [[] for _ in called]
    for _ in range(repeats):
        for times, call in zip(found, called, strict=True):
            begun = perf_counter()
            call()
            times.append(perf_counter() - begun)
    return [min(times) for times in found]
