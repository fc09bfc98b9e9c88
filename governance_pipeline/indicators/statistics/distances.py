"""How far two distributions are apart, from counts on the same bins.

``reference`` and ``current`` are counts per bin (or category), in the same order. Every distance is
0 for equal shares. The definitions are those of Evidently 0.7.23 where it has one, so that a number
here equals the number there when it is given Evidently's bins; where we differ, the docstring says so.

All raise ValueError for counts that are negative, not finite, of different lengths or all zero: a
distance to nothing is not a number, and a NaN must never look like "no drift".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Counts = Sequence[int] | Sequence[float] | npt.NDArray[np.int64] | npt.NDArray[np.float64]
Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EVIDENTLY_FLOOR = 1e-4
"""The share Evidently gives an empty bin, unless its smallest share is already as small."""

HALDANE = 0.5
"""Added to each bin's count by Haldane (1956) and Anscombe (1956): the log ratio of two counts is
then nearly unbiased, and an empty bin in a small sample does not look like a vanished one."""


def paired(reference: Counts, current: Counts) -> tuple[Array, Array]:
    """Both as float arrays, checked. Raises ValueError where no distance is defined."""
    then = np.asarray(reference, dtype=np.float64)
    now = np.asarray(current, dtype=np.float64)
    if then.ndim != 1 or then.shape != now.shape:
        raise ValueError("reference and current must be counts on the same bins")
    if not (np.isfinite(then).all() and np.isfinite(now).all()) or (then < 0).any() or (now < 0).any():
        raise ValueError("counts must be finite and not negative")
    if then.sum() == 0 or now.sum() == 0:
        raise ValueError("a distribution without a single row has no distance to another")
    return then, now


def shares(counts: Array) -> Array:
    """Counts as shares of their sum."""
    share: Array = counts / counts.sum()
    return share


def psi(reference: Counts, current: Counts, *, pseudocount: float | None = None) -> float:
    """Population stability index: sum of (p - q) ln(p / q), also known as Jeffreys' divergence.

    Args:
        reference: counts then.
        current: counts now.
        pseudocount: added to every bin that is not empty in both (``HALDANE`` for decisions). None
            uses Evidently's rule for empty bins: a share of 0.0001, or a millionth of the smallest
            share where that is 0.0001 or less.

    Source: Lewis (1994), An Introduction to Credit Scoring; Jeffreys (1946); Evidently 0.7.23 ``psi``.
    """
    return float(psi_contributions(reference, current, pseudocount=pseudocount).sum())


def psi_contributions(
    reference: Counts, current: Counts, *, pseudocount: float | None = None
) -> npt.NDArray[np.float64]:
    """Each bin's part of :func:`psi`, in the order of the bins; none is negative."""
    p, q = smoothed(reference, current, pseudocount)
    used = (p > 0) & (q > 0)
    parts = np.zeros_like(p)
    parts[used] = (p[used] - q[used]) * np.log(p[used] / q[used])
    return parts


def smoothed(reference: Counts, current: Counts, pseudocount: float | None) -> tuple[Array, Array]:
    """Shares without zeros; bins empty in both stay 0 when a pseudocount is given."""
    then, now = paired(reference, current)
    if pseudocount is None:
        return _evidently_floor(shares(then)), _evidently_floor(shares(now))
    used = (then + now) > 0
    return shares(then + pseudocount * used), shares(now + pseudocount * used)


def _evidently_floor(share: Array) -> Array:
    smallest = share[share > 0].min()
    floor = smallest / 10**6 if smallest <= EVIDENTLY_FLOOR else EVIDENTLY_FLOOR
    return np.where(share == 0, floor, share)


def jensen_shannon(reference: Counts, current: Counts, *, base: float | None = None) -> float:
    """Jensen-Shannon distance: the square root of the divergence, at most sqrt(ln 2) or, in base 2, 1.

    Evidently uses the natural logarithm, NannyML base 2. Source: Lin (1991); Endres & Schindelin (2003).
    """
    then, now = paired(reference, current)
    p, q = shares(then), shares(now)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    if base is not None:
        divergence /= math.log(base)
    return math.sqrt(max(divergence, 0.0))


def _relative_entropy(p: Array, q: Array) -> float:
    used = p > 0
    return float((p[used] * np.log(p[used] / q[used])).sum())


def hellinger(reference: Counts, current: Counts) -> float:
    """Hellinger distance, 0 to 1: sqrt(1 - sum sqrt(p q)). Source: Hellinger (1909)."""
    then, now = paired(reference, current)
    overlap = float(np.sqrt(shares(then) * shares(now)).sum())
    return math.sqrt(1 - min(max(overlap, 0.0), 1.0))


def total_variation(reference: Counts, current: Counts) -> float:
    """The share of rows that would have to move to another bin, 0 to 1: half of sum |p - q|."""
    then, now = paired(reference, current)
    return float(np.abs(shares(then) - shares(now)).sum() / 2)


def kolmogorov_smirnov(reference: Counts, current: Counts) -> float:
    """Largest gap between the cumulative shares of ordered bins, 0 to 1.

    Exact when every distinct value is a bin of its own; on wider bins it is the gap at their edges,
    which is never larger. Source: Smirnov (1948).
    """
    then, now = paired(reference, current)
    return float(np.abs(np.cumsum(shares(then)) - np.cumsum(shares(now))).max())


def wasserstein(reference: Counts, current: Counts, positions: Sequence[float] | Array) -> float:
    """First Wasserstein (earth mover's) distance, in the column's own unit.

    Args:
        reference: counts then.
        current: counts now.
        positions: the value each bin stands for, ascending. Exact where the bins are the distinct
            values; with a bin's middle it is off by at most half a bin's width.

    Source: Vallender (1974): the area between the two distribution functions.
    """
    then, now = paired(reference, current)
    at = np.asarray(positions, dtype=np.float64)
    if at.shape != then.shape or (np.diff(at) < 0).any() or not np.isfinite(at).all():
        raise ValueError("positions must be one ascending finite value per bin")
    gap = np.abs(np.cumsum(shares(then)) - np.cumsum(shares(now)))
    return float((gap[:-1] * np.diff(at)).sum())


WASSERSTEIN_LEAST_SCALE = 0.001
"""Evidently's least divisor, so that a constant reference does not divide by zero."""


def wasserstein_normed(
    reference: Counts, current: Counts, positions: Sequence[float] | Array, deviation: float
) -> float:
    """:func:`wasserstein` in standard deviations of the reference, as Evidently's ``wasserstein``.

    Args:
        reference: counts then.
        current: counts now.
        positions: as for :func:`wasserstein`.
        deviation: the reference's standard deviation with divisor n (``numpy.std``).
    """
    return wasserstein(reference, current, positions) / max(deviation, WASSERSTEIN_LEAST_SCALE)
