"""Do scores mean what they say? Observed less predicted share of favourable outcomes, by group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from governance_pipeline.indicators.statistics.groups import NOT_RECORDED, Group
from governance_pipeline.indicators.statistics.intervals import (
    CONFIDENCE,
    quantile,
    size_interval,
    wilson_of_share,
)
from governance_pipeline.profiles.profile import SCORE_BINS, GroupTable

MOST_WORTH = 20.0
"""No trial counts for more than so many, however sure the scores are of its outcome."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Known outcomes of one group beside their scores: counts and sums.

    Attributes:
        n: outcomes with a score; ``favourable`` of them.
        total, squares: sum of the scores and of their squares; ``met`` the sum over favourable outcomes.
    """

    n: int = 0
    favourable: int = 0
    total: float = 0.0
    squares: float = 0.0
    met: float = 0.0

    def plus(self, other: Scored) -> Scored:
        return Scored(
            self.n + other.n,
            self.favourable + other.favourable,
            self.total + other.total,
            self.squares + other.squares,
            self.met + other.met,
        )

    @property
    def observed(self) -> float:
        return self.favourable / self.n

    @property
    def predicted(self) -> float:
        return self.total / self.n

    @property
    def error(self) -> float:
        """Observed less predicted share; above 0 the scores are too low."""
        return self.observed - self.predicted

    @property
    def variance(self) -> float:
        """Variance of outcome less score, the larger of what the scores say and what was seen."""
        said = (self.total - self.squares) / self.n
        seen = (self.favourable - 2 * self.met + self.squares) / self.n - self.error**2
        return max(said, seen, 0.0)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of :attr:`error`: Wilson's, with the scores taken as given.

        Outcomes vary less around their scores than around one common share, so they are worth more
        independent trials than there are: n times the ratio of both variances.
        """
        spread = self._middle * (1 - self._middle)
        worth = max(1.0, min(MOST_WORTH, spread / self.variance if self.variance else MOST_WORTH))
        low, high = wilson_of_share(self.observed, self.n * worth)
        return low - self.predicted, high - self.predicted

    @property
    def _middle(self) -> float:
        """The observed share, drawn a little towards a half as Wilson's centre is."""
        square = quantile(CONFIDENCE) ** 2
        return (self.favourable + square / 2) / (self.n + square)


@dataclass(frozen=True, slots=True)
class CalibrationGap:
    """The calibration error of a group against the reference group's."""

    group: Scored
    reference: Scored

    @property
    def n(self) -> int:
        return self.group.n

    @property
    def difference(self) -> float:
        return self.group.error - self.reference.error

    @property
    def difference_interval(self) -> tuple[float, float]:
        """Both intervals put together as Newcombe (1998) does."""
        low, high = self.group.interval
        reference_low, reference_high = self.reference.interval
        mine, other = self.group.error, self.reference.error
        down, up = (
            math.hypot(mine - low, reference_high - other),
            math.hypot(high - mine, other - reference_low),
        )
        return self.difference - down, self.difference + up

    @property
    def size(self) -> float:
        return abs(self.difference)

    @property
    def p_value(self) -> float:
        """That both errors are equal, by a normal test."""
        error = math.sqrt(self.group.variance / self.group.n + self.reference.variance / self.reference.n)
        return math.erfc(self.size / error / math.sqrt(2)) if error else float(self.size == 0)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the size."""
        return size_interval(self.difference_interval)

    def details(self) -> dict[str, Any]:
        return {
            "observed": self.group.observed,
            "predicted": self.group.predicted,
            "calibration_error": self.group.error,
            "calibration_error_interval": list(self.group.interval),
            "reference_calibration_error": self.reference.error,
            "difference": self.difference,
            "difference_interval": list(self.difference_interval),
            "reference_n": self.reference.n,
            "p_value": self.p_value,
        }


def scored_groups(table: GroupTable, attributes: tuple[str, ...]) -> dict[Group, Scored]:
    """Known outcomes and their scores by the values of ``attributes``, summed over the others.

    Scores outside [0, 1], and rows without a score, do not count.
    """
    places = [table.attributes.index(attribute) for attribute in attributes]
    found: dict[Group, Scored] = {}
    for cell in table.scores:
        if cell.label is None or cell.bin is None or not 0 <= cell.bin < SCORE_BINS:
            continue
        values = (cell.groups[place] for place in places)
        group = tuple(NOT_RECORDED if value is None else value for value in values)
        part = Scored(
            cell.count,
            cell.count * cell.label,
            cell.total,
            cell.squares,
            cell.total * cell.label,
        )
        found[group] = found.get(group, Scored()).plus(part)
    return found
