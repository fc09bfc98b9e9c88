"""Reviews that people open: at a planned stage of a model's life, or by hand."""

from __future__ import annotations

from datetime import datetime

from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.reviews import milestones as rules
from governance_pipeline.reviews.acts import opening
from governance_pipeline.reviews.evidence import Evidence, concerned_entities, gather
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.reviews.notices import announce
from governance_pipeline.reviews.service import Table, eligible
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ModelVersion, Stage


def open_review(
    table: Table,
    model: str,
    *,
    person: str,
    reason: str,
    version: str | None = None,
    stage: Stage | None = None,
) -> str:
    """Open a review of a model, or of one of its versions, and queue the messages to those who decide.

    It is made on the evidence of the last night. A stage has one review a day; asked again it is that one.

    Returns:
        The review's id.

    Raises:
        NotFound: no such model, version or person.
        Refused: the person has left, or gives no reason.
    """
    who, spec = table.person(person), table.project.model(model)
    if not who.active_on(table.today):
        raise Refused(
            f"{who.name} is not in the organisation on {calendar_date(table.today)}", hint="ask another"
        )
    if not reason.strip():
        raise Refused("a review needs a reason", hint="say in a sentence why it is asked for")
    project, policy = table.project, table.project.playbook.reviews
    milestone = _milestone(table.now, model, version, stage, who.name, reason.strip())
    with table.store.begin() as unit:
        known = _version(unit, model, version)
        evidence = _evidence(table, unit, model, known)
        required = rules.required_functions(spec, evidence, project.playbook, milestone.kind, stage)
        event = opening(
            rules.review_id(milestone),
            at=table.now,
            required=required,
            evidence=evidence,
            model=model,
            version=version,
            due_days=policy.due_days,
            valid_days=policy.valid_days,
            open_days=policy.open_days,
            stage=stage or "",
            actor=who.id,
        )
        opened = Opening(milestone, event.review, tuple(map(str, required)), event)
        if unit.reviews.open(milestone, opened.review_id, event):
            free = eligible(project, table.graph, fold([event]), known, table.today)
            for alert in announce(milestone.night, opened, project, free):
                unit.outbox.enqueue(alert)
    return opened.review_id


def _milestone(
    now: datetime, model: str, version: str | None, stage: Stage | None, name: str, reason: str
) -> Milestone:
    what = f"Version {version} of {model}" if version else model
    night = now.date()
    if stage is None:
        kind, named, words = MilestoneKind.MANUAL, now.isoformat(), f"{name} asks for a review of {what}"
    else:
        kind, named = MilestoneKind.STAGE, f"{stage}@{night}"
        words = f"{name} asks for the review of {what} at the stage {stage}"
    return Milestone(
        f"{kind}:{model}/{version or ''}/{named}", kind, night, model, version, f"{words}: {reason}"
    )


def _version(unit: Unit, model: str, version: str | None) -> ModelVersion | None:
    known = unit.versions.get(model, version) if version else None
    if version and known is None:
        told = ", ".join(one.version for one in unit.versions.of_model(model)) or "none"
        raise NotFound(f"{model} has no version '{version}' that a night has seen", hint=f"there are: {told}")
    return known


def _evidence(table: Table, unit: Unit, model: str, version: ModelVersion | None) -> Evidence:
    """Of the last night; where there is no version yet, of what the model will be made from."""
    latest = unit.nights.latest()
    seen = version or ModelVersion(model, "", stage="", digest="", registered_at=table.now)
    return gather(
        seen,
        table.project.playbook_digest,
        unit.measurements.of_night(latest.night) if latest else (),
        concerned_entities(table.project.model(model), table.graph),
        allow_warn=table.project.playbook.reviews.allow_warn,
    )
