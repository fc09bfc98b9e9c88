from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.charter.odcs_schema import OPERATORS as ODCS_OPERATORS
from governance_pipeline.indicators.quality_rules import OPERATORS, Verdict, judge
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.vocabulary.outcome import Outcome, Threshold


def a_rule(**changes: Any) -> QualityRule:
    return QualityRule(
        **{
            "id": "ratio.nulls",
            "column": "ratio",
            "metric": "nullValues",
            "operator": "mustBe",
            "bound": 0.0,
            **changes,
        }
    )


def a_count(failing: int | None = 0, checked: int = 1000, **changes: Any) -> RuleTally:
    return RuleTally("ratio.nulls", checked, failing, **changes)


def judged(rule: QualityRule, tally: RuleTally | None, *, evidence: bool = True, k: int = 11) -> Verdict:
    return judge("lending.incomes", rule, tally, evidence=evidence, k=k)


def test_every_operator_of_odcs_is_known() -> None:
    assert set(OPERATORS) == set(ODCS_OPERATORS)


@pytest.mark.parametrize(
    ("operator", "bound", "kept", "broken"),
    [
        ("mustBe", 5.0, [5], [4, 6]),
        ("mustNotBe", 5.0, [4, 6], [5]),
        ("mustBeGreaterThan", 5.0, [6], [5, 4]),
        ("mustBeGreaterOrEqualTo", 5.0, [5, 6], [4]),
        ("mustBeLessThan", 5.0, [4], [5, 6]),
        ("mustBeLessOrEqualTo", 5.0, [5, 4], [6]),
        ("mustBeBetween", (5.0, 7.0), [5, 6, 7], [4, 8]),
        ("mustNotBeBetween", (5.0, 7.0), [4, 8], [5, 6, 7]),
    ],
)
def test_operators_compare_as_odcs_says(
    operator: str, bound: Any, kept: list[float], broken: list[float]
) -> None:
    rule = a_rule(metric="rowCount", column=None, operator=operator, bound=bound)
    for value in kept:
        assert judged(rule, a_count(None, 0, value=float(value))).outcome is Outcome.PASS
    for value in broken:
        assert judged(rule, a_count(None, 0, value=float(value))).outcome is Outcome.FAIL


@pytest.mark.parametrize(("severity", "outcome"), [("error", "fail"), ("warning", "warn"), ("info", "pass")])
def test_severity_picks_the_outcome_of_a_broken_rule(severity: Any, outcome: str) -> None:
    found = judged(a_rule(severity=severity), a_count(40))
    assert found.outcome == outcome
    assert found.sentence == (
        "In lending.incomes 40 of 1,000 rows (4 %) have no value in ratio; the contract asks for none."
    )


def test_a_bound_in_per_cent_is_compared_with_per_cent_of_the_rows() -> None:
    rule = a_rule(operator="mustBeLessThan", bound=5.0, percent=True)
    assert judged(rule, a_count(49)).outcome is Outcome.PASS
    assert judged(rule, a_count(50)).outcome is Outcome.FAIL
    assert judged(rule, a_count(50)).value == 5.0
    assert judged(rule, a_count(50, value=4.0)).outcome is Outcome.PASS  # the engine's number goes first
    assert "the contract asks for less than 5 %" in judged(rule, a_count(50)).sentence


def test_a_rule_without_comparison_allows_no_row_to_break_it() -> None:
    rule = a_rule(metric="pandera", operator="", bound=None, arguments={"check": "in_range"})
    assert judged(rule, a_count(0)).outcome is Outcome.PASS
    broken = judged(rule, a_count(12))
    assert broken.outcome is Outcome.FAIL
    assert "12 of 1,000 rows (1.2 %) break the check 'in_range' of ratio" in broken.sentence


@pytest.mark.parametrize(
    ("rule", "tally", "reason"),
    [
        (a_rule(), None, "the scan brought no result for it"),
        (a_rule(), a_count(None, error="column ratio is missing."), "column ratio is missing"),
        (a_rule(), a_count(None), "the scan brought no number for it"),
        (a_rule(), a_count(0, value=float("nan")), "the scan brought no number for it"),
        (a_rule(operator="", bound=None), a_count(None), "did not say how many rows broke it"),
        (a_rule(bound=None), a_count(0), "its comparison 'mustBe' is not complete"),
        (a_rule(operator="mustBeNice"), a_count(0), "its comparison 'mustBeNice' is not complete"),
        (a_rule(), a_count(1001), "more rows broke it than were looked at"),
        (a_rule(), a_count(-1), "more rows broke it than were looked at"),
    ],
)
def test_what_has_no_result_is_not_run_with_its_reason(
    rule: QualityRule, tally: RuleTally | None, reason: str
) -> None:
    found = judged(rule, tally)
    assert found.outcome is Outcome.NOT_RUN
    assert found.value is None
    assert found.sentence == (
        f"The rule 'ratio.nulls' of lending.incomes could not be checked: {reason}."
        if not reason.startswith("did")
        else f"The rule 'ratio.nulls' of lending.incomes could not be checked: the scan {reason}."
    )


@pytest.mark.parametrize(
    "metric", ["nullValues", "missingValues", "invalidValues", "duplicateValues", "pandera"]
)
def test_a_rule_over_rows_is_not_kept_by_an_empty_table(metric: str) -> None:
    assert judged(a_rule(metric=metric), a_count(0, 0)).outcome is Outcome.INSUFFICIENT
    assert judged(a_rule(metric=metric), a_count(0, 500), evidence=False).outcome is Outcome.INSUFFICIENT


def test_a_rule_broken_by_older_rows_stays_broken_on_a_night_without_rows() -> None:
    assert judged(a_rule(), a_count(40), evidence=False).outcome is Outcome.FAIL


def test_a_row_count_says_something_about_an_empty_table() -> None:
    rule = a_rule(metric="rowCount", column=None, operator="mustBeGreaterThan", bound=100.0)
    found = judged(rule, a_count(None, 0, value=0.0), evidence=False)
    assert found.outcome is Outcome.FAIL
    assert found.sentence == ("In lending.incomes there are 0 rows; the contract asks for more than 100.")
    one = judged(rule, a_count(None, 1, value=1.0), evidence=False)
    assert one.sentence == "In lending.incomes there is 1 row; the contract asks for more than 100."


def test_a_querys_number_is_told_with_the_rules_own_description() -> None:
    rule = a_rule(metric="sql", operator="mustBeBetween", bound=(0.0, 1.0), description="Mean ratio is sane.")
    found = judged(rule, a_count(None, 0, value=1.25))
    assert found.outcome is Outcome.FAIL
    assert found.sentence == (
        "In lending.incomes the contract's own query about ratio gives 1.25; the contract asks for "
        "between 0 and 1 (Mean ratio is sane)."
    )


def test_columns_that_must_not_repeat_together_are_named() -> None:
    rule = a_rule(metric="duplicateValues", column=None, arguments={"properties": ["subject_id", "at"]})
    assert "40 of 1,000 rows (4 %) repeat a value of subject_id and at" in judged(rule, a_count(40)).sentence


@given(st.integers(1, 10), st.integers(1, 10), st.booleans())
def test_few_rows_about_people_are_never_counted_out(one: int, other: int, rest: bool) -> None:
    rule = a_rule(metric="invalidValues")
    first, second = (judged(rule, a_count(1000 - few if rest else few)) for few in (one, other))
    assert first == second
    assert first.outcome is Outcome.FAIL
    assert "fewer than 11" in first.sentence


def test_few_rows_not_about_people_are_counted() -> None:
    assert "3 of 1,000 rows" in judged(a_rule(), a_count(3), k=0).sentence


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        (a_rule(), Threshold(None, 0.0)),
        (a_rule(severity="warning"), Threshold(0.0, None)),
        (a_rule(operator="mustBeGreaterOrEqualTo", bound=9.0), Threshold(None, 9.0, "below")),
        (a_rule(operator="mustBeLessThan", bound=9.0), None),
        (a_rule(severity="info"), None),
    ],
)
def test_a_threshold_is_shown_only_where_it_says_the_same(
    rule: QualityRule, threshold: Threshold | None
) -> None:
    assert judged(rule, a_count(0)).threshold == threshold


@given(
    st.sampled_from(sorted(OPERATORS)),
    st.floats(-100, 100),
    st.floats(-100, 100),
    st.sampled_from(["error", "warning"]),
)
def test_a_shown_threshold_judges_as_the_rule_does(
    operator: str, bound: float, value: float, severity: Any
) -> None:
    assume("Between" not in operator)
    rule = a_rule(metric="sql", operator=operator, bound=bound, severity=severity)
    found = judged(rule, a_count(None, 0, value=value))
    if found.threshold is not None:
        assert found.threshold.judge(value) is found.outcome
