from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.clusters import cluster_noise, effective_clusters
from governance_pipeline.indicators.statistics.homogeneity import change_p_values

SHARES = np.full(8, 1 / 8)


def clustered(rng, columns, clusters, rows, spread):
    """Counts (columns, clusters, 9): each cluster has shares of its own, the last bin is empty."""
    weights = (
        rng.gamma(1 / spread, size=(columns, clusters, 8)) if spread else np.ones((columns, clusters, 8))
    )
    shares = weights / weights.sum(axis=2, keepdims=True)
    counts = rng.multinomial(rows, shares)
    return np.concatenate([counts, np.zeros((columns, clusters, 1))], axis=2)


def test_the_design_effect_of_a_share_is_the_cluster_robust_variance_over_the_binomial():
    """One column of yes and no, by hand: ratio residuals by cluster, squared, summed (Liang & Zeger 1986)."""
    rng = np.random.default_rng(53)
    then, now = (np.stack([rng.integers(0, 30, 12), rng.integers(1, 30, 12)], axis=1) for _ in range(2))
    noise = cluster_noise(then[None].astype(float), now[None].astype(float), ordered=False)

    n, m = then.sum(), now.sum()
    p, q = then[:, 0].sum() / n, now[:, 0].sum() / m
    moved = (now[:, 0] - q * now.sum(axis=1)) / m - (then[:, 0] - p * then.sum(axis=1)) / n
    robust = 12 / 11 * (moved**2).sum()
    pooled = (then[:, 0].sum() + now[:, 0].sum()) / (n + m)
    assert noise.bins.measured[0, 0] == pytest.approx(robust / (pooled * (1 - pooled) * (1 / n + 1 / m)))
    assert noise.overall.measured[0] == pytest.approx(noise.bins.measured[0, 0])


def test_clusters_of_one_row_are_rows():
    rng = np.random.default_rng(59)
    then, now = (rng.multinomial(1, SHARES, (50, 400)).astype(float) for _ in range(2))
    found = [cluster_noise(half, other, ordered=True) for half, other in ((then, now),)]
    assert found[0].overall.measured.mean() == pytest.approx(1, abs=0.05)
    assert found[0].location.measured.mean() == pytest.approx(1, abs=0.05)


def test_what_lasts_about_a_cluster_cancels_out():
    rng = np.random.default_rng(61)
    shares = rng.dirichlet(np.full(8, 0.5), (40, 24))
    then, now = (rng.multinomial(100, shares).astype(float) for _ in range(2))
    together = cluster_noise(then, now, ordered=True).overall.measured
    strangers = cluster_noise(then, np.roll(now, 1, axis=0), ordered=True).overall.measured
    assert together.mean() < 1
    assert strangers.mean() > 10


def test_empty_buckets_do_no_harm():
    rng = np.random.default_rng(67)
    then, now = clustered(rng, 3, 20, 30, 0.5), clustered(rng, 3, 20, 30, 0.5)
    padded = [np.concatenate([part, np.zeros((3, 44, 9))], axis=1) for part in (then, now)]
    plain, wider = cluster_noise(then, now, ordered=True), cluster_noise(*padded, ordered=True)
    assert wider.location.measured == pytest.approx(plain.location.measured)
    assert wider.bins.measured == pytest.approx(plain.bins.measured)
    assert wider.overall.degrees == pytest.approx(plain.overall.degrees)


def test_one_large_cluster_counts_for_little_more_than_one():
    even = np.full((1, 20, 1), 5.0)
    assert effective_clusters([even, even]) == pytest.approx([20])
    lopsided = even.copy()
    lopsided[0, 0] = 10_000
    assert effective_clusters([lopsided, lopsided])[0] < 1.1


def test_a_snapshot_without_clusters_is_taken_to_be_as_clustered_as_the_night():
    rng = np.random.default_rng(71)
    then, now = clustered(rng, 200, 24, 200, 0.3), clustered(rng, 200, 24, 40, 0.3)
    known = cluster_noise(None, now, ordered=True)
    p_values = change_p_values(then.sum(axis=1), now.sum(axis=1), ordered=True, noise=known)
    plain = change_p_values(then.sum(axis=1), now.sum(axis=1), ordered=True)
    assert (plain <= 0.001).mean() > 0.2
    assert (p_values <= 0.001).mean() <= 0.05


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5])
def test_p_values_of_stable_clustered_columns_are_honest(spread):
    """24 clusters of 200 rows then and of 40 now, drawn anew; bounds four standard errors above."""
    rng = np.random.default_rng(73)
    found = []
    for _ in range(20):
        then, now = clustered(rng, 1000, 24, 200, spread), clustered(rng, 1000, 24, 40, spread)
        noise = cluster_noise(then, now, ordered=True)
        found.append(change_p_values(then.sum(axis=1), now.sum(axis=1), ordered=True, noise=noise))
    p_values = np.concatenate(found)
    for level in (0.05, 1e-3, 1e-4):
        assert (p_values <= level).mean() <= level + 4 * (level / len(p_values)) ** 0.5


@pytest.mark.parametrize(("clusters", "spread"), [(24, 0.5), (70, 0.5), (300, 0.1)])
def test_p_values_stay_honest_where_clusters_share_buckets(clusters, spread):
    """However many there are, the profile holds them in 64 buckets, some of which are then of several."""
    rng = np.random.default_rng(79)
    found = []
    for _ in range(20):
        bucket = np.eye(64)[rng.integers(0, 64, clusters)].T
        then, now = (bucket @ clustered(rng, 500, clusters, rows, spread) for rows in (60, 15))
        noise = cluster_noise(then, now, ordered=True)
        found.append(change_p_values(then.sum(axis=1), now.sum(axis=1), ordered=True, noise=noise))
    p_values = np.concatenate(found)
    for level in (0.05, 1e-3, 1e-4):
        assert (p_values <= level).mean() <= level + 4 * (level / len(p_values)) ** 0.5
