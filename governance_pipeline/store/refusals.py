"""What a store says when it refuses an act; the same words whichever store it is."""

from __future__ import annotations

from governance_pipeline.errors import Conflict, NotFound


def incident_changed(incident: str) -> Conflict:
    return Conflict(
        f"Somebody else changed incident {incident} first", hint="read its new state and decide again"
    )


def review_changed(review: str) -> Conflict:
    return Conflict(
        f"Somebody else acted on review {review} first", hint="read its new state and decide again"
    )


def review_taken(review: str) -> Conflict:
    return Conflict(
        f"Review {review} belongs to another milestone", hint="give the new review an id of its own"
    )


def review_unknown(review: str) -> NotFound:
    return NotFound(f"There is no review {review}", hint="run governance review list")


def alert_unknown(key: str) -> NotFound:
    return NotFound(f"No alert {key} is in the outbox", hint="enqueue it first")
