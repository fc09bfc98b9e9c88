from __future__ import annotations

from itertools import pairwise

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import (
    bin_of,
    histogram_call,
    histogram_from_bins,
    histogram_from_call,
    own_edges,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
EDGES = st.lists(FINITE, min_size=2, max_size=24, unique=True).map(sorted)
KNOWN = sql.when(sql.not_nan(sql.own("x"), "duckdb"), sql.own("x"))
VALUES = st.floats(allow_nan=True, allow_infinity=True)


def by_numpy(values, edges):
    """numpy's bins, and what it leaves out counted by comparison."""
    known = np.array([value for value in values if not np.isnan(value)])
    with np.errstate(over="ignore"):
        inner = known[(known >= edges[0]) & (known <= edges[-1])]
        places = np.searchsorted(edges, inner, side="right") - 1
    places[inner == edges[-1]] = len(edges) - 2
    counts = np.bincount(places, minlength=len(edges) - 1)
    return [int(n) for n in counts], int((known < edges[0]).sum()), int((known > edges[-1]).sum())


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        yield connection


def load(connection, values):
    connection.execute("CREATE OR REPLACE TABLE w AS SELECT unnest(?::DOUBLE[]) AS x", [list(values)])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_values_fall_where_numpy_puts_them(connection, data):
    edges = data.draw(EDGES)
    values = data.draw(st.lists(VALUES | st.sampled_from(edges), max_size=40))
    load(connection, values)
    counts, under, over = by_numpy(values, edges)
    call = sql.render(sql.select([histogram_call(KNOWN, edges)], sql.window_name()), "duckdb")
    found = histogram_from_call(connection.execute(call).fetchone()[0], edges)
    assert (list(found.counts), found.underflow, found.overflow) == (counts, under, over)
    grouped = (
        sql.select([sql.labelled(bin_of(sql.own("x"), edges), "b"), sql.count()], sql.window_name())
        .where(sql.not_nan(sql.own("x"), "duckdb"), copy=False)
        .group_by(sql.own("b"), copy=False)
    )
    rows = connection.execute(sql.render(grouped, "duckdb")).fetchall()
    assert histogram_from_bins(dict(rows), edges) == found


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_data_is_counted_as_numpy_histogram_does(connection, seed):
    values = np.random.default_rng(seed).integers(0, 50, 2000) / 10  # many values lie on edges
    edges = own_edges(float(values.min()), float(values.max()), 20)
    load(connection, values.tolist())
    call = sql.render(sql.select([histogram_call(KNOWN, edges)], sql.window_name()), "duckdb")
    found = histogram_from_call(connection.execute(call).fetchone()[0], edges)
    assert list(found.counts) == np.histogram(values, edges)[0].tolist()


@given(FINITE, FINITE, st.integers(2, 200))
def test_own_edges_rise_from_the_smallest_to_the_largest_value(low, high, bins):
    assume(low < high)
    edges = own_edges(low, high, bins)
    assert edges[0] == low
    assert edges[-1] == high
    assert all(a < b for a, b in pairwise(edges))
    assert len(edges) <= bins + 1


@given(FINITE)
def test_a_constant_lies_inside_its_only_bin(value):
    low, high = own_edges(value, value, 20)
    assert low <= value <= high
    assert low < high


def test_own_edges_are_equally_wide():
    assert own_edges(0.0, 10.0, 5) == (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
