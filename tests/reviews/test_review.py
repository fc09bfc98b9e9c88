"""A review is a fold: these tests drive it by events alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import Conflict, Refused
from governance_pipeline.reviews.acts import attaching, deciding, delegating, opening, recusing, superseding
from governance_pipeline.reviews.conditions import read_condition
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import Role
from governance_pipeline.testing import a_charter, a_small_project
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewEvent, ReviewStatus, Verdict

AT = datetime(2026, 3, 5, 7, tzinfo=UTC)
EVIDENCE = Evidence("sha256:m", "sha256:s", "sha256:p", (("dataset:a.b", "drift", "x"),))


HOLDERS = {
    "lea": ["legal", "compliance"], "len": ["legal"], "pia": ["privacy"], "pax": ["privacy"],
    "eli": ["ethics"], "sam": ["security"], "dee": [],
    **{name: ["legal", "privacy", "ethics"] for name in ("ann", "bob", "cyd", "dan")},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _project(tmp_path_factory: pytest.TempPathFactory) -> None:
    charter = a_charter(
        steward="sam",
        people=[
            {"id": name, "name": name.title(), "mail": f"{name}@example.org", "functions": held}
            for name, held in HOLDERS.items()
        ],
        teams=[],
    )
    Review.project = a_small_project(tmp_path_factory.mktemp("project"), charter=charter)


class Review:
    """A review under test: acts append events, the state is folded anew each time."""

    project: ClassVar[Project]

    def __init__(self, **required: int) -> None:
        self.events: list[ReviewEvent] = [
            opening(
                "REV-1",
                at=AT,
                required={Function(name): people for name, people in required.items()},
                evidence=EVIDENCE,
                model="m",
                version="2",
                due_days=10,
                valid_days=30,
            )
        ]

    @property
    def state(self) -> ReviewState:
        return fold(self.events)

    def decide(self, person: str, function: Function, verdict: Verdict, *conditions: str) -> ReviewStatus:
        circle = self.circle
        who = self.project.charter.person(person)
        assert who is not None
        self.events.append(
            deciding(
                self.state,
                at=AT + timedelta(hours=len(self.events)),
                roles=circle.roles(who, function),
                person=person,
                function=function,
                verdict=verdict,
                reason="I have read the evidence.",
                conditions=[read_condition(text) for text in conditions],
                on_behalf=circle.principal(who, function),
            )
        )
        return self.state.status

    @property
    def circle(self) -> Circle:
        return Circle(self.project, self.state, {}, AT.date())


def test_a_review_is_approved_when_every_function_has_its_people() -> None:
    review = Review(legal=1, privacy=2)
    assert review.decide("lea", Function.LEGAL, Verdict.APPROVE) is ReviewStatus.IN_REVIEW
    assert review.decide("pia", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.IN_REVIEW
    assert review.decide("pax", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.APPROVED


def test_clicking_twice_does_not_make_two_people() -> None:
    review = Review(privacy=2)
    review.decide("pia", Function.PRIVACY, Verdict.APPROVE)
    assert review.decide("pia", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.IN_REVIEW
    assert review.state.missing == {Function.PRIVACY: 1}


def test_one_person_cannot_decide_for_two_functions() -> None:
    review = Review(legal=1, compliance=1)
    review.decide("lea", Function.LEGAL, Verdict.APPROVE)
    with pytest.raises(Refused, match="one person decides for one function"):
        review.decide("lea", Function.COMPLIANCE, Verdict.APPROVE)


def test_one_rejection_ends_the_review_for_everybody() -> None:
    review = Review(legal=1, ethics=1)
    assert review.decide("eli", Function.ETHICS, Verdict.REJECT) is ReviewStatus.REJECTED
    with pytest.raises(Conflict, match="has ended: rejected"):
        review.decide("lea", Function.LEGAL, Verdict.APPROVE)


def test_requested_changes_hold_the_review_until_the_same_person_is_content() -> None:
    review = Review(legal=1)
    assert review.decide("lea", Function.LEGAL, Verdict.REQUEST_CHANGES) is ReviewStatus.CHANGES_REQUESTED
    assert review.decide("len", Function.LEGAL, Verdict.APPROVE) is ReviewStatus.CHANGES_REQUESTED
    assert review.decide("lea", Function.LEGAL, Verdict.APPROVE) is ReviewStatus.APPROVED


def test_an_abstention_is_not_an_approval() -> None:
    review = Review(legal=1)
    assert review.decide("lea", Function.LEGAL, Verdict.ABSTAIN) is ReviewStatus.IN_REVIEW


def test_a_condition_shows_in_the_status() -> None:
    review = Review(legal=1)
    status = review.decide(
        "lea", Function.LEGAL, Verdict.APPROVE_WITH_CONDITIONS, "Drop it @lea by 2026-04-01"
    )
    assert status is ReviewStatus.APPROVED_WITH_CONDITIONS


@pytest.mark.parametrize(
    ("verdict", "conditions"),
    [(Verdict.APPROVE, ("Drop it @lea by 2026-04-01",)), (Verdict.APPROVE_WITH_CONDITIONS, ())],
)
def test_conditions_and_verdict_go_together(verdict: Verdict, conditions: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="conditions go with the verdict"):
        Review(legal=1).decide("lea", Function.LEGAL, verdict, *conditions)


def test_a_function_that_is_not_asked_cannot_decide() -> None:
    with pytest.raises(Refused, match="does not ask security"):
        Review(legal=1).decide("sam", Function.SECURITY, Verdict.APPROVE)


def test_a_decision_needs_a_reason() -> None:
    with pytest.raises(Refused, match="needs a reason"):
        deciding(
            Review(legal=1).state,
            at=AT,
            roles={Role.HOLDER: ""},
            person="lea",
            function=Function.LEGAL,
            verdict=Verdict.APPROVE,
            reason="  ",
        )


def test_an_approval_runs_out() -> None:
    review = Review(legal=1)
    review.decide("lea", Function.LEGAL, Verdict.APPROVE)
    settled = review.state.settled_at
    assert settled == AT + timedelta(hours=1)
    assert review.state.status_at(settled + timedelta(days=30)) is ReviewStatus.APPROVED
    assert review.state.status_at(settled + timedelta(days=30, seconds=1)) is ReviewStatus.EXPIRED


def test_new_evidence_makes_earlier_decisions_void() -> None:
    review = Review(legal=1, privacy=1)
    review.decide("lea", Function.LEGAL, Verdict.APPROVE)
    worse = Evidence("sha256:m", "sha256:s", "sha256:p", (*EVIDENCE.findings, ("model:m", "bias", "race")))
    assert not EVIDENCE.covers(worse)
    review.events.append(attaching(review.state, worse, at=AT))
    assert review.state.status is ReviewStatus.IN_REVIEW
    assert [decision.person for decision in review.state.void] == ["lea"]


def test_a_finding_that_went_away_voids_nothing() -> None:
    assert EVIDENCE.covers(Evidence("sha256:m", "sha256:s", "sha256:p", ()))


@pytest.mark.parametrize("changed", ["model_digest", "snapshot_digest", "playbook_digest"])
def test_a_changed_digest_is_not_covered_and_changes_the_evidence_digest(changed: str) -> None:
    parts = {
        "model_digest": "sha256:m",
        "snapshot_digest": "sha256:s",
        "playbook_digest": "sha256:p",
        "findings": EVIDENCE.findings,
    }
    other = Evidence(**{**parts, changed: "sha256:other"})
    assert not EVIDENCE.covers(other)
    assert EVIDENCE.digest != other.digest


def test_a_delegate_decides_in_the_others_place_and_the_two_count_once():
    review = Review(privacy=2)
    pia = {Role.HOLDER: ""}
    review.events.append(
        delegating(review.state, at=AT, roles=pia, person="pia", function=Function.PRIVACY, to="dee",
                   since=AT.date(), until=AT.date())
    )  # fmt: skip
    assert review.decide("dee", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.IN_REVIEW
    assert review.state.decisions[0].on_behalf == "pia"
    assert review.decide("pia", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.IN_REVIEW
    assert review.state.missing == {Function.PRIVACY: 1}
    assert review.decide("pax", Function.PRIVACY, Verdict.APPROVE) is ReviewStatus.APPROVED


def test_a_delegation_ends_with_its_last_day_and_with_the_givers_recusal():
    review = Review(privacy=1)
    day = AT.date()
    review.events.append(
        delegating(review.state, at=AT, roles={Role.HOLDER: ""}, person="pia", function=Function.PRIVACY,
                   to="dee", since=day, until=day)
    )  # fmt: skip
    dee = Review.project.charter.person("dee")
    assert dee is not None
    assert review.circle.may_decide(dee, Function.PRIVACY)
    later = Circle(Review.project, review.state, {}, day + timedelta(days=1))
    assert not later.may_decide(dee, Function.PRIVACY)
    review.events.append(
        recusing(review.state, at=AT, roles={Role.HOLDER: ""}, person="pia", reason="A friend built it.")
    )
    assert not review.circle.may_decide(dee, Function.PRIVACY)


def test_the_charters_delegate_decides_while_somebody_is_away():
    people = [
        {"id": "pia", "name": "Pia", "mail": "pia@example.org", "functions": ["privacy"], "delegate": "dee",
         "away": [{"since": "2026-03-01", "until": "2026-03-05"}]},
        {"id": "dee", "name": "Dee", "mail": "dee@example.org"},
    ]  # fmt: skip
    project = replace(Review.project, charter=a_charter(steward="dee", people=people, teams=[]))
    state = Review(privacy=1).state
    dee = project.charter.person("dee")
    assert dee is not None
    for day, may in ((AT.date(), True), (AT.date() + timedelta(days=1), False)):
        assert Circle(project, state, {}, day).may_decide(dee, Function.PRIVACY) is may


def test_a_recusal_takes_an_open_decision_back_and_the_function_is_missing_again():
    review = Review(privacy=1, legal=1)
    review.decide("pia", Function.PRIVACY, Verdict.APPROVE)
    review.events.append(
        recusing(review.state, at=AT, roles={Role.HOLDER: ""}, person="pia", reason="A friend built it.")
    )
    assert review.state.missing == {Function.LEGAL: 1, Function.PRIVACY: 1}
    with pytest.raises(Refused, match="stepped back: A friend built it"):
        review.decide("pia", Function.PRIVACY, Verdict.APPROVE)


def test_what_people_decided_who_hold_the_function_no_more_falls():
    review = Review(privacy=1, legal=1)
    review.decide("pia", Function.PRIVACY, Verdict.APPROVE)
    assert review.circle.fallen() == []
    demoted = [p.model_copy(update={"functions": ()}) for p in Review.project.charter.people]
    charter = Review.project.charter.model_copy(update={"people": tuple(demoted)})
    project = replace(Review.project, charter=charter)
    assert Circle(project, review.state, {}, AT.date()).fallen() == [("pia", "privacy")]


def test_a_review_that_nobody_decides_expires():
    state = Review(legal=1).state
    assert state.expires_at == AT + timedelta(days=90)
    assert state.status_at(state.expires_at) is ReviewStatus.IN_REVIEW
    assert state.status_at(state.expires_at + timedelta(seconds=1)) is ReviewStatus.EXPIRED


def test_a_superseded_review_takes_no_decisions() -> None:
    review = Review(legal=1)
    review.events.append(superseding(review.state, "REV-2", at=AT))
    with pytest.raises(Conflict, match="superseded"):
        review.decide("lea", Function.LEGAL, Verdict.APPROVE)


def test_evidence_survives_the_trip_through_an_event() -> None:
    assert Evidence.from_json(EVIDENCE.to_json()) == EVIDENCE


_VERDICTS = st.sampled_from([Verdict.APPROVE, Verdict.ABSTAIN, Verdict.REQUEST_CHANGES, Verdict.REJECT])
_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cyd", "dan"]),
        st.sampled_from([Function.LEGAL, Function.PRIVACY, Function.ETHICS]),
        _VERDICTS,
    ),
    max_size=14,
)


@given(_ACTS)
def test_whatever_people_do_an_approval_rests_on_distinct_people_and_no_objection(
    acts: list[tuple[str, Function, Verdict]],
) -> None:
    review = Review(legal=1, privacy=2)
    for person, function, verdict in acts:
        try:
            review.decide(person, function, verdict)
        except (Refused, Conflict):
            continue
    newest = {(d.person, d.function): d.verdict for d in review.state.decisions}
    consenting = {key for key, verdict in newest.items() if verdict is Verdict.APPROVE}
    legal = {person for person, function in consenting if function == Function.LEGAL}
    privacy = {person for person, function in consenting if function == Function.PRIVACY}
    objections = {Verdict.REJECT, Verdict.REQUEST_CHANGES} & set(newest.values())
    enough = len(legal) >= 1 and len(privacy) >= 2 and not legal & privacy
    assert review.state.is_approved == (enough and not objections)


@given(_ACTS)
def test_a_review_that_ended_never_changes_again(acts: list[tuple[str, Function, Verdict]]) -> None:
    review = Review(legal=1)
    ended: ReviewStatus | None = None
    for person, function, verdict in acts:
        try:
            status = review.decide(person, function, verdict)
        except (Refused, Conflict):
            status = review.state.status
        assert ended is None or status is ended
        ended = ended or (None if status.is_open else status)
