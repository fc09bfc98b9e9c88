"""What speaks for a control: one kind of evidence at a time, as the record of a version has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.wording import spaced, tallied
from governance_pipeline.reviews.assessments import Known, why_due
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ReviewAct


class State(StrEnum):
    """How far the record speaks for a control."""

    EVIDENCED = "evidenced"
    PARTLY = "partly"
    STALE = "stale"
    NOT_EVIDENCED = "not evidenced"
    PERSON = "only a person can say"


@dataclass(frozen=True, slots=True)
class Support:
    """One kind of evidence.

    Attributes:
        why: what there is, in a sentence; ``raises`` what would make it more, "" where nothing is lacking.
    """

    kind: str
    state: State
    why: str
    raises: str = ""


REHEARSAL_DAYS = 90
"""A rehearsal is stale after so many days, where the playbook's ``rehearsal`` does not say when it fails."""

MEASURED: Mapping[str, tuple[str, ...]] = {
    "recency": ("recency",),
    "quality": ("quality",),
    "drift": ("drift", "prediction_drift"),
    "performance": ("performance",),
    "calibration": ("calibration",),
    "bias": ("bias",),
    "representation": ("representation",),
    "proxy": ("proxy",),
    "consent": ("consent",),
    "withdrawals": ("withdrawals",),
    "retention": ("retention",),
    "provenance": ("provenance",),
    "ownership": ("ownership",),
    "access": ("access",),
}
"""Kinds of evidence that indicators measure."""

NOT_HERE = {
    "training": "training of people",
    "steering": "decisions of executives",
    "drill": "drills",
    "feedback": "what users and those affected report",
    "oversight": "how people oversee single decisions",
    "explanation": "explanations of single decisions",
    "security": "tests of security",
    "retirement": "how a system is taken out of service",
}
"""Kinds of evidence that nothing keeps yet."""


def supports(kind: str, record: Record, now: datetime) -> Support:
    """What the record has of one kind, at ``now``. Raises KeyError for a kind that there is not."""
    if kind == "person":
        return Support(
            kind, State.PERSON, "no record can show it", "have somebody judge it, and keep what they say"
        )
    if kind in NOT_HERE:
        why = f"nothing here keeps {NOT_HERE[kind]}"
        return Support(
            kind,
            State.NOT_EVIDENCED,
            why,
            f"keep evidence of {NOT_HERE[kind].partition(',')[0]} elsewhere, and name it to the auditor",
        )
    if kind in MEASURED:
        found = [one for one in record.night.measured if one.indicator in MEASURED[kind]]
        return measured(kind, found, record, now)
    return _OTHERS[kind](record, now)


def measured(kind: str, found: Sequence[Measurement], record: Record, now: datetime) -> Support:
    """What some measurements of the last night say: that they were made is evidence, whatever they found;
    where they did not all hold it is evidence in part.
    """
    seal = record.night.seal
    if not found or seal is None:
        step = f"measure {spaced(kind)}: give the playbook a policy for it, and run a night"
        return Support(kind, State.NOT_EVIDENCED, f"{spaced(kind)} was not measured", step)
    told = f"measured on {calendar_date(seal.night)}: {tallied(found)}"
    hours = record.project.playbook.reviews.evidence_hours
    if now - seal.finished_at > timedelta(hours=hours):
        return Support(kind, State.STALE, told, "run `governance nightly`")
    bad = [one for one in found if one.outcome not in (Outcome.PASS, Outcome.WARN)]
    if bad:
        return Support(kind, State.PARTLY, told, f"repair {spaced(bad[0].indicator)} of {bad[0].entity.name}")
    return Support(kind, State.EVIDENCED, told)


def _review(record: Record, now: datetime) -> Support:
    review = record.review
    if review is None:
        return Support("review", State.NOT_EVIDENCED, "no review was opened", "run `governance nightly`")
    status = review.state.status_at(now)
    told = f"review {review.id} is {spaced(status)}"
    again = f"open a review anew: `governance review open {record.model.name}`"
    step = f"decide it: `governance review show {review.id}`" if status.is_open else again
    if status.is_approval:
        return Support("review", State.EVIDENCED, told)
    if review.state.is_approved:
        return Support("review", State.STALE, told, step)
    return Support("review", State.PARTLY if review.state.decisions else State.NOT_EVIDENCED, told, step)


def _permit(record: Record, now: datetime) -> Support:
    given = _acts(record, ReviewAct.PERMITTED)
    step = f"run `governance permit {record.model.name} {record.version.version}` once the gate is open"
    if not given:
        return Support("permit", State.NOT_EVIDENCED, "no permit was issued", step)
    told = f"the newest permit is of {calendar_date(max(given))}"
    gate = record.standing.gate
    holds = gate is not None and gate.is_open and _review(record, now).state is State.EVIDENCED
    return Support("permit", State.EVIDENCED, told) if holds else Support("permit", State.STALE, told, step)


def _rollback(record: Record, now: datetime) -> Support:
    ready, rehearsed = record.standing.way_back, _acts(record, ReviewAct.REHEARSED)
    step = f"run `governance rollback {record.model.name} --rehearse`"
    if ready is None or not ready.is_ready:
        why = (
            record.standing.no_way_back if ready is None else "; ".join(ready.faults) or "there is no target"
        )
        return Support("rollback", State.NOT_EVIDENCED, why, "have an approved version to go back to")
    if not rehearsed:
        return Support("rollback", State.PARTLY, "there is a way back that nobody has rehearsed", step)
    told = f"rehearsed on {calendar_date(max(rehearsed))}"
    policy = record.project.playbook.indicators.rehearsal
    days = policy.fail if policy and policy.fail is not None else REHEARSAL_DAYS
    if now - max(rehearsed) > timedelta(days=days):
        return Support("rollback", State.STALE, told, step)
    return Support("rollback", State.EVIDENCED, told)


def _incidents(record: Record, _: datetime) -> Support:
    if record.night.seal is None:
        return Support("incidents", State.NOT_EVIDENCED, "no night was run", "run `governance nightly`")
    waiting = [one.incident for one in record.acts.incidents if str(one.incident.status) == "open"]
    told = f"{counted(len(record.acts.incidents), 'incident')} on record, {len(waiting)} not taken up"
    if waiting:
        step = f"take it up: `governance incident ack {waiting[0].id}`"
        return Support("incidents", State.PARTLY, told, step)
    return Support("incidents", State.EVIDENCED, told)


def _assessment(record: Record, _: datetime) -> Support:
    kind, asked = "assessment", record.project.assessments
    last = {one.id: one for review in record.acts.reviews for one in review.state.assessments}
    graph, model, found = record.night.graph, record.model.name, record.night.measured
    known = Known.of(record.project, graph, model, record.version, found)
    due = [
        n for n, one in asked.items() if why_due(one, record.project.assessment_digest(n), known, last.get(n))
    ]
    told = f"{len(asked) - len(due)} of {counted(len(asked), 'questionnaire')} answered and not due again"
    step = f"answer it: `governance assessment answer {due[0]}`" if due else ""
    if not asked:
        return Support(kind, State.NOT_EVIDENCED, told, "put questionnaires into playbook/assessments")
    if not due:
        return Support(kind, State.EVIDENCED, told)
    if len(due) < len(asked):
        return Support(kind, State.PARTLY, told, step)
    return Support(kind, State.STALE if last else State.NOT_EVIDENCED, told, step)


def _ledger(record: Record, _: datetime) -> Support:
    point = record.sealed.checkpoint
    if point is None:
        step = "run `governance nightly`: it signs a checkpoint"
        return Support("ledger", State.NOT_EVIDENCED, "no checkpoint was signed", step)
    return Support("ledger", State.EVIDENCED, f"{point.size:,} entries verify under a signed checkpoint")


def _playbook(record: Record, _: datetime) -> Support:
    count = counted(len(record.project.playbook.clauses), "clause")
    return Support("playbook", State.EVIDENCED, f"{count}, as {record.project.playbook_digest[:19]}")


def _risk(record: Record, _: datetime) -> Support:
    risk = record.night.risk
    if risk is None:
        return Support("risk", State.NOT_EVIDENCED, "no risk was scored", "run `governance nightly`")
    return Support(
        "risk", State.EVIDENCED, f"{risk.score:.0f} of 100 ({risk.tier}) on {calendar_date(risk.night)}"
    )


def _model_card(record: Record, _: datetime) -> Support:
    lacking = [name for name in ("title", "description", "purpose") if not getattr(record.model, name)]
    told = (
        "the model's file describes it" if not lacking else f"the model's file has no {', no '.join(lacking)}"
    )
    if lacking:
        return Support("model_card", State.PARTLY, told, f"write {lacking[0]} into the model's file")
    return Support("model_card", State.EVIDENCED, told)


def _pack(record: Record, _: datetime) -> Support:
    return Support("pack", State.EVIDENCED, f"`governance evidence {record.model.name}` writes it, signed")


def _inventory(record: Record, _: datetime) -> Support:
    strangers = [name for name in record.datasets if name not in record.project.contracts]
    told = f"the model and {counted(len(record.datasets), 'dataset')} are on record"
    if strangers:
        return Support(
            "inventory", State.PARTLY, f"{told}, {strangers[0]} without a contract", "write a contract"
        )
    return Support("inventory", State.EVIDENCED, told)


def _completeness(record: Record, now: datetime) -> Support:
    seal, kind = record.night.seal, "completeness"
    if seal is None:
        return Support(kind, State.NOT_EVIDENCED, "no night was run", "run `governance nightly`")
    told = f"{seal.received} of {seal.expected} expected checks came on {calendar_date(seal.night)}"
    if seal.missing:
        return Support(kind, State.PARTLY, told, f"bring {seal.missing[0]}")
    hours = record.project.playbook.reviews.evidence_hours
    stale = now - seal.finished_at > timedelta(hours=hours)
    return (
        Support(kind, State.STALE, told, "run `governance nightly`")
        if stale
        else Support(kind, State.EVIDENCED, told)
    )


def _vendors(record: Record, _: datetime) -> Support:
    named = sorted({one.vendor for one in record.contracts.values() if one.vendor})
    told = f"contracts name {', '.join(named)}" if named else "no contract names a supplier"
    step = "name suppliers in contracts, and assess them in a questionnaire"
    return Support("vendors", State.PARTLY if named else State.NOT_EVIDENCED, told, step)


def _acts(record: Record, act: ReviewAct) -> list[datetime]:
    return [event.at for one in record.acts.reviews for event in one.events if event.act is act]


_OTHERS: Mapping[str, Callable[[Record, datetime], Support]] = {
    "review": _review,
    "permit": _permit,
    "rollback": _rollback,
    "incidents": _incidents,
    "assessment": _assessment,
    "ledger": _ledger,
    "playbook": _playbook,
    "risk": _risk,
    "model_card": _model_card,
    "pack": _pack,
    "inventory": _inventory,
    "completeness": _completeness,
    "vendors": _vendors,
}

KINDS = frozenset({"person", *NOT_HERE, *MEASURED, *_OTHERS})
"""Every kind of evidence that the registry may name."""


def combined(found: Iterable[State]) -> State:
    """What several kinds of evidence add up to. What only a person can say keeps a control from being
    evidenced whole, and does not count against it.
    """
    states = set(found)
    rest = states - {State.PERSON}
    if not rest:
        return State.PERSON
    if rest == {State.EVIDENCED}:
        return State.PARTLY if State.PERSON in states else State.EVIDENCED
    if rest == {State.NOT_EVIDENCED}:
        return State.NOT_EVIDENCED
    return State.STALE if rest <= {State.EVIDENCED, State.STALE} else State.PARTLY
