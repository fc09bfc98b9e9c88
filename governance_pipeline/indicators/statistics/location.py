"""Did the values move up or down? One degree of freedom, where a histogram's test spends one per bin.

The measure is the probability that a value of now exceeds one of then (half for ties), by counts on
ordered bins: Wilcoxon's and Mann & Whitney's statistic, also known as the area under the ROC curve.
All functions take arrays (columns, bins) and answer one entry per column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from governance_pipeline.indicators.statistics.distances import Array
from governance_pipeline.indicators.statistics.noise import Noise


@dataclass(frozen=True, slots=True)
class Location:
    """One entry per column; all zero where a side has no row or nothing can move.

    Attributes:
        shift: the difference of the mean ranks in their standard deviations. Its square never exceeds
            the population stability index: by Cauchy and Schwarz it is at most the sum over bins of
            (p - q)^2 / ((p + q) / 2), and that is at most the sum of (p - q) ln(p / q).
        error: standard error of the shift.
        z: the shift against none at all, in standard errors, corrected for ties.
        skew: of the statistic's distribution when nothing moved, without sign.
    """

    shift: Array
    error: Array
    z: Array
    skew: Array

    @classmethod
    def of(cls, reference: Array, current: Array) -> Location:
        """From counts on ordered bins, missing values left out.

        Source: Mann & Whitney (1947); DeLong, DeLong & Clarke-Pearson (1988) for the error where
        something moved.
        """
        n, m = reference.sum(axis=1), current.sum(axis=1)
        p, q = _shares(reference, n), _shares(current, m)
        below_then, below_now = midranks(p), midranks(q)
        middle = (p + q) / 2
        scale = np.sqrt(np.maximum(0.0, 1 - (middle**3).sum(axis=1)) / 12)
        difference = (q * below_then).sum(axis=1) - 0.5
        moves = (n > 0) & (m > 0) & (scale > SMALLEST)
        n, m, scale = np.where(moves, n, 1.0), np.where(moves, m, 1.0), np.where(moves, scale, 1.0)
        alike = _tied_variance(reference + current, n, m)
        apart = _variance(q, below_then) / m + _variance(p, below_now) / n
        error = np.sqrt(np.maximum(alike, apart)) / scale
        z = difference / np.sqrt(np.maximum(alike, SMALLEST))
        skew = np.abs(_skew(reference + current)) * unequal(n, m)
        return cls(*(np.where(moves, found, 0.0) for found in (difference / scale, error, z, skew)))

    def p_values(self, noise: Noise) -> Array:
        """Two-sided p-values that nothing moved."""
        return np.where(self.error > 0, noise.location.tails(self.z, self.skew), 1.0)


SMALLEST = 1e-12


def unequal(n: Array, m: Array) -> Array:
    """What of a row's skewness is left in the difference of two means of n and m rows; 0 for n = m."""
    left: Array = np.abs(1 / m**2 - 1 / n**2) / (1 / m + 1 / n) ** 1.5
    return left


def midranks(share: Array) -> Array:
    """For each bin the share of rows below it and half of its own."""
    return np.cumsum(share, axis=-1) - share / 2


def _shares(counts: Array, rows: Array) -> Array:
    shares: Array = counts / np.maximum(rows, 1.0)[:, None]
    return shares


def _variance(share: Array, score: Array) -> Array:
    mean = (share * score).sum(axis=1)
    variance: Array = np.maximum(0.0, (share * score**2).sum(axis=1) - mean**2)
    return variance


def _tied_variance(both: Array, n: Array, m: Array) -> Array:
    """Variance of the probability when nothing moved, for ties by Hemelrijk (1952)."""
    rows = n + m
    ties = (both**3 - both).sum(axis=1) / (rows * np.maximum(rows - 1, 1.0))
    variance: Array = np.maximum(0.0, rows + 1 - ties) / (12 * n * m)
    return variance


def _skew(both: Array) -> Array:
    """Third standardised moment of the midranks of all rows."""
    share = _shares(both, both.sum(axis=1))
    score = midranks(share)
    centred = score - (share * score).sum(axis=1, keepdims=True)
    variance = (share * centred**2).sum(axis=1)
    third = (share * centred**3).sum(axis=1)
    return np.where(variance > SMALLEST, third / np.maximum(variance, SMALLEST) ** 1.5, 0.0)
