"""Which of a night's questions are answered with "it drifted": over the night, and over the season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from governance_pipeline.indicators.statistics.distances import Array, Flags
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.indicators.statistics.online import Budget, step_up


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry per question.

    Attributes:
        found: whether it is answered with yes.
        adjusted: the p-value corrected for the questions of the night.
    """

    found: Flags
    adjusted: Array


def decide(p_values: Array, standing: Flags, before: int, q: float, budget: Budget) -> Decision:
    """Answer all questions of a night.

    New questions must survive the control over the night and the season (:func:`online.step_up`). Those
    that stood the nights before are asked among themselves, by Benjamini & Hochberg: a repetition is not
    the surprise that a first time is, and so few are they that a drift once found is not lost among ten
    thousand others (families decided apart, Efron 2008, Ann. Appl. Statist. 2).

    Args:
        p_values: 1 where the effect's interval does not pass the bound, whatever its p-value: of such
            a difference nobody is told, so it must not pay for others.
        standing: whether the question was found in the nights before.
        before: new findings of the nights before that the budget remembers.
        q: false-discovery rate of the night.
        budget: of the season.
    """
    adjusted = np.ones(len(p_values))
    found = np.zeros(len(p_values), dtype=np.bool_)
    for family, first in ((standing, q), (~standing, budget.first(before))):
        adjusted[family] = benjamini_hochberg(p_values[family].tolist())
        found[family] = step_up(p_values[family], first, q)
    return Decision(found, adjusted)
