"""Features whose values are drawn from a seed, as counts on the bins of a training snapshot.

A column is a standard normal variable, twenty bins of equal width between -3.5 and 3.5 with one below, one
above and one for missing values. Groups of rows (clusters, days) are drawn once into a pool and put
together from it, because a night of 10,000 features has millions of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]
Pool = npt.NDArray[np.int16]

EDGES = np.asarray([NormalDist().inv_cdf(step / 22) for step in range(1, 22)])
"""Ranges of equal shares, as the product cuts a column's training rows."""

BINS = len(EDGES) + 2
WEEK = 7
WEEKEND = 5


def shares(shift: float = 0.0, missing: float = 0.0) -> Counts:
    """Of a normal variable moved by ``shift`` standard deviations."""
    from scipy.special import ndtr

    present = np.diff(np.r_[0.0, ndtr(EDGES - shift), 1.0])
    return np.asarray(np.r_[present * (1 - missing), missing])


def tied() -> Counts:
    """Seven values, two of them rare."""
    weights = np.r_[0.35, 0.3, 0.2, 0.1, 0.04, 0.008, 0.002]
    return np.asarray(np.r_[0.0, weights, np.zeros(BINS - len(weights) - 1)])


def constant() -> Counts:
    return np.asarray(np.eye(BINS)[3])


def all_null() -> Counts:
    return np.asarray(np.eye(BINS)[-1])


AWKWARD = (tied(), constant(), all_null(), shares(missing=0.5), shares(missing=0.001))
"""Shapes a test of smooth columns says nothing about."""


def binned(values: npt.NDArray[np.float64]) -> Pool:
    """Counts (groups, bins) of values (groups, rows)."""
    groups, rows = values.shape
    places = np.searchsorted(EDGES, values.ravel()).reshape(groups, rows)
    flat = (np.arange(groups)[:, None] * BINS + places).ravel()
    return np.bincount(flat, minlength=groups * BINS).reshape(groups, BINS).astype(np.int16)


@dataclass(frozen=True)
class Clusters:
    """Groups with a mean of their own, as pairs: rows then, and rows now.

    Attributes:
        lasting: a group keeps its mean; else it is drawn anew, as where other groups come.
        pairs: in the pool.
    """

    rng: np.random.Generator
    then: int = 208
    now: int = 42
    correlation: float = 0.2
    shift: float = 0.0
    lasting: bool = False
    pairs: int = 40_000
    pools: tuple[Pool, Pool] = field(init=False)

    def __post_init__(self) -> None:
        within = (1 - self.correlation) ** 0.5
        mean = self.rng.normal(0, self.correlation**0.5, (2, self.pairs, 1))
        after = mean[0] if self.lasting else mean[1]
        then = mean[0] + self.rng.normal(0, within, (self.pairs, self.then))
        now = self.shift + after + self.rng.normal(0, within, (self.pairs, self.now))
        object.__setattr__(self, "pools", (binned(then), binned(now)))

    def draw(self, features: int, clusters: int) -> tuple[Counts, Counts]:
        """Counts (features, clusters, bins) then and now."""
        chosen = self.rng.integers(self.pairs, size=(features, clusters))
        other = chosen if self.lasting else self.rng.integers(self.pairs, size=(features, clusters))
        return self.pools[0][chosen].astype(float), self.pools[1][other].astype(float)


@dataclass(frozen=True)
class Days:
    """Days of which Saturday and Sunday lie ``weekend`` standard deviations higher."""

    rng: np.random.Generator
    rows: int = 143
    weekend: float = 0.5
    shift: float = 0.0
    size: int = 40_000
    pools: tuple[Pool, Pool] = field(init=False)

    def __post_init__(self) -> None:
        means = (self.shift, self.shift + self.weekend)
        pools = (binned(self.rng.normal(mean, 1, (self.size, self.rows))) for mean in means)
        object.__setattr__(self, "pools", tuple(pools))

    def draw(self, features: int, weekdays: npt.NDArray[np.int64]) -> Counts:
        """Counts (features, days, bins)."""
        chosen = self.rng.integers(self.size, size=(features, len(weekdays)))
        counts = np.empty((features, len(weekdays), BINS))
        for place, weekday in enumerate(weekdays):
            counts[:, place] = self.pools[int(weekday >= WEEKEND)][chosen[:, place]]
        return counts
