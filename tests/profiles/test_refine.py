"""A baseline's bins follow the rows, not the range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.profiles.bins import own_edges
from governance_pipeline.profiles.profile import Histogram
from governance_pipeline.profiles.refine import ROUNDS, join_sparse, split_crowded

BINS = 20


def counted(values: np.ndarray, edges: tuple[float, ...]) -> Histogram:
    counts, _ = np.histogram(values, bins=np.asarray(edges))
    return Histogram(edges, tuple(int(count) for count in counts))


def refined(values: np.ndarray) -> Histogram:
    """What the baseline's scans do, with numpy in the engine's place."""
    histogram = counted(values, own_edges(float(values.min()), float(values.max()), BINS))
    for _ in range(ROUNDS):
        edges = split_crowded(histogram, BINS)
        if edges is None:
            break
        histogram = counted(values, edges)
    return join_sparse(histogram, BINS)


def test_one_extreme_value_does_not_hide_the_others_in_one_bin() -> None:
    values = np.append(np.random.default_rng(1).lognormal(10, 1, 5000), 1e9)
    histogram = refined(values)
    assert max(histogram.counts) / len(values) < 0.11
    assert histogram.edges[0] == values.min()
    assert histogram.edges[-1] == values.max()


@pytest.mark.parametrize("spread", ["normal", "uniform", "exponential"])
def test_every_bin_holds_about_its_share(spread: str) -> None:
    values = getattr(np.random.default_rng(2), spread)(size=20_000)
    shares = np.asarray(refined(values).counts) / len(values)
    assert 12 <= len(shares) <= 40
    assert shares.max() < 0.1


def test_a_value_that_half_the_rows_share_keeps_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(5000), np.random.default_rng(3).uniform(1, 100, 5000)])
    histogram = refined(values)
    assert histogram.counts[0] == 5000
    assert max(histogram.counts[1:]) < 1000


numbers = st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=300)


@given(numbers)
def test_no_row_is_lost_and_edges_always_rise(values: list[float]) -> None:
    array = np.asarray(values)
    if array.min() == array.max():
        return
    histogram = refined(array)
    assert histogram.total == len(values)
    assert all(low < high for low, high in zip(histogram.edges, histogram.edges[1:], strict=False))
    assert list(histogram.counts) == np.histogram(array, bins=np.asarray(histogram.edges))[0].tolist()


def test_an_empty_histogram_is_left_alone() -> None:
    assert split_crowded(Histogram((0.0, 1.0), (0,)), BINS) is None
