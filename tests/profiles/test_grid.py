"""Dyadic grids: exact bins, whatever the values, and grids that can always be brought together."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import Asked
from governance_pipeline.profiles.columns import ColumnSpec, EngineType
from governance_pipeline.profiles.grid import BINS, Grid, aligned, covering, of_histogram, zoomed
from governance_pipeline.profiles.merge import merge_histograms
from governance_pipeline.profiles.numbers import numbers
from governance_pipeline.profiles.profile import Histogram
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.window import ALL, Window

ANY = st.floats().filter(lambda x: x == 0 or not abs(x) < 1e-200)
FINITE = ANY.filter(lambda x: math.isfinite(x) and (x == 0 or abs(x) > 1e-10))
GRIDS = st.builds(Grid, st.integers(-60, 60), st.integers(-500, 500), st.integers(1, BINS))


def by_hand(values, grid):
    """Counts in exact arithmetic, without floats."""
    width = Fraction(2) ** grid.exponent
    found = Counter()
    for value in values:
        if math.isnan(value):
            continue
        place = (math.inf if value > 0 else -math.inf) if math.isinf(value) else Fraction(value) // width
        found[min(max(place - grid.first, -1), grid.bins)] += 1
    counts = tuple(found[place] for place in range(grid.bins))
    return Histogram(grid.exponent, grid.first, counts, found[-1], found[grid.bins])


@pytest.fixture(scope="module")
def session():
    with duckdb.connect() as connection:
        yield Session("duckdb", "files", connection)


SPEC = ColumnSpec("x", "0", EngineType("float64", "number", "number", floating=True), "number")


def counted(session, values, grid, **known):
    # By Arrow: a bound NaN becomes NULL in DuckDB as soon as somebody has imported pandas.
    session.connection.register("arriving", pa.table({"x": pa.array(values, pa.float64())}))
    session.connection.execute("CREATE OR REPLACE TABLE t AS SELECT x FROM arriving")
    window = Window(sql.named("t"), ALL, "duckdb")
    asked = [Asked(SPEC, grid, **{"covered": False, **known})]
    found = numbers(session, window, asked)
    return found[0, "x"] if found else None


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_values_fall_where_exact_arithmetic_puts_them(session, data):
    grid = data.draw(GRIDS)
    edges = [edge for edge in (grid.low, grid.high, grid.middle) if math.isfinite(edge)]
    near = [
        math.nextafter(edge, way) for edge in edges if edge for way in (-math.inf, math.inf)
    ]  # 0 is apart
    values = data.draw(st.lists(ANY | st.sampled_from([*edges, *near]), min_size=1, max_size=30))
    found = counted(session, values, grid)
    assert found.histogram == by_hand(values, grid)
    assert found.nans == sum(map(math.isnan, values))
    assert found.infinities == sum(map(math.isinf, values))


@settings(max_examples=60, deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=30))
def test_a_covering_grid_has_a_bin_for_every_value_and_is_as_fine_as_it_can_be(session, values):
    low, high = min(values), max(values)
    grid = covering(low, high)
    assert grid.bins <= BINS
    assert low >= grid.low
    assert high < grid.high
    if low < high and grid.exponent > -1022:
        finer = Fraction(2) ** (grid.exponent - 1)
        assert Fraction(high) // finer - Fraction(low) // finer + 1 > BINS
    found = counted(
        session,
        values,
        grid,
        covered=max(abs(low), abs(high)) < 1e140,
        wild=max(abs(low), abs(high)) >= 1e140,
    )
    assert found.histogram == by_hand(values, grid)
    assert found.histogram.underflow == found.histogram.overflow == 0


def test_whole_numbers_get_bins_of_their_own_where_there_is_room():
    assert covering(3, 120, whole=True) == Grid(0, 3, 118)
    assert covering(0, 1, whole=True) == Grid(0, 0, 2)
    assert covering(7, 7, whole=True).bins == 1


VALUES = st.lists(st.integers(-4000, 4000).map(lambda n: n / 8), min_size=1, max_size=30)


def own(values):
    return by_hand(values, covering(min(values), max(values)))


def ways(a, b, c):
    """The same three, merged in other orders."""
    yield merge_histograms(a, merge_histograms(b, c))
    yield merge_histograms(merge_histograms(c, a), b)
    yield merge_histograms(c, merge_histograms(b, a))


@given(VALUES, VALUES, VALUES)
def test_histograms_that_cover_their_values_merge_in_any_order_into_one_that_covers_all(a, b, c):
    left = merge_histograms(merge_histograms(own(a), own(b)), own(c))
    assert all(left == other for other in ways(own(a), own(b), own(c)))
    assert left == by_hand(a + b + c, of_histogram(left))
    assert left.underflow == left.overflow == 0


@given(VALUES, VALUES, VALUES, GRIDS)
def test_histograms_on_one_grid_merge_in_any_order(a, b, c, grid):
    left = merge_histograms(merge_histograms(by_hand(a, grid), by_hand(b, grid)), by_hand(c, grid))
    assert all(left == other for other in ways(by_hand(a, grid), by_hand(b, grid), by_hand(c, grid)))
    assert left == by_hand(a + b + c, grid)


@given(VALUES, VALUES, VALUES, GRIDS, GRIDS)
def test_histograms_on_any_grids_merge_exactly_whatever_the_order(a, b, c, one, other):
    parts = by_hand(a, one), by_hand(b, other), own(c)
    for merged in (merge_histograms(merge_histograms(parts[0], parts[1]), parts[2]), *ways(*parts)):
        assert merged.total == len(a + b + c)
        assert len(merged.counts) <= BINS
        if merged.counts:
            assert merged == by_hand(a + b + c, of_histogram(merged))


def test_histograms_that_share_no_bin_keep_nothing_but_their_rows():
    a, b = Histogram(0, 0, (1, 2), overflow=3), Histogram(0, 50, (4,), underflow=1)
    assert aligned(a, b) == (Histogram(0, 0, (), 6, 0), Histogram(0, 0, (), 5, 0))
    assert merge_histograms(merge_histograms(a, b), a) == Histogram(0, 0, (), 17, 0)


def test_a_grid_zooms_in_where_one_value_lies_far_off():
    values = [1000 + i / 10 for i in range(1000)] + [1e12]
    histogram = by_hand(values, covering(min(values), max(values)))
    for _ in range(8):
        finer = zoomed(histogram)
        if finer is None:
            break
        histogram = by_hand(values, finer)
    assert max(histogram.counts) <= 20
    assert histogram.overflow + histogram.underflow <= 60


def test_a_grid_that_spreads_its_rows_is_left_alone():
    assert zoomed(by_hand(list(map(float, range(1000))), covering(0.0, 999.0))) is None
    assert zoomed(Histogram(0, 5, (7,)), whole=True) is None
