"""People and nights do whatever comes to their minds to one review; what must hold, holds after each act."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.reviews import acts, service
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.interests import interests
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import OWN_WORK
from governance_pipeline.reviews.service import Table
from governance_pipeline.reviews.upkeep import Seen, upkeep
from governance_pipeline.store.open import open_store
from governance_pipeline.testing import MODEL
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewEvent, ReviewStatus, Verdict
from tests.reviews.panel import AT, EVIDENCE, PEOPLE, VERSION, Panel, panel_project

WHO = st.sampled_from(sorted(PEOPLE))
FUNCTION = st.sampled_from([Function.PRIVACY, Function.LEGAL, Function.SECURITY])
NEEDED = {Function.LEGAL: 1, Function.PRIVACY: 2}
ENDED = set(ReviewStatus) - {ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED}


class Reviewing(RuleBasedStateMachine):
    """Acts are tried with the program's own service; most are refused, which is as it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        project = panel_project(self.folder)
        store = open_store("memory://")
        with store.begin() as unit:
            unit.versions.put(VERSION)
        self.panel = Panel(project, store, build_graph(project, [VERSION]))
        self.now: datetime = AT + timedelta(days=1)
        self.findings = list(EVIDENCE.findings)
        self.review = self.panel.make(ReviewStatus.IN_REVIEW)
        self.tied = interests(project, self.panel.graph, MODEL, VERSION, AT.date())

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @property
    def table(self) -> Table:
        return self.panel.table(self.now)

    @property
    def events(self) -> list[ReviewEvent]:
        with self.panel.store.begin() as unit:
            return list(unit.reviews.events(self.review))

    @property
    def state(self) -> ReviewState:
        return fold(self.events)

    def attempt(self, act: Any, **more: Any) -> None:
        before = self.events
        try:
            act(self.table, self.review, **more)
        except GovernanceError:
            assert [e for e in self.events if e not in before and e.act != "fell"] == []

    # --- people ---------------------------------------------------------------------------------------

    @rule(who=WHO, function=FUNCTION, verdict=st.sampled_from(Verdict))
    def decide(self, who: str, function: Function, verdict: Verdict) -> None:
        said = ("Do it @con by 2026-04-01",) if verdict is Verdict.APPROVE_WITH_CONDITIONS else ()
        self.attempt(
            lambda table, review: service.decide(
                table, review, person=who, function=function,
                verdict=verdict, reason="Read.", conditions=said,
            )
        )  # fmt: skip

    @rule(who=st.sampled_from(["pia", "pax", "pip", "pop", "dee"]))
    def approve_privacy(self, who: str) -> None:
        self.decide(who, Function.PRIVACY, Verdict.APPROVE)

    @rule()
    def approve_legal(self) -> None:
        self.decide("leo", Function.LEGAL, Verdict.APPROVE)

    @rule(who=WHO, function=FUNCTION)
    def recuse(self, who: str, function: Function) -> None:
        self.attempt(service.recuse, person=who, function=function, reason="Mine.")

    @rule(who=WHO, to=WHO, days=st.integers(0, 5))
    def delegate(self, who: str, to: str, days: int) -> None:
        until = self.now.date() + timedelta(days=days)
        self.attempt(service.delegate, person=who, function=Function.PRIVACY, to=to, until=until)

    @rule(who=WHO, verb=st.sampled_from([service.withdraw, service.revoke, service.reopen]))
    def end_or_begin(self, who: str, verb: Any) -> None:
        self.attempt(verb, person=who, reason="Because.")

    @rule(who=WHO)
    def comment(self, who: str) -> None:
        self.attempt(service.comment, person=who, text="Well.")

    # --- the world --------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 12))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(who=st.sampled_from(["pia", "pax", "pip", "leo"]))
    def demote(self, who: str) -> None:
        self._edit(who, functions=())

    @rule(who=st.sampled_from(["pia", "pax", "pip", "leo"]))
    def leave(self, who: str) -> None:
        self._edit(who, until=self.now.date() - timedelta(days=1))

    def _edit(self, who: str, **changes: Any) -> None:
        charter = self.panel.project.charter
        people = tuple(p.model_copy(update=changes) if p.id == who else p for p in charter.people)
        changed = charter.model_copy(update={"people": people})
        self.panel.project = replace(self.panel.project, charter=changed)

    @rule(fresh=st.booleans())
    def night(self, fresh: bool) -> None:
        if fresh:
            self.findings.append(("dataset:a.b", "drift", str(len(self.findings))))
        evidence = Evidence("sha256:m", "sha256:s", "sha256:p", tuple(self.findings))
        circle = Circle(self.panel.project, self.state, self.tied, self.now.date())
        policy = self.panel.project.playbook.reviews
        with self.panel.store.begin() as unit:
            for event in upkeep(Seen(circle, evidence, NEEDED, (), policy, self.now)):
                service.append_late(unit, event)

    @rule()
    @precondition(lambda self: self.state.status_at(self.now).is_open)
    def supersede(self) -> None:
        event = acts.superseding(self.state, "REV-9", at=self.now)
        with self.panel.store.begin() as unit:
            unit.reviews.append(event)

    # --- what must hold -----------------------------------------------------------------------------------

    @invariant()
    def the_events_are_numbered_one_by_one(self) -> None:
        assert [event.sequence for event in self.events] == list(range(1, len(self.events) + 1))

    @invariant()
    def an_approval_rests_on_distinct_people_of_each_function_on_the_present_evidence(self) -> None:
        state = self.state
        if not state.is_approved:
            return
        newest = {(d.person, d.function): d for d in state.decisions}
        consenting = [d for d in newest.values() if d.verdict.consents]
        assert {d.evidence for d in consenting} == {state.evidence.digest}
        counted = Counter(d.function for d in consenting)
        assert all(counted[function] >= people for function, people in state.required.items())
        principals = [d.on_behalf or d.person for d in consenting]
        enough = sum(state.required.values())
        assert len(set(principals)) >= enough
        assert len({d.person for d in consenting}) >= enough
        assert not any(d.verdict in (Verdict.REJECT, Verdict.REQUEST_CHANGES) for d in newest.values())

    @invariant()
    def nobody_decides_own_work(self) -> None:
        tied = {person for person, ties in self.tied.items() if OWN_WORK & ties.keys()}
        assert tied >= {"own", "inp", "tra", "reg"}
        assert not tied & {d.person for d in (*self.state.decisions, *self.state.void)}

    @invariant()
    def a_round_ends_once_and_stays_as_it_ended(self) -> None:
        """Of what a round ends with only the next word can be revoked or expired, once."""
        events, ends = self.events, list[ReviewStatus]()
        for place in range(1, len(events) + 1):
            status, act = fold(events[:place]).status, events[place - 1].act
            if act in ("reopened", "evidence_attached", "opened"):
                ends.clear()
            if status in ENDED and (not ends or ends[-1] is not status):
                ends.append(status)
            if ends and act not in ("reopened", "evidence_attached", "opened"):
                assert status in ENDED
            assert ends[:1] in ([], *[[one] for one in ENDED])
            assert len(ends) <= 2
            if len(ends) == 2:
                assert ends[0].is_approval
                assert ends[1] in (ReviewStatus.REVOKED, ReviewStatus.EXPIRED)

    @invariant()
    def after_an_act_no_open_decision_is_left_of_somebody_who_may_not(self) -> None:
        """Whatever the charter says by now: the next act, and the next night, let such a decision fall."""
        state = self.state
        if not state.status_at(self.now).is_open:
            return
        circle = Circle(self.panel.project, state, self.tied, self.now.date())
        fallen = circle.fallen()
        if fallen:
            kept = fold([*self.events, acts.falling(state, fallen, at=self.now)])
            assert not kept.is_approved
            assert Circle(self.panel.project, kept, self.tied, self.now.date()).fallen() == []


Reviewing.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestReviewing = Reviewing.TestCase
