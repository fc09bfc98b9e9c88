"""Quality rules that need the rows: pandera's checks, pushed down into one counting statement.

Each rule becomes one or more of ``pandera.ibis``'s checks. Their expressions are counted together in
the engine; no failing row is fetched. The validation around them is not used, because it runs a query
per check, fetches failing rows, joins row by row without an order, and skips ``Column(unique=True)``
without a word: uniqueness is answered by :mod:`rules` and :mod:`sql_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import and_
from typing import Any

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.pandera_alone import load_pandera
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.text import as_text

# pandera's checks of single values; its ``unique_values_eq`` fetches values and is answered by ``rules``.
PUSHED_DOWN = frozenset(
    {"eq", "equal_to", "ge", "greater_than", "greater_than_or_equal_to", "gt", "in_range", "isin", "le",
     "less_than", "less_than_or_equal_to", "lt", "ne", "not_equal_to", "notin", "str_contains",
     "str_endswith", "str_length", "str_matches", "str_startswith"}
)  # fmt: skip


MULTIPLE_OF = "multiple_of"
_NEARLY = 1e-9


class RuleUnfit(Exception):
    """The rule does not fit the column; the message says why."""


@dataclass(frozen=True, slots=True)
class PanderaCheck:
    """One pandera check by name, with its arguments, on the column as the engine or as text."""

    name: str
    arguments: tuple[tuple[str, Any], ...]
    textual: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule that the engine shall count."""

    rule: str
    column: ColumnSpec
    checks: tuple[PanderaCheck, ...]


# ODCS option or argument -> pandera's check and the name of its argument
_CHECKS: Mapping[str, tuple[str, str]] = {
    "minimum": ("greater_than_or_equal_to", "min_value"),
    "maximum": ("less_than_or_equal_to", "max_value"),
    "exclusiveMinimum": ("greater_than", "min_value"),
    "exclusiveMaximum": ("less_than", "max_value"),
    "pattern": ("str_contains", "pattern"),  # ECMA-262 patterns match anywhere unless anchored
    "minLength": ("str_length", "min_value"),
    "maxLength": ("str_length", "max_value"),
    "validValues": ("isin", "allowed_values"),
    "missingValues": ("notin", "forbidden_values"),
}
_OF_TEXT = frozenset({"pattern", "minLength", "maxLength"})
_LISTS = frozenset({"validValues", "missingValues"})


def checks_of(rule: QualityRule, column: ColumnSpec) -> tuple[PanderaCheck, ...]:
    """The pandera checks that together say what the rule says.

    Raises:
        RuleUnfit: the rule does not fit the column's type, or pandera refuses its arguments.
    """
    if rule.metric == "pandera":
        arguments = {name: value for name, value in rule.arguments.items() if name != "check"}
        return (_made(str(rule.arguments.get("check", "")), arguments),)
    if rule.metric not in ("invalidValues", "missingValues"):
        raise RuleUnfit(f"rows cannot be counted for the metric '{rule.metric}'")
    checks = tuple(_check(name, value, column) for name, value in rule.arguments.items())
    if not checks:
        raise RuleUnfit("the rule does not say which values it means")
    return checks


def _check(option: str, value: Any, column: ColumnSpec) -> PanderaCheck:
    if option == "multipleOf":
        if column.type.kind != "number" or not isinstance(value, int | float) or value <= 0:
            raise RuleUnfit(f"the column is of type {column.type.name}; multiples of {value} are numbers")
        return PanderaCheck(MULTIPLE_OF, (("value", value),))
    if option not in _CHECKS:
        raise RuleUnfit(f"'{option}' is not a rule over values that is known here")
    name, argument = _CHECKS[option]
    if option in _OF_TEXT and column.type.family != "string":
        raise RuleUnfit(f"the column is of type {column.type.name}, and '{option}' speaks of text")
    if option in _LISTS:
        if column.type.kind == "number":
            numbers = [number for one in value if (number := _float(one)) is not None]
            return _made(name, {argument: numbers})
        return _made(name, {argument: [as_text(one) for one in value if one is not None]}, textual=True)
    if option not in _OF_TEXT:
        value = _bound(value, column)
    return _made(name, {argument: value})


def _bound(value: Any, column: ColumnSpec) -> Any:
    """The bound in the column's own type."""
    if column.type.kind == "number" and isinstance(value, int | float):
        return value
    if column.type.family in ("date", "timestamp") and isinstance(value, str | date):
        text = value if isinstance(value, str) else value.isoformat()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise RuleUnfit(f"'{text}' is not a date") from None
        return moment.date() if column.type.family == "date" else moment
    raise RuleUnfit(f"the column is of type {column.type.name}, which has no bounds")


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):  # no number: no number equals it
        return None


def _made(name: str, arguments: Mapping[str, Any], *, textual: bool = False) -> PanderaCheck:
    """The check under pandera's full name; pandera itself judges the arguments."""
    load_pandera()
    from pandera.api.checks import Check

    factory = getattr(Check, name, None)
    if name not in PUSHED_DOWN or factory is None:
        raise RuleUnfit(f"'{name}' is not a pandera check that can be counted in the engine")
    try:
        full = factory(**arguments).name
    except re.error as error:
        raise RuleUnfit(f"the pattern is not a regular expression: {error}") from error
    except (TypeError, ValueError) as error:
        raise RuleUnfit(f"pandera does not take the check '{name}' so: {error}") from error
    frozen = tuple((key, tuple(one) if isinstance(one, list) else one) for key, one in arguments.items())
    return PanderaCheck(str(full), frozen, textual)


def count_failing(
    session: Session,
    window_of: Callable[[Sequence[ColumnSpec]], str],
    columns: Mapping[str, ColumnSpec],
    rules: Sequence[QualityRule],
    rows: int,
) -> dict[str, RuleTally]:
    """The tallies of ``rules`` by their ids, from one statement over the window.

    Args:
        window_of: renders the window's rows with the columns it is given.
        columns: of the table, by name.
        rows: rows in the window.
    """
    tallies: dict[str, RuleTally] = {}
    asked: list[_Asked] = []
    for rule in rules:
        column = columns.get(rule.column or "")
        if column is None:
            why = f"the column '{rule.column}' is not in the table"
            tallies[rule.id] = RuleTally(rule.id, 0, None, error=why)
            continue
        try:
            asked.append(_Asked(rule.id, column, checks_of(rule, column)))
        except RuleUnfit as unfit:
            tallies[rule.id] = RuleTally(rule.id, 0, None, error=str(unfit))
    return tallies | _counted(session, window_of, asked, rows)


def _counted(
    session: Session, window_of: Callable[[Sequence[ColumnSpec]], str], asked: Sequence[_Asked], rows: int
) -> dict[str, RuleTally]:
    """All together; where the engine refuses, one by one, so that one bad pattern spoils one rule."""
    if not asked:
        return {}
    columns = tuple({one.column.label: one.column for one in asked}.values())
    backend = getattr(session.backend, "name", "duckdb")
    try:
        body = _statement(backend, columns, tuple((one.column.label, one.checks) for one in asked))
        row = session.rows(sql.over_window(window_of(columns), sql.nested(body), session.dialect))[0]
    except StatementFailed as error:
        if len(asked) == 1:
            return {asked[0].rule: RuleTally(asked[0].rule, 0, None, error=error.message)}
        found: dict[str, RuleTally] = {}
        for one in asked:
            found |= _counted(session, window_of, [one], rows)
        return found
    return {
        one.rule: RuleTally(one.rule, rows, int(failing or 0))
        for one, failing in zip(asked, row, strict=True)
    }


@lru_cache(maxsize=256)
def _statement(
    backend: str, columns: tuple[ColumnSpec, ...], asked: tuple[tuple[str, tuple[PanderaCheck, ...]], ...]
) -> str:
    """One aggregate over ``w``: for each rule the rows that break any of its checks."""
    import ibis

    load_pandera()
    from pandera.api.checks import Check
    from pandera.api.ibis.types import IbisData

    types = {f"c{column.label}": _handed_on(column) for column in columns}
    rows = ibis.table(types, name="w")
    floats = [name for name, type_ in types.items() if type_.is_floating()]
    rows = rows.select(
        **{name: rows[name] for name in types if name not in floats},
        **{name: ibis.cases((rows[name].isnan(), None), else_=rows[name]) for name in floats},
        **{f"t{name[1:]}": rows[name].cast("string") for name, type_ in types.items() if _has_text(type_)},
    )
    counts = {}
    for position, (label, checks) in enumerate(asked):
        kept = []
        for check in checks:
            name = f"t{label}" if check.textual else f"c{label}"
            checking = _multiple_of if check.name == MULTIPLE_OF else Check.get_builtin_check_fn(check.name)
            checked = checking(IbisData(rows, name), **dict(check.arguments))
            kept.append(checked.op().values[name].to_expr())
        counts[f"r{position}"] = (~reduce(and_, kept)).ifelse(1, 0).sum()
    return str(ibis.to_sql(rows.aggregate(**counts), dialect=backend))


def _multiple_of(data: Any, value: float) -> Any:
    """The one ODCS option pandera has no check for; 0.3 is a multiple of 0.1 although floats differ."""
    column = data.table[data.key]
    quotient = column.cast("float64") / value
    return data.table.select(
        **{data.key: (quotient - quotient.round()).abs() <= _NEARLY * quotient.abs() + _NEARLY}
    )


def _handed_on(column: ColumnSpec) -> Any:
    """The Ibis type in which a window statement hands the column on."""
    import ibis.expr.datatypes as dt

    return dt.string if column.type.cast else column.type.dtype


def _has_text(dtype: Any) -> bool:
    return bool(dtype.is_primitive() or dtype.is_string() or dtype.is_temporal() or dtype.is_decimal())
