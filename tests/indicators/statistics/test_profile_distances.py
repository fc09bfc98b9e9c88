"""Distances that are computed from profiles, held to Evidently and scipy on the rows themselves.

Where every value is counted alone (text, yes and no, whole numbers of a short range) they are equal. Where
values are counted in bins, the profile's distance is that of the rows rounded to their bins: equal to the
oracle on such rows, and within the bound that each test states on the raw ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from governance_pipeline.indicators.statistics.bins import PairedBins, pair
from governance_pipeline.indicators.statistics.comparison import Comparison, compare
from governance_pipeline.indicators.statistics.distances import (
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
    total_variation,
    wasserstein,
    wasserstein_normed,
)
from governance_pipeline.indicators.statistics.homogeneity import chi_square_fit_p_value, ks_p_value
from governance_pipeline.indicators.statistics.samples import samples
from governance_pipeline.profiles.grid import of_histogram
from governance_pipeline.profiles.profile import ColumnProfile
from tests.indicators.statistics.test_evidently_live import evidently
from tests.profiles.support import contract, scan, write

EQUAL = 1e-9
ROWS_THEN, ROWS_NOW = 3000, 2200
SHIFTS = [0.0, 0.3, 1.0]


@pytest.fixture(scope="module", autouse=True)
def _evidently() -> None:
    """Imported before it is used: its own dependencies warn while they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evidently.legacy.calculations.stattests  # noqa: F401 - the import is what is wanted


def drawn(kind: str, shift: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(53)
    match kind:
        case "normal":
            return rng.normal(0, 1, ROWS_THEN), rng.normal(shift, 1 + shift / 2, ROWS_NOW)
        case "skewed":
            return rng.lognormal(3, 1.2, ROWS_THEN), rng.lognormal(3 + shift / 2, 1.2, ROWS_NOW)
        case "ties":
            return rng.poisson(30, ROWS_THEN) / 4, rng.poisson(30 + 9 * shift, ROWS_NOW) / 4
        case "whole":
            return rng.poisson(30, ROWS_THEN), rng.poisson(30 + 9 * shift, ROWS_NOW)
        case "yes":
            return rng.random(ROWS_THEN) < 0.3, rng.random(ROWS_NOW) < 0.3 + shift / 3
    p = np.array([0.5, 0.3, 0.15, 0.05])
    q = p + shift * np.array([-0.2, 0.1, 0.1, 0.0])
    return rng.choice(list("abcd"), ROWS_THEN, p=p), rng.choice(list("abcd"), ROWS_NOW, p=q)


Profiles = Callable[..., tuple[ColumnProfile, ColumnProfile]]


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """The profiles of two samples as a night takes them: today's on the grid of the training data's."""

    def taken(then: Any, now: Any) -> tuple[ColumnProfile, ColumnProfile]:
        found = []
        grids: dict[str, Any] = {}
        for name, values in (("then", then), ("now", now)):
            at = write("parquet", tmp_path, pa.table({"x": values}), name=name)
            column = scan(tmp_path, contract(at), grids=grids).columns["x"]
            grids = {"x": of_histogram(column.histogram)} if column.histogram else {}
            found.append(column)
        return found[0], found[1]

    return taken


def by_evidently(name: str, then: Any, now: Any, kind: str) -> float:
    return evidently(name, pd.Series(then), pd.Series(now), kind)


def tvd_of_evidently(then: Any, now: Any) -> float:
    from evidently.legacy.calculations.stattests.tvd_stattest import _total_variation_distance

    return float(_total_variation_distance(pd.Series(then), pd.Series(now)))


def compared(first: ColumnProfile, second: ColumnProfile) -> tuple[PairedBins, Comparison]:
    """Two profiles in bins that both have, and every distance between them."""
    bins = pair(first, second)
    assert bins is not None
    return bins, compare(samples(bins, first, second), first, second)


def assert_evidentlys_of_words(found: Comparison, then: np.ndarray, now: np.ndarray) -> None:
    """The distances are those that Evidently finds between rows that are words."""
    assert found.psi_evidently == pytest.approx(by_evidently("psi", then, now, "text"), rel=EQUAL, abs=EQUAL)
    assert found.jensen_shannon == pytest.approx(by_evidently("jensenshannon", then, now, "text"), rel=EQUAL)
    assert found.hellinger == pytest.approx(by_evidently("hellinger", then, now, "text"), rel=EQUAL)
    assert found.total_variation == pytest.approx(tvd_of_evidently(then, now), rel=EQUAL)


# --- every value counted alone ----------------------------------------------------------------------


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", ["text", "yes"])
def test_of_text_and_of_yes_and_no_every_distance_is_evidentlys(profiles: Profiles, kind: str, shift: float):
    then, now = drawn(kind, shift)
    first, second = profiles(then, now)
    _, found = compared(first, second)
    told = [pd.Series(side).astype(str).to_numpy() for side in (then, now)]
    assert_evidentlys_of_words(found, *told)
    values = sorted(first.categories)
    counts = [[one.categories.get(value, 0) for value in values] for one in (first, second)]
    assert chi_square_fit_p_value(*counts) == pytest.approx(
        by_evidently("chisquare", *told, "text"), rel=EQUAL, abs=EQUAL
    )


def fine(first: ColumnProfile, second: ColumnProfile) -> tuple[list[int], list[int], list[float]]:
    """Counts below, in each bin and above, and where each bin begins."""
    before, after = first.histogram, second.histogram
    assert before is not None
    assert after is not None
    assert of_histogram(before) == of_histogram(after)
    edges = before.edges
    counts = [[one.underflow, *one.counts, one.overflow] for one in (before, after)]
    return counts[0], counts[1], [edges[0], *edges]


@pytest.mark.parametrize("shift", SHIFTS)
def test_of_whole_numbers_of_a_short_range_order_counts_as_for_evidently_and_scipy(
    profiles: Profiles, shift: float
) -> None:
    then, now = drawn("whole", shift)
    now = np.clip(
        now, then.min(), then.max()
    )  # what lies outside of the training data has no place of its own
    before, after, starts = fine(*profiles(then, now))
    assert starts[1:3] == [then.min(), then.min() + 1]  # a bin for each number
    assert kolmogorov_smirnov(before, after) == pytest.approx(ks_2samp(then, now).statistic, abs=EQUAL)
    assert ks_p_value(before, after) == pytest.approx(by_evidently("ks", then, now, "number"), rel=EQUAL)
    positions = np.array(starts)
    assert wasserstein(before, after, positions) == pytest.approx(wasserstein_distance(then, now), rel=EQUAL)
    normed = wasserstein_normed(before, after, positions, float(np.std(then)))
    assert normed == pytest.approx(by_evidently("wasserstein", then, now, "number"), rel=EQUAL)


# --- values counted in bins -------------------------------------------------------------------------

IN_BINS = ["normal", "skewed", "ties", "whole"]


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", IN_BINS)
def test_of_numbers_the_distances_are_evidentlys_of_their_bins(
    profiles: Profiles, kind: str, shift: float
) -> None:
    """Each row replaced by the bin that numpy says it lies in."""
    then, now = drawn(kind, shift)
    bins, found = compared(*profiles(then, now))
    binned = [np.char.mod("bin %d", np.digitize(side, bins.edges)) for side in (then, now)]
    assert_evidentlys_of_words(found, *binned)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", IN_BINS)
def test_of_numbers_smirnovs_distance_is_within_the_fullest_bin_of_scipys(
    profiles: Profiles, kind: str, shift: float
) -> None:
    """At the bins' edges the two distribution functions are known exactly; between two edges neither can
    rise by more than what the bin holds.
    """
    then, now = drawn(kind, shift)
    first, second = profiles(then, now)
    bins, distances = compared(first, second)
    found = distances.kolmogorov_smirnov
    exact = ks_2samp(then, now).statistic
    fullest = max(max(side) / sum(side) for side in (bins.reference, bins.current))
    assert found is not None
    assert found <= exact + EQUAL
    assert exact <= found + fullest + EQUAL
    before, after, _ = fine(first, second)
    closer = kolmogorov_smirnov(before, after)  # on the profile's own bins, up to 250
    narrow = max(max(side) / sum(side) for side in (before, after))
    assert closer <= exact + EQUAL
    assert exact <= closer + narrow + EQUAL
    if kind == "normal":
        assert narrow < 0.05  # which is a bound that says something


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", ["normal", "ties", "whole"])
def test_of_numbers_the_earth_movers_distance_is_within_a_bins_width_of_scipys(
    profiles: Profiles, kind: str, shift: float
) -> None:
    """Every row of either sample is moved by at most half a bin, to its middle."""
    then, now = drawn(kind, shift)
    now = np.clip(now, then.min(), then.max())
    before, after, starts = fine(*profiles(then, now))
    width = starts[2] - starts[1]
    assert width <= (then.max() - then.min()) / 25
    middles = np.array(starts) + width / 2
    exact = wasserstein_distance(then, now)
    assert wasserstein(before, after, middles) == pytest.approx(exact, abs=width)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("kind", IN_BINS)
def test_the_shown_earth_movers_distance_is_within_the_bins_widths_of_scipys(
    profiles: Profiles, kind: str, shift: float
) -> None:
    """Of twenty uneven bins, the outermost as wide as the values reach: half its width for each row."""
    then, now = drawn(kind, shift)
    bins, distances = compared(*profiles(then, now))
    exact = wasserstein_distance(then, now)
    ends = [
        min(then.min(), now.min(), bins.edges[0]),
        *bins.edges,
        max(then.max(), now.max(), bins.edges[-1]),
    ]
    halves = np.diff(ends) / 2
    bound = sum(np.dot(side[:-1], halves) / sum(side[:-1]) for side in (bins.reference, bins.current))
    assert distances.wasserstein == pytest.approx(exact, abs=bound)


@pytest.mark.parametrize("shift", SHIFTS)
def test_against_evidentlys_own_bins_the_difference_is_small(profiles: Profiles, shift: float) -> None:
    """Evidently cuts both samples together into even bins by Sturges's rule, about 13 of them; ours are
    twenty of equal count. Coarser bins lose some of a divergence, never add to it (Csiszar 1967): between
    these two it is less than 0.03 of the Jensen-Shannon distance, and less than a fifth of the index.
    """
    then, now = drawn("normal", shift)
    _, found = compared(*profiles(then, now))
    assert found.jensen_shannon == pytest.approx(by_evidently("jensenshannon", then, now, "number"), abs=0.03)
    assert found.psi_evidently == pytest.approx(by_evidently("psi", then, now, "number"), rel=0.2, abs=0.01)


def test_values_that_are_missing_are_a_bin_of_their_own_and_leave_the_others_order(
    profiles: Profiles,
) -> None:
    then, now = (list(side) for side in drawn("whole", 0.3))
    low, high = min(then), max(then)
    now = [int(min(max(value, low), high)) if n % 5 else None for n, value in enumerate(now)]
    then = [int(value) if n % 9 else None for n, value in enumerate(then)]
    first, second = profiles(pa.array(then), pa.array(now))
    bins = pair(first, second)
    assert bins is not None
    assert (bins.reference[-1], bins.current[-1]) == (then.count(None), now.count(None))
    present = [np.array([value for value in side if value is not None]) for side in (then, now)]
    before, after, _ = fine(first, second)
    assert kolmogorov_smirnov(before, after) == pytest.approx(ks_2samp(*present).statistic, abs=EQUAL)


def test_the_oracles_agree_with_each_other_on_what_jensen_shannon_is() -> None:
    then, now = drawn("text", 1.0)
    values = sorted(set(then))
    counts = [[int((side == value).sum()) for value in values] for side in (then, now)]
    shares = [np.array(side) / sum(side) for side in counts]
    assert jensen_shannon(*counts) == pytest.approx(jensenshannon(*shares), rel=EQUAL)
    assert psi(*counts) > 0
    assert hellinger(*counts) > 0
    assert total_variation(*counts) > 0
