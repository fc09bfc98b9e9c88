"""With the default playbook every indicator weighs 20 and missing evidence 8."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.risk.points import column_of, is_about, own_contributions, points
from governance_pipeline.testing import DATASET, NIGHT, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

PLAYBOOK = a_playbook()
WORTH = {
    Outcome.PASS: 0.0,
    Outcome.INSUFFICIENT: 8.0,
    Outcome.NOT_RUN: 8.0,
    Outcome.WARN: 10.0,
    Outcome.FAIL: 20.0,
}


def a_measurement(outcome: Outcome = Outcome.FAIL, indicator: str = "drift", **changes: Any) -> Measurement:
    fields: dict[str, Any] = {
        "night": NIGHT,
        "entity": Entity.dataset(DATASET),
        "indicator": indicator,
        "outcome": outcome,
        "sentence": f"{indicator} found {outcome}.",
        "clause": "P-1",
        **changes,
    }
    return Measurement(**fields)


def total(outcomes: list[Outcome], indicator: str = "drift") -> float:
    found = [a_measurement(o, indicator, facet=f"c{i}") for i, o in enumerate(outcomes)]
    return sum(one.points for one in own_contributions(found, PLAYBOOK))


@pytest.mark.parametrize(("outcome", "worth"), WORTH.items())
def test_each_outcome_has_its_points(outcome: Outcome, worth: float) -> None:
    assert points(a_measurement(outcome), PLAYBOOK) == worth


def test_an_indicator_without_a_policy_has_the_default_weight() -> None:
    assert points(a_measurement(indicator="water_use"), PLAYBOOK) == 20.0


def test_further_findings_of_one_indicator_add_less_and_less() -> None:
    fail, warn = Outcome.FAIL, Outcome.WARN
    assert total([fail]) == 20
    assert total([fail, fail]) == 20 + 20 / 4
    assert total([fail, fail, fail]) == 20 + 20 / 4 + 20 / 8
    assert total([warn, fail]) == 20 + 10 / 4
    assert total([fail] * 60) == 30  # the cap: one and a half times the weight


def test_different_indicators_add_in_full_and_the_largest_comes_first() -> None:
    found = own_contributions(
        [a_measurement(Outcome.WARN, "recency"), a_measurement(Outcome.FAIL, "consent")], PLAYBOOK
    )
    assert [(one.source, one.points) for one in found] == [("consent", 20.0), ("recency", 10.0)]


def test_missing_evidence_cannot_weigh_more_than_the_indicator_may() -> None:
    playbook = a_playbook(drift={"weight": 2.0})
    (found,) = own_contributions([a_measurement(Outcome.NOT_RUN)], playbook)
    assert found.points == 3.0


def test_a_pass_contributes_nothing_and_is_not_listed() -> None:
    assert own_contributions([a_measurement(Outcome.PASS)], PLAYBOOK) == ()


def test_the_sentence_is_that_of_the_worst_finding() -> None:
    (found,) = own_contributions(
        [
            a_measurement(Outcome.WARN, facet="a", sentence="A drifts a little."),
            a_measurement(Outcome.FAIL, facet="b", sentence="B drifts."),
            a_measurement(Outcome.PASS, facet="c", sentence="C does not."),
        ],
        PLAYBOOK,
    )
    assert found.sentence == "B drifts. (1 further finding of this kind.)"


outcomes = st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=8)


@given(outcomes, st.sampled_from(list(Outcome)))
def test_a_further_measurement_never_takes_points_away(found: list[Outcome], further: Outcome) -> None:
    assert total([*found, further]) >= total(found)


@given(outcomes, st.data())
def test_a_worse_measurement_never_takes_points_away(found: list[Outcome], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(found) - 1))
    worse = data.draw(st.sampled_from([o for o in Outcome if WORTH[o] >= WORTH[found[place]]]))
    assert total([*found[:place], worse, *found[place + 1 :]]) >= total(found)


@given(outcomes, st.randoms())
def test_the_order_of_measurements_does_not_matter(found: list[Outcome], random: Any) -> None:
    measurements = [a_measurement(o, facet=f"c{i}") for i, o in enumerate(found)]
    shuffled = measurements.copy()
    random.shuffle(shuffled)
    assert own_contributions(shuffled, PLAYBOOK) == own_contributions(measurements, PLAYBOOK)


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({"facet": "ratio@mortgage_approval"}, ("ratio",)),
        ({"facet": "ratio"}, ("ratio",)),
        ({"facet": ""}, ()),
        ({"facet": "x", "details": {"column": "ratio"}}, ("ratio",)),
        ({"facet": "schema", "details": {"columns": ["a", "b"]}}, ("a", "b")),
        ({"facet": "rows", "details": {"columns": []}}, ()),
    ],
)
def test_a_measurement_says_which_columns_it_is_about(
    changes: dict[str, Any], columns: tuple[str, ...]
) -> None:
    assert column_of(a_measurement(**changes)) == columns


def test_a_column_answers_for_what_its_dataset_found_about_it_only() -> None:
    about_ratio = a_measurement(facet="ratio@mortgage_approval")
    assert is_about(about_ratio, Entity.column(DATASET, "ratio"))
    assert is_about(about_ratio, Entity.dataset(DATASET))
    assert not is_about(about_ratio, Entity.column(DATASET, "other"))
    assert not is_about(about_ratio, Entity.column("lending.else", "ratio"))
