from __future__ import annotations

import pytest

from governance_pipeline.response.questions import Finding, count_streaks, observe, streak
from governance_pipeline.vocabulary.entity import Entity
from tests.response.nights import THE_DATASET, Story, day, found


@pytest.mark.parametrize(
    ("history", "stood"),
    [
        ([], 0),
        (["insufficient"], 0),
        (["fail"], 1),
        (["pass"], -1),
        (["pass", "fail", "not_run"], 2),
        (["fail", "pass", "warn"], -2),
        (["fail", "insufficient", "fail", "insufficient"], 2),
        (["fail", "fail", "pass", "fail"], 1),
    ],
)
def test_a_streak_counts_the_nights_its_newest_answer_has_stood(history: list[str], stood: int) -> None:
    assert streak(found(what, night=day(n)) for n, what in enumerate(history, 1)) == stood


def test_a_night_without_a_scan_says_nothing_about_what_it_prevented() -> None:
    prevented = found("not_run", night=day(2), cause="scan")
    assert streak([found("fail", night=day(1)), prevented, found("fail", night=day(3))]) == 2


def test_what_could_not_be_measured_for_another_reason_is_its_own_question() -> None:
    broken = found("not_run", indicator="drift", facet="ratio", cause="no baseline")
    keys = {o.key for o in observe([broken]) if o.finding is Finding.BREACH}
    assert keys == {(str(THE_DATASET), "drift", "ratio")}


def test_tonight_replaces_what_an_earlier_run_of_it_wrote() -> None:
    past = [found("fail", night=day(1)), found("fail", night=day(2)), found("fail", night=day(3))]
    counted = count_streaks(day(2), [found("fail", night=day(2))], {}, lambda _: past)
    assert counted[(str(THE_DATASET), "recency", "")] == 2


def test_the_past_is_read_only_where_it_matters() -> None:
    asked: list[Entity] = []

    def past(entity: Entity) -> list:
        asked.append(entity)
        return []

    healthy, sick, was_sick = (Entity.dataset(f"a.{name}") for name in ("healthy", "sick", "was_sick"))
    story = Story()
    story.run(day(1), [found("fail", entity=was_sick)])
    tonight = [
        found("pass", entity=healthy),
        found("fail", entity=sick),
        found("pass", entity=was_sick, night=day(2)),
    ]
    count_streaks(day(2), tonight, story.incidents, past)
    assert asked == [sick, was_sick]
