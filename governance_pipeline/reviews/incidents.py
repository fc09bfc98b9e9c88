"""The incidents of reviews: of an approval whose condition is broken, and of a rollback. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from governance_pipeline.response.incidents import ACTOR, Change, incident_id
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentEvent, IncidentStatus
from governance_pipeline.vocabulary.review import ReviewEvent

INDICATOR = "review_condition"
ROLLBACK = "rollback"


def condition_incident(model: str, review_id: str) -> str:
    """The id of the incident that a broken condition of this review opens."""
    return incident_id(Entity.model(model), INDICATOR, review_id)


def open_for_condition(
    night: date, revoked: ReviewEvent, state: ReviewState, owner: str, known: Incident | None
) -> Change:
    """The incident, or its re-opening where an earlier approval of the review broke too."""
    act = IncidentAct.REOPENED if known else IncidentAct.OPENED
    incident = Incident(
        id=condition_incident(state.model, state.id),
        entity=Entity.model(state.model),
        indicator=INDICATOR,
        facet=state.id,
        status=IncidentStatus.OPEN,
        owner=owner,
        sentence=str(revoked.data["reason"]),
        opened=night,
        last_breach=night,
        root=Entity.model(state.model),
        times_opened=known.times_opened + 1 if known else 1,
        sequence=(known.sequence if known else 0) + 1,
    )
    event = IncidentEvent(incident.id, incident.sequence, act, revoked.at, ACTOR, night)
    return Change(incident, event, act)


def rollback_incident(model: str, version: str) -> str:
    """The id of the incident that a rollback from a version opens."""
    return incident_id(Entity.model(model), ROLLBACK, version)


def open_for_rollback(
    day: date, model: str, rolled: ReviewEvent, who: str, owner: str, known: Incident | None
) -> Change:
    """The incident of a rollback; where one stands from an earlier rollback of the version, it goes on."""
    left, back, stage = (str(rolled.data[key]) for key in ("from", "to", "stage"))
    sentence = (
        f"{who} rolled {model} back from version {left} at {stage} to version {back}: {rolled.data['reason']}"
    )
    stands = known is not None and known.status is not IncidentStatus.RESOLVED
    act = IncidentAct.KEPT if stands else IncidentAct.REOPENED if known else IncidentAct.OPENED
    fresh = Incident(
        id=rollback_incident(model, left),
        entity=Entity.model(model),
        indicator=ROLLBACK,
        facet=left,
        status=IncidentStatus.OPEN,
        owner=owner,
        sentence=sentence,
        opened=day,
        last_breach=day,
        root=Entity.model(model),
        times_opened=known.times_opened + 1 if known else 1,
        sequence=(known.sequence if known else 0) + 1,
    )
    if known is not None and stands:
        fresh = replace(known, sentence=sentence, last_breach=day, sequence=fresh.sequence)
    event = IncidentEvent(
        fresh.id, fresh.sequence, act, rolled.at, rolled.actor, note=str(rolled.data["reason"])
    )
    return Change(fresh, event, act)
