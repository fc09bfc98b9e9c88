"""From ODCS properties to columns and the names they are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from governance_pipeline.charter.contract import Column
from governance_pipeline.charter.diagnostics import nearest, one_of, shorten
from governance_pipeline.charter.model_errors import M, validate
from governance_pipeline.charter.odcs_reading import Reading, Reference
from governance_pipeline.charter.odcs_rules import Rules
from governance_pipeline.charter.odcs_terms import ColumnTerms
from governance_pipeline.charter.yaml_source import PathStep

_ACTED_ON = frozenset(
    {
        "id", "name", "physicalName", "logicalType", "physicalType", "description", "required", "unique",
        "primaryKey", "primaryKeyPosition", "classification", "transformSourceObjects", "transformLogic",
        "transformDescription", "logicalTypeOptions", "quality", "customProperties",
    }
)  # fmt: skip


class CustomProperties:
    """A ``customProperties`` list, seen as one mapping, that still knows where each value stands."""

    def __init__(self, reading: Reading, parts: Sequence[tuple[tuple[PathStep, ...], Sequence[Any]]]) -> None:
        """``parts``: path and entries of each list; a later list overrides an earlier one."""
        self.reading = reading
        self.values: dict[str, Any] = {}
        self.paths: dict[str, tuple[PathStep, ...]] = {}
        for path, entries in parts:
            here: set[str] = set()
            for index, entry in enumerate(entries):
                name = str(entry["property"])
                if name in here:
                    message = f"the custom property '{shorten(name)}' stands here twice"
                    reading.refuse((*path, index, "property"), message)
                here.add(name)
                self.values[name] = entry["value"]
                self.paths[name] = (*path, index)

    def read(self, model: type[M]) -> M:
        """Our own properties as ``model``; the defaults where they do not fit (a problem is noted)."""
        if not self.values:
            return model()
        ours = {name: self.values[name] for name in model.model_fields if name in self.values}
        found, problems = validate(model, ours, self)
        self.reading.problems.extend(problems)
        for name, path in self.paths.items():
            if name not in model.model_fields:
                self._not_ours(name, path, model)
        return found if found is not None else model()

    def _not_ours(self, name: str, path: tuple[PathStep, ...], model: type[M]) -> None:
        """A property of somebody else's, or one of ours misspelt: the second would switch a check off."""
        meant = nearest(name, model.model_fields, likeness=0.8)
        if self.reading.ours and meant and meant not in self.values:
            message = f"the custom property '{shorten(name)}' is not known"
            expected = one_of(model.model_fields)
            self.reading.refuse((*path, "property"), message, expected=expected, suggestion=meant)
        else:
            self.reading.set_aside(path)

    def path(self, *steps: PathStep) -> tuple[PathStep, ...]:
        """Where a value, or a part of it, stands in the file."""
        name, *inside = steps
        return (*self.paths[str(name)], "value", *inside)

    def problem(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> Any:
        """See :class:`model_errors.Located`."""
        where = self.path(*path) if path else ()
        return self.reading.document.problem(
            where, message, expected=expected, suggestion=suggestion, key=key
        )


def read_columns(
    properties: Sequence[Mapping[str, Any]], path: tuple[PathStep, ...], reading: Reading, rules: Rules
) -> tuple[tuple[Column, ...], dict[str, tuple[Reference, ...]]]:
    """The columns in order, and by column what ``transformSourceObjects`` names."""
    columns: list[Column] = []
    sources: dict[str, tuple[Reference, ...]] = {}
    first_line: dict[str, int] = {}
    for index, part in enumerate(properties):
        where = (*path, "properties", index)
        column = _column(part, where, reading)
        if column.name in first_line:
            message = f"the column '{shorten(column.name)}' is described twice; first on line"
            reading.refuse(where, f"{message} {first_line[column.name]}")
            continue
        first_line[column.name] = column.line
        columns.append(column)
        objects = part.get("transformSourceObjects") or ()
        sources[column.name] = tuple(
            Reference(str(text), (*where, "transformSourceObjects", number))
            for number, text in enumerate(objects)
        )
        rules.add_promises(column.name, part, where)
        rules.add_quality(column.name, part, where)
        reading.set_aside_rest(where, part, _ACTED_ON)
    return tuple(columns), sources


def _column(part: Mapping[str, Any], path: tuple[PathStep, ...], reading: Reading) -> Column:
    properties = [((*path, "customProperties"), part.get("customProperties") or ())]
    terms = CustomProperties(reading, properties).read(ColumnTerms)
    return Column(
        name=physical_name(part),
        logical_type=str(part.get("logicalType", "")),
        physical_type=str(part.get("physicalType", "")),
        description=str(part.get("description", "")).strip(),
        required=part.get("required") is True,
        unique=part.get("unique") is True,
        primary_key=part.get("primaryKey") is True,
        classification=str(part.get("classification", "")),
        personal=terms.personal,
        sensitive=terms.sensitiveAttribute,
        transform_logic=str(part.get("transformLogic", "")),
        transform_description=str(part.get("transformDescription", "")),
        population=terms.population.population() if terms.population else None,
        options=dict(part.get("logicalTypeOptions") or {}),
        line=reading.document.position(path)[0],
    )


def physical_name(part: Mapping[str, Any]) -> str:
    """The name in the table itself, which is what a scan asks for."""
    return str(part.get("physicalName") or part["name"])
