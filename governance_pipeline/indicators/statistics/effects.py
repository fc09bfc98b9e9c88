"""The population stability index as an effect: estimate, interval, and what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from governance_pipeline.indicators.statistics.distances import HALDANE, Array, Counts, paired
from governance_pipeline.indicators.statistics.intervals import CONFIDENCE
from governance_pipeline.indicators.statistics.location import Location
from governance_pipeline.indicators.statistics.noise import Noise


@dataclass(frozen=True, slots=True)
class PsiEffect:
    """The population stability index as an effect, freed from what chance alone adds.

    Attributes:
        value: the index less ``chance``, at least ``low``: what is estimated.
        low: lower end of the interval of the true index; 0 where no drift is compatible.
        high: upper end.
        observed: the index as counted (half a row added to each bin).
        chance: what the index is on average when nothing drifted.
    """

    value: float
    low: float
    high: float
    observed: float
    chance: float


@dataclass(frozen=True, slots=True)
class PsiEffects:
    """:class:`PsiEffect` of many columns: one array each."""

    value: Array
    low: Array
    high: Array
    observed: Array
    chance: Array

    def of(self, column: int) -> PsiEffect:
        """One column's."""
        parts = (self.value, self.low, self.high, self.observed, self.chance)
        return PsiEffect(*(float(part[column]) for part in parts))


def psi_effect(
    reference: Counts, current: Counts, confidence: float = CONFIDENCE, *, ordered: bool = False
) -> PsiEffect:
    """:func:`psi_effects` of one column of independent rows."""
    then, now = paired(reference, current)
    return psi_effects(then[None, :], now[None, :], ordered=ordered, confidence=confidence).of(0)


def psi_effects(
    reference: Array,
    current: Array,
    *,
    ordered: bool,
    noise: Noise | None = None,
    confidence: float = CONFIDENCE,
) -> PsiEffects:
    """Estimate and interval of the true population stability index between two samples.

    With no drift, index / s with s = 1/n + 1/m follows a chi-square distribution with k - 1 degrees
    of freedom (Yurdakul & Naranjo 2020, J. Risk Model Validation 14; Jeffreys' divergence is locally
    Pearson's chi-square): its mean (k-1)s is what chance adds, so it is taken off. With drift the
    distribution is the noncentral one with variance 2(k-1)s^2 + 4 s index. The interval is the set of
    indices that a normal test with this variance does not reject (a score interval, closed form). A
    strong drift spreads more than the local approximation says; then 4 s is raised to the variance
    of the delta method (multinomial sampling of both). Bins that expect less than one row count as
    that part of a degree of freedom. Noise multiplies s, and 4 s by the direction it is strongest in.

    Where the bins have an order, the index is at least the square of the shift of the ranks
    (:class:`Location`), which twenty bins blur less. The lower end is then the larger of both lower
    ends, each at half the error.

    By simulation the lower end lies above a true index of 0.05 or more in at most 5 % of samples from
    200 rows on; above about 1 the estimate is biased towards smaller drift, never towards more.

    Args:
        reference: counts (columns, bins) then; a row in each column.
        current: now.
        ordered: the bins have an order, and the last of them holds missing values.
        noise: how much more than independent rows the samples vary; None for independent rows.
        confidence: of the interval.
    """
    noise = noise or Noise.none(*reference.shape)
    n, m = reference.sum(axis=1), current.sum(axis=1)
    inflation = np.maximum(noise.overall.variance, 1.0)
    scale = (1 / n + 1 / m) * inflation
    p, q, parts = _smoothed(reference, current)
    observed = parts.sum(axis=1)
    degrees = _degrees(reference, current)
    chance = degrees * scale
    delta = _delta_variance(p, q, n, m) * inflation
    strongest = np.maximum(4 * scale, delta / np.maximum(observed, TINY)) * noise.concentration
    still = 2 * degrees * scale**2 * noise.concentration
    outside = (1 - confidence) / 2
    each = outside / 2 if ordered else outside
    low, _ = _not_rejected(observed - chance, strongest, still, noise.overall.deviate(each))
    _, high = _not_rejected(observed - chance, strongest, still, noise.overall.deviate(outside))
    if ordered:
        moved = Location.of(reference[:, :-1], current[:, :-1])
        present = _present_share(reference, current)
        reach = noise.location.deviate(each) * moved.error * np.sqrt(noise.location.variance)
        low = np.maximum(low, present * np.maximum(0.0, np.abs(moved.shift) - reach) ** 2)
    value = np.maximum(np.maximum(0.0, observed - chance), low)
    return PsiEffects(value, low, np.maximum(high, value), observed, chance)


def psi_cut(reference: Array, current: Array, level: float = 0.999) -> Array:
    """The index that chance alone exceeds in 1 - ``level`` of columns that did not drift.

    A fixed cut, such as 0.1 at any size, calls 39 of 100 unchanged features of 100 rows drifted. This one
    falls with the rows: the chi-square distribution's quantile times 1/n + 1/m (Yurdakul & Naranjo 2020).
    A bin counts in full from a fifth of an expected row on: what rare bins add has a long tail.
    """
    from scipy.special import chdtri

    n, m = reference.sum(axis=1), current.sum(axis=1)
    cut: Array = chdtri(np.maximum(_degrees(5 * reference, 5 * current), 1e-9), 1 - level) * (1 / n + 1 / m)
    return cut


def _degrees(reference: Array, current: Array) -> Array:
    """Bins less one, where a bin that expects less than one row counts as that part of one."""
    n, m = reference.sum(axis=1), current.sum(axis=1)
    expected = (reference + current) * (np.minimum(n, m) / (n + m))[:, None]
    degrees: Array = np.maximum(0.0, np.minimum(expected, 1.0).sum(axis=1) - 1)
    return degrees


TINY = 1e-300


def _smoothed(reference: Array, current: Array) -> tuple[Array, Array, Array]:
    """Shares with half a row added to every bin that is not empty in both, and each bin's index."""
    used = (reference + current) > 0
    then, now = reference + HALDANE * used, current + HALDANE * used
    p, q = then / then.sum(axis=1, keepdims=True), now / now.sum(axis=1, keepdims=True)
    ratio = np.log(np.where(used, p, 1.0) / np.where(used, q, 1.0))
    return p, q, (p - q) * ratio


def _not_rejected(estimate: Array, spread: Array, still: Array, deviate: Array) -> tuple[Array, Array]:
    """The indices x with |estimate - x| <= deviate * sqrt(still + spread x), both ends at least 0."""
    square = deviate**2
    middle = estimate + square * spread / 2
    root = np.sqrt(np.maximum(0.0, middle**2 - estimate**2 + square * still))
    none = (estimate <= 0) | (estimate**2 <= square * still)
    return np.where(none, 0.0, np.maximum(0.0, middle - root)), np.maximum(0.0, middle + root)


def _present_share(reference: Array, current: Array) -> Array:
    """The smaller share of rows with a value: the index of all rows is at least that part of theirs."""
    then = 1 - reference[:, -1] / reference.sum(axis=1)
    now = 1 - current[:, -1] / current.sum(axis=1)
    smaller: Array = np.minimum(then, now)
    return smaller


def _delta_variance(p: Array, q: Array, n: Array, m: Array) -> Array:
    """Variance of the index by the delta method, over multinomial sampling of both samples."""
    used = (p > 0) & (q > 0)
    first, second = np.where(used, p, 1.0), np.where(used, q, 1.0)
    variance = np.zeros(len(p))
    for share, other, rows in ((first, second, n), (second, first, m)):
        slope = np.where(used, np.log(share / other) + 1 - other / share, 0.0)
        weight = np.where(used, share, 0.0)
        variance += ((weight * slope**2).sum(axis=1) - (weight * slope).sum(axis=1) ** 2) / rows
    return variance
