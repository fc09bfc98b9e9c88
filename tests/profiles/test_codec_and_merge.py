"""Profiles as documents, and profiles of parts as the profile of the whole."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Column, Location
from governance_pipeline.errors import CannotEvaluate, UsageError
from governance_pipeline.profiles import profile as words
from governance_pipeline.profiles.codec import from_json, to_json
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.merge import merge, merge_columns, merge_histograms
from governance_pipeline.profiles.plan import GroupPlan
from governance_pipeline.profiles.profile import ColumnProfile, Histogram
from governance_pipeline.testing import a_profile
from tests.profiles.support import contract, plan
from tests.profiles.support import settings as project_settings

EDGES = (-10.0, 0.0, 1.0, 10.0)
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
    histogram=st.none() | st.builds(Histogram, st.tuples(FLOATS, FLOATS), st.tuples(st.integers(0, 9))),
    categories=st.dictionaries(TEXT, st.integers(1, 99), max_size=4),
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
    assert stored["version"] == 1


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
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


def profiled(engine_at, rows, name):
    import pyarrow.parquet as pq

    root, engine = engine_at
    at = [None if hours is None else datetime(2026, 3, 9 + hours // 24, hours % 24) for *_, hours in rows]
    table = pa.table(
        {
            "x": pa.array([row[0] for row in rows], pa.float64()),
            "word": pa.array([row[1] for row in rows], pa.string()),
            "yes": pa.array([row[2] for row in rows], pa.bool_()),
            "at": pa.array(at, pa.timestamp("us")),
        }
    )
    pq.write_table(table, root / f"{name}.parquet")
    of = contract(Location("parquet", path=f"{name}.parquet"), Column("word"), event_time="at")
    groups = (GroupPlan("m", ("word",), "yes", None, "1"),)
    return engine.scan(plan(of, window_days=1, edges={"x": EDGES}, groups=groups))


def same_column(found, expected):
    for name in ("mean", "variance"):
        assert (getattr(found, name) is None) == (getattr(expected, name) is None)
        if getattr(expected, name) is not None:
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9)
    distinct = found.distinct if found.distinct is not None else expected.distinct
    assert replace(found, mean=0, variance=0, distinct=0) == replace(expected, mean=0, variance=0, distinct=0)
    assert distinct == expected.distinct


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ROWS, ROWS, ROWS)
def test_merging_parts_gives_the_profile_of_the_whole(engine_at, a, b, c):
    parts = [profiled(engine_at, rows, name) for rows, name in ((a, "a"), (b, "b"), (c, "c"))]
    whole = profiled(engine_at, [*a, *b, *c], "whole")
    left = merge(merge(parts[0], parts[1]), parts[2])
    right = merge(parts[0], merge(parts[1], parts[2]))
    swapped = merge(parts[2], merge(parts[1], parts[0]))
    for merged in (left, right, swapped):
        for name in ("x", "word", "yes", "at"):
            same_column(merged.columns[name], whole.columns[name])
        kept = ("rows", "window_rows", "watermark", "oldest", "future_rows", "furthest", "tonight_rows",
                "undated_rows", "groups", "schema")  # fmt: skip
        assert {n: getattr(merged, n) for n in kept} == {n: getattr(whole, n) for n in kept}
        assert set(merged.unmeasured) == {"consent", "subjects", "duplicate_keys"}
        assert merged.source_state == left.source_state


CLUSTERED = st.lists(
    st.tuples(st.none() | st.floats(-20, 20), st.none() | st.sampled_from("abc"), st.integers(0, 2)),
    max_size=20,
)


def clustered(rows):
    """A number and a text column with their counts in three buckets, counted by hand."""

    def place(value):
        if value is None:
            return 4
        return next((i for i, edge in enumerate(EDGES) if value < edge), 4 if value > EDGES[-1] else 3)

    bins = [[0] * 6 for _ in range(3)]
    for value, _, bucket in rows:
        bins[bucket][5 if value is None else place(value)] += 1
    total = [sum(row[i] for row in bins) for i in range(6)]
    words = [word for _, word, _ in rows if word is not None]
    order = sorted(set(words), key=lambda word: (-words.count(word), word))
    texts = [[sum(w == v and b == k for _, w, b in rows) for v in order] + [0] for k in range(3)]
    missing = [sum(word is None and bucket == k for _, word, bucket in rows) for k in range(3)]
    return (
        ColumnProfile(
            "x", "number", "float64", len(rows), total[5],
            histogram=Histogram(EDGES, tuple(total[1:4]), total[0], total[4]),
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


def test_differing_edges_are_refused_by_name():
    with pytest.raises(UsageError, match="'income' have different edges"):
        merge_histograms(Histogram((0.0, 1.0), (3,)), Histogram((0.0, 2.0), (3,)), "income")


@pytest.mark.parametrize(
    "changes", [{"dataset": "other"}, {"schema": ()}, {"window_start": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_profiles_of_different_things_are_refused(changes):
    with pytest.raises(UsageError, match="differ in their"):
        merge(a_profile(), a_profile(**changes))
