from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold
from tests.store.examples import BUREAU, INCOMES, MODEL, NIGHT, NOON, measurement, nights_after

many_examples = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
numbers = st.floats(allow_nan=False)
readable = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)


def stored(store: Store, *measurements: Measurement) -> list[Measurement]:
    """What comes back of a night that consists of ``measurements``."""
    with store.begin() as unit:
        unit.measurements.replace(NIGHT, measurements, entities=[INCOMES, BUREAU, MODEL])
    with store.begin() as unit:
        return list(unit.measurements.of_night(NIGHT))


def test_a_measurement_comes_back_as_it_was(store: Store):
    assert stored(store, measurement()) == [measurement()]


def test_a_measurement_that_could_not_be_made_comes_back_without_numbers(store: Store):
    nothing = measurement(
        outcome=Outcome.NOT_RUN,
        value=None,
        interval=None,
        threshold=None,
        details={},
        n=0,
        metric="",
        unit="",
    )
    assert stored(store, nothing) == [nothing]


def test_the_order_is_entity_indicator_facet_by_code_point(store: Store):
    # "B" sorts before "a" and "_" between them by code point, and not so in a language's order
    expected = [
        measurement(BUREAU, "Zeta"),
        measurement(BUREAU, "_alpha"),
        measurement(BUREAU, "alpha", facet=""),
        measurement(BUREAU, "alpha", facet="B"),
        measurement(BUREAU, "alpha", facet="a"),
        measurement(BUREAU, "alpha", facet="é"),
        measurement(BUREAU, "alpha", facet="🏠"),
        measurement(INCOMES, "alpha"),
        measurement(MODEL, "alpha"),
    ]
    assert stored(store, *reversed(expected)) == expected


def test_replacing_twice_leaves_the_same_rows(store: Store):
    night = [measurement(facet=facet) for facet in ("a", "b")]
    assert stored(store, *night) == stored(store, *night) == night


def test_what_a_rerun_no_longer_finds_is_removed_for_its_entities_only(store: Store):
    untouched = measurement(MODEL, "bias")
    with store.begin() as unit:
        unit.measurements.replace(
            NIGHT,
            [measurement(facet="gone"), measurement(facet="kept"), measurement(BUREAU), untouched],
            entities=[INCOMES, BUREAU, MODEL],
        )
        unit.measurements.replace(
            nights_after(1), [measurement(night=nights_after(1), facet="gone")], entities=[INCOMES]
        )
    with store.begin() as unit:
        kept = measurement(facet="kept", value=1.0)
        unit.measurements.replace(NIGHT, [kept], entities=[INCOMES, BUREAU])
    with store.begin() as unit:
        assert unit.measurements.of_night(NIGHT) == [kept, untouched]
        assert len(unit.measurements.of_night(nights_after(1))) == 1


def test_an_entity_that_is_not_named_keeps_its_other_measurements(store: Store):
    stored(store, measurement(facet="a"), measurement(facet="b", value=1.0))
    with store.begin() as unit:
        unit.measurements.replace(NIGHT, [measurement(facet="b", value=2.0)], entities=[])
        assert [(found.facet, found.value) for found in unit.measurements.of_night(NIGHT)] == [
            ("a", 30.25),
            ("b", 2.0),
        ]


def test_a_night_without_measurements_is_empty(store: Store):
    assert stored(store) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"night": nights_after(1)}, "is dated 2026-03-02, not 2026-03-01"),
        ({"night": NOON}, "is an instant, not a date"),
        ({"sentence": "a\x00b"}, "NUL character"),
        ({"facet": "a\x00b"}, "NUL character"),
        ({"details": {"a": ["b\x00"]}}, "details of recency for dataset:lending.incomes.a.0. contains a NUL"),
        ({"sentence": "half \ud83c"}, "half of a surrogate pair"),
        ({"facet": "é" * 401}, "too long: 802 bytes, at most 800"),
        ({"n": 2**63}, "does not fit 64 bits"),
        ({"threshold": Threshold(None, math.nan)}, "threshold of recency .* is not a number"),
        ({"details": {"seen": NIGHT}}, "details of recency for dataset:lending.incomes.seen is a date"),
        ({"details": {3: 1}, "clause": "\x00"}, "NUL character"),
        ({"entity": Entity.dataset("")}, "A dataset has no name"),
    ],
)
def test_what_one_of_the_stores_could_not_keep_is_refused_by_all(store: Store, changes: dict, reason: str):
    stored(store, measurement(value=1.0))
    with store.begin() as unit:
        with pytest.raises(UsageError, match=reason):
            unit.measurements.replace(NIGHT, [replace(measurement(), **changes)], entities=[INCOMES])
        assert unit.measurements.of_night(NIGHT) == [measurement(value=1.0)]


def test_two_answers_to_one_question_are_refused(store: Store):
    with store.begin() as unit, pytest.raises(UsageError, match="Two measurements for the same question"):
        unit.measurements.replace(NIGHT, [measurement(), measurement(value=1.0)], entities=[INCOMES])


def test_numbers_that_are_not_numbers_come_back_as_nothing(store: Store):
    (found,) = stored(
        store,
        measurement(
            value=math.nan, interval=(0.0, math.nan), details={"a": math.nan, "b": [math.inf, -math.inf, 1.0]}
        ),
    )
    assert found.value is None
    assert found.interval is None
    assert found.details == {"a": None, "b": [None, None, 1.0]}


def test_numpy_numbers_and_tuples_come_back_as_plain_ones(store: Store):
    (found,) = stored(
        store,
        measurement(
            value=np.float64(0.5),
            n=np.int64(7),
            interval=(np.float64(0.25), np.float64(0.75)),
            details={"n": np.int64(7), "share": np.float32(0.5), "is": np.bool_(True), "pair": (1, 2)},
        ),
    )
    assert (found.value, found.n, found.interval) == (0.5, 7, (0.25, 0.75))
    assert found.details == {"n": 7, "share": 0.5, "is": True, "pair": [1, 2]}
    assert {type(part) for part in (found.n, *found.details.values())} == {int, float, bool, list}


@many_examples
@given(value=numbers, low=numbers, high=numbers, warn=st.none() | numbers, n=st.integers(0, 2**63 - 1))
@example(value=-0.0, low=-0.0, high=5e-324, warn=1.7976931348623157e308, n=0)
@example(value=math.inf, low=-math.inf, high=math.inf, warn=None, n=1)
@example(value=0.1 + 0.2, low=1e22, high=1e23, warn=2**53 + 2.0, n=2**53 + 1)
def test_numbers_come_back_exactly(
    store: Store, value: float, low: float, high: float, warn: float | None, n: int
):
    kept = measurement(
        value=value, interval=(low, high), threshold=Threshold(warn, value, "below"), n=n, details={}
    )
    assert stored(store, kept) == [kept]


@many_examples
@given(
    words=readable,
    facet=readable,
    details=st.dictionaries(
        readable,
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | readable
        | st.lists(readable | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        max_size=4,
    ),
)
@example(words="\"quoted\" 'single' `back` \\ % :name ? {x}", facet="; drop table nights; --", details={})
@example(words="🏠 naïve 漢字 \u202e \uffff", facet="Z͑ͫ", details={"\\u0000": "\\u0000", "b": -0.0, "a": 1e16})
def test_text_and_details_come_back_exactly(store: Store, words: str, facet: str, details: dict):
    kept = measurement(sentence=words, facet=facet, clause=words, unit=words, details=details)
    (found,) = stored(store, kept)
    assert found == kept
    assert repr(found.details) == repr(details)  # also the order of keys, 1 against 1.0, and -0.0


@given(night=st.dates())
@many_examples
def test_any_date_comes_back(store: Store, night):
    with store.begin() as unit:
        unit.measurements.replace(night, [measurement(night=night)], entities=[INCOMES])
        assert [found.night for found in unit.measurements.of_night(night)] == [night]
        assert unit.measurements.history(INCOMES, last=night, nights=10**7)[-1].night == night


def test_changing_what_was_read_does_not_change_the_store(store: Store):
    (found,) = stored(store, measurement(details={"bins": [1]}))
    found.details["bins"].append(2)
    with store.begin() as unit:
        assert unit.measurements.of_night(NIGHT)[0].details == {"bins": [1]}


@pytest.fixture
def five_nights(store: Store) -> Store:
    """Nights 0, 1, 2, 4 and 5: night 3 never ran."""
    with store.begin() as unit:
        for count in (4, 0, 2, 5, 1):
            night = nights_after(count)
            unit.measurements.replace(
                night,
                [
                    measurement(night=night, indicator="drift", facet="b", value=float(count)),
                    measurement(night=night, indicator="drift", facet="a", value=float(count)),
                    measurement(night=night, value=float(count)),
                    measurement(BUREAU, night=night, value=-1.0),
                ],
                entities=[INCOMES, BUREAU],
            )
    return store


def test_a_history_ascends_by_night_then_indicator_and_facet(five_nights: Store):
    with five_nights.begin() as unit:
        found = unit.measurements.history(INCOMES)
        assert [(part.value, part.indicator, part.facet) for part in found] == [
            (float(count), indicator, facet)
            for count in (0, 1, 2, 4, 5)
            for indicator, facet in (("drift", "a"), ("drift", "b"), ("recency", ""))
        ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"indicator": "recency"}, [0, 1, 2, 4, 5]),
        ({"indicator": "drift", "facet": "a"}, [0, 1, 2, 4, 5]),
        ({"indicator": "recency", "facet": ""}, [0, 1, 2, 4, 5]),
        ({"facet": ""}, [0, 1, 2, 4, 5]),
        ({"indicator": "bias"}, []),
        ({"indicator": "recency", "nights": 1}, [5]),
        ({"indicator": "recency", "nights": 3}, [4, 5]),
        ({"indicator": "recency", "nights": 0}, []),
        ({"indicator": "recency", "nights": -4}, []),
        ({"indicator": "recency", "last": nights_after(2)}, [0, 1, 2]),
        ({"indicator": "recency", "last": nights_after(3), "nights": 2}, [2]),
        ({"indicator": "recency", "last": nights_after(9), "nights": 3}, []),
    ],
)
def test_a_history_covers_the_nights_asked_for(five_nights: Store, arguments: dict, expected: list[int]):
    with five_nights.begin() as unit:
        found = unit.measurements.history(INCOMES, **arguments)
    assert [int(part.value) for part in found] == expected


def test_the_history_of_an_unknown_entity_is_empty(five_nights: Store):
    with five_nights.begin() as unit:
        assert unit.measurements.history(MODEL) == []


def test_what_was_found_is_told_by_night_without_the_measurements(store: Store):
    first, second, third = (nights_after(count) for count in (1, 2, 3))
    kept = {
        first: [
            measurement(INCOMES, "drift", facet="b", night=first, outcome=Outcome.FAIL, value=0.3),
            measurement(INCOMES, "drift", facet="a", night=first, outcome=Outcome.WARN, value=0.1),
            measurement(INCOMES, "drift", facet="c", night=first, outcome=Outcome.PASS, value=0.0),
            measurement(INCOMES, "drift", facet="gone", night=first, outcome=Outcome.FAIL, value=None),
            measurement(INCOMES, "quality", facet="a", night=first, outcome=Outcome.FAIL, value=1.0),
        ],
        third: [measurement(BUREAU, "drift", facet="x", night=third, outcome=Outcome.FAIL, value=9.0)],
    }
    with store.begin() as unit:
        for night, measurements in kept.items():
            unit.measurements.replace(night, measurements, entities=[INCOMES, BUREAU])
    with store.begin() as unit:
        found = unit.measurements.found("drift", first, third)
        assert found == [(first, str(INCOMES), "a"), (first, str(INCOMES), "b"), (third, str(BUREAU), "x")]
        assert unit.measurements.found("drift", first, second) == found[:2]
        assert unit.measurements.found("bias", first, third) == []
