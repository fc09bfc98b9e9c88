from __future__ import annotations

import math
from datetime import timedelta

from governance_pipeline.store.ports import Store
from tests.store.examples import NOON, version


def test_a_version_is_new_once_and_then_kept_up_to_date(store: Store):
    with store.begin() as unit:
        assert unit.versions.put(version()) is True
        assert unit.versions.put(version()) is False
    with store.begin() as unit:
        assert unit.versions.get("mortgage_approval", "2") == version()
        assert unit.versions.put(version(stage="production", digest="sha256:00")) is False
    with store.begin() as unit:
        assert unit.versions.get("mortgage_approval", "2") == version(stage="production", digest="sha256:00")
        assert unit.versions.of_model("mortgage_approval") == [
            version(stage="production", digest="sha256:00")
        ]


def test_the_oldest_registration_comes_first_then_by_version(store: Store):
    registered = {"10": 0, "2": 5, "b": 1, "a": 1}
    with store.begin() as unit:
        for name, minutes in registered.items():
            unit.versions.put(version(name, registered_at=NOON + timedelta(minutes=minutes)))
        unit.versions.put(version("1", model="another"))
        assert [found.version for found in unit.versions.of_model("mortgage_approval")] == [
            "10",
            "a",
            "b",
            "2",
        ]


def test_an_unknown_version_is_nothing(store: Store):
    with store.begin() as unit:
        assert unit.versions.get("mortgage_approval", "2") is None
        assert unit.versions.of_model("mortgage_approval") == []


def test_a_metric_that_is_no_number_is_left_out(store: Store):
    with store.begin() as unit:
        unit.versions.put(version(metrics={"auc": 0.5, "loss": math.nan, "ratio": math.inf}))
        assert unit.versions.get("mortgage_approval", "2").metrics == {"auc": 0.5}
