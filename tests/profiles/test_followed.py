"""What is counted of scores, outcomes and errors, against pandas on the same rows, on every engine."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Calendar
from governance_pipeline.profiles.merge_groups import merge_tables
from governance_pipeline.profiles.plan import FollowPlan, GroupPlan
from governance_pipeline.profiles.profile import GroupTable
from tests.profiles.support import KINDS, contract, scan, url_of, write

NEW_YORK = Calendar(timezone="America/New_York")
PLAN = GroupPlan(
    "m",
    ("sex",),
    "decided",
    "repaid",
    "1",
    version_column="model",
    score="score",
    recorded_at="repaid_at",
    strata=("branch",),
    follow=FollowPlan(
        serving="2",
        since=datetime(2026, 3, 4, tzinfo=UTC),
        first_days=7,
        arrived_since=datetime(2026, 2, 11, tzinfo=UTC),
    ),
)


@pytest.fixture(params=KINDS)
def run(request, tmp_path):
    url = url_of(request.param, request)
    names = iter("abcdef")

    def scanned(table, *groups, **changes):
        location = write(request.param, tmp_path, table, url, next(names))
        return scan(tmp_path, contract(location, event_time="at", **changes), url=url, groups=groups)

    return scanned


def log(rows=600) -> pd.DataFrame:
    """Sixty days of decisions up to 10 March; outcomes come up to fifty days later, some never."""
    rng = np.random.default_rng(5)
    at = pd.Timestamp("2026-01-10") + pd.to_timedelta(rng.integers(0, 60 * 24 * 3600, rows), "s")
    late = pd.to_timedelta(rng.integers(1, 50 * 24 * 3600, rows), "s")
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], rows),
            "branch": rng.choice(["north", "south", "west"], rows),
            "score": np.round(rng.beta(2, 2, rows), 3),
            "decided": rng.integers(0, 2, rows),
            "repaid": pd.array(rng.choice([0, 1, None], rows), dtype="Int64"),
            "at": at,
            "repaid_at": at + late,
        }
    ).astype({"at": "datetime64[us]", "repaid_at": "datetime64[us]"})
    frame["model"] = np.where(frame["at"] < "2026-02-01", "1", "2")
    frame.loc[frame["repaid"].isna(), "repaid_at"] = pd.NaT
    frame.loc[:9, "score"] = [0.0, 1.0, -0.5, 1.5, 0.5, 1 / 32, 31 / 32, 0.96875, 1e-9, 0.25]
    return frame


def only(profile) -> GroupTable:
    assert not profile.unmeasured
    (table,) = profile.groups
    return table


def bin_of(score, bins):
    if math.isnan(score):
        return None
    return -1 if score < 0 else bins if score > 1 else min(int(score * bins), bins - 1)


def test_scores_are_counted_by_group_label_and_bin_and_a_label_only_once_it_arrived(run):
    frame = log()
    table = only(run(frame, replace(PLAN, window_start=datetime(2026, 2, 1, tzinfo=UTC))))
    window = frame[(frame["at"] >= "2026-02-01") & (frame["at"] < "2026-03-11")]
    wanted: Counter = Counter()
    sums: Counter = Counter()
    for row in window.itertuples():
        known = not pd.isna(row.repaid) and row.repaid_at < pd.Timestamp("2026-03-11")
        key = ((row.sex,), row.repaid if known else None, bin_of(row.score, 32))
        wanted[key] += 1
        sums[key] += row.score if 0 <= row.score <= 1 else 0
    assert {(c.groups, c.label, c.bin): c.count for c in table.scores} == dict(wanted)
    for cell in table.scores:
        assert cell.total == pytest.approx(sums[cell.groups, cell.label, cell.bin], rel=1e-12)
    assert table.dimensions == ("sex", "branch")
    assert sum(c.count for c in table.cells) == len(window)
    by_cells = sum(c.count for c in table.cells if c.label is not None)
    assert by_cells == sum(c.count for c in table.scores if c.label is not None)


def test_outcomes_are_counted_by_version_and_local_day_of_arrival(run):
    frame = log()
    table = only(run(frame, PLAN, calendar=NEW_YORK))
    as_of = pd.Timestamp("2026-03-11 04:00")  # midnight in New York in daylight saving time
    seen = frame[
        frame["repaid"].notna()
        & (frame["repaid_at"] >= "2026-02-11")
        & (frame["repaid_at"] < as_of)
        & (frame["at"] < as_of)
    ]
    wanted: Counter = Counter()
    losses: Counter = Counter()
    for row in seen.itertuples():
        day = (row.repaid_at - pd.Timedelta(hours=4)).date()
        key = (row.model, day, row.repaid, row.decided, bin_of(row.score, 256))
        wanted[key] += 1
        if 0 <= row.score <= 1:
            given = row.score if row.repaid else 1 - row.score
            losses[key] -= math.log(min(max(given, 2.0**-52), 1 - 2.0**-52))
    found = {(c.version, c.arrived, c.label, c.prediction, c.bin): c for c in table.outcomes}
    assert {key: cell.count for key, cell in found.items()} == dict(wanted)
    for key, cell in found.items():
        assert cell.loss == pytest.approx(losses[key], rel=1e-9, abs=1e-12)


def test_predictions_are_counted_on_recent_days_and_on_the_versions_first_ones(run):
    frame = log()
    table = only(run(frame, PLAN))
    first = frame.loc[frame["model"] == "2", "at"].min()
    early = (frame["model"] == "2") & (frame["at"] < first + pd.Timedelta(days=7))
    chosen = frame[early | ((frame["at"] >= "2026-03-04") & (frame["at"] < "2026-03-11"))]
    wanted: Counter = Counter()
    for row in chosen.itertuples():
        open_ = pd.isna(row.repaid) or row.repaid_at >= pd.Timestamp("2026-03-11")
        wanted[row.model, row.at.date(), row.decided, bin_of(row.score, 32), open_] += 1
    found = {(c.version, c.day, c.prediction, c.bin, c.open): c.count for c in table.predictions}
    assert found == dict(wanted)


def test_errors_of_numbers_are_summed_by_day_of_arrival_and_unusable_ones_counted(run):
    frame = log().rename(columns={"score": "price"})
    frame["paid"] = frame["price"] * 2 + 0.25
    frame.loc[frame["repaid"].isna(), "paid"] = None
    frame.loc[20:22, "price"] = 1e300
    plan = replace(PLAN, attributes=(), strata=(), score=None, prediction="price", label="paid", numeric=True)
    table = only(run(frame, plan))
    seen = frame[
        frame["paid"].notna()
        & (frame["repaid_at"] >= "2026-02-11")
        & (frame["repaid_at"] < "2026-03-11")
        & (frame["at"] < "2026-03-11")
    ]
    error = (seen["price"] - seen["paid"])[seen["price"] < 1e70]
    assert sum(c.count for c in table.errors) == len(error)
    assert sum(c.unusable for c in table.errors) == len(seen) - len(error)
    for name, expected in {
        "total": error.sum(),
        "absolute": error.abs().sum(),
        "squares": (error**2).sum(),
        "fourths": (error**4).sum(),
    }.items():
        assert sum(getattr(c, name) for c in table.errors) == pytest.approx(expected, rel=1e-12)
    assert {c.version for c in table.errors} == set(seen["model"])
    assert table.cells == ()


def test_the_tallies_of_two_parts_add_up_to_those_of_the_whole(run):
    frame = log()
    whole = replace(PLAN, follow=FollowPlan())
    parts = [frame[frame["branch"] != "west"], frame[frame["branch"] == "west"]]
    together, one, two = (only(run(part, whole)) for part in (frame, *parts))
    assert counts(merge_tables(one, two)) == counts(together)
    assert merge_tables(one, two) == merge_tables(two, one)
    for mine, theirs in zip(merge_tables(one, two).outcomes, together.outcomes, strict=True):
        assert mine.squares == pytest.approx(theirs.squares, rel=1e-12)
        assert mine.loss == pytest.approx(theirs.loss, rel=1e-12)


def counts(table: GroupTable):
    """Every tally without the sums of floats, whose last digit depends on the order of adding."""
    plain = {"total": 0, "squares": 0, "loss": 0}
    return (
        table.cells,
        tuple(replace(cell, total=0, squares=0) for cell in table.scores),
        tuple(replace(cell, **plain) for cell in table.outcomes),
        table.predictions,
    )


@pytest.mark.parametrize("run", [kind for kind in KINDS if kind != "csv"], indirect=True)
def test_a_score_that_is_no_number_has_no_bin_and_adds_nothing(run):
    scores = pa.array([math.nan, None, math.inf, -math.inf, 0.75], pa.float64())
    at = pa.array(["2026-03-09"] * 5).cast(pa.timestamp("us"))
    table = pa.table({"sex": ["f"] * 5, "decided": [1] * 5, "score": scores, "at": at})
    plan = GroupPlan("m", ("sex",), "decided", None, "1", score="score", follow=FollowPlan())
    found = only(run(table, plan))
    assert {c.bin: c.count for c in found.scores} == {None: 2, 32: 1, -1: 1, 24: 1}
    assert sum(c.total for c in found.scores) == 0.75
    assert {c.bin: c.count for c in found.predictions} == {None: 2, 32: 1, -1: 1, 24: 1}
    assert {c.day for c in found.predictions} == {date(2026, 3, 9)}
    assert found.outcomes == ()


def test_a_part_that_cannot_be_counted_is_named_and_the_others_are_counted(run):
    frame = log().drop(columns=["score"])
    profile = run(frame, PLAN)
    (table,) = profile.groups
    assert sum(c.count for c in table.cells) > 0
    assert (table.scores, table.outcomes, table.predictions) == ((), (), ())
    for part in ("scores", "outcomes", "predictions"):
        assert profile.unmeasured[f"{part}:m"] == "the column 'score' is not in the table"


def test_strata_that_split_too_finely_are_left_out_and_named(tmp_path):
    rows = 10_001
    table = pa.table({"sex": ["f"] * rows, "decided": [1] * rows, "id": list(range(rows))})
    plan = GroupPlan("m", ("sex",), "decided", None, "1", strata=("id",))
    profile = scan(tmp_path, contract(write("parquet", tmp_path, table)), groups=(plan,))
    (found,) = profile.groups
    assert (found.strata, [c.count for c in found.cells]) == ((), [rows])
    assert "more than 10,000 combinations of sex, id" in profile.unmeasured["strata:m"]


def test_a_column_of_arrival_that_is_no_time_is_refused_by_name(tmp_path):
    table = pa.table({"sex": ["f"], "decided": [1], "repaid": [1], "repaid_at": [7]})
    plan = GroupPlan("m", ("sex",), "decided", "repaid", "1", recorded_at="repaid_at")
    profile = scan(tmp_path, contract(write("parquet", tmp_path, table)), groups=(plan,))
    assert profile.groups == ()
    assert profile.unmeasured["groups:m"] == "the column 'repaid_at' is of type int64, not a time"


def test_predictions_are_counted_together_where_days_do_not_matter(run):
    """As of training data: rows of all days, dated or not, by bin and decision alone."""
    frame = log()
    frame.loc[::50, "at"] = pd.NaT
    follow = FollowPlan(by_day=False)
    table = only(run(frame, replace(PLAN, label=None, recorded_at=None, version_column=None, follow=follow)))
    wanted = Counter((row.decided, bin_of(row.score, 32)) for row in frame.itertuples())
    assert {(c.prediction, c.bin): c.count for c in table.predictions} == dict(wanted)
    assert {(c.version, c.day, c.open) for c in table.predictions} == {(None, None, True)}
    unsaid = only(run(frame, replace(PLAN, prediction=None, label=None, recorded_at=None, follow=follow)))
    assert {c.prediction for c in unsaid.predictions} == {None}
