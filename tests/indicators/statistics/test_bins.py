from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics.bins import ANY, MISSING, OTHER, pair
from governance_pipeline.profiles.profile import ColumnProfile, Histogram


def number_column(edges, counts, under=0, over=0, nulls=0, low=None, high=None):
    histogram = Histogram(tuple(edges), tuple(counts), under, over)
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
        number_column((0, 1, 2), (3, 4), under=1, nulls=2, low=-4.0, high=2.0),
        number_column((0, 1, 2), (5, 0), over=7, low=0.0, high=10.0),
    )
    assert found.labels == (
        "values below 0", "values from 0 to 1", "values from 1 to 2", "values above 2", MISSING,
    )  # fmt: skip
    assert (found.reference, found.current) == ((1, 3, 4, 0, 2), (0, 5, 0, 7, 0))
    assert found.positions == (-2.0, 0.5, 1.5, 6.0)


@given(
    st.lists(st.integers(0, 50), min_size=8, max_size=8),
    st.sets(st.integers(0, 8), min_size=2),
    st.integers(0, 9),
)
def test_coarser_edges_lose_no_row_and_put_each_where_it_belongs(counts, kept, nulls):
    """A histogram on nine edges against one on some of them: counts agree with adding up by hand."""
    edges = sorted(kept | {0, 8})
    coarse = [sum(counts[low:high]) for low, high in itertools.pairwise(edges)]
    found = pair(number_column(range(9), counts, 2, 3, nulls), number_column(edges, coarse, 2, 3, nulls))
    if sum(counts) + 5:
        assert found.reference == found.current == (2, *coarse, 3, nulls)


def test_without_two_common_edges_there_is_nothing_to_compare():
    assert pair(number_column((0, 1, 2), (3, 4)), number_column((0, 0.5, 3), (3, 4))) is None


def test_a_value_either_side_may_have_counted_as_rare_is_rare_on_both():
    def column(counts, other):
        rows = sum(counts.values()) + other
        return ColumnProfile("x", "category", "string", rows, 0, categories=counts, other=other)

    found = pair(column({"a": 9, "b": 5}, 0), column({"a": 8, "c": 4}, 3))
    assert found.labels == ("'a'", "'c'", OTHER, MISSING)
    assert (found.reference, found.current) == ((9, 0, 5, 0), (8, 4, 3, 0))


def test_a_side_without_values_leaves_presence_to_compare():
    empty = ColumnProfile("x", "number", "float64", 40, 40)
    found = pair(number_column((0, 1), (30,), nulls=10), empty)
    assert (found.labels, found.reference, found.current) == ((ANY, MISSING), (30, 10), (0, 40))
    assert found.exact
    assert not found.ordered
