"""Nights of many features, answered by the product's own functions.

A night is the counts of all its features; what is judged of them is :mod:`samples`' business in the product
and is put together here from the same parts, for ten thousand features at once. A test holds the two to
the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from governance_pipeline.charter.data_policies import DriftPolicy
from governance_pipeline.indicators.statistics.decision import decide
from governance_pipeline.indicators.statistics.effects import psi_effects
from governance_pipeline.indicators.statistics.homogeneity import change_p_values
from governance_pipeline.indicators.statistics.noise import Noise
from governance_pipeline.indicators.statistics.online import Budget, remembered, standing

Counts = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

POLICY = DriftPolicy(clause="")
FIRST = date(2026, 1, 1)


@dataclass(frozen=True)
class Night:
    """Counts (features, bins), which features truly drifted, and the noise of their samples."""

    reference: Counts
    current: Counts
    drifted: Flags
    noise: Noise | None = None

    def p_values(self) -> Counts:
        return change_p_values(self.reference, self.current, ordered=True, noise=self.noise)

    def surprises(self, policy: DriftPolicy = POLICY) -> Counts:
        """P-values of differences worth telling, 1 of others. The interval is looked at only where the
        p-value could be accepted at all.
        """
        p_values = self.p_values()
        asked = p_values <= policy.q
        low = np.zeros(len(p_values))
        if asked.any():
            noise = None if self.noise is None else self.noise.of(asked)
            low[asked] = psi_effects(
                self.reference[asked], self.current[asked], ordered=True, noise=noise
            ).low
        return np.where(low > (policy.warn or 0.0), p_values, 1.0)


@dataclass(frozen=True)
class Tally:
    """What a series of nights came to.

    Attributes:
        nights: how many; ``alerting`` of them with any finding, ``falsely`` with a false one.
        false_share: false findings over all, a night's average; 0 for a night without.
        power: share of the drifted features found.
        first_power: the same on the first night.
    """

    nights: int
    alerting: int
    falsely: int
    false_share: float
    power: float
    first_power: float


def tally(nights: Iterator[Night], policy: DriftPolicy = POLICY) -> Tally:
    """Answer nights one after the other, each of other features, as the product does."""
    budget = Budget(policy.season_q, policy.season_nights)
    earlier: dict[date, frozenset[tuple[date, int]]] = {}
    false: list[int] = []
    found: list[int] = []
    drifted: list[int] = []
    for number, night in enumerate(nights):
        when = FIRST + timedelta(days=number)
        before = remembered(earlier, when, budget, policy.window_days)
        fresh = np.zeros(len(night.drifted), dtype=np.bool_)
        answer = decide(night.surprises(policy), fresh, before, policy.q, budget).found
        earlier[when] = frozenset((when, int(place)) for place in np.flatnonzero(answer))
        false.append(int((answer & ~night.drifted).sum()))
        found.append(int(answer.sum()))
        drifted.append(int(night.drifted.sum()))
    true = [all_ - wrong for all_, wrong in zip(found, false, strict=True)]
    return Tally(
        nights=len(found),
        alerting=sum(count > 0 for count in found),
        falsely=sum(count > 0 for count in false),
        false_share=float(np.mean([wrong / max(1, all_) for wrong, all_ in zip(false, found, strict=True)])),
        power=sum(true) / max(1, sum(drifted)),
        first_power=true[0] / max(1, drifted[0]),
    )


@dataclass(frozen=True)
class Year:
    """What a year of a few metrics came to; alerts are new findings, days are metrics' nights."""

    false_alerts: int
    true_alerts: int
    false_days: int
    true_days: int
    drifted_days: int
    delays: tuple[int, ...]


def year(p_values: Counts, drifted: Flags, policy: DriftPolicy = POLICY, overlap: int = 1) -> Year:
    """Answer the nights (nights, metrics) of a year one by one.

    Args:
        overlap: nights whose windows share rows.
    """
    budget = Budget(policy.season_q, policy.season_nights)
    earlier: dict[date, frozenset[int]] = {}
    found = np.zeros(p_values.shape, dtype=np.bool_)
    for number, night in enumerate(p_values):
        when = FIRST + timedelta(days=number)
        known = standing(earlier, when, overlap)
        stood = np.asarray([metric in known for metric in range(len(night))])
        before = remembered(earlier, when, budget, overlap)
        found[number] = decide(night, stood, before, policy.q, budget).found
        if found[number].any():
            earlier[when] = frozenset(map(int, np.flatnonzero(found[number])))
    opened = found & ~_moved(found)
    begins = np.argwhere(drifted & ~_moved(drifted))
    return Year(
        false_alerts=int((opened & ~drifted).sum()),
        true_alerts=int((opened & drifted).sum()),
        false_days=int((found & ~drifted).sum()),
        true_days=int((found & drifted).sum()),
        drifted_days=int(drifted.sum()),
        delays=tuple(_delay(found[start:, metric], drifted[start:, metric]) for start, metric in begins),
    )


def _moved(flags: Flags) -> Flags:
    """The night before's."""
    return np.vstack([np.zeros((1, flags.shape[1]), dtype=np.bool_), flags[:-1]])


def _delay(found: Flags, drifted: Flags) -> int:
    """Nights from the first of an episode to the first that found it; the episode's length if none did."""
    length = int(np.argmin(drifted)) if not drifted.all() else len(drifted)
    seen = np.flatnonzero(found[:length])
    return int(seen[0]) if len(seen) else length
