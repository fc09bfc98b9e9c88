"""What people decided and did, as the pages show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.reports.evidence.decisions import OF_ROLLBACK
from governance_pipeline.reports.evidence.record import Record, Reviewed, Troubled
from governance_pipeline.reports.evidence.wording import instant, opened, spaced
from governance_pipeline.reviews.permit import permit_id
from governance_pipeline.reviews.waivers import written
from governance_pipeline.vocabulary.function import people_needed
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.review import Assessment, Condition, Decision, ReviewAct, Waiver

_QUIET = frozenset({IncidentAct.KEPT})


def acts_view(record: Record) -> dict[str, Any]:
    """Reviews, waivers, permits, incidents, the rehearsal and the ledger."""
    return {
        "reviews": [_review(record, one) for one in reversed(record.acts.reviews)],
        "waivers": [_waiver(record, one) for _, one in sorted(record.acts.waivers.items())],
        "permits": list(_permits(record)),
        "incidents": [_incident(record, one) for one in _open_first(record)],
        "rollback": _rollback(record),
        "ledger": _ledger(record),
    }


def _review(record: Record, one: Reviewed) -> dict[str, Any]:
    state = one.state
    status = state.status_at(record.as_of)
    until = f", valid until {calendar_date(state.valid_until)}" if state.valid_until else ""
    return {
        "id": one.id,
        "because": one.milestone.sentence,
        "status": f"{opened(spaced(status))}{until}",
        "approved": status.is_approval,
        "missing": people_needed(state.missing) if status.is_open else "",
        "ended_because": state.ended_reason,
        "evidence": state.evidence.digest,
        "findings": len(state.evidence.findings),
        "decisions": [_decision(record, decision) for decision in state.standing.values()],
        "fallen": [_decision(record, decision) for decision in state.void],
        "conditions": [
            _condition(record, condition, fulfilled=place in state.fulfilled)
            for place, condition in enumerate(state.conditions)
        ],
        "waivers": [_waiver(record, waiver) for waiver in state.waivers],
        "assessments": [_assessment(record, found) for found in state.assessments],
        "recused": [[record.person(who), why] for who, why in state.recused.items()],
        "acts": list(_acts(record, one)),
    }


def _decision(record: Record, one: Decision) -> dict[str, str]:
    behalf = f" (for {record.person(one.on_behalf)})" if one.on_behalf else ""
    return {
        "function": opened(spaced(one.function)),
        "person": f"{record.person(one.person)}{behalf}",
        "verdict": spaced(one.verdict),
        "reason": one.reason,
        "trade_off": one.trade_off,
        "at": instant(one.at),
        "evidence": one.evidence,
    }


def _condition(record: Record, one: Condition, *, fulfilled: bool) -> dict[str, str]:
    if one.is_measured:
        state = "measured every night"
    elif fulfilled:
        state = "seen to"
    else:
        due = f" by {calendar_date(one.due)}" if one.due else ""
        state = f"open: {record.person(one.owner)}{due}"
    return {"sentence": one.sentence, "state": state}


def _waiver(record: Record, one: Waiver) -> dict[str, str]:
    people = ", ".join(f"{record.person(person)} ({spaced(function)})" for function, person in one.approvers)
    return {
        "finding": written(one.key),
        "clause": one.clause,
        "by": people,
        "until": calendar_date(one.until),
        "control": one.control,
        "reason": one.reason,
        "complete": ""
        if not one.missing
        else f"not in force: still to agree {spaced(', '.join(one.missing))}",
    }


def _assessment(record: Record, one: Assessment) -> dict[str, Any]:
    asked = record.project.assessments.get(one.id)
    questions = {question.id: question.text for question in asked.questions} if asked else {}
    return {
        "title": asked.title if asked else one.id,
        "source": asked.source if asked else "",
        "by": record.person(one.by),
        "at": instant(one.at),
        "answers": [[questions.get(name, name), answer] for name, answer in one.answers.items()],
    }


def _acts(record: Record, one: Reviewed) -> Iterator[list[str]]:
    for event in one.events:
        note = event.data.get("text") or event.data.get("reason") or event.data.get("note") or ""
        yield [instant(event.at), record.person(event.actor), spaced(event.act), str(note)]


def _permits(record: Record) -> Iterator[dict[str, str]]:
    for review in record.acts.reviews:
        for event in review.events:
            if event.act is ReviewAct.PERMITTED and (envelope := event.data.get("envelope")):
                yield {
                    "id": permit_id(envelope),
                    "stage": str(event.data.get("stage", "")),
                    "at": instant(event.at),
                    "by": record.person(event.actor),
                }


def _open_first(record: Record) -> list[Troubled]:
    return sorted(
        record.acts.incidents,
        key=lambda one: (one.incident.resolved is not None, one.incident.opened, one.incident.id),
    )


def _incident(record: Record, one: Troubled) -> dict[str, Any]:
    incident = one.incident
    key = (str(incident.entity), incident.indicator, incident.facet)
    resolved = f", resolved {calendar_date(incident.resolved)}" if incident.resolved else ""
    return {
        "id": incident.id,
        "about": f"{incident.entity.name}, {spaced(incident.indicator)} {incident.facet}".rstrip(),
        "status": spaced(incident.status),
        "open": incident.resolved is None,
        "span": f"since {calendar_date(incident.opened)}{resolved}",
        "owner": record.person(incident.owner),
        "sentence": record.told(incident),
        "follows": incident.root_incident or "",
        "waived": key in record.acts.waivers,
        "acts": [
            [instant(event.at), record.person(event.actor), spaced(event.act), event.note]
            for event in one.events
            if event.act not in _QUIET and (event.sequence > 1 or event.note)
        ],
    }


def _rollback(record: Record) -> dict[str, Any]:
    ready = record.standing.way_back
    if ready is None:
        outcome = f"Nobody can say whether it could be done: {record.standing.no_way_back}."
    elif ready.is_ready:
        outcome = f"Version {ready.version} can go back to version {ready.target}."
    else:
        outcome = f"It could not be done: {'; '.join(ready.faults) or 'there is no target'}."
    acts = [
        [instant(event.at), record.person(event.actor), spaced(event.act), str(event.data.get("reason", ""))]
        for one in record.acts.reviews
        for event in one.events
        if event.act in OF_ROLLBACK
    ]
    return {
        "plan": record.model.rollback.plan,
        "outcome": outcome,
        "ready": bool(ready and ready.is_ready),
        "acts": acts,
    }


def _ledger(record: Record) -> dict[str, Any]:
    sealed, point = record.sealed, record.sealed.checkpoint
    return {
        "size": sealed.size,
        "entries": len(sealed.entries),
        "covered": point.size if point else 0,
        "root": point.root.hex() if point else "no checkpoint was ever signed",
        "playbook": record.project.playbook_digest,
    }
