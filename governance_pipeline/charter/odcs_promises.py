"""The parts of a contract file that hold for all its tables: service levels and the team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from governance_pipeline.charter.diagnostics import nearest, one_of
from governance_pipeline.charter.odcs_reading import Reading, Reference
from governance_pipeline.charter.odcs_terms import UNIT_NAMES, UNITS, UnfitDuration, duration
from governance_pipeline.charter.yaml_source import PathStep

OWNER_ROLES = frozenset({"owner", "data owner", "dataset owner"})
_SLA_ACTED_ON = frozenset({"id", "property", "value", "unit", "element"})


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """What the SLA properties promise about one table.

    Attributes:
        element: column the recency promise is about, None where it names none.
    """

    max_age: timedelta | None = None
    retention: timedelta | None = None
    element: str | None = None


def service_levels(
    contract: Mapping[str, Any], own_names: Sequence[str], all_names: Sequence[str], reading: Reading
) -> ServiceLevels:
    """The promises that hold for the table called ``own_names`` (its name and physical name).

    ``latency`` says how old the newest row may be; ``frequency`` stands in where it is not given.
    """
    found: dict[str, tuple[timedelta, str | None]] = {}
    for index, entry in enumerate(contract.get("slaProperties") or ()):
        path: tuple[PathStep, ...] = ("slaProperties", index)
        name = str(entry["property"]).strip()
        kind = {"latency": "latency", "ly": "latency", "frequency": "frequency", "fy": "frequency",
                "retention": "retention", "re": "retention"}.get(name.lower())  # fmt: skip
        if kind is None:
            reading.set_aside(path)
            continue
        element = str(entry.get("element") or contract.get("slaDefaultElement") or "")
        applies, column = _applies(element, own_names, all_names, reading, path)
        if not applies:
            continue
        reading.set_aside_rest(path, entry, _SLA_ACTED_ON)
        length = _length(entry, path, reading)
        if length is not None and kind not in found:
            found[kind] = (length, column)
        elif length is not None:
            reading.unfit(path, f"'{name}' is promised twice for this table", expected="one value")
    if "latency" in found and "frequency" in found:
        index = next(
            i for i, one in enumerate(contract["slaProperties"]) if str(one["property"]).lower()[0] == "f"
        )
        reading.set_aside(("slaProperties", index), "latency decides how old the newest row may be")
    age = found.get("latency") or found.get("frequency")
    retention = found.get("retention")
    element_column = next((one[1] for one in (age, retention) if one and one[1]), None)
    return ServiceLevels(age[0] if age else None, retention[0] if retention else None, element_column)


def _length(entry: Mapping[str, Any], path: tuple[PathStep, ...], reading: Reading) -> timedelta | None:
    try:
        return duration(entry["value"], entry.get("unit"))
    except UnfitDuration as error:
        unit = str(entry.get("unit", ""))
        at_unit = bool(unit) and "unit" in str(error)
        place = "unit" if at_unit else "value"
        expected = one_of(UNITS) if at_unit else f"a number above 0 with a unit ({', '.join(UNITS)})"
        suggestion = nearest(unit, UNIT_NAMES) if at_unit else ""
        reading.unfit((*path, place), str(error), expected=expected, suggestion=suggestion)
        return None


def _applies(
    element: str, own: Sequence[str], every: Sequence[str], reading: Reading, path: tuple[PathStep, ...]
) -> tuple[bool, str | None]:
    """Whether an SLA element speaks of this table, and which column it names."""
    if not element:
        return True, None
    for part in element.split(","):
        table, _, column = part.strip().partition(".")
        if table in own:
            return True, column or None
        if table not in every and not column and len(set(every)) <= 2:  # noqa: PLR2004  (name and physical name)
            return True, table  # "element: updated_at" in a file with one table
    if not any(part.strip().partition(".")[0] in every for part in element.split(",")):
        expected = f"{one_of(sorted(set(every)))}, or one of its columns as table.column"
        reading.unfit((*path, "element"), f"'{element}' is no table of this contract", expected=expected)
    return False, None


def team(contract: Mapping[str, Any], reading: Reading) -> tuple[tuple[Reference, ...], Reference | None]:
    """Members with the role owner (present ones first, then the latest to leave), and the team's name."""
    part = contract.get("team")
    if not part:
        return (), None
    older_form = isinstance(part, list)
    members: Sequence[Mapping[str, Any]] = part if older_form else part.get("members") or ()
    base: tuple[PathStep, ...] = ("team",) if older_form else ("team", "members")
    owners: list[tuple[str, int]] = []
    for index, member in enumerate(members):
        if str(member.get("role", "")).strip().lower() in OWNER_ROLES:
            owners.append((str(member.get("dateOut") or "9999"), index))
        else:
            reading.set_aside((*base, index))
    owners.sort(key=lambda owner: (owner[0], -owner[1]), reverse=True)
    found = tuple(
        Reference(str(members[index]["username"]), (*base, index, "username")) for _, index in owners
    )
    if older_form:
        return found, None
    reading.set_aside_rest(("team",), part, ("id", "name", "members"))
    key = "name" if part.get("name") else "id"
    return found, Reference(str(part[key]), ("team", key)) if part.get(key) else None
