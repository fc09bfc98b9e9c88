"""Noise from rows that belong together: branches, customers, days.

A column's counts by cluster say how much its shares vary from cluster to cluster, and so how much they
vary by chance when clusters, not rows, are drawn. Where the same clusters are there then and now, what
is lasting about a cluster cancels out, because each cluster's two parts are taken together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from governance_pipeline.indicators.statistics.distances import Array
from governance_pipeline.indicators.statistics.location import SMALLEST, midranks
from governance_pipeline.indicators.statistics.noise import Effect, Noise

LEAST_CLUSTERS = 5.0
"""Fewer effective clusters say too little about how much clusters differ."""


def effective_clusters(samples: Sequence[Array]) -> Array:
    """How many clusters of equal size would tell as much, one entry per column.

    Args:
        samples: counts (columns, clusters, bins) of one or two samples, the same clusters in the same
            places.

    Source: Carter, Schnepel & Steigerwald (2017), Rev. Econ. Statist. 99.
    """
    rows = [sample.sum(axis=2) for sample in samples]
    weight = sum(((part / _total(part)) ** 2 for part in rows), np.zeros(1))
    squares = (weight**2).sum(axis=1)
    return np.where(squares > 0, weight.sum(axis=1) ** 2 / np.maximum(squares, SMALLEST**2), 0.0)


def cluster_noise(reference: Array | None, current: Array, *, ordered: bool) -> Noise:
    """Design effects of the difference between two samples of clusters.

    Args:
        reference: counts (columns, clusters, bins) then; None where they were not counted by cluster,
            which are then taken to be as alike within one as those of now.
        current: now, the same clusters in the same places; empty ones do no harm.
        ordered: the bins have an order, and the last of them holds missing values.

    Source: the linearised (sandwich) variance with clusters as units (Liang & Zeger 1986); Rao & Scott
    (1981, 1984) for shares; Obuchowski (1997, Biometrics 53) for ranks.
    """
    parts = [current] if reference is None else [current, reference]
    moved = sum((sign * _residuals(part) for sign, part in zip((1, -1), parts, strict=False)), np.zeros(1))
    scale = sum((1 / np.maximum(part.sum(axis=(1, 2)), 1) for part in parts), np.zeros(1))
    together = sum(parts, np.zeros(1))
    pooled = together.sum(axis=1) / np.maximum(together.sum(axis=(1, 2)), 1)[:, None]
    clusters = (together.sum(axis=2) > 0).sum(axis=1)
    few = clusters / np.maximum(clusters - 1, 1)
    bins, overall, concentration = directions(moved, pooled, few / scale)
    location = few * _location(parts) if ordered else overall
    degrees = np.maximum(effective_clusters(parts) - 1, 1.0)
    one = np.ones(len(degrees))
    wide = np.broadcast_to(degrees[:, None], bins.shape)
    return Noise(
        Effect(bins, np.ones(bins.shape), wide, least=1.0),
        Effect(overall, one, degrees),
        Effect(location, one, degrees),
        concentration,
    )


def _total(rows: Array) -> Array:
    total: Array = np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    return total


def _residuals(counts: Array) -> Array:
    """What each cluster adds to the error of the shares: (columns, clusters, bins)."""
    rows = counts.sum(axis=2, keepdims=True)
    total = np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    share = counts.sum(axis=1, keepdims=True) / total
    residuals: Array = (counts - rows * share) / total
    return residuals


def directions(moved: Array, pooled: Array, factor: Array) -> tuple[Array, Array, Array]:
    """(design effect of each bin, their mean over all directions, its concentration).

    Args:
        moved: what each unit adds to the error of the shares (columns, units, bins).
        pooled: the shares (columns, bins).
        factor: one over the variance of independent rows, by column.
    """
    used = (pooled > 0) & (pooled < 1)
    standard = moved / np.sqrt(np.where(used, pooled, 1.0))[:, None, :]
    spread = np.matmul(standard.transpose(0, 2, 1), standard) * factor[:, None, None]
    own = np.diagonal(spread, axis1=1, axis2=2)
    trace, squares = own.sum(axis=1), (spread**2).sum(axis=(1, 2))
    free = np.maximum(used.sum(axis=1) - 1, 1)
    varies = trace > SMALLEST
    inflation = np.where(varies, trace / free, 1.0)
    concentration = np.where(varies, free * squares / np.maximum(trace, SMALLEST) ** 2, 1.0)
    bins = np.where(used, own / np.where(used, 1 - pooled, 1.0), 1.0)
    return bins, inflation, np.clip(concentration, 1.0, free)


def _location(samples: Sequence[Array]) -> Array:
    """Variance of the mean ranks' difference over that of independent rows, before the correction
    for few clusters. Each sample is scored by its ranks in the other, or in itself.
    """
    present = [sample[:, :, :-1] for sample in samples]
    share = [_shares(part) for part in present]
    moved, apart = np.zeros(1), np.zeros(1)
    for sign, part, own, other in zip((1, -1), present, share, reversed(share), strict=False):
        score = midranks(other)
        moved = moved + sign * _scored(part, score, own)
        apart = apart + _per_row(part, score, own)
    together = (moved**2).sum(axis=1)
    return np.where(apart > SMALLEST**2, together / np.maximum(apart, SMALLEST**2), 1.0)


def _shares(counts: Array) -> Array:
    seen = counts.sum(axis=1)
    shares: Array = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1.0)
    return shares


def _scored(counts: Array, score: Array, share: Array) -> Array:
    """Each cluster's part of the mean score's error: (columns, clusters)."""
    centred = score - (share * score).sum(axis=1, keepdims=True)
    total = np.maximum(counts.sum(axis=(1, 2)), 1.0)
    scored: Array = np.einsum("fgb,fb->fg", counts, centred) / total[:, None]
    return scored


def _per_row(counts: Array, score: Array, share: Array) -> Array:
    """The mean score's variance if rows were independent."""
    centred = score - (share * score).sum(axis=1, keepdims=True)
    variance: Array = (share * centred**2).sum(axis=1) / np.maximum(counts.sum(axis=(1, 2)), 1.0)
    return variance
