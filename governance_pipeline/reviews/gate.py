"""May this model version be promoted? Closed unless everything needed is known and good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.catalog.registry_file import RegistryReading
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.reviews.admission import acts_on, rolled_back
from governance_pipeline.reviews.assessed import assessments_due
from governance_pipeline.reviews.assessments import Known
from governance_pipeline.reviews.evidence import Evidence, FindingKey, concerned_entities, gather
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import review_of_version
from governance_pipeline.store.ports import NightRecord, Store
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.function import people_needed
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ModelVersion, ReviewEvent


@dataclass(frozen=True, slots=True)
class GateReason:
    """One thing that keeps the gate closed.

    Attributes:
        code: stable word for machines, e.g. ``review_missing``.
        sentence: why, for a person.
        next_step: what opens it.
        entity: what it is about, "" for the version itself; ``facet`` which part of it.
        clause: of the playbook, that it answers to.
    """

    code: str
    sentence: str
    next_step: str
    entity: str = ""
    facet: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class GateReport:
    """The gate's answer.

    Attributes:
        reasons: why it is closed; empty exactly when it is open.
        findings: what did not pass tonight for the model and its inputs.
        accepted: the keys of those findings that the approved review knew.
        entities: the model and everything that it reads.
        answered: the clauses that something measured for them tonight answers to.
    """

    model: str
    version: str
    evaluated_at: datetime
    night: date | None
    review: str | None
    review_status: str | None
    reasons: tuple[GateReason, ...]
    findings: tuple[Measurement, ...]
    accepted: tuple[FindingKey, ...]
    entities: tuple[Entity, ...]
    answered: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything the gate looks at, read once; ``due`` are assessments, each with why."""

    project: Project
    model: ModelSpec
    version: ModelVersion
    registry_problems: Sequence[str]
    night: NightRecord | None
    measurements: Sequence[Measurement]
    entities: frozenset[Entity]
    evidence: Evidence
    review: ReviewState | None
    left: ReviewEvent | None
    due: Sequence[tuple[str, str]]
    now: datetime


def evaluate_gate(
    project: Project,
    store: Store,
    model_name: str,
    version: str,
    now: datetime,
    *,
    environ: Mapping[str, str] | None = None,
) -> GateReport:
    """Evaluate the gate for one model version.

    Args:
        environ: where ``${NAME}`` of the registry's connection is looked up; the process's own by default.

    Raises:
        NotFound: the project has no such model, or its registry no such version.
        CannotEvaluate: the registry cannot be read.
        StoreUnavailable: the store does not answer.
    """
    facts = _gather(project, store, model_name, version, now, environ)
    general = (*_registry_reasons(facts), *_night_reasons(facts), *_review_reasons(facts))
    reasons = (
        *(replace(reason, clause=project.playbook.reviews.clause) for reason in general),
        *_finding_reasons(facts),
    )
    concerned = [m for m in facts.measurements if m.entity in facts.entities]
    accepted = facts.review.evidence.findings if facts.review and facts.review.is_approved else ()
    findings = set(facts.evidence.findings)
    return GateReport(
        model=model_name,
        version=version,
        evaluated_at=now,
        night=facts.night.night if facts.night else None,
        review=facts.review.id if facts.review else None,
        review_status=str(facts.review.status_at(now)) if facts.review else None,
        reasons=reasons,
        findings=tuple(m for m in concerned if m.key in findings),
        accepted=tuple(key for key in facts.evidence.findings if key in set(accepted)),
        entities=tuple(sorted(facts.entities)),
        answered=tuple(sorted({m.clause for m in concerned})),
    )


def _gather(
    project: Project,
    store: Store,
    model_name: str,
    version: str,
    now: datetime,
    environ: Mapping[str, str] | None,
) -> _Facts:
    model = project.model(model_name)
    reading = read_registry(model, surroundings(project, now, environ))
    found = _registered(reading, model_name, version, now)
    with store.reading() as unit:
        night = unit.nights.latest()
        measurements = unit.measurements.of_night(night.night) if night else ()
        edges = unit.lineage.of_night(night.night) if night else ()
        review = review_of_version(unit, model_name, version)
        left = rolled_back(acts_on(unit, model_name), version)
        graph = LineageGraph.of(edges)
        due: tuple[tuple[str, str], ...] = ()
        if project.assessments:
            seen = unit.versions.get(model_name, version)
            due = assessments_due(Known.of(project, graph, model_name, seen, measurements), unit)
    entities = concerned_entities(model, graph)
    evidence = gather(
        found,
        project.playbook_digest,
        measurements,
        entities,
        allow_warn=project.playbook.reviews.allow_warn,
    )
    return _Facts(
        project,
        model,
        found,
        reading.problems,
        night,
        measurements,
        entities,
        evidence,
        review,
        left,
        due,
        now,
    )


def _registered(reading: RegistryReading, model: str, version: str, now: datetime) -> ModelVersion:
    """The version as registered. One that is left out of the reading, because its entry or its artefact
    is not right, is there all the same: its gate is closed, with that problem as the reason.
    """
    for found in reading.versions:
        if found.version == version:
            return found
    if version in reading.left_out:
        return ModelVersion(model, version, stage="", digest="", registered_at=now)
    known = ", ".join((*(v.version for v in reading.versions), *reading.left_out)) or "none"
    raise NotFound(f"{model} has no registered version '{version}'", hint=f"registered versions: {known}")


def _registry_reasons(facts: _Facts) -> Iterator[GateReason]:
    for problem in facts.registry_problems:
        yield GateReason("registry_problem", problem, "repair the registry file or the artefact")
    if not facts.version.digest and not facts.registry_problems:
        yield GateReason(
            "artefact_unknown",
            f"version {facts.version.version} has no artefact digest, so nobody can say what is promoted",
            "register the version with the sha256 of its artefact (in MLflow as the version's tag 'digest')",
        )


def _night_reasons(facts: _Facts) -> Iterator[GateReason]:
    night = facts.night
    if night is None:
        yield GateReason("never_measured", "no night has been run yet", "run `governance nightly`")
        return
    hours = facts.project.playbook.reviews.evidence_hours
    if facts.now - night.finished_at > timedelta(hours=hours):
        yield GateReason(
            "evidence_stale",
            f"the last night measured is {calendar_date(night.night)}; the playbook asks for evidence"
            f" no older than {hours:g} hour{'' if hours == 1 else 's'}",
            "run `governance nightly`",
        )
    measured = {measurement.entity for measurement in facts.measurements}
    for entity in sorted(facts.entities - measured):
        yield GateReason("unmeasured", f"nothing was measured for {entity.name}", "run `governance nightly`")


def _review_reasons(facts: _Facts) -> Iterator[GateReason]:
    review = facts.review
    if review is None:
        yield GateReason(
            "review_missing",
            f"no review has been opened for version {facts.version.version}",
            "run `governance nightly`: it opens one for a version it has not seen",
        )
        return
    status = review.status_at(facts.now)
    if not review.is_approved or status != review.status:
        waiting = people_needed(review.missing)
        sentence = f"review {review.id} is {status.replace('_', ' ')}"
        yield GateReason(
            "review_not_approved",
            f"{sentence}; still to decide: {waiting}" if waiting and status.is_open else sentence,
            f"see `governance review show {review.id}`",
        )
        return
    if facts.left is not None and (review.settled_at is None or review.settled_at <= facts.left.at):
        yield GateReason(
            "rolled_back",
            f"version {facts.version.version} was rolled back from '{facts.left.data['stage']}' on"
            f" {calendar_date(facts.left.at)}, after its approval: {facts.left.data['reason']}",
            f"revoke and re-open the review (`governance review revoke {review.id}`, then `reopen`),"
            " and decide again",
        )
    if not review.evidence.covers(facts.evidence):
        yield GateReason(
            "approval_void",
            review.evidence.what_changed(facts.evidence),
            "the next night attaches the new evidence to the review; decide again",
        )
    for questionnaire, why in facts.due:
        yield GateReason(
            "assessment_due",
            f"the assessment '{questionnaire}' is due: {why}",
            f"see `governance assessment show {questionnaire} --review {review.id}`, and answer it",
        )


def _finding_reasons(facts: _Facts) -> Iterator[GateReason]:
    """Findings that stay closed: not known to an approval, or never acceptable by the playbook."""
    approved = facts.review is not None and facts.review.is_approved
    known = set(facts.review.evidence.findings) if facts.review and approved else set()
    present = set(facts.evidence.findings)
    never = set(facts.project.playbook.reviews.never)
    for measurement in facts.measurements:
        if measurement.entity not in facts.entities or measurement.key not in present:
            continue
        unacceptable = measurement.indicator in never and measurement.outcome is not Outcome.INSUFFICIENT
        if unacceptable or measurement.key not in known:
            yield GateReason(
                f"{measurement.indicator}_{measurement.outcome}",
                measurement.sentence,
                "repair it: the playbook lets nobody accept this"
                if unacceptable
                else "repair it, or have the review accept it",
                measurement.entity.name,
                measurement.facet,
                measurement.clause,
            )
