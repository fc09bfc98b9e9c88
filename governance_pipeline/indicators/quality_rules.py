"""Judging one quality rule of a contract by what the scan counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.indicators.disclosure import part_of
from governance_pipeline.indicators.wording import counted, listed, number, percent
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

ROW_METRICS = frozenset({"nullValues", "missingValues", "invalidValues", "duplicateValues", "pandera"})
BREACHED = {"error": Outcome.FAIL, "warning": Outcome.WARN, "info": Outcome.PASS}

Bound = float | tuple[float, float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rule came out."""

    outcome: Outcome
    sentence: str
    value: float | None = None
    unit: str = ""
    threshold: Threshold | None = None
    details: Mapping[str, Any] | None = None


def _scalar(compare: Callable[[float, float], bool]) -> Callable[[float, Bound], bool]:
    return lambda value, bound: isinstance(bound, float | int) and compare(value, bound)


def _within(value: float, bound: Bound) -> bool:
    return isinstance(bound, tuple) and bound[0] <= value <= bound[1]


def _same(value: float, bound: float) -> bool:
    return math.isclose(value, bound, rel_tol=1e-9, abs_tol=1e-12)


OPERATORS: Mapping[str, tuple[Callable[[float, Bound], bool], str]] = {
    "mustBe": (_scalar(_same), "exactly {}"),
    "mustNotBe": (_scalar(lambda value, bound: not _same(value, bound)), "anything but {}"),
    "mustBeGreaterThan": (_scalar(lambda value, bound: value > bound), "more than {}"),
    "mustBeGreaterOrEqualTo": (_scalar(lambda value, bound: value >= bound), "at least {}"),
    "mustBeLessThan": (_scalar(lambda value, bound: value < bound), "less than {}"),
    "mustBeLessOrEqualTo": (_scalar(lambda value, bound: value <= bound), "at most {}"),
    "mustBeBetween": (_within, "between {} and {}"),
    "mustNotBeBetween": (
        lambda value, bound: isinstance(bound, tuple) and not _within(value, bound),
        "nothing between {} and {}",
    ),
}
"""ODCS v3.1 DataQualityOperators: the test, and the bound in words. Both ends of a range belong to it."""

_FINDINGS = {
    "nullValues": "have no value in {column}",
    "missingValues": "have a stand-in instead of a value in {column}",
    "invalidValues": "have a value in {column} that the contract does not allow",
    "duplicateValues": "repeat a value of {column} that may occur once only",
    "pandera": "break the check '{check}' of {column}",
}


def judge(dataset: str, rule: QualityRule, tally: RuleTally | None, *, evidence: bool, k: int) -> Verdict:
    """The verdict on one rule.

    Args:
        dataset: its name, for the sentence.
        rule: as the contract has it.
        tally: what the scan counted, None where it brought nothing.
        evidence: whether the table held any row to look at; without, a rule over rows is
            ``insufficient`` instead of kept.
        k: counts of rows from 1 to k-1 are written "fewer than k".
    """
    problem = _problem(rule, tally)
    if tally is None or problem:
        return Verdict(Outcome.NOT_RUN, f"The rule '{rule.id}' of {dataset} could not be checked: {problem}.")
    observed = _observed(rule, tally)
    kept = _kept(rule, tally, observed)
    by_rows = rule.metric in ROW_METRICS
    if by_rows and kept and (tally.checked == 0 or not evidence):
        nothing = f"there were no rows in {dataset} to check the rule '{rule.id}' on"
        return Verdict(Outcome.INSUFFICIENT, f"{nothing[0].upper()}{nothing[1:]}.")
    outcome = Outcome.PASS if kept else BREACHED[rule.severity]
    shown = part_of(tally.failing or 0, tally.checked, k) if by_rows else 0
    hidden = isinstance(shown, str)
    return Verdict(
        outcome,
        _sentence(dataset, rule, tally, observed, shown),
        value=None if hidden else observed,
        unit="per cent" if rule.percent else "rows" if by_rows or rule.metric == "rowCount" else "",
        threshold=_threshold(rule),
        details={
            "metric": rule.metric,
            "severity": rule.severity,
            "operator": rule.operator,
            "bound": list(rule.bound) if isinstance(rule.bound, tuple) else rule.bound,
            **({"failing": shown, "checked": tally.checked} if by_rows else {}),
        },
    )


def _problem(rule: QualityRule, tally: RuleTally | None) -> str:
    """Why the rule has no result, "" where it has one. What does not add up is no result."""
    if tally is None:
        return "the scan brought no result for it"
    if tally.error:
        return tally.error.rstrip(".")
    if tally.failing is not None and not 0 <= tally.failing <= tally.checked:
        return "more rows broke it than were looked at"
    return _incomplete(rule, tally)


def _incomplete(rule: QualityRule, tally: RuleTally) -> str:
    if not rule.operator:
        return "the scan did not say how many rows broke it" if tally.failing is None else ""
    if rule.operator not in OPERATORS or rule.bound is None:
        return f"its comparison '{rule.operator}' is not complete"
    return "the scan brought no number for it" if math.isnan(_observed(rule, tally)) else ""


def _observed(rule: QualityRule, tally: RuleTally) -> float:
    """The number the rule compares; NaN where there is none."""
    if tally.value is not None:
        return float(tally.value)
    if tally.failing is None:
        return math.nan
    if rule.percent and rule.operator:
        return 100 * tally.failing / tally.checked if tally.checked else 0.0
    return float(tally.failing)


def _kept(rule: QualityRule, tally: RuleTally, observed: float) -> bool:
    if rule.operator and rule.bound is not None:
        return OPERATORS[rule.operator][0](observed, rule.bound)
    return tally.failing == 0


def _threshold(rule: QualityRule) -> Threshold | None:
    """The bound as a threshold where one says the same: a bound that itself is still allowed."""
    if not isinstance(rule.bound, float | int) or rule.severity == "info":
        return None
    allowed_itself = {
        "mustBeLessOrEqualTo": "above",
        "mustBeGreaterOrEqualTo": "below",
        **({"mustBe": "above"} if rule.bound == 0 and rule.metric in ROW_METRICS else {}),
    }
    breach = allowed_itself.get(rule.operator)
    if breach is None:
        return None
    warn, fail = (None, rule.bound) if rule.severity == "error" else (rule.bound, None)
    return Threshold(warn, fail, "above" if breach == "above" else "below")


def _sentence(dataset: str, rule: QualityRule, tally: RuleTally, observed: float, shown: int | str) -> str:
    said = f"{shown:,}" if isinstance(shown, int) else shown
    if rule.metric in ROW_METRICS:
        columns = rule.arguments.get("properties") or [rule.column or "the table"]
        finding = _FINDINGS[rule.metric].format(
            column=listed([str(column) for column in columns]), check=rule.arguments.get("check", rule.id)
        )
        share = ""
        if isinstance(shown, int) and tally.checked:
            share = f" ({percent(shown / tally.checked)})"
        finding = f"{said} of {counted(tally.checked, 'row')}{share} {finding}"
    elif rule.metric == "rowCount":
        finding = f"there {'is' if observed == 1 else 'are'} {counted(int(observed), 'row')}"
    else:
        about = f" about {rule.column}" if rule.column else ""
        finding = f"the contract's own query{about} gives {number(observed)}"
    purpose = f" ({rule.description.rstrip('.')})" if rule.description else ""
    return f"In {dataset} {finding}; the contract asks for {_asked(rule)}{purpose}."


def _asked(rule: QualityRule) -> str:
    if not rule.operator or rule.bound is None:
        return "none"
    words = OPERATORS[rule.operator][1]
    ends = rule.bound if isinstance(rule.bound, tuple) else (rule.bound,)
    text = words.format(*(number(end) for end in ends))
    return f"{text} %" if rule.percent else text.replace("exactly 0", "none") if rule.bound == 0 else text
