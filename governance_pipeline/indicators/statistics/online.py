"""How many false alerts a season brings: control over all nights, beside that over each one.

Benjamini & Hochberg's control starts anew every night: at q = 1 % a quiet year still brings three to
four nights with a false alert. Here the first finding of a night must be paid from a season's budget, which
grows with what was found before: LOND of Javanmard & Montanari (2015, "On online control of false discovery
rate"), with a night as one batch (as Zrnic, Jiang, Ramdas & Jordan 2020, "The power of batching in multiple
hypothesis testing", do for other rules).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from governance_pipeline.indicators.statistics.distances import Array, Flags

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of a season.

    Attributes:
        q: expected false findings, as a share of the findings of ``nights`` nights, and once more where
            there are none.
        nights: how long a finding is remembered.
    """

    q: float
    nights: int

    def first(self, before: int) -> float:
        """What a night's first finding may cost, with so many findings before it: LOND's level."""
        return self.q / self.nights * (before + 1)


def step_up(p_values: Array, first: float, q: float) -> Flags:
    """Which of a night's questions are answered with "found".

    The i-th smallest of n p-values is compared with (first + q (i - 1)) / n, and all up to the largest
    that meets it are found: Benjamini & Hochberg's procedure at q, except that the first finding costs
    ``first``. A night without drift errs with probability first + q^2 / 2 or so, instead of q. Any night
    expects at most first + q (findings - 1) false ones (their argument: a p-value that is uniform and
    independent of the others meets the bound set by the others, with itself at 0, with that part of it);
    so a season expects at most (Budget.q + q) x findings + Budget.q false ones.

    Args:
        p_values: one per question; independent or positively dependent within the night.
        first: at most q counts.
        q: false-discovery rate of the night.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    bound = (min(first, q) + q * np.arange(count)) / max(count, 1)
    met = np.flatnonzero(p_values[order] <= bound)
    found = np.zeros(count, dtype=np.bool_)
    if len(met):
        found[order[: met[-1] + 1]] = True
    return found


def openings(found: Mapping[date, AbstractSet[Key]], overlap: int) -> dict[date, int]:
    """How many new findings each night brought: keys not found in the ``overlap`` nights before it.

    A difference that goes on, or is seen again while the windows share rows, is no new finding: a drift
    that nobody repairs must not pay for others' false alerts.
    """
    return {night: len(keys - standing(found, night, overlap)) for night, keys in sorted(found.items())}


def standing(found: Mapping[date, AbstractSet[Key]], night: date, overlap: int) -> set[Key]:
    """The keys found in the ``overlap`` nights before ``night``; missing nights bring none."""
    days = (night - timedelta(days=back) for back in range(1, overlap + 1))
    return set().union(*(found.get(day, frozenset()) for day in days))


def remembered(found: Mapping[date, AbstractSet[Key]], night: date, budget: Budget, overlap: int) -> int:
    """New findings of the nights before ``night`` that the budget remembers. Later nights do not count,
    so that any past night can be decided again as it was.
    """
    first = night - timedelta(days=budget.nights)
    return sum(count for day, count in openings(found, overlap).items() if first <= day < night)


def run_start(found: Mapping[date, AbstractSet[Key]], key: Key, night: date, overlap: int) -> date:
    """The first of the nights up to ``night`` that found ``key`` with at most ``overlap`` - 1 nights
    between one and the next; ``night`` itself where none did.
    """
    start = night
    for day in sorted((day for day, keys in found.items() if key in keys and day < night), reverse=True):
        if (start - day).days > overlap:
            break
        start = day
    return start
