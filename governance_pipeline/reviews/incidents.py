"""The incident of an approval whose condition is broken. Pure."""

from __future__ import annotations

from datetime import date

from governance_pipeline.response.incidents import ACTOR, Change, incident_id
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentEvent, IncidentStatus
from governance_pipeline.vocabulary.review import ReviewEvent

INDICATOR = "review_condition"


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
