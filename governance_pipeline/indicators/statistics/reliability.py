"""Reliability: observed against predicted shares by bins of the score, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from governance_pipeline.indicators.statistics.calibration import Scored
from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile
from governance_pipeline.profiles.profile import FINE_SCORE_BINS, OutcomeCell

RELIABILITY_BINS = 16
"""Bins of the reliability diagram, of equal width over [0, 1]."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """The expected calibration error: mean distance of observed and predicted shares over the bins.

    Attributes:
        value: the error less ``chance``, at least 0: what is estimated.
        interval: 95 % interval of the true error; it begins at 0 where scores may be calibrated.
        observed: the error as counted, the one that other tools print.
        chance: what it is on average for calibrated scores and as many outcomes.
        bins: by bin with outcomes, its number and sums.
    """

    value: float
    interval: tuple[float, float]
    observed: float
    chance: float
    bins: tuple[tuple[int, Scored], ...]
    all: Scored


def reliability(cells: Iterable[OutcomeCell], width: int = RELIABILITY_BINS) -> Reliability | None:
    """From known outcomes by score bin; scores outside [0, 1] do not count; None where there are none.

    The error is a mean of sizes, which chance alone makes larger than 0: with true error 0 a bin's part is
    sqrt(2 / pi) of its standard error (the mean of a half-normal). That is the most that chance can add,
    so taking it off, and twice the standard error of the sum, leaves a lower end that lies above the truth
    in at most 2.5 % of samples. Source: Naeini, Cooper & Hauskrecht (2015), AAAI, for the error; Roelofs et
    al. (2022), AISTATS, for its bias.
    """
    found: dict[int, Scored] = {}
    for cell in cells:
        if cell.bin is None or not 0 <= cell.bin < FINE_SCORE_BINS:
            continue
        part = Scored(cell.count, cell.count * cell.label, cell.total, cell.squares, cell.total * cell.label)
        place = cell.bin * width // FINE_SCORE_BINS
        found[place] = found.get(place, Scored()).plus(part)
    if not found:
        return None
    everything = Scored()
    for part in found.values():
        everything = everything.plus(part)
    observed = chance = squared = 0.0
    for part in found.values():
        weight = part.n / everything.n
        error = math.sqrt(part.variance / part.n)
        observed += weight * abs(part.error)
        chance += weight * error * math.sqrt(2 / math.pi)
        squared += (weight * error) ** 2
    reach = quantile(CONFIDENCE) * math.sqrt(squared)
    value = max(0.0, observed - chance)
    interval = (max(0.0, observed - chance - reach), min(1.0, observed + reach))
    return Reliability(value, interval, observed, chance, tuple(sorted(found.items())), everything)
