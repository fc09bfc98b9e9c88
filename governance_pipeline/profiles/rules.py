"""Answers a contract's quality rules from the profile, without another look at the rows.

Rules look at the rows of the window (tonight's and recent ones; all rows where the table has no event
time or is profiled whole). Only ``rowCount`` and ``sql`` speak of the whole table. NaN counts as no
value, as it does for pandas and pandera; a value that is missing is not also invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.profiles.profile import ColumnProfile, Profile, RuleTally
from governance_pipeline.profiles.text import as_text

Judge = Callable[[float, float], bool]

_EXACT_UP_TO = 2.0**53  # whole numbers below are doubles, all of them

# ODCS logicalTypeOptions that bound a value, and whether a value keeps the bound (JSON Schema).
BOUNDS: Mapping[str, Judge] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}


def answer(rule: QualityRule, profile: Profile) -> RuleTally | None:
    """How the rule came out, or None where the profile cannot tell.

    The tally holds an error where nobody can tell: the column is missing or was not measured.
    """
    if rule.metric == "rowCount":
        return RuleTally(rule.id, profile.rows, 0, value=float(profile.rows))
    if rule.metric == "sql" or rule.column is None:
        return None
    column = profile.columns.get(rule.column)
    if column is None:
        why = profile.unmeasured.get(rule.column, f"the column '{rule.column}' is not in the table")
        return RuleTally(rule.id, 0, None, error=why)
    failing = _ANSWERS.get(rule.metric, _cannot)(rule, column)
    return None if failing is None else RuleTally(rule.id, column.rows, failing)


def _cannot(_rule: QualityRule, _column: ColumnProfile) -> int | None:
    return None


def _nulls(_rule: QualityRule, column: ColumnProfile) -> int | None:
    return column.nulls + column.nans


def _missing(rule: QualityRule, column: ColumnProfile) -> int | None:
    wanted = rule.arguments.get("missingValues", [None])
    words = {as_text(value) for value in wanted if value is not None}
    nulls = column.nulls + column.nans if len(words) < len(wanted) else 0
    counted = _counted(column, words)
    return None if counted is None else nulls + counted


def _duplicates(rule: QualityRule, column: ColumnProfile) -> int | None:
    """Rows beyond the first with their value; rows without a value repeat nothing."""
    if rule.arguments.get("properties") or not column.complete or column.distinct is None:
        return None
    return column.present - column.distinct


def _invalid(rule: QualityRule, column: ColumnProfile) -> int | None:
    known = [_invalid_by(name, value, column) for name, value in rule.arguments.items()]
    if not known:
        return None
    if len(known) == 1:
        return known[0]
    return 0 if all(failing == 0 for failing in known) else None  # one row may break several of them


def _invalid_by(name: str, value: Any, column: ColumnProfile) -> int | None:
    if name == "validValues":
        valid = _counted(column, {as_text(one) for one in value})
        return None if valid is None else column.present - valid
    if name in BOUNDS and isinstance(value, int | float):
        return _out_of_bounds(BOUNDS[name], float(value), column)
    return None


def _out_of_bounds(keeps: Judge, bound: float, column: ColumnProfile) -> int | None:
    """None of the values, where the smallest and the largest keep the bound."""
    if column.kind != "number":
        return None
    if column.present == 0:
        return 0
    ends = (column.minimum, column.maximum)
    if column.infinities or not all(isinstance(end, float) and _settled(end, bound, column) for end in ends):
        return None
    return 0 if all(keeps(float(end), bound) for end in ends if end is not None) else None


def _settled(end: float, bound: float, column: ColumnProfile) -> bool:
    """Whether rounding to a double cannot have changed on which side of the bound a value lies. It keeps
    the order, so only values that round to the bound itself are in doubt.
    """
    if end != bound or column.engine_type.startswith("float") or (end == 0 and "(" in column.engine_type):
        return True  # no decimal(p, s) but 0 is rounded to 0
    return abs(end) < _EXACT_UP_TO and "int" in column.engine_type


def _counted(column: ColumnProfile, words: set[str | None]) -> int | None:
    """Rows that hold one of ``words``; None where not every value's count is known."""
    if not words:
        return 0
    if sum(column.categories.values()) != column.present:
        return None
    return sum(count for text, count in column.categories.items() if text in words)


def _pandera(rule: QualityRule, column: ColumnProfile) -> int | None:
    """``unique_values_eq``: all rows break it, where another set of values occurs than the one named."""
    if rule.arguments.get("check") != "unique_values_eq":
        return None
    if sum(column.categories.values()) != column.present:
        return None
    named = {as_text(one) for one in rule.arguments.get("values", ())}
    return 0 if set(column.categories) == named else column.rows


_ANSWERS: Mapping[str, Callable[[QualityRule, ColumnProfile], int | None]] = {
    "nullValues": _nulls,
    "missingValues": _missing,
    "duplicateValues": _duplicates,
    "invalidValues": _invalid,
    "pandera": _pandera,
}
