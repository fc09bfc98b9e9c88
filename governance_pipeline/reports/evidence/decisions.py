"""What people decided and did: reviews with all their acts, waivers, permits, incidents, the rehearsal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from governance_pipeline.reports.evidence.record import Record, Reviewed
from governance_pipeline.reviews.admission import with_signatures
from governance_pipeline.reviews.permit import permit_id
from governance_pipeline.reviews.waivers import written
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.review import ReviewAct, ReviewEvent, Waiver

OF_ROLLBACK = frozenset({ReviewAct.REHEARSED, ReviewAct.ROLLED_BACK, ReviewAct.MOVED_BACK})


def decisions_json(record: Record) -> dict[str, Any]:
    """``decisions.json``. An act's ``entry`` is its number in the ledger, null where it has no proof yet."""
    return {
        "reviews": [_review(record, one) for one in record.acts.reviews],
        "waivers_in_force": [_waiver(one) for _, one in sorted(record.acts.waivers.items())],
        "gate": None
        if record.standing.gate is None
        else {
            "open": record.standing.gate.is_open,
            "reasons": [jsonable(one) for one in record.standing.gate.reasons],
            "accepted": [written(key) for key in record.standing.gate.accepted],
        },
        "gate_problem": record.standing.ungated,
    }


def incidents_json(record: Record) -> list[dict[str, Any]]:
    """``incidents.json``."""
    return [
        {
            "incident": {**jsonable(one.incident), "sentence": record.told(one.incident)},
            "acts": [jsonable(event) for event in one.events],
        }
        for one in record.acts.incidents
    ]


def rollback_json(record: Record) -> dict[str, Any]:
    """``rollback.json``: the plan, whether it could be done, and who rehearsed it when."""
    standing = record.standing
    return {
        "plan": record.model.rollback.plan,
        "target": record.model.rollback.target,
        "could_be_done": jsonable(standing.way_back),
        "ready": bool(standing.way_back and standing.way_back.is_ready),
        "problem": standing.no_way_back,
        "acts": [
            {"act": str(event.act), "at": jsonable(event.at), "by": event.actor, **jsonable(event.data)}
            for one in record.acts.reviews
            for event in one.events
            if event.act in OF_ROLLBACK
        ],
    }


def permits(record: Record) -> dict[str, bytes]:
    """Each permit's envelope with all signatures that it was given, by its name."""
    return {
        permit_id(event.data["envelope"]): _envelope(event, one)
        for one in record.acts.reviews
        for event in one.events
        if event.act is ReviewAct.PERMITTED
    }


def _envelope(event: ReviewEvent, review: Reviewed) -> bytes:
    return f"{json.dumps(with_signatures(event, review.events), indent=1, sort_keys=True)}\n".encode()


def _review(record: Record, one: Reviewed) -> dict[str, Any]:
    state = one.state
    return {
        "id": one.id,
        "milestone": jsonable(one.milestone),
        "status": str(state.status_at(record.as_of)),
        "valid_until": jsonable(state.valid_until),
        "evidence": state.evidence.to_json(),
        "required": {str(function): people for function, people in state.required.items()},
        "still_to_decide": {str(function): people for function, people in state.missing.items()},
        "decisions": [jsonable(one) for one in state.standing.values()],
        "decisions_that_fell": [jsonable(one) for one in state.void],
        "conditions": [
            {**jsonable(condition), "fulfilled": place in state.fulfilled}
            for place, condition in enumerate(state.conditions)
        ],
        "waivers": [_waiver(one) for one in state.waivers],
        "assessments": [jsonable(one) for one in state.assessments],
        "recused": dict(state.recused),
        "delegations": [jsonable(one) for one in state.delegations],
        "ended_because": state.ended_reason,
        "acts": list(_acts(record, one)),
    }


def _acts(record: Record, review: Reviewed) -> Iterator[dict[str, Any]]:
    entered = {
        one.payload.told.get("sequence"): one.entry.index
        for one in record.sealed.entries
        if one.payload and one.entry.about == review.id and one.entry.kind != "review.milestone"
    }
    for event in review.events:
        data = jsonable({k: v for k, v in event.data.items() if k != "envelope"})
        yield {
            "sequence": event.sequence,
            "act": str(event.act),
            "at": jsonable(event.at),
            "by": event.actor,
            "data": data,
            "entry": entered.get(event.sequence),
        }


def _waiver(one: Waiver) -> dict[str, Any]:
    return {**jsonable(one), "finding": written(one.key), "complete": not one.missing}
