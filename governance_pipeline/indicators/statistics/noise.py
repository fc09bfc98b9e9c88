"""How much more two samples differ by chance than independent rows would.

Rows that belong together (of one branch, of one day) are alike, so a sample of them tells less than its
size says. All tests and intervals take that from here, whatever it was estimated from
(:mod:`clusters`, :mod:`seasons`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from governance_pipeline.indicators.statistics.distances import Array, Flags

MOST_DEGREES = 1e7
"""Student's t with more degrees of freedom is the normal distribution to twelve digits."""

NODES = 48
"""Of the quadrature; its answer equals Student's t to seven digits where that is the answer."""

MOST_QUADRATURE = 300.0
"""Degrees of freedom beyond which the quadrature's weights overflow; fewer are the safe side."""

LEAST_VARIANCE = 1e-9
LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True)
class Effect:
    """A design effect: the variance over that of independent rows, with how well it is known.

    Attributes:
        measured: as it was measured, one entry per column, or per column and bin.
        growth: the variance is 1 + growth (measured - 1): 1 where it was measured on the very samples
            that are compared, more where their clusters are larger.
        degrees: degrees of freedom it was measured on, in the shape of ``measured``; infinite where it
            is known.
        least: smaller ones are not believed.
    """

    measured: Array
    growth: Array
    degrees: Array
    least: float = 0.0

    @property
    def variance(self) -> Array:
        """The estimate."""
        believed = np.maximum(self.measured, self.least)
        found: Array = np.maximum(1 + self.growth * (believed - 1), LEAST_VARIANCE)
        return found

    @classmethod
    def joined(cls, parts: Sequence[Effect]) -> Effect:
        """Of all columns of several."""
        return cls(
            np.concatenate([part.measured for part in parts]),
            np.concatenate([part.growth for part in parts]),
            np.concatenate([part.degrees for part in parts]),
            parts[0].least,
        )

    def of(self, chosen: Flags) -> Effect:
        """Of some columns."""
        return Effect(self.measured[chosen], self.growth[chosen], self.degrees[chosen], self.least)

    def tails(self, z: Array, skew: Array) -> Array:
        """Two-sided p-values, at most 1, of differences in standard errors of independent rows.

        Student's t where the growth is 1. Beyond, the p-value is averaged over what the true design
        effect may be given its degrees of freedom (a generalised p-value, Weerahandi 1993, J. Am.
        Statist. Assoc. 88), which for growth 1 is Student's t.

        A lopsided statistic has a heavier tail than that: exp(skew |z|^3 / 6) is the leading term of
        Cramer's series for it (Petrov 1975, Sums of Independent Random Variables, VIII.2), taken
        against us on both sides.
        """
        from scipy.special import stdtr

        standard = np.abs(z) / np.sqrt(self.variance)
        tails = 2 * stdtr(np.minimum(self.degrees, MOST_DEGREES), -standard)
        grown = np.broadcast_to(self.growth > 1, z.shape)
        if grown.any():
            tails[grown] = self._averaged(np.abs(z), grown)
        heavier = np.exp(np.minimum(skew * standard**3 / 6, LARGEST_EXPONENT))
        found: Array = np.minimum(1.0, tails * heavier)
        return found

    def _averaged(self, z: Array, grown: Flags) -> Array:
        from scipy.special import ndtr, roots_genlaguerre

        measured, growth, degrees = (
            np.broadcast_to(part, z.shape)[grown]
            for part in (np.maximum(self.measured, self.least), self.growth, self.degrees)
        )
        tails = np.zeros(len(measured))
        for count in np.unique(np.minimum(degrees, MOST_QUADRATURE)):
            mine = np.minimum(degrees, MOST_QUADRATURE) == count
            roots, weights = roots_genlaguerre(NODES, count / 2 - 1)
            for root, weight in zip(roots, weights / weights.sum(), strict=True):
                true = measured[mine] * count / (2 * root)
                variance = np.maximum(1 + growth[mine] * (true - 1), LEAST_VARIANCE)
                tails[mine] += weight * 2 * ndtr(-z[grown][mine] / np.sqrt(variance))
        return tails

    def deviate(self, outside: float) -> Array:
        """Student's t that leaves ``outside`` above it."""
        from scipy.special import stdtrit

        return np.asarray(stdtrit(np.minimum(self.degrees, MOST_DEGREES), 1 - outside), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Noise:
    """The design effects of two samples' difference, of many columns.

    Attributes:
        bins: of each bin's share (columns, bins).
        overall: on average over all directions the shares can move in: Rao & Scott's mean generalised
            design effect (1981, J. Am. Statist. Assoc. 76).
        location: of the mean ranks.
        concentration: one plus the squared coefficient of variation of the design effects over the
            directions: 1 where all are alike, up to the number of bins less one.
    """

    bins: Effect
    overall: Effect
    location: Effect
    concentration: Array

    def of(self, chosen: Flags) -> Noise:
        """Of some columns."""
        return Noise(
            self.bins.of(chosen),
            self.overall.of(chosen),
            self.location.of(chosen),
            self.concentration[chosen],
        )

    def drawn_together(self) -> Noise:
        """With the ranks' design effects :func:`squeezed` over the columns, which are of one table."""
        return replace(self, location=squeezed(self.location))

    @classmethod
    def joined(cls, parts: Sequence[Noise]) -> Noise:
        """Of all columns of several."""
        return cls(
            Effect.joined([part.bins for part in parts]),
            Effect.joined([part.overall for part in parts]),
            Effect.joined([part.location for part in parts]),
            np.concatenate([part.concentration for part in parts]),
        )

    @classmethod
    def none(cls, columns: int, bins: int) -> Noise:
        """Independent rows."""
        one, known = np.ones(columns), np.full(columns, np.inf)
        wide = np.ones((columns, bins))
        each = Effect(wide, wide, np.full((columns, bins), np.inf))
        every = Effect(one, one, known)
        return cls(each, every, every, one)


def squeezed(effect: Effect) -> Effect:
    """The design effects of many columns of one table, each drawn towards what they have in common.

    The days or branches of one table are alike or not for most of its columns at once; how far the
    columns' own estimates may be trusted against the common one is estimated from how much they differ
    (empirical Bayes; Smyth 2004, Statist. Appl. Genet. Mol. Biol. 3, article 3). Fewer than ten columns
    are left as they are.
    """
    from scipy.special import digamma, polygamma

    known = (effect.measured > LEAST_VARIANCE) & np.isfinite(effect.degrees)
    if known.sum() < LEAST_COLUMNS:
        return effect
    own = float(effect.degrees[known].min())
    logs = np.log(effect.measured[known]) - digamma(own / 2) + np.log(own / 2)
    left = float(logs.var(ddof=1) - polygamma(1, own / 2))
    most = own * float(known.sum())
    prior = min(most, 2 * _inverse_trigamma(left)) if left > 0 else most
    common = float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))
    drawn = (prior * common + own * effect.measured) / (prior + own)
    return replace(
        effect,
        measured=np.where(known, drawn, effect.measured),
        degrees=np.where(known, own + prior, effect.degrees),
    )


LEAST_COLUMNS = 10


def _inverse_trigamma(value: float) -> float:
    """The x whose trigamma is ``value``, by Newton's method as Smyth (2004), appendix."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-9 * x:
            break
    return x
