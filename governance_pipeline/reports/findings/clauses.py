"""A gate's report, and a dataset's measurements, as findings under the clauses of the playbook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.reports.findings.finding import Finding, Level, Question, Report
from governance_pipeline.reports.findings.places import Places
from governance_pipeline.reviews.gate import GateReason, GateReport
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

REGISTRY = frozenset({"registry_problem", "artefact_unknown"})
_LEVELS = {Outcome.FAIL: Level.ERROR, Outcome.NOT_RUN: Level.ERROR, Outcome.WARN: Level.WARNING}


def of_gate(report: GateReport, project: Project) -> Report:
    """Why a gate is closed, by the clause that keeps it so; what an approval accepted is a note."""
    places = Places(project)
    found: dict[str, list[Finding]] = {}
    for reason in report.reasons:
        found.setdefault(reason.clause, []).append(_of_reason(reason, report.model, places))
    accepted = set(report.accepted)
    closed = {(reason.entity, reason.facet, reason.code) for reason in report.reasons}
    for one in report.findings:
        code = f"{one.indicator}_{one.outcome}"
        if one.key in accepted and (one.entity.name, one.facet, code) not in closed:
            note = _of_measurement(one, Level.NOTE, places)
            note = replace(note, next_step=f"accepted by {report.review}", accepted=str(report.review))
            found.setdefault(one.clause, []).append(note)
    night = f"last night {calendar_date(report.night)}" if report.night else "no night yet"
    status = (report.review_status or "").replace("_", " ")
    review = f"review {report.review} {status}" if report.review else "no review"
    return Report(
        "gate",
        f"{report.model} version {report.version}",
        "open" if report.is_open else "closed",
        report.evaluated_at,
        (night, review),
        _questions(project, found, {*report.answered, project.playbook.reviews.clause}),
    )


def of_measurements(
    dataset: str, measurements: Iterable[Measurement], project: Project, at: datetime
) -> Report:
    """What was measured of a dataset; what passed is no finding."""
    places = Places(project)
    found: dict[str, list[Finding]] = {}
    answered: set[str] = set()
    breaches = 0
    for one in measurements:
        answered.add(one.clause)
        breaches += one.outcome.is_breach
        if one.outcome is not Outcome.PASS:
            level = _LEVELS.get(one.outcome, Level.NOTE)
            found.setdefault(one.clause, []).append(_of_measurement(one, level, places))
    verdict = counted(breaches, "breach", "breaches") if breaches else "no breach"
    return Report("check", dataset, verdict, at, (), _questions(project, found, answered))


def _questions(
    project: Project, found: Mapping[str, list[Finding]], answered: Collection[str]
) -> tuple[Question, ...]:
    """Every clause of the playbook, and what was found under none of them."""
    clauses = project.playbook.clauses
    listed = [
        Question(
            name,
            clause.title,
            clause.text,
            tuple(found.get(name, ())),
            "" if name in answered or name in found else "nothing that was measured here answers to it",
        )
        for name, clause in clauses.items()
    ]
    others = tuple(finding for name, many in found.items() if name not in clauses for finding in many)
    if others:
        listed.append(Question("other", "Of no clause of the playbook", findings=others))
    return tuple(listed)


def _of_reason(reason: GateReason, model: str, places: Places) -> Finding:
    place = places.of_registry(model) if reason.code in REGISTRY else None
    place = place or places.of_entity(reason.entity, reason.facet) or places.of_clause(reason.clause)
    part = f" [{reason.facet}]" if reason.facet else ""
    return Finding(
        reason.code,
        Level.ERROR,
        reason.sentence,
        about=f"{reason.entity}{part}",
        next_step=reason.next_step,
        place=place,
    )


def _of_measurement(one: Measurement, level: Level, places: Places) -> Finding:
    part = f" [{one.facet}]" if one.facet else ""
    return Finding(
        f"{one.indicator}_{one.outcome}",
        level,
        one.sentence,
        about=f"{one.entity.name}{part}",
        place=places.of_entity(one.entity.dataset_name or one.entity.name, one.facet)
        or places.of_clause(one.clause),
    )
