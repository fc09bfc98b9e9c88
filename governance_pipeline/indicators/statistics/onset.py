"""Since when: the first day from which on the values look like those of now, not like those of then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from governance_pipeline.indicators.statistics.distances import HALDANE


def changed_since(reference: Sequence[float], days: Mapping[date, Sequence[float]]) -> date | None:
    """The day on which the change most likely happened; None where no day looks changed.

    For each possible first day, the rows from it on are taken to come from one other distribution and
    those before from the reference; the day under which all counts are likeliest is the maximum
    likelihood estimate of the change (Hinkley 1970, Biometrika 57), for multinomial counts. The first day
    of all says that it happened then or earlier.

    Args:
        reference: counts on bins.
        days: counts on the same bins, by day; a day without rows does no harm.
    """
    ordered = sorted(day for day, counts in days.items() if sum(counts))
    if not ordered:
        return None
    counts = np.asarray([days[day] for day in ordered], dtype=np.float64)
    before = np.asarray(reference, dtype=np.float64) + HALDANE
    since = np.cumsum(counts[::-1], axis=0)[::-1]
    after = since + HALDANE
    ratio = np.log(after / after.sum(axis=1, keepdims=True)) - np.log(before / before.sum())
    gain = (since * ratio).sum(axis=1)
    best = int(gain.argmax())
    return ordered[best] if gain[best] > 0 else None
