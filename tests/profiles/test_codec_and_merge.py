"""Profiles as documents, and profiles of parts as the profile of the whole."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Column, Location
from governance_pipeline.errors import CannotEvaluate, UsageError
from governance_pipeline.profiles import profile as words
from governance_pipeline.profiles.codec import from_json, partition_from_json, partition_to_json, to_json
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import Grid, aligned, onto
from governance_pipeline.profiles.merge import merge_all, merge_columns
from governance_pipeline.profiles.plan import GroupPlan
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Sketch
from governance_pipeline.testing import a_profile
from tests.profiles.support import contract, plan
from tests.profiles.support import settings as project_settings

GRID = Grid(exponent=2, first=-3, bins=6)
NIGHT_START = datetime(2026, 3, 10, tzinfo=UTC)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC))
COLUMNS = st.builds(
    ColumnProfile,
    name=TEXT,
    kind=st.sampled_from(["number", "category", "boolean", "time", "other"]),
    engine_type=TEXT,
    rows=st.integers(0, 10**12),
    nulls=st.integers(0, 10**6),
    minimum=st.none() | FLOATS | TEXT,
    maximum=st.none() | FLOATS | TEXT,
    mean=st.none() | FLOATS,
    variance=st.none() | FLOATS,
    distinct=st.none() | st.integers(0, 10**12),
    histogram=st.none()
    | st.builds(Histogram, st.integers(-9, 9), st.integers(), st.tuples(st.integers(0, 9))),
    categories=st.dictionaries(TEXT, st.integers(1, 99), max_size=4),
    sketch=st.none() | st.builds(Sketch, TEXT, TEXT),
)
GROUPS = st.builds(
    words.GroupTable,
    TEXT,
    st.tuples(TEXT),
    st.tuples(
        st.builds(
            words.GroupCell,
            st.tuples(st.none() | TEXT),
            st.sampled_from([0, 1, None]),
            st.none(),
            st.integers(1, 9),
        )
    ),
)
PROFILES = st.builds(
    words.Profile,
    dataset=TEXT,
    night=st.dates(),
    as_of=INSTANTS,
    rows=st.integers(0, 10**12),
    window_rows=st.integers(0, 10**12),
    schema=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    columns=st.dictionaries(TEXT, COLUMNS, max_size=3),
    watermark=st.none() | INSTANTS,
    furthest=st.none() | INSTANTS,
    consent=st.tuples(st.builds(words.ConsentTally, TEXT, TEXT, st.integers(0, 99))),
    groups=st.tuples(GROUPS),
    rules=st.tuples(st.builds(words.RuleTally, TEXT, st.integers(0, 9), st.none() | st.integers(0, 9))),
    unmeasured=st.dictionaries(TEXT, TEXT, max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(PROFILES)
def test_a_profile_survives_being_stored(profile):
    assert from_json(json.loads(json.dumps(to_json(profile)))) == profile


def test_what_is_as_usual_is_not_stored():
    stored = to_json(a_profile())
    assert "duplicate_keys" not in stored
    assert stored["version"] == 2


@pytest.mark.parametrize("version", [None, 0, 1, "2"])
def test_a_profile_of_another_format_is_not_read(version):
    with pytest.raises(CannotEvaluate, match="format"):
        from_json(to_json(a_profile()) | {"version": version})


def test_a_damaged_profile_is_not_read():
    with pytest.raises(CannotEvaluate, match="damaged"):
        from_json(to_json(a_profile()) | {"rows": "many"})


# --- merging -------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.none()
        | st.just(math.nan)
        | st.sampled_from([math.inf, -math.inf, 0.0, 1.0, 10.0])
        | st.floats(-50, 50),
        st.none() | st.sampled_from(["a", "b", "c"]),
        st.none() | st.booleans(),
        st.none() | st.integers(0, 40),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def engine_at(tmp_path_factory):
    root = tmp_path_factory.mktemp("merge")
    engine = IbisEngine(project_settings(), root, {})
    yield root, engine
    engine.close()


def scanned(engine_at, parts, grids):
    """A table of one file for each of ``parts``, read anew."""
    root, engine = engine_at
    folder = Path(tempfile.mkdtemp(dir=root))
    for number, rows in enumerate(parts):
        at = [None if h is None else datetime(2026, 3, 9 + h // 24, h % 24) for *_, h in rows]
        table = pa.table(
            {
                "x": pa.array([row[0] for row in rows], pa.float64()),
                "word": pa.array([row[1] for row in rows], pa.string()),
                "yes": pa.array([row[2] for row in rows], pa.bool_()),
                "at": pa.array(at, pa.timestamp("us")),
            }
        )
        pq.write_table(table, folder / f"{number}.parquet")
    of = contract(Location("parquet", path=f"{folder.name}/*.parquet"), Column("word"), event_time="at")
    groups = (GroupPlan("m", ("word",), "yes", None, "1", window_start=NIGHT_START),)
    return engine.read(plan(of, window_days=1, grids=grids, groups=groups), {})


def same_column(found, expected):
    for name in ("mean", "variance"):
        assert (getattr(found, name) is None) == (getattr(expected, name) is None)
        if getattr(expected, name) is not None:
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9)
    same = {"mean": 0, "variance": 0}
    if found.histogram and expected.histogram and found.histogram != expected.histogram:
        ours, whole = aligned(found.histogram, expected.histogram)  # own grids may be coarser, never wrong
        assert ours == whole
        same["histogram"] = None
    if found.kind == "number" and not (found.categories and expected.categories):
        same |= {"categories": {}, "distinct": None, "other": 0}
    assert replace(found, **same) == replace(expected, **same)


@pytest.mark.parametrize("grids", [{}, {"x": GRID}], ids=["grids of their own", "one grid"])
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ROWS, min_size=3, max_size=3))
def test_merging_parts_gives_the_profile_of_the_whole(engine_at, grids, parts):
    apart = scanned(engine_at, parts, grids)
    whole = scanned(engine_at, [[row for rows in parts for row in rows]], grids)
    for name in ("x", "word", "yes", "at"):
        same_column(apart.profile.columns[name], whole.profile.columns[name])
        for days, columns in whole.profile.windows.items():
            assert set(columns) <= set(grids)
            if name in columns:
                same_column(apart.profile.windows[days][name], columns[name])
    kept = ("rows", "window_rows", "watermark", "oldest", "future_rows", "furthest", "tonight_rows",
            "undated_rows", "groups", "schema")  # fmt: skip
    assert {n: getattr(apart.profile, n) for n in kept} == {n: getattr(whole.profile, n) for n in kept}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=3, max_size=3))
@example([[], [(math.inf, None, None, 0), (-8.0, None, None, 24)], [(8.0, None, None, 0)]])  # nothing but inf
def test_the_order_of_merging_does_not_matter(engine_at, parts):
    slices = [one for part in scanned(engine_at, parts, {}).partitions for one in part.slices.values()]
    if len(slices) < 3:
        return
    a, b, c = slices[:3]
    left, right = merge_all([merge_all([a, b]), c]), merge_all([a, merge_all([b, c])])
    for other in (right, merge_all([c, merge_all([b, a])]), merge_all([b, a, c])):
        assert (left.rows, left.unmeasured) == (other.rows, other.unmeasured)
        for name, column in left.columns.items():
            theirs = other.columns[name]
            assert replace(column, mean=0, variance=0) == replace(theirs, mean=0, variance=0)
            for moment in ("mean", "variance"):
                mine, other_way = getattr(column, moment), getattr(theirs, moment)
                assert (mine is None) == (other_way is None)
                assert mine is None or mine == pytest.approx(other_way, rel=1e-9, abs=1e-9)


def test_partitions_survive_being_stored(engine_at):
    rows = [(1.5, "a", True, 30), (math.inf, None, False, None), (2.0, "b", None, 1)]
    for partition in scanned(engine_at, [rows, rows[:1]], {}).partitions:
        head, slices = partition_to_json(partition)
        stored = {day: json.loads(json.dumps(body)) for day, body in slices.items()}
        assert partition_from_json(partition.id, json.loads(json.dumps(head)), stored) == partition


def test_a_partition_of_another_format_is_as_good_as_none(engine_at):
    [partition] = scanned(engine_at, [[(1.5, "a", True, 30)]], {}).partitions
    head, slices = partition_to_json(partition)
    assert partition_from_json(partition.id, head | {"version": 1}, slices) is None
    assert partition_from_json(partition.id, head | {"days": "many"}, slices) is None


CLUSTERED = st.lists(
    st.tuples(st.none() | st.floats(-20, 20), st.none() | st.sampled_from("abc"), st.integers(0, 2)),
    max_size=20,
)


def clustered(rows):
    """A number and a text column with their counts in three buckets, counted by hand."""

    def place(value):
        return min(max(math.floor(value / 4) + 3, -1), 6) + 1

    bins = [[0] * 9 for _ in range(3)]
    for value, _, bucket in rows:
        bins[bucket][8 if value is None else place(value)] += 1
    total = [sum(row[i] for row in bins) for i in range(9)]
    words = [word for _, word, _ in rows if word is not None]
    order = sorted(set(words), key=lambda word: (-words.count(word), word))
    texts = [[sum(w == v and b == k for _, w, b in rows) for v in order] + [0] for k in range(3)]
    missing = [sum(word is None and bucket == k for _, word, bucket in rows) for k in range(3)]
    return (
        ColumnProfile(
            "x", "number", "float64", len(rows), total[8],
            histogram=Histogram(2, -3, tuple(total[1:7]), total[0], total[7]),
            clusters=tuple(map(tuple, bins)),
        ),
        ColumnProfile(
            "word", "category", "string", len(rows), sum(missing),
            categories={word: words.count(word) for word in order},
            clusters=tuple((*row, none) for row, none in zip(texts, missing, strict=True)),
        ),
    )  # fmt: skip


@given(CLUSTERED, CLUSTERED)
def test_counts_by_cluster_merge_into_those_of_all_rows(a, b):
    for first, second, whole in zip(clustered(a), clustered(b), clustered([*a, *b]), strict=True):
        merged = merge_columns(first, second)
        assert merged.clusters == whole.clusters
        assert list(merged.categories) == list(whole.categories)


def test_counts_by_cluster_of_one_side_only_are_left_out():
    first, _ = clustered([(1.0, "a", 0)])
    assert merge_columns(first, replace(first, clusters=())).clusters == ()


def test_moments_merge_without_cancellation():
    rng = np.random.default_rng(1)
    values = 1e9 + rng.normal(size=1000)
    columns = [
        ColumnProfile(
            "x", "number", "float64", len(part), 0, mean=float(part.mean()), variance=float(part.var(ddof=1))
        )
        for part in np.split(values, [1, 17, 500])
        if len(part) > 1
    ]
    merged = merge_columns(merge_columns(columns[0], columns[1]), columns[2])
    assert merged.variance == pytest.approx(values[1:].var(ddof=1), rel=1e-6)


@given(CLUSTERED, CLUSTERED)
def test_counts_by_cluster_follow_their_histogram_onto_a_coarser_grid(a, b):
    (first, _), (second, _) = clustered(a), clustered(b)
    coarse = Grid(exponent=3, first=-1, bins=2)
    coarser = replace(second, histogram=onto(second.histogram, coarse), clusters=tuple(
        (sum(row[:2]), sum(row[2:4]), sum(row[4:6]), sum(row[6:8]), row[8]) for row in second.clusters
    ))  # fmt: skip
    merged = merge_columns(first, coarser)
    if a and b:
        assert [sum(column) for column in zip(*merged.clusters, strict=True)][:-1] == [
            merged.histogram.underflow, *merged.histogram.counts, merged.histogram.overflow
        ]  # fmt: skip


def test_columns_of_different_types_are_refused_by_name():
    a, b = (ColumnProfile("income", "number", kind, 3, 0) for kind in ("int64", "float64"))
    with pytest.raises(UsageError, match=r"'income' \(int64\) cannot be merged with 'income' \(float64\)"):
        merge_columns(a, b)
