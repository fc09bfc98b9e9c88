from __future__ import annotations

from datetime import timedelta

import pytest

from governance_pipeline.errors import Conflict, NotFound
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.review import MilestoneKind, ReviewAct
from tests.store.examples import NOON, milestone, nights_after, review_event


def test_a_milestone_opens_one_review(store: Store):
    with store.begin() as unit:
        assert unit.reviews.open(milestone(), "REV-1", review_event()) is True
        assert unit.reviews.open(milestone(), "REV-2", review_event("REV-2")) is False
    with store.begin() as unit:
        assert unit.reviews.open(milestone(), "REV-1", review_event()) is False
        assert unit.reviews.list() == [("REV-1", milestone())]
        assert unit.reviews.get("REV-1") == milestone()
        assert unit.reviews.events("REV-1") == [review_event()]
        assert unit.reviews.get("REV-2") is None
        assert unit.reviews.events("REV-2") == []


def test_a_reviews_id_belongs_to_one_milestone(store: Store):
    with store.begin() as unit:
        unit.reviews.open(milestone(), "REV-1", review_event())
        with pytest.raises(Conflict, match="REV-1 belongs to another milestone"):
            unit.reviews.open(milestone("another"), "REV-1", review_event())
        assert unit.reviews.list() == [("REV-1", milestone())]


def test_events_are_read_in_sequence(store: Store):
    second = review_event(sequence=2, act=ReviewAct.DECIDED, actor="ana", at=NOON - timedelta(hours=1))
    third = review_event(sequence=3, act=ReviewAct.COMMENTED, actor="ben", data={"text": '🏠 "why"?'})
    with store.begin() as unit:
        unit.reviews.open(milestone(), "REV-1", review_event())
        unit.reviews.append(third)
        unit.reviews.append(second)
        assert unit.reviews.events("REV-1") == [review_event(), second, third]


def test_a_taken_sequence_is_a_conflict_and_the_unit_goes_on(store: Store):
    decided = review_event(sequence=2, act=ReviewAct.DECIDED, actor="ana")
    with store.begin() as unit:
        unit.reviews.open(milestone(), "REV-1", review_event())
        unit.reviews.append(decided)
        with pytest.raises(Conflict, match="acted on review REV-1 first"):
            unit.reviews.append(review_event(sequence=2, act=ReviewAct.WITHDRAWN, actor="ben"))
    with store.begin() as unit:
        assert unit.reviews.events("REV-1") == [review_event(), decided]


def test_an_event_of_an_unknown_review_is_refused(store: Store):
    with store.begin() as unit, pytest.raises(NotFound, match="no review REV-9"):
        unit.reviews.append(review_event("REV-9"))


def test_the_oldest_night_comes_first_then_by_review(store: Store):
    nights = {"REV-b": 1, "REV-a": 1, "REV-c": 0}
    with store.begin() as unit:
        for name, count in nights.items():
            opened = milestone(
                f"milestone of {name}",
                night=nights_after(count),
                kind=MilestoneKind.WITHDRAWALS,
                version=None,
            )
            unit.reviews.open(opened, name, review_event(name))
        assert [name for name, _ in unit.reviews.list()] == ["REV-c", "REV-a", "REV-b"]
        assert unit.reviews.get("REV-a").version is None
