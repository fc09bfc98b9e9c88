"""Cross tables are what pandas counts, on every engine; folds are dealt by MD5 of the person's key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from governance_pipeline.charter.contract import Contract, DatasetKind, Location
from governance_pipeline.profiles.cross import MOST_BINS
from governance_pipeline.profiles.cross_counts import NO_KEY
from governance_pipeline.profiles.cross_plan import CrossFeature, CrossPlan, CrossTarget, LatePlan
from governance_pipeline.profiles.cross_table import (
    FOLDS,
    MISSING,
    OTHER,
    Crosses,
    LateTally,
    OverlapTally,
    crosses_from_json,
    crosses_to_json,
    merge_crosses,
)
from governance_pipeline.profiles.engine import IbisEngine
from tests.profiles.support import KINDS, NIGHT, contract, settings, url_of, write

EDGES = (0.0, 1.0, 2.0, 3.0)
FEATURES = (CrossFeature("amount", EDGES), CrossFeature("place"), CrossFeature("flag"))
RACE = CrossTarget("race", "sensitive", "race")
LABEL = CrossTarget("bought", "label", "bought")

Count = Callable[..., Crosses]


def people(rows: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "person": [f"P{i // 2:04}" for i in range(rows)],
            "row_id": range(rows),
            "amount": rng.normal(1.5, 1.2, rows).round(2),
            "place": rng.choice(["north", "south 'x'", "east", "rare"], rows, p=[0.5, 0.3, 0.19, 0.01]),
            "flag": rng.random(rows) < 0.4,
            "race": rng.choice(["a", "b", "c"], rows, p=[0.6, 0.39, 0.01]),
            "bought": rng.integers(0, 2, rows),
        }
    )
    frame.loc[:29, "amount"] = None
    frame.loc[30:49, "place"] = None
    frame.loc[50:69, "race"] = None
    return frame


def fold_of(key: str) -> int:
    return int(hashlib.md5(key.encode()).hexdigest()[:2], 16) % 5


def expected(frame: pd.DataFrame, column: str, target: str) -> dict[tuple[int, Any, Any], int]:
    """The same counts by pandas; bins of ``amount`` by numpy."""
    amount = (
        np.searchsorted([*EDGES[:-1], np.nextafter(EDGES[-1], np.inf)], frame["amount"], side="right") - 1
    )
    names = {
        "amount": [MISSING if np.isnan(v) else int(b) for v, b in zip(frame["amount"], amount, strict=True)],
        "place": [MISSING if pd.isna(v) else OTHER if v == "rare" else f"={v}" for v in frame["place"]],
        "flag": [f"={str(v).lower()}" for v in frame["flag"]],
    }[column]
    values = [None if pd.isna(v) else OTHER if v == "c" else str(v) for v in frame[target]]
    folds = frame["person"].map(fold_of)
    counted = (
        pd.Series(1, index=range(len(frame))).groupby([folds, names, pd.Series(values).fillna("-")]).sum()
    )
    return {
        (fold, name, None if value == "-" else value): int(n) for (fold, name, value), n in counted.items()
    }


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return str(request.param)


@pytest.fixture
def url(request, kind) -> str | None:
    return url_of(kind, request)


@pytest.fixture
def place(url, tmp_path, kind) -> Callable[..., Location]:
    def placed(frame: pd.DataFrame, name: str = "things") -> Location:
        return write(kind, tmp_path, frame, url, name)

    return placed


@pytest.fixture
def count(url, tmp_path) -> Count:
    def counted(of: Contract, **changes: Any) -> Crosses:
        given = {"features": FEATURES, "targets": (RACE, LABEL), "key": ("person",), **changes}
        engine = IbisEngine(settings(url), tmp_path, {})
        try:
            return engine.cross(CrossPlan(contract=of, night=NIGHT, **given))
        finally:
            engine.close()

    return counted


def snapshot(location: Location, **changes: Any) -> Contract:
    given = {"kind": DatasetKind.TRAINING_SNAPSHOT, "subject_key": "person", **changes}
    return contract(location, **given)


def test_every_table_holds_the_counts_of_pandas_by_fold_bin_and_value(place, count: Count):
    frame = people()
    found = count(snapshot(place(frame)))
    assert found.unmeasured == {}
    assert [table.key for table in found.tables] == [
        (feature.name, target.kind, target.name) for feature in FEATURES for target in (RACE, LABEL)
    ]
    for table in found.tables:
        assert table.cells() == expected(frame, table.feature, table.target), table.key


def test_all_rows_of_a_person_are_dealt_into_one_part(place, count: Count):
    frame = people().assign(person=lambda rows: "P" + (rows["row_id"] % 40).astype(str))
    frame["place"] = frame["person"]
    (table,) = count(snapshot(place(frame)), features=(CrossFeature("place"),), targets=(LABEL,)).tables
    dealt = {(name, fold) for fold, name, _ in table.cells()}
    assert dealt == {(f"=P{i}", fold_of(f"P{i}")) for i in range(40)}
    assert {fold for _, fold in dealt} == set(range(FOLDS))


def test_a_protected_value_the_snapshot_lacks_is_joined_by_the_persons_key(place, count: Count):
    frame = people()
    frame["race"] = frame.groupby("person")["race"].transform("first")
    known = frame[["person", "race"]].rename(columns={"person": "who", "race": "origin"})
    there = contract(place(known, "people"), dataset="lending.people", subject_key="who")
    mine = snapshot(place(frame.drop(columns="race")))
    target = CrossTarget("race", "sensitive", "origin", source=there)
    found = count(mine, targets=(target,), features=FEATURES[:2])
    assert found.unmeasured == {}
    for table in found.tables:
        assert table.cells() == expected(frame, table.feature, "race")


def test_a_person_whose_rows_contradict_each_other_has_no_known_value(place, count: Count):
    frame = people(600)
    known = pd.DataFrame({"who": ["P0001", "P0001", "P0002", "P0002"], "race": ["a", "b", "a", "a"]})
    there = contract(place(known, "people"), dataset="lending.people", subject_key="who")
    target = CrossTarget("race", "sensitive", "race", source=there)
    (table,) = count(
        snapshot(place(frame.drop(columns="race"))), targets=(target,), features=(CrossFeature("flag"),)
    ).tables
    recorded = dict.fromkeys(table.levels, 0)
    for (_, _, value), rows in table.cells().items():
        recorded[value] += rows
    assert recorded == {OTHER: 2, None: 598}  # only P0002 is known, and two rows are too few to be named


def test_numbers_are_named_alike_whatever_type_the_engine_gives_them(place, count: Count):
    frame = people().astype({"bought": "float64"})
    found = count(snapshot(place(frame)), targets=(LABEL,))
    assert {table.levels for table in found.tables} == {("0", "1")}


def test_the_most_frequent_categories_are_kept_and_the_others_counted_together(place, count: Count):
    rows = [f"v{i:03}" for i in range(300) for _ in range(12 + i % 2)]
    frame = pd.DataFrame({"person": [f"P{i}" for i in range(len(rows))], "place": rows, "bought": 1})
    (table,) = count(snapshot(place(frame)), features=(CrossFeature("place"),), targets=(LABEL,)).tables
    assert len(table.bins) == MOST_BINS
    # of 300 the 150 with 13 rows come first, then those with 12 by name
    assert {f"v{i:03}" for i in range(1, 300, 2)} <= set(table.bins)
    rare = sum(n for (_, name, _), n in table.cells().items() if name == OTHER)
    assert rare == (300 - MOST_BINS) * 12


def test_a_column_that_is_not_there_costs_only_itself(place, count: Count):
    lost = (*FEATURES, CrossFeature("nowhere"))
    gone = CrossTarget("faith", "sensitive", "faith")
    found = count(snapshot(place(people())), features=lost, targets=(RACE, gone))
    assert {table.key for table in found.tables} == {(f.name, "sensitive", "race") for f in FEATURES}
    assert found.reason("nowhere", "race") == "the column 'nowhere' is not in the table"
    assert found.reason("amount", "faith") == "the column 'faith' is not in lending.things"
    assert found.reason("amount", "race") is None


def test_without_a_key_rows_cannot_be_dealt_and_that_is_said(place, count: Count):
    found = count(snapshot(place(people()), subject_key=None), key=())
    assert found.tables == ()
    assert found.reason("amount", "race") == NO_KEY


def test_features_stamped_after_the_label_are_counted(place, count: Count):
    base = pd.Timestamp("2026-02-01")
    frame = (
        people(100)
        .assign(
            known=base,
            stamped=[base + pd.Timedelta(hours=h) for h in [-5] * 60 + [0] * 20 + [3] * 20],
        )
        .astype({"known": "datetime64[us]", "stamped": "datetime64[us]"})
    )
    frame.loc[99, "stamped"] = None
    found = count(
        snapshot(place(frame)), targets=(), late=(LatePlan("amount", time="stamped"),), label_time="known"
    )
    assert found.late == (LateTally("amount", rows=99, later=19),)


def test_without_a_stamp_the_first_row_of_the_person_in_the_view_is_compared(place, count: Count):
    base = pd.Timestamp("2026-02-01")
    known = [base, base, base, base, base - pd.Timedelta(days=90)]  # the last is older than the whole view
    frame = pd.DataFrame({"person": ["A", "B", "C", "D", "B"], "known": known}).astype(
        {"known": "datetime64[us]"}
    )
    view = pd.DataFrame(
        {"who": ["A", "A", "B", "C"], "at": [base + pd.Timedelta(days=d) for d in (-1, 5, 2, 0)]}
    ).astype({"at": "datetime64[us]"})
    there = contract(place(view, "view"), dataset="lending.view", subject_key="who", event_time="at")
    found = count(
        snapshot(place(frame)),
        features=(),
        targets=(),
        late=(LatePlan("amount", view=there), LatePlan("place", time="nothing")),
        label_time="known",
    )
    assert found.late == (LateTally("amount", rows=3, later=1, by_person=True),)
    assert found.unmeasured == {"late:place": "lending.things has no column 'nothing' that says when"}


def test_rows_judged_on_that_were_also_learned_from_are_counted(place, count: Count):
    frame = people(100)
    judged = pd.DataFrame({"row_id": [1, 2, 2, 500, 501, None]}).astype({"row_id": "Int64"})
    there = contract(place(judged, "judged"), dataset="lending.judged")
    found = count(
        snapshot(place(frame)), features=(), targets=(), evaluation=there, evaluation_keys=("row_id",)
    )
    assert found.overlaps == (OverlapTally("lending.judged", ("row_id",), rows=5, shared=3),)
    none = count(snapshot(place(frame, "again")), features=(), targets=(), evaluation=there)
    assert none.unmeasured == {"overlap": "lending.things and lending.judged have no key in common"}


def test_counts_of_two_parts_add_up_to_those_of_both(place, count: Count):
    frame = people()
    first = count(snapshot(place(frame[:400], "first")))
    second = count(snapshot(place(frame[400:], "second")))
    whole = count(snapshot(place(frame, "whole")), features=(CrossFeature("amount", EDGES),))
    both, reverse = merge_crosses(first, second), merge_crosses(second, first)
    assert both == reverse
    merged = both.table("amount", "bought", "label")
    assert merged == whole.table("amount", "bought", "label")


def test_what_is_stored_is_read_back(place, count: Count):
    found = count(snapshot(place(people())))
    assert crosses_from_json(crosses_to_json(found)) == found
    assert replace(found, unmeasured={"a": "b"}) != found
