"""How far the record supports each control: for one version, and for all of a project's models together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance_pipeline.charter.controls import Control, controls, find_control, frameworks
from governance_pipeline.reports.controls.support import (
    KINDS,
    State,
    Support,
    combined,
    measured,
    supports,
)
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.vocabulary.measurement import Measurement

NOTE = "A mapping supports a control. Whether the control is met, people decide."


@dataclass(frozen=True, slots=True)
class Supported:
    """One control, and what speaks for it.

    Attributes:
        clauses: of the playbook that name it.
        by_model: the state for each version, ``mortgage_approval 2``; one entry where only one was asked for.
        raises: what would raise it, once each.
    """

    control: Control
    state: State
    by: tuple[Support, ...]
    clauses: tuple[str, ...]
    by_model: Mapping[str, State]
    raises: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrameworkCoverage:
    """How many controls of a framework are in which state."""

    framework: str
    title: str
    edition: str
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and the controls that it would raise."""

    step: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every control of every framework, for the versions named; ``steps`` what raises most controls first."""

    as_of: datetime
    versions: tuple[str, ...]
    note: str
    frameworks: tuple[FrameworkCoverage, ...]
    controls: tuple[Supported, ...]
    steps: tuple[Step, ...]


def coverage(records: Sequence[Record], now: datetime) -> Coverage:
    """The coverage for one record, or for several together: a control is evidenced where it is so for each.

    Args:
        now: what is stale is told by it.
    """
    each = [_of_one(record, now) for record in records]
    names = tuple(f"{one.model.name} {one.version.version}" for one in records)
    found = tuple(_together(names, [one[name] for one in each]) for name in controls())
    totals = tuple(_framework(key, found) for key in frameworks())
    return Coverage(now, names, NOTE, totals, found, raising(found))


def raising(found: Sequence[Supported]) -> tuple[Step, ...]:
    """What would raise these controls, each step with all that it raises; the one that raises most first."""
    by_step: dict[str, list[str]] = {}
    for one in found:
        for step in one.raises:
            by_step.setdefault(step, []).append(one.control.name)
    ordered = sorted(by_step.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Step(step, tuple(names)) for step, names in ordered)


def _of_one(record: Record, now: datetime) -> dict[str, Supported]:
    """Each control by its name, for one version."""
    kinds = {kind: supports(kind, record, now) for kind in KINDS}
    by_clause: dict[str, list[Measurement]] = {}
    for one in record.night.measured:  # a clause that no indicator measures is told of by the playbook alone
        by_clause.setdefault(one.clause, []).append(one)
    version, found = f"{record.model.name} {record.version.version}", {}
    for name, control in controls().items():
        clauses = _clauses(record, control)
        mapped = [measured(f"clause {c}", by_clause[c], record, now) for c in clauses if c in by_clause]
        by = (*(kinds[kind] for kind in control.supported_by), *mapped)
        state = combined(one.state for one in by)
        found[name] = Supported(control, state, by, clauses, {version: state}, _steps(by))
    return found


def _clauses(record: Record, control: Control) -> tuple[str, ...]:
    return tuple(
        name
        for name, clause in record.project.playbook.clauses.items()
        if any(find_control(written) == control for written in clause.controls)
    )


def _together(names: Sequence[str], found: Sequence[Supported]) -> Supported:
    if len(found) == 1:
        return found[0]
    by = tuple(dict.fromkeys(support for one in found for support in one.by))
    clauses = tuple(dict.fromkeys(clause for one in found for clause in one.clauses))
    states = {name: one.state for name, one in zip(names, found, strict=True)}
    return Supported(found[0].control, combined(states.values()), by, clauses, states, _steps(by))


def _steps(by: Sequence[Support]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.raises for one in by if one.raises))


def _framework(key: str, found: Sequence[Supported]) -> FrameworkCoverage:
    mine = [one for one in found if one.control.framework == key]
    counts = Counter(one.state for one in mine)
    return FrameworkCoverage(
        key, frameworks()[key], mine[0].control.edition, {state: counts[state] for state in State}
    )
