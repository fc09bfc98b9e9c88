"""Impact assessments in the store: the last answers, and what is known now."""

from __future__ import annotations

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.assessments import Known, due_for_approval
from governance_pipeline.reviews.fold import fold
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.review import Assessment


def last_assessments(unit: Unit, model: str) -> dict[str, Assessment]:
    """The newest answers to each questionnaire, over all reviews of the model."""
    found: dict[str, Assessment] = {}
    for review, milestone in unit.reviews.list():
        if milestone.model != model:
            continue
        for one in fold(unit.reviews.events(review)).assessments:
            if one.id not in found or one.at >= found[one.id].at:
                found[one.id] = one
    return found


def known_of(project: Project, graph: LineageGraph, unit: Unit, model: str, version: str | None) -> Known:
    """What fills the questionnaires of a model now: lineage, contracts, the last night."""
    latest = unit.nights.latest()
    measured = unit.measurements.of_night(latest.night) if latest else ()
    seen = unit.versions.get(model, version) if version else None
    return Known.of(project, graph, model, seen, measured)


def assessments_due(known: Known, unit: Unit) -> tuple[tuple[str, str], ...]:
    """The questionnaires that the model's tier asks for and that are due, by id, each with why."""
    found = due_for_approval(known.project, known, last_assessments(unit, known.model))
    return tuple((questionnaire.id, why) for questionnaire, why in found)
