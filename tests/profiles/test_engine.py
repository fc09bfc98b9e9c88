# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Column
from governance_pipeline.profiles.grid import BINS, Grid
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.sketch import STANDARD_ERROR
from tests.profiles.support import KINDS, contract, scan, url_of, write

ROWS = 400


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str | None:
    return url_of(kind, request)


def things() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    ratio = rng.normal(1.0, 2.0, ROWS)
    ratio[:10] = np.nan
    return pd.DataFrame(
        {
            "id": np.r_[np.arange(ROWS - 3), [0, 1, 1]],
            "subject": pd.array(
                [None if i in (5, 150, 200) else f"s{i % 150}" for i in range(ROWS)], dtype="str"
            ),
            "ratio": pa.array(ratio, from_pandas=True).to_pandas(),
            "rooms": rng.integers(1, 6, ROWS),
            "grade": rng.choice(["a", "b", "c"], ROWS),
            "open": rng.random(ROWS) < 0.3,
            "born": [date(1990, 1, 1 + i % 28) for i in range(ROWS)],
            "at": pd.Timestamp("2026-02-28") + pd.to_timedelta(np.arange(ROWS) * 3600, "s"),
        }
    ).astype({"at": "datetime64[us]"})


def scanned(kind: str, tmp_path, url: str | None, frame: pd.DataFrame | pa.Table, **changes) -> Profile:
    location = write(kind, tmp_path, frame, url)
    columns = (Column("id", primary_key=True), Column("subject"))
    return scan(
        tmp_path,
        contract(location, *columns, **{"event_time": "at", "subject_key": "subject", **changes}),
        url=url,
    )


def test_table_facts_are_those_pandas_finds(kind, tmp_path, url):
    frame = things()
    profile = scanned(kind, tmp_path, url, frame)
    end = pd.Timestamp("2026-03-11")
    past = frame["at"][frame["at"] < end]
    assert profile.rows == ROWS
    assert profile.as_of == datetime(2026, 3, 11, tzinfo=UTC)
    assert profile.watermark == past.max().to_pydatetime().replace(tzinfo=UTC)
    assert profile.oldest == datetime(2026, 2, 28, tzinfo=UTC)
    assert profile.future_rows == ROWS - len(past)
    assert profile.furthest == frame["at"].max().to_pydatetime().replace(tzinfo=UTC)
    assert profile.tonight_rows == 24
    assert profile.window_rows == 7 * 24
    assert profile.duplicate_keys == 3
    window = frame[(frame["at"] >= "2026-03-04") & (frame["at"] < end)]
    assert profile.subjects == pytest.approx(window["subject"].nunique(), rel=4 * STANDARD_ERROR)
    assert profile.rows_without_subject == window["subject"].isna().sum() == 2
    assert [name for name, _ in profile.schema] == list(frame.columns)
    assert not profile.unmeasured


def test_columns_of_the_window_are_those_numpy_finds(kind, tmp_path, url):
    frame = things()
    profile = scanned(kind, tmp_path, url, frame)
    window = frame[(frame["at"] >= "2026-03-04") & (frame["at"] < "2026-03-11")]
    ratio = profile.columns["ratio"]
    values = window["ratio"].dropna().to_numpy()
    assert ratio.kind == "number"
    assert (ratio.rows, ratio.nulls, ratio.nans) == (168, window["ratio"].isna().sum(), 0)
    assert ratio.minimum == values.min()
    assert ratio.maximum == values.max()
    assert ratio.mean == pytest.approx(values.mean(), rel=1e-12)
    assert ratio.variance == pytest.approx(values.var(ddof=1), rel=1e-12)
    assert ratio.distinct is None
    assert not ratio.categories
    counts, _ = np.histogram(values, [*ratio.histogram.edges, np.inf])
    assert list(ratio.histogram.counts) == list(counts[:-1])
    assert ratio.histogram.total == len(values)
    assert 125 <= len(ratio.histogram.counts) <= BINS


def test_few_values_are_counted_by_value(kind, tmp_path, url):
    profile = scanned(kind, tmp_path, url, things())
    window = things()[lambda f: (f["at"] >= "2026-03-04") & (f["at"] < "2026-03-11")]
    assert profile.columns["grade"].categories == window["grade"].value_counts().to_dict()
    assert profile.columns["grade"].distinct == 3
    rooms = {str(value): count for value, count in window["rooms"].value_counts().items()}
    assert profile.columns["rooms"].categories == rooms
    assert profile.columns["rooms"].histogram is not None
    truth = window["open"].value_counts()
    assert profile.columns["open"].kind == "boolean"
    assert profile.columns["open"].categories == {"true": truth[True], "false": truth[False]}


def test_keys_and_subjects_are_counted_but_never_shown(kind, tmp_path, url):
    profile = scanned(kind, tmp_path, url, things())
    for name in ("id", "subject"):
        column = profile.columns[name]
        assert column.kind == "other"
        assert column.present
        assert not column.categories
        assert column.sketch is None
        assert column.minimum is column.maximum is column.histogram is None


def test_a_given_grid_is_kept_and_what_lies_outside_is_counted_apart(kind, tmp_path, url):
    grid = Grid(exponent=-1, first=-2, bins=6)
    location = write(kind, tmp_path, things(), url)
    profile = scan(tmp_path, contract(location, event_time="at"), url=url, grids={"ratio": grid})
    window = things()[lambda f: (f["at"] >= "2026-03-04") & (f["at"] < "2026-03-11")]
    values = window["ratio"].dropna().to_numpy()
    found = profile.columns["ratio"].histogram
    assert found.edges == (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
    assert list(found.counts) == list(np.histogram(values, [*found.edges, np.inf])[0][:-1])
    assert found.underflow == (values < -1).sum()
    assert found.overflow == (values >= 2).sum()
    assert profile.columns["ratio"].mean == pytest.approx(values.mean(), rel=1e-12)
    assert profile.columns["ratio"].variance == pytest.approx(values.var(ddof=1), rel=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "csv"])  # CSV has no word for NaN
def test_nan_and_infinity_are_told_from_null_and_left_out_of_moments(kind, tmp_path, url):
    values = [1.0, 2.0, 4.0, math.nan, math.nan, math.inf, -math.inf, None]
    table = pa.table({"x": pa.array(values, pa.float64())})
    location = write(kind, tmp_path, table, url)
    column = scan(
        tmp_path, contract(location), url=url, grids={"x": Grid(exponent=0, first=0, bins=3)}
    ).columns["x"]
    assert (column.rows, column.nulls, column.nans, column.infinities) == (8, 1, 2, 2)
    assert (column.minimum, column.maximum) == (1.0, 4.0)
    assert column.mean == pytest.approx(7 / 3)
    assert column.variance == pytest.approx(7 / 3)  # ((4/3)^2 + (1/3)^2 + (5/3)^2) / 2
    assert column.histogram.counts == (0, 1, 1)
    assert (column.histogram.underflow, column.histogram.overflow) == (1, 2)


def test_huge_numbers_keep_their_bounds_and_lose_only_their_moments(kind, tmp_path, url):
    table = pa.table({"x": [1e308, -1e308, 5.0], "y": [1.0, 2.0, 3.0]})
    profile = scan(tmp_path, contract(write(kind, tmp_path, table, url)), url=url)
    column = profile.columns["x"]
    assert (column.minimum, column.maximum) == (-1e308, 1e308)
    assert column.mean is None
    assert column.variance is None
    assert column.histogram.total == 3
    assert "too large" in profile.unmeasured["x"]
    assert profile.columns["y"].mean == 2.0


@pytest.mark.parametrize("value", [0.0, 7.25, -3e300])
def test_a_constant_column_gets_one_bin_around_it(kind, tmp_path, url, value):
    profile = scan(tmp_path, contract(write(kind, tmp_path, pa.table({"x": [value] * 5}), url)), url=url)
    histogram = profile.columns["x"].histogram
    assert histogram.counts == (5,)
    assert histogram.edges[0] <= value < histogram.edges[1]
    assert histogram.edges[1] - histogram.edges[0] <= max(abs(value), 1) / 100
    assert profile.columns["x"].variance in (0.0, None)


def test_an_all_null_column_is_counted(kind, tmp_path, url):
    table = pa.table({"x": pa.array([None, None], pa.float64()), "y": pa.array([None, "a"], pa.string())})
    profile = scan(tmp_path, contract(write(kind, tmp_path, table, url)), url=url)
    column = profile.columns["x"]
    assert (column.rows, column.nulls, column.present) == (2, 2, 0)
    assert column.minimum is column.mean is column.histogram is None
    assert not profile.unmeasured


def test_a_table_without_rows_is_measured_as_empty(kind, tmp_path, url):
    frame = things().iloc[:0]
    profile = scanned(
        kind, tmp_path, url, pa.Table.from_pandas(frame, schema=pa.Table.from_pandas(things()).schema)
    )
    assert profile.rows == profile.window_rows == profile.tonight_rows == 0
    assert profile.watermark is profile.oldest is profile.furthest is None
    assert profile.subjects == 0
    assert len(profile.columns) == 8


def test_a_night_without_rows_keeps_the_facts_of_the_table(kind, tmp_path, url):
    frame = things()
    frame["at"] = frame["at"] - pd.Timedelta(days=60)
    profile = scanned(kind, tmp_path, url, frame)
    assert (profile.rows, profile.window_rows, profile.tonight_rows) == (ROWS, 0, 0)
    assert profile.watermark is not None
    assert all(column.rows == 0 for column in profile.columns.values())
    assert profile.columns["ratio"].histogram is None


def test_hostile_names_are_names_and_nothing_else(kind, tmp_path, url):
    names = ['a"b', "c'd", "e.f", "select", "🦄 horn", "drop table x; --", "w", "c0", "Ünïcode", "a,b", "%s"]
    at = pa.array([datetime(2026, 3, 10)] * 3, pa.timestamp("us"))
    table = pa.table({name: [1.0, 2.0, 3.0] for name in names} | {"at when": at})
    location = write(kind, tmp_path, table, url, name="x'; drop table \"y")
    of = contract(location, Column("select", primary_key=True), event_time="at when", subject_key="a,b")
    profile = scan(tmp_path, of, url=url)
    assert [name for name, _ in profile.schema] == [*names, "at when"]
    assert profile.columns["🦄 horn"].mean == 2.0
    assert (profile.duplicate_keys, profile.subjects, profile.tonight_rows) == (0, 3, 3)
    assert not profile.unmeasured
