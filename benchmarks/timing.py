"""Time that something takes: by the clock, and of the processors.

On a machine that others use too, ratios of CPU time stay near what they are on an idle one; ratios by the
clock do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of all threads of this process."""

    wall: float
    cpu: float


def took(call: Callable[[], object]) -> Took:
    """What one call took."""
    wall, cpu = perf_counter(), process_time()
    call()
    return Took(perf_counter() - wall, process_time() - cpu)


def least(repeats: int, *called: Callable[[], object]) -> list[Took]:
    """The least of each of ``called``, run in turn so that a busy moment hits them alike."""
    rounds = [[took(call) for call in called] for _ in range(repeats)]
    return [
        Took(min(one.wall for one in times), min(one.cpu for one in times))
        for times in zip(*rounds, strict=True)
    ]
