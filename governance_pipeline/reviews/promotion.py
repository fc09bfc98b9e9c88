"""Promote under a valid permit, roll back to a version that was good: the acts that a registry obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Any

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.catalog.registry_moves import move_stage
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Person
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.ledger.offline import BrokenProof, Keys
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.gate import GateReason, GateReport, evaluate_gate
from governance_pipeline.reviews.permit import Permit, read_permit, sign, statement
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import append_late, load_review, person_of, review_of_version
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent

PREVIOUS = "previous_approved"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the acts here work with.

    Attributes:
        keys: that sign permits.
        environ: where ``${NAME}`` of a registry's connection is looked up.
    """

    project: Project
    store: Store
    keys: SigningKeys
    environ: Mapping[str, str]

    def around(self, now: datetime) -> Surroundings:
        return surroundings(self.project, now, self.environ)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that took a stage, under a permit, from ``replaced`` (None: nobody held it)."""

    model: str
    version: str
    stage: str
    permit: str
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether there is something to roll back to.

    Attributes:
        target: the version; None where there is none.
        faults: why it could not take over; empty where it could.
    """

    model: str
    version: str
    target: str | None
    faults: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        return self.target is not None and not self.faults


def gate_for_stage(desk: Desk, model: str, version: str, stage: str, now: datetime) -> GateReport:
    """The gate, closed also where no valid permit for ``stage`` stands. Raises as :func:`evaluate_gate`."""
    report = evaluate_gate(desk.project, desk.store, model, version, now, environ=desk.environ)
    _, problem = _standing_permit(desk, report, stage, now)
    return report if problem is None else replace(report, reasons=(*report.reasons, problem))


def issue_permit(
    desk: Desk, model: str, version: str, stage: str, *, person: str, now: datetime
) -> Mapping[str, Any]:
    """The envelope of a new permit, kept with the version's review.

    Raises:
        Refused: the gate is closed, or the person may not act.
        NotFound: no such model, version or person.
    """
    actor = _actor(desk.project, person, now.date())
    return _issue(desk, _open_gate(desk, model, version, now), stage, actor, now)


def _issue(desk: Desk, report: GateReport, stage: str, actor: Person, now: datetime) -> Mapping[str, Any]:
    spec = desk.project.model(report.model)
    found = _registered(spec, report.version, desk.around(now))
    with desk.store.begin() as unit:
        review = load_review(unit, str(report.review))
        night = unit.nights.latest()
        assert night is not None  # the gate is open
        concerned = [m for m in unit.measurements.of_night(night.night) if m.entity in report.entities]
        target = _target(unit, spec, found, desk.around(now))
        told = statement(
            desk.project.settings.name,
            found,
            stage,
            review,
            concerned,
            night=night.night.isoformat(),
            rollback_target=target,
            issued_by=actor.id,
            issued_at=now,
        )
        envelope = sign(told, desk.keys.newest())
        data = {"stage": stage, "envelope": envelope}
        append_late(unit, _act(review, ReviewAct.PERMITTED, now, actor.id, data))
    return envelope


def promote(desk: Desk, model: str, version: str, stage: str, *, person: str, now: datetime) -> Promotion:
    """Move the registry's stage to ``version``, under a valid permit; one is issued where the gate is open
    and none stands.

    Raises:
        Refused: the gate is closed, or the person may not act.
        NotFound: no such model, version or person.
        CannotEvaluate: the registry cannot be read or written.
    """
    actor = _actor(desk.project, person, now.date())
    report = _open_gate(desk, model, version, now)
    permit, problem = _standing_permit(desk, report, stage, now)
    if problem is not None:
        _issue(desk, report, stage, actor, now)
        permit, problem = _standing_permit(desk, report, stage, now)
    if permit is None or problem is not None:
        raise Refused(problem.sentence if problem else "there is no permit", hint="see `governance gate`")
    spec, around = desk.project.model(model), desk.around(now)
    replaced = _holder(spec, stage, around)
    move_stage(spec, version, stage, around)
    with desk.store.begin() as unit:
        review = load_review(unit, permit.review)
        data = {"stage": stage, "permit": permit.id, "replaced": replaced}
        append_late(unit, _act(review, ReviewAct.PROMOTED, now, actor.id, data))
    return Promotion(model, version, stage, permit.id, None if replaced == version else replaced)


def rehearse(desk: Desk, model: str, now: datetime, *, to: str | None = None, stage: str) -> Readiness:
    """Whether the version at ``stage`` could be rolled back now. Changes nothing.

    Raises:
        NotFound: no such model, or nothing is at that stage.
    """
    spec, around = desk.project.model(model), desk.around(now)
    holder = _holder(spec, stage, around)
    if holder is None:
        raise NotFound(f"no version of {model} is at '{stage}'", hint="see the registry, or name --stage")
    current = _registered(spec, holder, around)
    with desk.store.begin() as unit:
        target = _registered(spec, to, around) if to else _target(unit, spec, current, around)
        if target is None:
            return Readiness(model, holder, None, ("no earlier version was ever approved",))
        return Readiness(model, holder, target.version, tuple(_target_faults(desk, unit, target)))


def roll_back(
    desk: Desk,
    model: str,
    *,
    to: str | None = None,
    stage: str,
    person: str,
    reason: str,
    now: datetime,
) -> Promotion:
    """Bring back the version that the model's file names, or ``to``.

    The target needs no permit of today: that would forbid the way out when it is needed. It must be the
    artefact that a review once approved.

    Raises:
        Refused: no reason, or the target could not take over.
        NotFound: no such model or person, or nothing is at that stage.
        CannotEvaluate: the registry cannot be read or written.
    """
    actor = _actor(desk.project, person, now.date())
    if not reason.strip():
        raise Refused("a rollback needs a reason", hint="say in a sentence what is wrong")
    ready = rehearse(desk, model, now, to=to, stage=stage)
    if ready.target is None or ready.faults:
        raise Refused(
            f"{model} {ready.version} cannot be rolled back: {'; '.join(ready.faults)}",
            hint="name another approved version with --to",
        )
    spec = desk.project.model(model)
    move_stage(spec, ready.target, stage, desk.around(now))
    with desk.store.begin() as unit:
        review = review_of_version(unit, model, ready.target)
        assert review is not None  # it was approved
        data = {
            "stage": stage,
            "from": ready.version,
            "to": ready.target,
            "digest": _registered(spec, ready.target, desk.around(now)).digest,
            "reason": reason.strip(),
        }
        append_late(unit, _act(review, ReviewAct.ROLLED_BACK, now, actor.id, data))
    return Promotion(model, ready.target, stage, "", ready.version)


def unpermitted(unit: Unit, version: ModelVersion, keys: Keys, until: datetime) -> str | None:
    """Why a version should not be at its stage: nobody ever permitted that artefact there.

    Args:
        until: a permit issued after it does not count.
    """
    for event in chain.from_iterable(_reviews(unit, version)):
        if event.at <= until and version.digest in _admitted(event, version.stage, keys):
            return None
    return f"version {version.version} is at '{version.stage}', and no permit was ever given for that"


def _admitted(event: ReviewEvent, stage: str, keys: Keys) -> set[str]:
    """The digest of the artefact that an event has let take a stage, if it has."""
    if event.data.get("stage") != stage:
        return set()
    if event.act is ReviewAct.ROLLED_BACK:
        return {event.data["digest"]}
    if event.act is not ReviewAct.PERMITTED:
        return set()
    try:
        return {read_permit(event.data["envelope"], keys).model_digest}
    except BrokenProof:  # whoever wrote it, none of our keys has signed it
        return set()


def _standing_permit(
    desk: Desk, report: GateReport, stage: str, now: datetime
) -> tuple[Permit | None, GateReason | None]:
    """The newest permit for the stage, and why it does not hold now."""
    step = f"run `governance promote {report.model} {report.version} --stage {stage}`, or `governance permit`"
    with desk.store.begin() as unit:
        events = unit.reviews.events(report.review) if report.review else ()
        state = fold(events) if events else None
    given = [e for e in events if e.act is ReviewAct.PERMITTED and e.data["stage"] == stage]
    if not given or state is None:
        return None, GateReason("permit_missing", f"there is no permit for '{stage}'", step)
    try:
        permit = read_permit(given[-1].data["envelope"], desk.keys.trusted())
    except BrokenProof as error:
        return None, GateReason("permit_broken", f"the permit for '{stage}' does not hold: {error}", step)
    if now > permit.expires_at:
        return permit, GateReason(
            "permit_expired", f"permit {permit.id} ran out on {permit.expires_at:%d %B %Y}", step
        )
    if (permit.model, permit.version) != (
        report.model,
        report.version,
    ) or permit.evidence != state.evidence.digest:
        return permit, GateReason(
            "permit_void", f"permit {permit.id} was given on other evidence than what stands now", step
        )
    if not report.is_open:
        return permit, GateReason(
            "permit_void",
            f"permit {permit.id} is void: {report.reasons[0].sentence}",
            report.reasons[0].next_step,
        )
    return permit, None


def _actor(project: Project, identity: str, day: date) -> Person:
    found = person_of(project.charter, identity)
    if not found.active_on(day):
        raise Refused(f"{found.name} is not in the organisation on {day:%d %B %Y}", hint="somebody else must")
    return found


def _open_gate(desk: Desk, model: str, version: str, now: datetime) -> GateReport:
    report = evaluate_gate(desk.project, desk.store, model, version, now, environ=desk.environ)
    if not report.is_open:
        raise Refused(
            f"the gate of {report.model} {report.version} is closed: {report.reasons[0].sentence}",
            hint=f"see `governance gate {report.model} {report.version}`",
        )
    return report


def _act(
    review: ReviewState, act: ReviewAct, at: datetime, actor: str, data: Mapping[str, Any]
) -> ReviewEvent:
    return ReviewEvent(review.id, review.sequence + 1, act, at, actor, data)


def _registered(spec: ModelSpec, version: str, around: Surroundings) -> ModelVersion:
    found = {one.version: one for one in read_registry(spec, around).versions}
    if version not in found:
        raise NotFound(
            f"{spec.name} has no sound version '{version}' registered", hint="see `governance gate`"
        )
    return found[version]


def _holder(spec: ModelSpec, stage: str, around: Surroundings) -> str | None:
    held = [one.version for one in read_registry(spec, around).versions if one.stage == stage]
    return held[-1] if held else None


def _target(unit: Unit, spec: ModelSpec, current: ModelVersion, around: Surroundings) -> ModelVersion | None:
    """What the model's file says a rollback goes to: a version, or the newest other one once approved."""
    versions = read_registry(spec, around).versions
    if spec.rollback.target != PREVIOUS:
        return next((one for one in versions if one.version == spec.rollback.target), None)
    earlier = [
        one
        for one in versions
        if one.version != current.version and one.registered_at <= current.registered_at
    ]
    approved = [one for one in earlier if _approvals(unit, one)]
    return approved[-1] if approved else None


def _target_faults(desk: Desk, unit: Unit, target: ModelVersion) -> Sequence[str]:
    """Why a target could not take over: it was never approved as it is, or what it reads is gone."""
    faults = []
    if not _approvals(unit, target):
        faults.append(f"version {target.version} was never approved as the artefact that it is now")
    spec = desk.project.model(target.model)
    missing = [f.column for f in spec.features if f.dataset not in desk.project.contracts]
    if missing:
        faults.append(f"its feature {missing[0]} is served by no contract any more")
    for feature in spec.features:
        contract = desk.project.contracts.get(feature.dataset)
        if contract is not None and contract.column(feature.name) is None:
            faults.append(f"its feature {feature.column} is not in the contract any more")
    return faults


def _approvals(unit: Unit, version: ModelVersion) -> list[ReviewState]:
    """The states in which a review of exactly this artefact was approved, at any time."""
    found = []
    for events in _reviews(unit, version):
        for count, event in enumerate(events, 1):
            if event.act is not ReviewAct.DECIDED:
                continue
            state = fold(events[:count])
            if state.is_approved and state.evidence.model_digest == version.digest:
                found.append(state)
    return found


def _reviews(unit: Unit, version: ModelVersion) -> list[Sequence[ReviewEvent]]:
    """The events of each review of a version."""
    return [
        unit.reviews.events(review_id)
        for review_id, milestone in unit.reviews.list()
        if (milestone.model, milestone.version) == (version.model, version.version)
    ]
