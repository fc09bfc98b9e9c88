"""Milestones, and the reviews they open, in a database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, exists, select

from governance_pipeline.store import refusals
from governance_pipeline.store.act_records import milestone_of, review_event_of, review_event_row, review_row
from governance_pipeline.store.tables import review_events, reviews
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.review import Milestone, ReviewEvent

_REVIEW_IS_THERE = exists().where(reviews.c.id == bindparam("with_review"))


class SqlReviews:
    """See :class:`ports.Reviews`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, milestone: Milestone, review_id: str, event: ReviewEvent) -> bool:
        row = review_row(review_id, milestone)
        if self._transaction.insert_missing(reviews, row):
            self.append(event)
            return True
        known = select(reviews.c.id).where(reviews.c.milestone == row["milestone"])
        if self._transaction.row(known) is None:
            raise refusals.review_taken(review_id)
        return False

    def append(self, event: ReviewEvent) -> None:
        if self._transaction.insert_missing(review_events, review_event_row(event), where=_REVIEW_IS_THERE):
            return
        if self.get(event.review) is None:
            raise refusals.review_unknown(event.review)
        raise refusals.review_changed(event.review)

    def events(self, review_id: str) -> Sequence[ReviewEvent]:
        rows = self._transaction.rows(
            select(review_events)
            .where(review_events.c.review == key(review_id, "a review's id"))
            .order_by(review_events.c.sequence)
        )
        return [review_event_of(row) for row in rows]

    def list(self) -> Sequence[tuple[str, Milestone]]:
        rows = self._transaction.rows(select(reviews).order_by(reviews.c.night, reviews.c.id))
        return [(row["id"], milestone_of(row)) for row in rows]

    def get(self, review_id: str) -> Milestone | None:
        row = self._transaction.row(select(reviews).where(reviews.c.id == key(review_id, "a review's id")))
        return None if row is None else milestone_of(row)
