from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from governance_pipeline.profiles.plan import GroupPlan
from tests.profiles.support import KINDS, contract, scan, url_of, write


@pytest.fixture(params=KINDS)
def run(request, tmp_path):
    url = url_of(request.param, request)

    def scanned(table, *groups, **changes):
        location = write(request.param, tmp_path, table, url)
        return scan(tmp_path, contract(location, **changes), url=url, groups=groups)

    return scanned


def log() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "race": rng.choice(["black", "white", "other"], 500),
            "sex": rng.choice(["f", "m"], 500),
            "approved": rng.integers(0, 2, 500),
            "repaid": pd.array(rng.choice([0, 1, None], 500), dtype="Int64"),
            "model": rng.choice(["1", "2"], 500),
            "at": pd.Timestamp("2026-02-01") + pd.to_timedelta(rng.integers(0, 50 * 24, 500), "h"),
        }
    ).astype({"at": "datetime64[us]"})
    frame.loc[:4, "race"] = None
    return frame


def test_the_contingency_is_the_one_pandas_counts(run):
    frame = log()
    start = datetime(2026, 2, 20, tzinfo=UTC)
    groups = GroupPlan("m", ("race", "sex"), "approved", "repaid", "1", window_start=start)
    profile = run(frame, groups, event_time="at")
    (table,) = profile.groups
    window = frame[(frame["at"] >= "2026-02-20") & (frame["at"] < "2026-03-11")]
    expected = window.groupby(["race", "sex", "repaid", "approved"], dropna=False).size()
    found = {(*cell.groups, cell.label, cell.prediction): cell.count for cell in table.cells}
    wanted = {
        tuple(None if pd.isna(value) else value for value in key): count for key, count in expected.items()
    }
    assert found == wanted
    assert table.attributes == ("race", "sex")
    assert not profile.unmeasured


def test_one_version_can_be_counted_alone(run):
    frame = log()
    groups = GroupPlan("m", ("sex",), "approved", None, "1", version_column="model", version="2")
    (table,) = run(frame, groups).groups
    assert sum(cell.count for cell in table.cells) == (frame["model"] == "2").sum()
    assert {cell.label for cell in table.cells} == {None}


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([1, 0, 1], "1", [1, 0, 1]),
        ([1, 0, 1], "0", [0, 1, 0]),
        ([1, 0, 2], "true", [1, 0, 0]),
        ([1.0, 0.0, 0.5], "1", [1, 0, 0]),
        ([True, False, True], "1", [1, 0, 1]),
        ([True, False, True], "false", [0, 1, 0]),
        ([True, False, True], "maybe", [0, 0, 0]),
        (["yes", "no", "Yes"], "yes", [1, 0, 0]),
        (["t", "f", "t"], "t", [1, 0, 1]),
        ([3, 4, 3], "3", [1, 0, 1]),
        ([3, 4, 3], "three", [0, 0, 0]),
    ],
)
def test_the_favourable_value_is_recognised_whatever_its_type(run, values, positive, expected):
    table = pa.table({"who": ["a", "b", "c"], "predicted": values})
    (found,) = run(table, GroupPlan("m", ("who",), "predicted", None, positive)).groups
    assert [cell.prediction for cell in found.cells] == expected


@pytest.mark.parametrize("run", [kind for kind in KINDS if kind != "csv"], indirect=True)
def test_a_prediction_of_nan_is_unknown_not_unfavourable(run):
    table = pa.table({"who": ["a"] * 4, "predicted": pa.array([math.nan, None, 1.0, 0.0], pa.float64())})
    (found,) = run(table, GroupPlan("m", ("who",), "predicted", None, "1")).groups
    assert {cell.prediction: cell.count for cell in found.cells} == {None: 2, 1: 1, 0: 1}


def test_groups_that_are_numbers_read_the_same_on_every_engine(run):
    table = pa.table({"age": [1.0, 2.5, None], "flag": [True, False, True], "predicted": [1, 1, 1]})
    (found,) = run(table, GroupPlan("m", ("age", "flag"), "predicted", None, "1")).groups
    assert {cell.groups for cell in found.cells} == {("1", "true"), ("2.5", "false"), (None, "true")}


def test_a_column_that_is_missing_is_named_and_other_models_are_counted(run):
    table = pa.table({"sex": ["f", "m"], "predicted": [1, 0]})
    profile = run(
        table,
        GroupPlan("lost", ("race",), "predicted", None, "1"),
        GroupPlan("found", ("sex",), "predicted", None, "1"),
    )
    assert [found.model for found in profile.groups] == ["found"]
    assert "'race' is not in the table" in profile.unmeasured["groups:lost"]


def test_an_attribute_that_identifies_people_is_refused(tmp_path):
    table = pa.table({"id": list(range(10_001)), "predicted": [1] * 10_001})
    profile = scan(
        tmp_path,
        contract(write("parquet", tmp_path, table)),
        groups=(GroupPlan("m", ("id",), "predicted", None, "1"),),
    )
    assert "more than 10,000 combinations of id" in profile.unmeasured["groups:m"]
