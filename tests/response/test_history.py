from __future__ import annotations

from dataclasses import replace

import pytest

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.response.history import acknowledged, fold, resolved
from governance_pipeline.vocabulary.incident import IncidentEvent, IncidentStatus
from tests.response.nights import Story, at, day, found


def events() -> list[IncidentEvent]:
    story = Story()
    story.run(day(1), [found("fail")])
    story.keep(acknowledged(story.only, "ada", at(day(1))))
    story.run(day(2), [found("fail", night=day(2))])
    story.keep(resolved(story.only, "ada", at(day(2)), "Fixed."))
    story.run(day(3), [found("fail", night=day(3))])
    return story.events[story.only.id]


def test_the_status_is_a_fold_over_the_events() -> None:
    assert [fold(events()[:length]) for length in range(1, 6)] == [
        IncidentStatus.OPEN,
        IncidentStatus.ACKNOWLEDGED,
        IncidentStatus.ACKNOWLEDGED,
        IncidentStatus.RESOLVED,
        IncidentStatus.OPEN,
    ]


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_history_with_a_hole_is_refused(lost: int) -> None:
    holed = [event for number, event in enumerate(events()) if number != lost]
    with pytest.raises(CannotEvaluate, match="gap"):
        fold(holed)


def test_no_history_is_no_status() -> None:
    with pytest.raises(CannotEvaluate):
        fold([])


def test_a_history_that_does_not_begin_with_an_opening_is_refused() -> None:
    first, *rest = events()
    with pytest.raises(CannotEvaluate):
        fold([replace(rest[0], sequence=1)])
    with pytest.raises(CannotEvaluate):
        fold([first, replace(first, sequence=2)])


def test_a_note_cannot_carry_control_characters_or_grow_without_end() -> None:
    story = Story()
    story.run(day(1), [found("fail")])
    note = acknowledged(story.only, "ada", at(day(1)), "a\x1b[31m\nb\u202e" + "c" * 5000).event.note
    assert note.startswith("a [31m b ccc")
    assert len(note) <= 2000
