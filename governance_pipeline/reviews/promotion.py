"""Promote under a valid permit, and issue and sign permits."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from governance_pipeline.catalog.registry_moves import move_stage
from governance_pipeline.charter.people import Person
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.indicators.wording import counted, listed
from governance_pipeline.ledger.offline import BrokenProof
from governance_pipeline.ledger.signing import SigningKey
from governance_pipeline.reviews.admission import Signed, acts_on, permits, rolled_back, signed
from governance_pipeline.reviews.desk import Desk, Promotion, act, actor_of, holder, registered
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.gate import GateReason, GateReport, evaluate_gate
from governance_pipeline.reviews.permit import co_sign, sign, statement
from governance_pipeline.reviews.service import append_late, load_review
from governance_pipeline.reviews.targets import find_target
from governance_pipeline.vocabulary.review import ReviewAct


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
    actor = actor_of(desk.project, person, now.date())
    return _issue(desk, _open_gate(desk, model, version, now), stage, actor, now)


def _issue(desk: Desk, report: GateReport, stage: str, actor: Person, now: datetime) -> Mapping[str, Any]:
    spec = desk.project.model(report.model)
    found = registered(spec, report.version, desk.around(now))
    with desk.store.begin() as unit:
        review = load_review(unit, str(report.review))
        night = unit.nights.latest()
        assert night is not None  # the gate is open
        concerned = [m for m in unit.measurements.of_night(night.night) if m.entity in report.entities]
        target = find_target(unit, spec, found, desk.around(now))
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
        append_late(unit, act(review, ReviewAct.PERMITTED, now, actor.id, data))
    return envelope


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who has signed a permit of their own hand, and how many people must."""

    permit: str
    signed_by: tuple[str, ...]
    needed: int

    @property
    def missing(self) -> int:
        return max(self.needed - len(self.signed_by), 0)


def sign_permit(
    desk: Desk, model: str, version: str, stage: str, *, person: str, key: SigningKey, now: datetime
) -> Signatures:
    """Add somebody's own signature to the newest permit for a stage.

    Raises:
        Refused: the person may not act, or the key is not the one that the playbook has for them.
        NotFound: there is no such person, or no permit that a key of the project has signed.
    """
    actor = actor_of(desk.project, person, now.date())
    policy = desk.project.playbook.reviews.signers
    named = policy.keys.get(actor.id) if policy else None
    if named is None or named.public != b64encode(key.public).decode():
        raise Refused(
            f"this is not the key that the playbook has for {actor.name}",
            hint="people's public keys stand under reviews.signers.keys of the playbook",
        )
    with desk.store.begin() as unit:
        events = acts_on(unit, model)
        found = list(permits(events, version, stage, desk.trust))
        if not found:
            raise NotFound(
                f"there is no permit of {model} {version} for '{stage}' to sign",
                hint=f"somebody issues it first: `governance permit {model} {version} --stage {stage}`",
            )
        newest = found[-1]
        if actor.id not in newest.signed_by:
            data = {"stage": stage, "permit": newest.permit.id, **co_sign(newest.envelope, key)}
            review = load_review(unit, newest.permit.review)
            append_late(unit, act(review, ReviewAct.SIGNED, now, actor.id, data))
        signed_by = (*(one for one in newest.signed_by if one != actor.id), actor.id)
    return Signatures(newest.permit.id, signed_by, newest.needed)


def promote(desk: Desk, model: str, version: str, stage: str, *, person: str, now: datetime) -> Promotion:
    """Move the registry's stage to ``version``, under a valid permit; one is issued where the gate is open
    and none stands.

    Raises:
        Refused: the gate is closed, the person may not act, or the permit lacks signatures of people.
        NotFound: no such model, version or person.
        CannotEvaluate: the registry cannot be read or written.
    """
    actor = actor_of(desk.project, person, now.date())
    report = _open_gate(desk, model, version, now)
    found, problem = _standing_permit(desk, report, stage, now)
    if problem is not None and problem.code != "permit_unsigned":
        _issue(desk, report, stage, actor, now)
        found, problem = _standing_permit(desk, report, stage, now)
    if found is None or problem is not None:
        sentence = problem.sentence if problem else "there is no permit"
        raise Refused(sentence, hint=problem.next_step if problem else "see `governance gate`")
    permit = found.permit
    spec, around = desk.project.model(model), desk.around(now)
    replaced = holder(spec, stage, around)
    move_stage(spec, version, stage, around)
    with desk.store.begin() as unit:
        review = load_review(unit, permit.review)
        data = {"stage": stage, "permit": permit.id, "replaced": replaced, "to": version}
        append_late(unit, act(review, ReviewAct.PROMOTED, now, actor.id, data))
    return Promotion(model, version, stage, permit.id, None if replaced == version else replaced)


def _standing_permit(
    desk: Desk, report: GateReport, stage: str, now: datetime
) -> tuple[Signed | None, GateReason | None]:
    """The newest permit for the stage, and why it does not hold now."""
    step = f"run `governance promote {report.model} {report.version} --stage {stage}`, or `governance permit`"
    with desk.store.reading() as unit:
        events = unit.reviews.events(report.review) if report.review else ()
        everything = acts_on(unit, report.model)
    given = [e for e in events if e.act is ReviewAct.PERMITTED and e.data["stage"] == stage]
    if not given:
        return None, GateReason("permit_missing", f"there is no permit for '{stage}'", step)
    try:
        found = signed(given[-1], events, desk.trust)
    except BrokenProof as error:
        return None, GateReason("permit_broken", f"the permit for '{stage}' does not hold: {error}", step)
    problem = _fault(found, report, fold(events).evidence.digest, now, step)
    left = rolled_back(everything, report.version, stage)
    if problem is None and left is not None and found.permit.issued_at <= left.at:
        why = f"permit {found.permit.id} is void: '{stage}' was rolled back from it after it was given"
        problem = GateReason("permit_void", why, step)
    if problem is None and found.since is None:
        problem = _unsigned(found, report, stage)
    return found, problem


def _fault(found: Signed, report: GateReport, evidence: str, now: datetime, step: str) -> GateReason | None:
    """Why a permit that somebody gave does not hold any longer."""
    permit = found.permit
    if now > permit.expires_at:
        why = f"permit {permit.id} ran out on {permit.expires_at:%d %B %Y}"
        return GateReason("permit_expired", why, step)
    if (permit.model, permit.version, permit.evidence) != (report.model, report.version, evidence):
        why = f"permit {permit.id} was given on other evidence than what stands now"
        return GateReason("permit_void", why, step)
    if not report.is_open:
        why = f"permit {permit.id} is void: {report.reasons[0].sentence}"
        return GateReason("permit_void", why, report.reasons[0].next_step)
    return None


def _unsigned(found: Signed, report: GateReport, stage: str) -> GateReason:
    by = f", by {listed(found.signed_by)}" if found.signed_by else ""
    return GateReason(
        "permit_unsigned",
        f"permit {found.permit.id} needs the signatures of {counted(found.needed, 'person', 'people')}"
        f" and has {len(found.signed_by)}{by}",
        f"ask for `governance signature add {report.model} {report.version} --stage {stage}`",
    )


def _open_gate(desk: Desk, model: str, version: str, now: datetime) -> GateReport:
    report = evaluate_gate(desk.project, desk.store, model, version, now, environ=desk.environ)
    if not report.is_open:
        raise Refused(
            f"the gate of {report.model} {report.version} is closed: {report.reasons[0].sentence}",
            hint=f"see `governance gate {report.model} {report.version}`",
        )
    return report
