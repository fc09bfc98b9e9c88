"""From ODCS quality rules, ``required``, ``unique`` and logicalTypeOptions to :class:`QualityRule`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.charter.diagnostics import nearest, one_of, shorten
from governance_pipeline.charter.odcs_reading import Reading
from governance_pipeline.charter.odcs_schema import OPERATORS
from governance_pipeline.charter.yaml_source import PathStep

Severity = Literal["error", "warning", "info"]

# Options that become a rule over invalid values; all others describe how a value is stored or shown.
CHECKED_OPTIONS = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern",
    }
)  # fmt: skip
# pandera's built-in checks by name (pandera 0.35, a test compares).
PANDERA_CHECKS = (
    "eq", "equal_to", "ge", "greater_than", "greater_than_or_equal_to", "gt", "in_range", "isin", "le",
    "less_than", "less_than_or_equal_to", "lt", "ne", "not_equal_to", "notin", "str_contains",
    "str_endswith", "str_length", "str_matches", "str_startswith", "unique_values_eq",
)  # fmt: skip
_SEVERITIES: Mapping[str, Severity] = {
    "error": "error", "critical": "error", "high": "error",
    "warning": "warning", "warn": "warning", "medium": "warning",
    "info": "info", "information": "info", "low": "info",
}  # fmt: skip
_ACTED_ON = frozenset(
    {
        "id", "name", "type", "metric", "unit", "query", "arguments", "severity", "description", "engine",
        "implementation", *OPERATORS,
    }
)  # fmt: skip
_COLUMN_METRICS = ("nullValues", "missingValues", "invalidValues")


class Rules:
    """The rules of one dataset, with ids made unique in the order of the file."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.found: list[QualityRule] = []
        self.used: set[str] = set()

    def unique_id(self, wanted: str) -> str:
        """``wanted``, or with ``-2``, ``-3`` ... where it is taken."""
        name, number = wanted, 1
        while name in self.used:
            number += 1
            name = f"{wanted}-{number}"
        self.used.add(name)
        return name

    def add_promises(self, column: str, part: Mapping[str, Any], path: tuple[PathStep, ...]) -> None:
        """What ``required``, ``unique`` and logicalTypeOptions promise about a column."""
        if part.get("required") is True:
            self._zero(column, "required", "nullValues", {}, (*path, "required"))
        if part.get("unique") is True:
            self._zero(column, "unique", "duplicateValues", {}, (*path, "unique"))
        for option, value in (part.get("logicalTypeOptions") or {}).items():
            where = (*path, "logicalTypeOptions", option)
            if option in CHECKED_OPTIONS:
                self._zero(column, option, "invalidValues", {option: value}, where)
            else:
                self.reading.set_aside(where)

    def _zero(
        self, column: str, name: str, metric: str, arguments: dict[str, Any], path: tuple[PathStep, ...]
    ) -> None:
        line, _ = self.reading.document.position(path, key=True)
        self.found.append(
            QualityRule(
                self.unique_id(f"{column}.{name}"), column, metric, "mustBe", 0.0,
                arguments=arguments, line=line,
            )
        )  # fmt: skip

    def add_quality(self, column: str | None, part: Mapping[str, Any], path: tuple[PathStep, ...]) -> None:
        """The ``quality`` list of a column, or of the table where ``column`` is None."""
        for index, rule in enumerate(part.get("quality") or ()):
            where = (*path, "quality", index)
            made = self._quality(column, rule, where)
            if made is not None:
                self.found.append(made)
                self.reading.set_aside_rest(where, rule, _ACTED_ON)

    def _quality(
        self, column: str | None, rule: Mapping[str, Any], path: tuple[PathStep, ...]
    ) -> QualityRule | None:
        kind = rule.get("type") or "library"
        if kind == "text" or (kind == "library" and "metric" not in rule):
            self.reading.set_aside(path, "a rule in words is kept for people to read")
            return None
        if kind == "custom":
            return self._custom(column, rule, path)
        metric = "sql" if kind == "sql" else str(rule["metric"])
        if not self._column_fits(column, metric, rule, path):
            return None
        operator = next(name for name in OPERATORS if name in rule)
        bound = self._bound(rule[operator], (*path, operator))
        if bound is None:
            return None
        return self._rule(column, metric, rule, path, operator, bound)

    def _rule(
        self,
        column: str | None,
        metric: str,
        rule: Mapping[str, Any],
        path: tuple[PathStep, ...],
        operator: str,
        bound: float | tuple[float, float] | None,
        arguments: dict[str, Any] | None = None,
    ) -> QualityRule | None:
        unit = str(rule.get("unit") or "rows").strip().lower()
        if unit not in ("rows", "row", "percent", "%"):
            expected = "rows or percent"
            self.reading.unfit((*path, "unit"), f"the unit '{shorten(unit)}' is not known", expected=expected)
            return None
        severity = str(rule.get("severity") or "error").strip().lower()
        if severity not in _SEVERITIES:
            message = f"the severity '{shorten(severity)}' is not known"
            self.reading.unfit((*path, "severity"), message, expected="error, warning or info")
        check = (arguments or {}).get("check", metric)
        name = str(rule.get("id") or rule.get("name") or (f"{column}.{check}" if column else check))
        line, _ = self.reading.document.position(path)
        return QualityRule(
            id=self.unique_id(name),
            column=None if metric == "rowCount" else column,
            metric=metric,
            operator=operator,
            bound=bound,
            percent=unit in ("percent", "%"),
            query=str(rule.get("query", "")),
            arguments=dict(rule.get("arguments") or {}) if arguments is None else arguments,
            severity=_SEVERITIES.get(severity, "error"),
            description=str(rule.get("description", "")),
            line=line,
        )

    def _column_fits(
        self, column: str | None, metric: str, rule: Mapping[str, Any], path: tuple[PathStep, ...]
    ) -> bool:
        columns = (rule.get("arguments") or {}).get("properties")
        if column is None and metric in _COLUMN_METRICS:
            message = f"{metric} counts the values of one column and stands here on the whole table"
        elif column is None and metric == "duplicateValues" and not columns:
            message = "duplicateValues on a table needs the columns that must not repeat together"
        else:
            return True
        expected = (
            "the rule under its property" if metric in _COLUMN_METRICS else "arguments: {properties: [...]}"
        )
        self.reading.unfit((*path, "metric"), message, expected=expected)
        return False

    def _bound(self, value: Any, path: tuple[PathStep, ...]) -> float | tuple[float, float] | None:
        numbers = value if isinstance(value, list) else [value]
        if not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers):
            self.reading.unfit(
                path, "the rule compares with something that is no number", expected="a number"
            )
            return None
        if not isinstance(value, list):
            return float(value)
        low, high = (float(one) for one in numbers)
        if low > high:
            self.reading.unfit(path, "the lower bound stands after the upper one", expected="[lower, upper]")
            return None
        return (low, high)

    def _custom(
        self, column: str | None, rule: Mapping[str, Any], path: tuple[PathStep, ...]
    ) -> QualityRule | None:
        engine, body = str(rule["engine"]), rule["implementation"]
        if engine.strip().lower() != "pandera":
            self.reading.set_aside(path, f"rules of the engine '{shorten(engine)}' are not run here")
            return None
        arguments = dict(body) if isinstance(body, dict) else {"check": str(body).strip()}
        check = str(arguments.get("check", ""))
        where = (*path, "implementation", *(("check",) if isinstance(body, dict) and "check" in body else ()))
        if check not in PANDERA_CHECKS:
            self.reading.unfit(
                where,
                f"'{shorten(check)}' is not a check that pandera has",
                expected=one_of(PANDERA_CHECKS),
                suggestion=nearest(check, PANDERA_CHECKS),
            )
            return None
        if column is None:
            self.reading.unfit(
                where, "a pandera check looks at one column", expected="the rule under its property"
            )
            return None
        return self._rule(column, "pandera", rule, path, "", None, arguments)
