"""What was understood of each contract, in words and as plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from governance_pipeline.charter.contract import Calendar, Contract, Location, QualityRule
from governance_pipeline.charter.odcs_terms import WEEKDAYS
from governance_pipeline.charter.project import Project, Ungoverned

NOT_SAID = "not said"
_OPERATORS = {
    "mustBe": "must be", "mustNotBe": "must not be", "mustBeGreaterThan": "must be more than",
    "mustBeGreaterOrEqualTo": "must be at least", "mustBeLessThan": "must be less than",
    "mustBeLessOrEqualTo": "must be at most", "mustBeBetween": "must be between",
    "mustNotBeBetween": "must not be between",
}  # fmt: skip
_COUNTED = {
    "nullValues": "empty values", "missingValues": "missing values", "invalidValues": "values not allowed",
    "duplicateValues": "repeated values", "rowCount": "rows", "sql": "result of the query",
}  # fmt: skip


def explain_project(project: Project) -> list[dict[str, Any]]:
    """One dictionary for each dataset, by name; then one for each table that is not governed.

    Every value is text, true or false, or a list of text, so that it can be printed and written as JSON.
    """
    governed = [_contract(project, contract) for contract in project.contracts.values()]
    return governed + [_ungoverned(project, table) for table in project.ungoverned]


def _contract(project: Project, contract: Contract) -> dict[str, Any]:
    purposes = [f"{use.purpose} (lawful basis: {_words(use.basis)})" for use in contract.purposes]
    return {
        "dataset": contract.dataset,
        "governed": True,
        "file": f"{_shown(project, contract)}:{contract.line}",
        "kind": _words(contract.kind),
        "rows_are_in": _place(contract.location),
        "owner": _owner(project, contract.owner),
        "vendor": contract.vendor or NOT_SAID,
        "tier": project.tier(contract.dataset) + ("" if contract.tier else " (from the models that read it)"),
        "dated_by": contract.event_time or "no column: recency and retention cannot be measured",
        "newest_row_at_most": _length(contract.max_age, "old"),
        "oldest_row_at_most": _length(contract.retention, "old"),
        "due": _calendar(contract.calendar),
        "about": f"people, named by {contract.subject_key}"
        if contract.subject_key
        else "nobody in particular",
        "rows_belong_together_by": contract.cluster or "nothing: each row stands for itself",
        "purposes": purposes or [NOT_SAID],
        "training": "allowed" if contract.training_use else "forbidden",
        "columns": [_column(contract, name) for name in (column.name for column in contract.columns)],
        "rules": [_rule(rule) for rule in contract.rules],
        "built_from": list(contract.upstream),
        "built_by": contract.job or NOT_SAID,
        "kept_but_not_acted_on": list(contract.ignored),
    }


def _ungoverned(project: Project, table: Ungoverned) -> dict[str, Any]:
    inside = table.file.is_relative_to(project.root)
    file = table.file.relative_to(project.root) if inside else table.file
    return {
        "dataset": table.dataset,
        "governed": False,
        "file": f"{file.as_posix()}:{table.line}",
        "not_governed_because": table.reason,
    }


def _shown(project: Project, contract: Contract) -> str:
    inside = contract.file.is_relative_to(project.root)
    return (contract.file.relative_to(project.root) if inside else contract.file).as_posix()


def _words(value: str) -> str:
    return str(value).replace("_", " ")


def _place(location: Location) -> str:
    table = ".".join(part for part in (location.schema, location.table) if part)
    if location.kind == "sql":
        return f"table {table} of the connection {location.connection}"
    if location.kind == "duckdb":
        return f"table {table} of the DuckDB file {location.path}"
    through = f" through the connection {location.connection}" if location.connection else ""
    return f"{location.kind} {location.path}{through}"


def _owner(project: Project, owner: str | None) -> str:
    if owner is None:
        return "nobody; the steward answers for it"
    team = project.charter.team(owner)
    if team is not None:
        return f"{owner} (team of {', '.join(team.members)})"
    person = project.charter.person(owner)
    return f"{owner} ({person.name})" if person else owner


def _length(length: timedelta | None, ending: str) -> str:
    if length is None:
        return "no limit promised"
    seconds = length.total_seconds()
    sizes = (("day", 86400), ("hour", 3600), ("minute", 60))
    unit, size = next((one for one in sizes if seconds % one[1] == 0), ("second", 1))
    number = seconds / size
    return f"{number:g} {unit}{'' if number == 1 else 's'} {ending}"


def _calendar(calendar: Calendar) -> str:
    days = ", ".join(WEEKDAYS[number - 1] for number in calendar.workdays)
    every = "every day" if len(calendar.workdays) == len(WEEKDAYS) else f"on {days}"
    count = len(calendar.holidays)
    holidays = f", except {count} holiday{'' if count == 1 else 's'}" if count else ""
    return f"{every}{holidays}, days of {calendar.timezone}"


def _column(contract: Contract, name: str) -> str:
    column = contract.column(name)
    assert column is not None
    said = [column.logical_type or "any type"]
    said += ["key"] if column.primary_key else []
    said += ["personal"] if column.personal else []
    said += ["protected attribute"] if column.sensitive else []
    if column.sources:
        said.append("from " + ", ".join(f"{one.dataset}.{one.column}" for one in column.sources))
    return f"{name}: {', '.join(said)}"


def _rule(rule: QualityRule) -> str:
    if rule.metric == "pandera":
        return f"{rule.id}: pandera check {rule.arguments.get('check')} on {rule.column} ({rule.severity})"
    what = _COUNTED[rule.metric] + (f" of {rule.column}" if rule.column else "")
    bounds = rule.bound if isinstance(rule.bound, tuple) else (rule.bound,)
    bound = " and ".join(f"{number:g}" for number in bounds if number is not None)
    unit = " % of rows" if rule.percent else ""
    return f"{rule.id}: {what} {_OPERATORS[rule.operator]} {bound}{unit} ({rule.severity})"
