"""Counts by cluster are those that a loop over the rows finds, and are stored and merged as such."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Column
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles import clusters as counting
from governance_pipeline.profiles.cluster_codec import pack, unpack
from governance_pipeline.profiles.codec import from_json, partition_from_json, partition_to_json, to_json
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import LOST, Grid
from governance_pipeline.profiles.merge import merge_columns
from governance_pipeline.profiles.merge_clusters import with_values
from governance_pipeline.profiles.profile import MAX_CLUSTERS, ColumnProfile, Histogram
from governance_pipeline.profiles.session import StatementFailed
from tests.profiles.support import contract, plan, scan, settings, write

ROWS = 900
GRID = Grid(exponent=0, first=-2, bins=5)
COMPARED = ("income", "grade", "married", "seen")


def table() -> pa.Table:
    rng = np.random.default_rng(11)
    odd = [math.nan, math.inf, -math.inf, None, 3.0, -2.0]
    incomes = [odd[n % 30] if n % 30 < len(odd) else float(rng.normal(0, 2)) for n in range(ROWS)]
    start = datetime(2026, 3, 1)  # noqa: DTZ001 - read as UTC
    return pa.table(
        {
            "branch": pa.array([None if n % 40 == 0 else f"branch {n % 37}" for n in range(ROWS)]),
            "income": pa.array(incomes, pa.float64()),
            "grade": pa.array([None if n % 9 == 0 else "abcd"[n % 4] for n in range(ROWS)]),
            "married": pa.array([n % 3 == 0 for n in range(ROWS)]),
            "seen": pa.array(
                [None if n % 7 == 0 else start + timedelta(minutes=10 * n) for n in range(ROWS)]
            ),
        }
    )


def bucket(value: str) -> int:
    return int(hashlib.md5(value.encode()).hexdigest()[:2], 16) % MAX_CLUSTERS


def place(name: str, value: Any, column: ColumnProfile) -> int:
    """By the words of ``ColumnProfile.clusters``."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return -1
    if name == "income":
        return 0 if value < -2 else 6 if value >= 3 else math.floor(value) + 3
    text = str(value).lower()
    return list(column.categories).index(text) if text in column.categories else len(column.categories)


def by_hand(name: str, column: ColumnProfile, spell=lambda value: value or "", rows=None) -> Any:
    width = GRID.bins + 3 if name == "income" else len(column.categories) + 2
    counts = [[0] * width for _ in range(MAX_CLUSTERS)]
    for row in (rows or table()).to_pylist():
        counts[bucket(spell(row["branch"]))][place(name, row[name], column)] += 1
    return tuple(map(tuple, counts))


def test_counts_are_those_of_a_loop_over_the_rows(tmp_path):
    of = contract(write("parquet", tmp_path, table()), cluster="branch")
    profile = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED)
    for name in COMPARED:
        column = profile.columns[name]
        assert column.clusters == by_hand(name, column), name
    assert len({row for row in profile.columns["grade"].clusters if any(row)}) > 20
    assert profile.columns["branch"].clusters == ()  # no baseline is compared with it


@pytest.mark.parametrize(
    "branches",
    [
        pytest.param(pa.array(range(ROWS), pa.int32()), id="integers"),
        pytest.param(pa.array([float(n) for n in range(ROWS)]), id="floats"),
        pytest.param(pa.array([Decimal(n) for n in range(ROWS)], pa.decimal128(12, 2)), id="decimals"),
        pytest.param(pa.array([str(n) for n in range(ROWS)]), id="text"),
    ],
)
def test_a_branch_is_in_one_bucket_whatever_type_its_number_has(tmp_path, branches):
    """A training snapshot may hold as a number what its source holds as text."""
    rows = table().set_column(0, "branch", branches)
    of = contract(write("parquet", tmp_path, rows), cluster="branch")
    column = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED).columns["income"]
    assert column.clusters == by_hand("income", column, lambda value: f"{float(value):.0f}", rows)


def test_rows_may_belong_together_by_the_subject_or_by_what_is_compared(tmp_path):
    location = write("parquet", tmp_path, table())
    by_subject = contract(location, Column("branch"), subject_key="branch", cluster="branch")
    column = scan(tmp_path, by_subject, grids={"income": GRID}, compared=COMPARED).columns["income"]
    assert column.clusters == by_hand("income", column)
    by_itself = scan(tmp_path, contract(location, cluster="grade"), compared=COMPARED).columns["grade"]
    assert sum(map(sum, by_itself.clusters)) == ROWS
    assert sum(any(row) for row in by_itself.clusters) == len({bucket(value) for value in ("", *"abcd")})


def test_nothing_is_counted_by_cluster_where_no_contract_asks(tmp_path):
    of = contract(write("parquet", tmp_path, table()))
    profile = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED)
    assert not any(column.clusters for column in profile.columns.values())


def test_days_are_counted_apart_and_merge_into_the_window(tmp_path):
    of = contract(write("parquet", tmp_path, table()), event_time="seen", cluster="branch")
    engine = IbisEngine(settings(), tmp_path, {})
    found = engine.read(plan(of, grids={"income": GRID}, compared=COMPARED, window_days=28), {})
    engine.close()
    (partition,) = found.partitions
    assert len(partition.slices) > 5
    for name in COMPARED:
        parts = [one.columns[name].clusters for one in partition.slices.values()]
        assert all(sum(map(sum, part)) > 0 for part in parts)
        column = found.profile.columns[name]
        dated = table().filter(table()["seen"].is_valid())
        assert column.clusters == by_hand(name, column, rows=dated)
    others = [*found.profile.windows.values(), *found.days.values()]
    assert others
    assert not any(c.clusters for columns in others for c in columns.values())
    head, slices = partition_to_json(partition)
    stored = {day: json.loads(json.dumps(body)) for day, body in slices.items()}
    assert partition_from_json(partition.id, json.loads(json.dumps(head)), stored) == partition
    assert from_json(json.loads(json.dumps(to_json(found.profile)))) == found.profile


def test_few_columns_at_a_time_give_the_same(tmp_path, monkeypatch):
    of = contract(write("parquet", tmp_path, table()), cluster="branch")
    together = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED)
    monkeypatch.setattr(counting, "MOST_CELLS", 1)
    assert scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED).columns == together.columns


def test_a_cluster_column_that_is_not_there_is_told_for_each_column(tmp_path):
    of = contract(write("parquet", tmp_path, table()), cluster="office")
    profile = scan(tmp_path, of, grids={"income": GRID}, compared=("income", "grade"))
    why = "the column 'office' is not in the table"
    assert profile.unmeasured == {"clusters:income": why, "clusters:grade": why}
    assert profile.columns["income"].rows == ROWS


def test_a_column_that_the_engine_cannot_count_costs_no_other_column(tmp_path, monkeypatch):
    of = contract(write("parquet", tmp_path, table()), cluster="branch")
    together = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED)
    original = counting.count

    def refusing(session, window, by, asked):
        if any(one.spec.name == "grade" for one in asked):
            raise StatementFailed("the engine reported an error")
        return original(session, window, by, asked)

    monkeypatch.setattr(counting, "count", refusing)
    profile = scan(tmp_path, of, grids={"income": GRID}, compared=COMPARED)
    assert profile.unmeasured == {"clusters:grade": "the engine reported an error"}
    assert profile.columns["grade"] == replace(together.columns["grade"], clusters=())
    for name in set(COMPARED) - {"grade"}:
        assert profile.columns[name] == together.columns[name]


def test_slices_without_clusters_are_read_again_once_a_contract_names_them(tmp_path):
    of = contract(write("parquet", tmp_path, table()), event_time="seen")
    engine = IbisEngine(settings(), tmp_path, {})
    old = {one.id: one for one in engine.read(plan(of, compared=COMPARED), {}).partitions}
    assert not engine.read(plan(of, compared=COMPARED), old).read
    assert engine.read(plan(replace(of, cluster="branch"), compared=COMPARED), old).read == set(old)
    engine.close()


MATRICES = st.integers(1, 9).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 0, 0, 1, 7, 10**9]), min_size=width, max_size=width), min_size=1
    )
)


@given(MATRICES)
def test_a_matrix_is_read_as_it_was_written(rows):
    assert unpack(pack(rows)) == rows


@pytest.mark.parametrize("text", ["", "no text of ours", pack([[1, 2]])[:-4], 7, None])
def test_a_damaged_text_is_told_and_costs_the_partition_only(tmp_path, text):
    of = contract(write("parquet", tmp_path, table()), cluster="branch")
    engine = IbisEngine(settings(), tmp_path, {})
    found = engine.read(plan(of, compared=COMPARED), {})
    engine.close()
    head, slices = partition_to_json(found.partitions[0])
    slices[None]["columns"]["income"]["clusters"] = text
    assert partition_from_json("", head, slices) is None
    stored = to_json(found.profile)
    stored["columns"]["income"]["clusters"] = text
    with pytest.raises(CannotEvaluate, match="damaged"):
        from_json(stored)


def test_two_columns_whose_histograms_share_no_bin_keep_their_rows_by_cluster():
    def at(exponent: int, first: int) -> ColumnProfile:
        found = Histogram(exponent, first, (4,), underflow=1, overflow=2)
        return ColumnProfile("x", "number", "float64", 8, 1, histogram=found, clusters=((1, 4, 2, 1),))

    merged = merge_columns(at(3, 0), at(0, 5000))
    assert merged.histogram == replace(LOST, underflow=14)
    assert merged.clusters == ((14, 0, 2),)


def test_a_value_that_is_no_longer_told_apart_is_counted_with_the_others():
    column = ColumnProfile(
        "x",
        "category",
        "string",
        12,
        1,
        categories={"a": 6, "b": 3},
        other=2,
        clusters=((6, 3, 2, 1), (0,) * 4),
    )
    assert with_values(column, {"b"}).clusters == ((3, 8, 1), (0, 0, 0))
    assert with_values(column, {"b"}).other == 8
