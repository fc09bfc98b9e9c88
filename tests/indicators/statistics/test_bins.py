from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics.bins import ANY, GROUPS, MISSING, OTHER, pair
from governance_pipeline.profiles.profile import ColumnProfile, Histogram


def number_column(counts, under=0, over=0, nulls=0, low=None, high=None, exponent=0, first=0):
    histogram = Histogram(exponent, first, tuple(counts), under, over)
    return ColumnProfile(
        "x",
        "number",
        "float64",
        histogram.total + nulls,
        nulls,
        minimum=low,
        maximum=high,
        histogram=histogram,
    )


def test_numbers_get_a_bin_below_one_above_and_one_for_no_value():
    found = pair(
        number_column((3, 4), under=1, nulls=2, low=-4.0, high=2.0),
        number_column((5, 0), over=7, low=0.0, high=10.0),
    )
    assert found.labels == (
        "values below 0", "values from 0 to 1", "values from 1 to 2", "values above 2", MISSING,
    )  # fmt: skip
    assert (found.reference, found.current) == ((1, 3, 4, 0, 2), (0, 5, 0, 7, 0))
    assert found.positions == (-2.0, 0.5, 1.5, 6.0)


def test_bins_that_reach_beyond_the_largest_double_keep_their_rows_and_have_finite_middles():
    # 2**1017 is the width of each of 256 bins from -2**1024 to 2**1024, neither of which is a double.
    counts = [5, *[0] * 254, 7]
    column = number_column(counts, over=3, nulls=2, low=-1.7e308, high=1.7e308, exponent=1017, first=-128)
    found = pair(column, column)
    assert found.labels[0] == "values below -infinity"
    assert (found.edges[0], found.edges[-1]) == (-math.inf, math.inf)
    assert found.of(column) == found.reference
    assert sum(found.reference) == 17
    assert all(map(math.isfinite, found.positions))
    assert list(found.positions) == sorted(found.positions)


COUNTS = st.lists(st.integers(0, 50), min_size=8, max_size=200)


@given(COUNTS, COUNTS, st.integers(0, 3), st.integers(0, 9))
def test_a_coarser_grid_loses_no_row_and_puts_each_where_it_belongs(then, now, step, nulls):
    """A histogram against one on a coarser grid: counts agree with adding up by hand."""
    coarse = [sum(now[at : at + 2**step]) for at in range(0, len(now), 2**step)]
    found = pair(number_column(then, nulls=nulls), number_column(coarse, exponent=step))
    if found is None or not (sum(then) and sum(now)):
        return
    places = [int(edge) for edge in found.edges]

    def by_hand(counts):
        middle = [sum(counts[low:high]) for low, high in itertools.pairwise(places)]
        return (sum(counts[: places[0]]), *middle, sum(counts[places[-1] :]))

    assert found.reference == (*by_hand(then), nulls)
    assert found.current == (*by_hand(now), 0)
    assert all(place % 2**step == 0 for place in places)


@given(st.lists(st.integers(0, 50), min_size=8, max_size=250).filter(any))
def test_ranges_hold_about_equal_shares_of_the_training_rows(counts):
    found = pair(number_column(counts), number_column(counts))
    share = sum(counts) / GROUPS
    assert len(found.labels) <= 2 * GROUPS + 3
    for rows, (low, high) in zip(found.reference[1:-2], itertools.pairwise(found.edges), strict=True):
        assert rows <= 1.5 * share or high - low == 1 or not sum(counts[int(low) : int(high) - 1])


def test_a_profile_is_counted_on_a_pairs_ranges_only_where_it_resolves_them():
    found = pair(number_column([5] * 40, nulls=2), number_column([5] * 40))
    finer = number_column([3] * 80, exponent=-1)
    assert sum(found.of(finer)) == 240
    assert found.of(finer)[1:-2] == tuple(2 * 3 * int(b - a) for a, b in itertools.pairwise(found.edges))
    assert not any(found.of(number_column([3] * 5, exponent=3)))
    assert not any(found.of(number_column([3] * 5, under=1, first=20)))


def test_without_a_common_range_there_is_nothing_to_compare():
    assert pair(number_column((3, 4), over=1), number_column((3, 4), under=1, first=50)) is None
    assert pair(number_column((3, 4)), number_column((3, 4), under=9, first=50)) is None


def test_a_value_either_side_may_have_counted_as_rare_is_rare_on_both():
    def column(counts, other):
        rows = sum(counts.values()) + other
        return ColumnProfile("x", "category", "string", rows, 0, categories=counts, other=other)

    found = pair(column({"a": 9, "b": 5}, 0), column({"a": 8, "c": 4}, 3))
    assert found.labels == ("'a'", "'c'", OTHER, MISSING)
    assert (found.reference, found.current) == ((9, 0, 5, 0), (8, 4, 3, 0))


def test_a_side_without_values_leaves_presence_to_compare():
    empty = ColumnProfile("x", "number", "float64", 40, 40)
    found = pair(number_column((30,), nulls=10), empty)
    assert (found.labels, found.reference, found.current) == ((ANY, MISSING), (30, 10), (0, 40))
    assert found.exact
    assert not found.ordered
