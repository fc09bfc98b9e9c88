from __future__ import annotations

import pytest

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.lineage.root_cause import root_causes
from governance_pipeline.response.compose import compose
from governance_pipeline.testing import a_graph, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert, Incident, IncidentAct, IncidentStatus
from tests.response.nights import Story, day, found
from tests.response.projects import a_project

MODEL = Entity.model("mortgage_approval")
GRAPH = a_graph(("dataset:lending.incomes", str(MODEL)))
FACETS = {
    "black": "race=black:selection_rate",
    "women": "sex=female:selection_rate",
    "black_women": "race=black & sex=female:selection_rate",
    "black_old": "race=black & age=old:selection_rate",
}
CLOSES_AFTER_2 = a_playbook(bias={"close_after": 2})


class Nights:
    """A model's bias over some nights, with the root causes that the lineage finds and the alerts."""

    def __init__(self, playbook: Playbook = CLOSES_AFTER_2) -> None:
        self.story = Story(playbook)
        self.project = a_project(playbook=playbook)

    def run(self, number: int, **outcomes: str) -> list[Alert]:
        tonight = [
            found(outcome, night=day(number), entity=MODEL, indicator="bias", facet=FACETS[name])
            for name, outcome in outcomes.items()
        ]
        changes = self.story.run(day(number), tonight, root_causes(GRAPH, tonight))
        return compose(day(number), changes, self.project, GRAPH, [])

    def incident(self, name: str) -> Incident:
        return next(i for i in self.story.incidents.values() if i.facet == FACETS[name])


def test_a_part_of_a_group_that_fails_a_night_before_the_group_is_told_once() -> None:
    nights = Nights()
    told = [
        len(nights.run(1, black="pass", black_women="fail")),
        len(nights.run(2, black="fail", black_women="fail")),
        len(nights.run(3, black="fail", black_women="fail")),
    ]
    assert told == [1, 0, 0]
    part, whole = nights.incident("black_women"), nights.incident("black")
    assert (part.root_incident, whole.root_incident) == (None, part.id)
    assert part.id in nights.story.events[whole.id][0].note


@pytest.mark.parametrize("first", ["black", "black_women"])
def test_a_gap_that_flickers_at_the_bound_is_told_once(first: str) -> None:
    other = {"black": "black_women", "black_women": "black"}[first]
    nights = Nights()
    told = [
        len(nights.run(1, **{first: "fail", other: "pass"})),
        len(nights.run(2, **{first: "pass", other: "fail"})),
        len(nights.run(3, **{first: "fail", other: "pass"})),
    ]
    assert told == [1, 0, 0]


def test_another_rate_of_the_same_group_is_told_with_it_whichever_fails_first() -> None:
    for first, then in ((FACETS["black"], "race=black:accuracy"), ("race=black:accuracy", FACETS["black"])):
        story = Story()
        one = found("fail", entity=MODEL, indicator="bias", facet=first)
        story.run(day(1), [one])
        both = [found("fail", night=day(2), entity=MODEL, indicator="bias", facet=f) for f in (first, then)]
        changes = story.run(day(2), both, root_causes(GRAPH, both))
        assert compose(day(2), changes, a_project(), GRAPH, []) == []


def test_the_gap_of_the_group_is_told_when_that_of_its_part_is_resolved_and_it_still_fails() -> None:
    nights = Nights()
    nights.run(1, black="pass", black_women="fail")
    nights.run(2, black="fail", black_women="pass")
    (alert,) = nights.run(3, black="fail", black_women="pass")
    assert nights.incident("black_women").status is IncidentStatus.RESOLVED
    assert nights.incident("black").root_incident is None
    assert alert.incident == nights.incident("black").id
    assert "What it was told with is fixed, and it still fails" in alert.body


def test_a_gap_of_other_people_is_news() -> None:
    nights = Nights()
    assert len(nights.run(1, black="fail", women="pass", black_women="fail")) == 1
    assert len(nights.run(2, black="fail", women="fail", black_women="fail")) == 1
    assert nights.incident("women").root_incident is None


def test_a_part_announces_one_of_the_groups_it_belongs_to_and_not_both() -> None:
    nights = Nights()
    nights.run(1, black="pass", women="pass", black_women="fail")
    assert nights.run(2, black="fail", women="pass", black_women="fail") == []
    (alert,) = nights.run(3, black="fail", women="fail", black_women="fail")
    assert alert.incident == nights.incident("women").id


def test_what_begins_under_a_gap_that_is_told_with_another_leads_to_that_other_in_one_step() -> None:
    for together in (True, False):
        nights = Nights()
        nights.run(1, black="pass", black_old="pass", black_women="fail")
        if not together:
            nights.run(2, black="fail", black_old="pass", black_women="fail")
        assert nights.run(3, black="fail", black_old="fail", black_women="fail") == []
        top = nights.incident("black_women").id
        assert [nights.incident(facet).root_incident for facet in ("black", "black_old")] == [top, top]


def test_a_resolved_gap_announces_nothing() -> None:
    nights = Nights(a_playbook(bias={"close_after": 1}))
    nights.run(1, black="pass", black_women="fail")
    nights.run(2, black="pass", black_women="pass")
    assert len(nights.run(3, black="fail", black_women="pass")) == 1


def test_a_gap_that_has_stood_for_other_reasons_does_not_hide_a_failure_of_another_kind() -> None:
    story = Story()
    story.run(day(1), [found("fail", entity=MODEL, indicator="bias", facet=FACETS["black_women"])])
    (change,) = story.run(day(2), [found("fail", night=day(2), entity=MODEL, indicator="ownership")])
    assert (change.act, change.incident.root_incident) == (IncidentAct.OPENED, None)


def test_drift_of_a_column_and_of_another_are_two_messages_even_where_their_names_look_like_groups() -> None:
    story = Story()
    for number, facet in ((1, "a=1 & b=2"), (2, "a=1")):
        (change,) = story.run(day(number), [found("fail", night=day(number), indicator="drift", facet=facet)])
        assert change.incident.root_incident is None
