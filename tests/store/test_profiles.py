from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance_pipeline.errors import StoreUnavailable, UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.store.values import pack, unpack
from tests.store.examples import NIGHT, nights_after

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=5), parts, max_size=4),
    max_leaves=12,
)


def test_a_profile_comes_back_as_it_was_and_is_replaced(store: Store):
    with store.begin() as unit:
        unit.profiles.put("lending.incomes", NIGHT, {"rows": 1})
        unit.profiles.put(
            "lending.incomes", NIGHT, {"rows": 1989, "mean": 0.1, "columns": {"a": [1.5, None]}}
        )
    with store.begin() as unit:
        assert unit.profiles.get("lending.incomes", NIGHT) == {
            "rows": 1989,
            "mean": 0.1,
            "columns": {"a": [1.5, None]},
        }
        assert unit.profiles.get("lending.incomes", nights_after(1)) is None
        assert unit.profiles.get("lending.bureau", NIGHT) is None


def test_the_profile_before_a_night_is_the_newest_strictly_before_it(store: Store):
    with store.begin() as unit:
        for count in (0, 3, 1):
            unit.profiles.put("lending.incomes", nights_after(count), {"night": count})
        unit.profiles.put("lending.bureau", nights_after(2), {"night": "another dataset's"})
    with store.begin() as unit:
        assert unit.profiles.latest_before("lending.incomes", nights_after(3)) == {"night": 1}
        assert unit.profiles.latest_before("lending.incomes", nights_after(9)) == {"night": 3}
        assert unit.profiles.latest_before("lending.incomes", NIGHT) is None


def test_a_baseline_is_written_once(store: Store):
    with store.begin() as unit:
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 1})
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 2})
        unit.profiles.put_baseline("mortgage_approval", "2", {"rows": 3})
    with store.begin() as unit:
        assert unit.profiles.get_baseline("mortgage_approval", "1") == {"rows": 1}
        assert unit.profiles.get_baseline("mortgage_approval", "2") == {"rows": 3}
        assert unit.profiles.get_baseline("mortgage_approval", "3") is None


def test_a_baseline_that_was_dropped_is_written_anew(store: Store):
    with store.begin() as unit:
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 1})
        unit.profiles.put_baseline("mortgage_approval", "2", {"rows": 2})
        unit.profiles.drop_baseline("mortgage_approval", "1")
        unit.profiles.drop_baseline("mortgage_approval", "3")
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 3})
        unit.profiles.put_baseline("mortgage_approval", "2", {"rows": 4})
    with store.begin() as unit:
        assert unit.profiles.get_baseline("mortgage_approval", "1") == {"rows": 3}
        assert unit.profiles.get_baseline("mortgage_approval", "2") == {"rows": 2}


def test_the_days_of_a_baseline_are_written_with_it_and_read_apart(store: Store):
    with store.begin() as unit:
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 1}, {"days": ["2026-03-01"]})
        unit.profiles.put_baseline("mortgage_approval", "1", {"rows": 1}, {"days": []})
        unit.profiles.put_baseline("mortgage_approval", "2", {"rows": 2})
    with store.begin() as unit:
        assert unit.profiles.get_baseline("mortgage_approval", "1") == {"rows": 1}
        assert unit.profiles.get_baseline_days("mortgage_approval", "1") == {"days": ["2026-03-01"]}
        assert unit.profiles.get_baseline_days("mortgage_approval", "2") is None
        assert unit.profiles.get_baseline_days("mortgage_approval", "3") is None


@given(profile=st.dictionaries(st.text(st.characters(codec=None)), JSON, max_size=6))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_json_comes_back_exactly(store: Store, profile: dict):
    with store.begin() as unit:
        unit.profiles.put("lending.incomes", NIGHT, profile)
    with store.begin() as unit:
        found = unit.profiles.get("lending.incomes", NIGHT)
    assert repr(found) == repr(profile)  # repr tells 1 from 1.0 and 0.0 from -0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object()])
def test_what_json_has_no_word_for_is_refused(store: Store, value: object):
    with store.begin() as unit:
        with pytest.raises(UsageError, match=r"profile of lending\.incomes for 2026-03-01 is not JSON"):
            unit.profiles.put("lending.incomes", NIGHT, {"mean": value})
        assert unit.profiles.get("lending.incomes", NIGHT) is None


def test_a_changed_copy_does_not_change_the_store(store: Store):
    profile = {"columns": ["a"]}
    with store.begin() as unit:
        unit.profiles.put("lending.incomes", NIGHT, profile)
        profile["columns"].append("b")
        unit.profiles.get("lending.incomes", NIGHT)["columns"].append("c")
        assert unit.profiles.get("lending.incomes", NIGHT) == {"columns": ["a"]}


def test_a_damaged_profile_is_reported_not_returned():
    packed = pack({"rows": 1989}, "the profile")
    for damaged in (packed[:-1], packed[:5] + b"\x00" + packed[6:], b""):
        with pytest.raises(StoreUnavailable, match="The profile is damaged in the store"):
            unpack(damaged, "The profile")
