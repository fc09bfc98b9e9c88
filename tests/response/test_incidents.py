from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.response import history
from governance_pipeline.response.incidents import beginnings, incident_id, respond
from governance_pipeline.testing import a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from tests.response.nights import THE_DATASET, Story, at, day, found

OPENED, KEPT, RESOLVED, REOPENED = ["opened"], ["kept"], ["resolved"], ["reopened"]


def persistent(persist: int = 1, close_after: int = 2) -> Story:
    return Story(a_playbook(recency={"persist": persist, "close_after": close_after}))


def test_a_first_breach_opens_one_incident_for_the_owner() -> None:
    story = Story()
    assert story.acts("pass", "fail") == [[], OPENED]
    incident = story.only
    assert (incident.entity, incident.indicator, incident.facet) == (THE_DATASET, "recency", "")
    assert (incident.status, incident.owner, incident.times_opened) == (IncidentStatus.OPEN, "ada", 1)
    assert (incident.opened, incident.last_breach) == (day(2), day(2))
    assert (incident.root, incident.root_incident) == (THE_DATASET, None)


def test_a_missing_measurement_is_a_breach_and_a_warning_is_not() -> None:
    assert Story().acts("not_run") == [OPENED]
    assert Story().acts("warn") == [[]]


def test_an_id_is_the_same_for_ever_and_other_questions_have_others() -> None:
    digest = hashlib.sha256(b'["dataset:lending.incomes", "recency", ""]').hexdigest()
    assert incident_id(THE_DATASET, "recency", "") == f"INC-{digest[:8]}"
    others = {incident_id(THE_DATASET, "drift", "a"), incident_id(THE_DATASET, "drift", "b")}
    assert len(others) == 2


def test_an_id_that_is_taken_by_another_question_is_made_longer() -> None:
    story = Story()
    story.acts("fail")
    squatter = replace(story.only, entity=Entity.dataset("other.table"))
    story.incidents = {squatter.id: squatter}
    (change,) = story.run(day(2), [found("fail", night=day(2))])
    assert change.act is IncidentAct.OPENED
    assert change.incident.id.startswith(squatter.id)
    assert len(change.incident.id) == len("INC-") + 12


def test_a_breach_is_kept_while_it_stands_and_closes_after_enough_clear_nights() -> None:
    story = persistent(close_after=2)
    acts = story.acts("fail", "fail", "fail", "pass", "pass", "pass")
    assert acts == [OPENED, KEPT, KEPT, KEPT, RESOLVED, []]
    assert story.only.resolved == day(5)
    assert story.only.passes == 2


def test_a_breach_between_clear_nights_starts_the_count_again() -> None:
    acts = persistent(close_after=2).acts("fail", "pass", "fail", "pass", "pass")
    assert acts == [OPENED, KEPT, KEPT, KEPT, RESOLVED]


def test_a_warning_counts_as_a_night_without_breach() -> None:
    assert persistent(close_after=1).acts("fail", "warn") == [OPENED, RESOLVED]


def test_a_breach_must_stand_as_many_nights_in_a_row_as_the_playbook_says() -> None:
    story = persistent(persist=3)
    assert story.acts("fail", "fail", "pass", "fail", "fail", "fail") == [[], [], [], [], [], OPENED]
    assert story.only.opened == day(4)


def test_a_reopening_must_have_stood_as_long_too() -> None:
    story = persistent(persist=2, close_after=1)
    acts = story.acts("fail", "fail", "pass", "fail", "pass", "fail", "fail")
    assert acts == [[], OPENED, RESOLVED, [], [], [], REOPENED]
    assert (story.only.times_opened, story.only.opened) == (2, day(6))


def test_insufficient_evidence_neither_opens_nor_closes_nor_breaks_a_row() -> None:
    assert Story().acts("insufficient", "insufficient") == [[], []]
    story = persistent(close_after=2)
    acts = story.acts("fail", "insufficient", "pass", "insufficient", "insufficient", "pass")
    assert acts == [OPENED, [], KEPT, [], [], RESOLVED]
    assert persistent(persist=2).acts("fail", "insufficient", "fail") == [[], [], OPENED]


def test_a_night_that_was_not_measured_changes_nothing() -> None:
    story = Story()
    story.acts("fail")
    assert story.run(day(2), []) == []
    assert story.only.status is IncidentStatus.OPEN


def test_a_breach_after_the_resolution_reopens_the_same_incident() -> None:
    story = persistent(close_after=1)
    assert story.acts("fail", "pass", "fail") == [OPENED, RESOLVED, REOPENED]
    assert (story.only.times_opened, story.only.opened, story.only.resolved) == (2, day(3), None)


def test_running_a_night_again_changes_nothing() -> None:
    story = persistent(close_after=3)
    outcomes = ("fail", "insufficient", "fail", "pass", "insufficient", "pass", "pass", "fail")
    for number, outcome in enumerate(outcomes, 1):
        tonight = [found(outcome, night=day(number))]
        story.run(day(number), tonight)
        before = dict(story.incidents)
        for _ in range(3):
            assert story.run(day(number), tonight) == []
        assert story.incidents == before


def test_without_streaks_a_night_still_counts_once() -> None:
    """A caller that knows no history counts on the incident's own row."""
    story = persistent(close_after=2)
    story.acts("fail")
    for expected in (IncidentAct.KEPT, None):
        changes = respond(
            day(2), at(day(2)), [found("pass", night=day(2))], dict(story.incidents), {},
            story.playbook, lambda _: "ada", {},
        )  # fmt: skip
        assert [c.act for c in changes] == ([expected] if expected else [])
        for change in changes:
            story.keep(change)
    assert story.only.passes == 1


def test_an_older_night_run_late_does_not_touch_what_later_nights_decided() -> None:
    story = persistent(close_after=1)
    story.acts("fail", "pass", start=3)
    assert story.run(day(2), [found("fail", night=day(2))]) == []
    story.acts("fail", start=5)
    assert story.run(day(4), [found("pass", night=day(4))]) == []


def test_a_missed_night_caught_up_after_a_person_resolved_does_not_reopen() -> None:
    story = Story()
    story.acts("fail")
    story.keep(history.resolved(story.only, "ada", at(day(4)), "Fixed."))
    assert story.run(day(3), [found("fail", night=day(3))]) == []
    assert story.acts("fail", start=5) == [REOPENED]


def test_what_people_said_outlasts_the_nights() -> None:
    story = persistent(close_after=2)
    story.acts("fail")
    story.keep(history.acknowledged(story.only, "ada", at(day(1))))
    story.acts("fail", start=2)
    assert story.only.status is IncidentStatus.ACKNOWLEDGED
    story.keep(history.mitigated(story.only, "ada", at(day(2)), "The scores are not used."))
    story.acts("fail", "pass", start=3)
    assert story.only.status is IncidentStatus.MITIGATED
    story.acts("pass", start=5)
    assert story.only.status is IncidentStatus.RESOLVED


def test_what_a_person_resolved_and_still_breaches_is_open_again_the_next_night() -> None:
    story = Story()
    story.acts("fail", "fail")
    story.keep(history.resolved(story.only, "ada", at(day(2)), "Fixed."))
    assert story.run(day(2), [found("fail", night=day(2))]) == []
    assert story.acts("fail", start=3) == [REOPENED]
    assert story.only.opened == day(3)


def test_a_snooze_that_ran_out_is_lifted_by_the_next_breach_and_says_so() -> None:
    story = Story()
    story.acts("fail")
    story.keep(history.snoozed(story.only, "ada", at(day(1)), day(3)))
    story.acts("fail", "fail", start=2)
    assert story.only.snoozed_until == day(3)
    (change,) = story.run(day(4), [found("fail", night=day(4))])
    assert (change.act, change.event.details) == (IncidentAct.KEPT, {"snooze_ended": True})
    assert story.only.snoozed_until is None


def test_an_owner_who_changed_is_taken_over_with_the_next_breach() -> None:
    story = Story()
    story.acts("fail")
    story.owner = "data-team"
    story.acts("fail", start=2)
    assert story.only.owner == "data-team"


def test_a_failed_scan_is_one_incident_however_many_checks_it_prevented() -> None:
    story = Story()
    names = ("recency", "consent", "quality", "drift")
    changes = story.run(day(1), [found("not_run", indicator=name, cause="scan") for name in names])
    (change,) = changes
    assert (change.incident.indicator, change.incident.facet) == ("scan", "")
    assert "could not be measured, so 4 checks were not made" in change.incident.sentence


def test_a_failed_scan_neither_closes_nor_keeps_what_was_open_before() -> None:
    story = persistent(close_after=1)
    story.acts("fail")
    changes = story.run(day(2), [found("not_run", night=day(2), cause="scan")])
    assert [(c.act, c.incident.indicator) for c in changes] == [(IncidentAct.OPENED, "scan")]
    changes = story.run(day(3), [found("fail", night=day(3))])
    assert [(c.act, c.incident.indicator) for c in changes if c.incident.indicator == "recency"] == [
        (IncidentAct.KEPT, "recency")
    ]


def test_a_scan_that_works_again_closes_its_incident_by_the_nights_it_worked() -> None:
    """The clear nights before the failure do not count."""
    story = Story()
    for number in (1, 2, 3):
        story.run(day(number), [found("pass", night=day(number))])
    story.run(day(4), [found("not_run", night=day(4), cause="scan")])
    acts = [[c.act for c in story.run(day(n), [found("pass", night=day(n))])] for n in (5, 6)]
    assert acts == [[IncidentAct.KEPT], [IncidentAct.RESOLVED]]


UPSTREAM = Entity.dataset("lending.bureau_scores")


def pair(number: int, upstream: str, downstream: str) -> tuple[list, dict]:
    """A night on which the downstream breach follows from the upstream one, if that breaches."""
    cause = found(upstream, night=day(number), entity=UPSTREAM)
    effect = found(downstream, night=day(number))
    roots = {m.key: m for m in (cause, effect) if m.outcome.is_breach}
    if cause.outcome.is_breach and effect.outcome.is_breach:
        roots[effect.key] = cause
    return [cause, effect], roots


def about(story: Story, entity: Entity):
    return next(i for i in story.incidents.values() if i.entity == entity)


def test_a_consequence_is_tied_to_the_incident_of_its_root() -> None:
    story = Story()
    story.run(day(1), *pair(1, "fail", "fail"))
    cause, effect = about(story, UPSTREAM), about(story, THE_DATASET)
    assert (cause.root, cause.root_incident) == (UPSTREAM, None)
    assert (effect.root, effect.root_incident) == (UPSTREAM, cause.id)


def test_a_breach_whose_root_is_no_incident_yet_stands_on_its_own() -> None:
    story = Story(a_playbook(drift={"persist": 3}))
    cause = found("fail", entity=UPSTREAM, indicator="drift", facet="score")
    effect = found("fail")
    (change,) = story.run(day(1), [cause, effect], {cause.key: cause, effect.key: cause})
    assert change.incident.entity == THE_DATASET
    assert change.incident.root_incident is None


def test_breaches_that_explain_each_other_in_a_circle_all_stand_on_their_own() -> None:
    one, other = found("fail", entity=UPSTREAM), found("fail")
    changes = Story().run(day(1), [one, other], {one.key: other, other.key: one})
    assert [c.incident.root_incident for c in changes] == [None, None]


def test_a_consequence_stays_tied_while_its_root_stands_and_is_let_go_when_it_is_resolved() -> None:
    story = persistent(close_after=2)
    story.run(day(1), *pair(1, "fail", "fail"))
    root = about(story, UPSTREAM).id
    story.run(day(2), *pair(2, "pass", "fail"))
    assert about(story, THE_DATASET).root_incident == root
    changes = story.run(day(3), *pair(3, "pass", "fail"))
    assert {c.incident.entity: c.act for c in changes} == {
        UPSTREAM: IncidentAct.RESOLVED,
        THE_DATASET: IncidentAct.KEPT,
    }
    effect = about(story, THE_DATASET)
    assert (effect.root, effect.root_incident) == (THE_DATASET, None)
    (released,) = (c.event for c in changes if c.incident.entity == THE_DATASET)
    assert released.details == {"released": True}
    assert root in released.note


def test_a_model_that_could_not_be_measured_follows_from_the_scan_that_failed() -> None:
    failed = [found("not_run", indicator=name, cause="scan") for name in ("consent", "recency")]
    bias = found("not_run", entity=Entity.model("mortgage_approval"), indicator="bias")
    story = Story()
    story.run(day(1), [*failed, bias], {m.key: failed[0] for m in (*failed, bias)})
    scan, effect = about(story, THE_DATASET), about(story, bias.entity)
    assert scan.root_incident is None
    assert effect.root_incident == scan.id


outcomes = st.sampled_from(["pass", "warn", "fail", "insufficient", "not_run", "scan", "absent"])
acts = st.sampled_from(["", "", "acknowledge", "mitigate", "snooze", "resolve"])


@settings(max_examples=150, deadline=None)
@given(
    nights=st.lists(st.tuples(outcomes, outcomes, acts), min_size=1, max_size=25),
    persist=st.integers(1, 4),
    close_after=st.integers(1, 4),
)
def test_whatever_happens_the_rules_hold(nights: list, persist: int, close_after: int) -> None:
    policy = {"persist": persist, "close_after": close_after}
    story = Story(a_playbook(recency=policy, consent=policy))
    for number, (recency, consent, act) in enumerate(nights, 1):
        tonight = [
            found("not_run" if what == "scan" else what, night=day(number), indicator=name,
                  cause="scan" if what == "scan" else "")
            for name, what in (("recency", recency), ("consent", consent))
            if what != "absent"
        ]  # fmt: skip
        changes = story.run(day(number), tonight)
        assert len({c.incident.id for c in changes}) == len(changes)
        assert story.run(day(number), tonight) == [], "a rerun changed something"
        _person_acts(story, act, number)
    for incident in story.incidents.values():
        events = story.events[incident.id]
        assert history.fold(events) is incident.status
        openings = [e for e in events if e.act in (IncidentAct.OPENED, IncidentAct.REOPENED)]
        assert len(openings) == incident.times_opened
        nightly = [e.night for e in events if e.night is not None]
        assert nightly == sorted(set(nightly)), "more than one event of a night"
        assert incident.opened <= incident.last_breach


def _person_acts(story: Story, act: str, number: int) -> None:
    standing = [i for i in story.incidents.values() if i.status is not IncidentStatus.RESOLVED]
    if not act or not standing:
        return
    incident, now = standing[0], at(day(number))
    if act == "acknowledge" and incident.status is IncidentStatus.OPEN:
        story.keep(history.acknowledged(incident, "ada", now))
    if act == "mitigate" and incident.status is not IncidentStatus.MITIGATED:
        story.keep(history.mitigated(incident, "ada", now, "Contained."))
    if act == "snooze":
        story.keep(history.snoozed(incident, "ada", now, now.date() + timedelta(days=2)))
    if act == "resolve":
        story.keep(history.resolved(incident, "ada", now, "Fixed."))


def test_a_breach_began_when_its_data_tells_or_its_incident_opened_or_its_nights_in_a_row_did() -> None:
    story = Story()
    story.acts("fail", "fail")  # nights 1 and 2
    recency = found("fail", night=day(9))
    drift = found("fail", night=day(9), indicator="drift", details={"drifted_since": day(4).isoformat()})
    bias = found("fail", night=day(9), indicator="bias")
    consent = found("fail", night=day(9), indicator="consent")
    asked = [recency, drift, bias, consent]
    assert beginnings(day(9), asked, story.incidents.values(), {consent.key: 3}) == {
        recency.key: day(1),
        drift.key: day(4),
        consent.key: day(7),
    }
