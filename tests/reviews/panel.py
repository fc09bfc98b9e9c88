"""A review with one person for each thing that somebody can be to it, built from events alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import Role
from governance_pipeline.reviews.service import Table
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import MODEL, NIGHT, a_charter, a_small_project, a_version
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import (
    Condition,
    Milestone,
    MilestoneKind,
    ReviewAct,
    ReviewEvent,
    ReviewStatus,
    Verdict,
    Why,
)

AT = datetime(2026, 3, 5, 7, tzinfo=UTC)
EVIDENCE = Evidence("sha256:m", "sha256:s", "sha256:p", (("dataset:a.b", "drift", "x"),))
HOLDER = {Role.HOLDER: ""}
VERSION = a_version(version="2", trained_by="tra", registered_by="reg")
CONDITION = Condition("Train without the column", owner="con", due=date(2026, 4, 1))

PEOPLE: Mapping[str, list[str]] = {
    "pia": ["privacy"], "pax": ["privacy"], "pip": ["privacy"], "pop": ["privacy"], "leo": ["legal"],
    "dee": [], "stan": [], "sec": ["security"], "mem": [], "spare": [], "ste": [], "con": [],
    "own": ["privacy"], "inp": ["privacy"], "aut": ["privacy"], "tra": ["privacy"], "reg": ["privacy"],
    "rec": ["privacy"], "dec": ["privacy", "legal"], "fal": ["privacy"], "abs": ["privacy"],
}  # fmt: skip


def panel_project(root: Path, **changes: Any) -> Project:
    """The small project with these people: ``own`` owns the model, ``inp`` its data."""
    charter = a_charter(
        steward="ste",
        alert_channels=["log"],
        people=[
            {"id": name, "name": name.title(), "mail": f"{name}@example.org", "functions": held,
             "until": "2026-03-04" if name == "abs" else None}
            for name, held in PEOPLE.items()
        ],
        teams=[{"id": "data-team", "name": "Data team", "members": ["inp"]}],
    )  # fmt: skip
    project = a_small_project(root, charter=charter)
    contracts = {name: replace(one, owner="data-team") for name, one in project.contracts.items()}
    models = {name: one.model_copy(update={"owner": "own"}) for name, one in project.models.items()}
    return replace(project, contracts=contracts, models=models, **changes)


@dataclass
class Panel:
    """Makes reviews in any status in a store, and the table that people act at."""

    project: Project
    store: Store
    graph: LineageGraph
    made: int = 0

    def table(self, now: datetime = AT + timedelta(days=1)) -> Table:
        return Table(self.project, self.store, self.graph, now)

    def make(self, status: ReviewStatus) -> str:
        """A new review in that status; its id."""
        self.made += 1
        review = f"REV-{status}-{self.made}"
        milestone = Milestone(review, MilestoneKind.NEW_VERSION, NIGHT, MODEL, "2", "A version came.")
        with self.store.begin() as unit:
            first, *rest = events(status, review)
            unit.reviews.open(milestone, review, first)
            for event in rest:
                unit.reviews.append(event)
        return review

    def state(self, review: str) -> ReviewState:
        with self.store.begin() as unit:
            return fold(unit.reviews.events(review))


def a_panel(root: Path, store: Store) -> Panel:
    """The panel's project with version 2 known to ``store``."""
    with store.begin() as unit:
        unit.versions.put(VERSION)
    project = panel_project(root)
    return Panel(project, store, build_graph(project, [VERSION]))


def events(status: ReviewStatus, review: str = "REV-1") -> list[ReviewEvent]:
    """The events of a review in ``status`` in which every role is taken."""
    found = [
        acts.opening(
            review,
            at=AT,
            required={Function.LEGAL: 1, Function.PRIVACY: 2},
            evidence=EVIDENCE,
            model=MODEL,
            version="2",
            due_days=10,
            valid_days=30,
            open_days=60,
        )
    ]
    add = _adder(found)
    day = AT.date()
    add(acts.delegating, roles=HOLDER, person="pax", function=Function.PRIVACY, to="dee", since=day,
        until=day + timedelta(days=90))  # fmt: skip
    add(acts.recusing, roles=HOLDER, person="rec", reason="A relative built it.")
    _decide(add, "dec", Function.LEGAL, Verdict.ABSTAIN)
    add(lambda state, at: acts.falling(state, [("fal", "privacy")], at=at))
    add(lambda state, at: acts.escalating(state, 1, [("stan", "privacy")], ["ste"], at=at))
    for step in _STEPS[status]:
        step(add)
    assert fold(found).status is status
    return found


def _adder(found: list[ReviewEvent]) -> Callable[..., None]:
    def add(make: Callable[..., ReviewEvent], **more: Any) -> None:
        found.append(make(fold(found), at=AT + timedelta(minutes=len(found)), **more))

    return add


def _decide(add: Callable[..., None], person: str, function: Function, verdict: Verdict, **more: Any) -> None:
    add(
        acts.deciding, roles=HOLDER, person=person, function=function, verdict=verdict, reason="Read.", **more
    )


def _approved(add: Callable[..., None], *conditions: Condition) -> None:
    verdict = Verdict.APPROVE_WITH_CONDITIONS if conditions else Verdict.APPROVE
    _decide(add, "leo", Function.LEGAL, verdict, conditions=conditions)
    _decide(add, "pip", Function.PRIVACY, Verdict.APPROVE)
    _decide(add, "pop", Function.PRIVACY, Verdict.APPROVE)


def _expired(add: Callable[..., None]) -> None:
    def make(state: ReviewState, at: datetime) -> ReviewEvent:
        return ReviewEvent(state.id, state.sequence + 1, ReviewAct.EXPIRED, at, "nightly", {"reason": "late"})

    add(make)


_STEPS: Mapping[ReviewStatus, tuple[Callable[..., None], ...]] = {
    ReviewStatus.IN_REVIEW: (),
    ReviewStatus.CHANGES_REQUESTED: (
        lambda add: _decide(add, "leo", Function.LEGAL, Verdict.REQUEST_CHANGES),
    ),
    ReviewStatus.APPROVED: (_approved,),
    ReviewStatus.APPROVED_WITH_CONDITIONS: (lambda add: _approved(add, CONDITION),),
    ReviewStatus.REJECTED: (lambda add: _decide(add, "leo", Function.LEGAL, Verdict.REJECT),),
    ReviewStatus.WITHDRAWN: (
        lambda add: add(acts.withdrawing, roles={Role.STEWARD: ""}, person="ste", reason="No."),
    ),
    ReviewStatus.SUPERSEDED: (lambda add: add(lambda state, at: acts.superseding(state, "REV-9", at=at)),),
    ReviewStatus.EXPIRED: (_expired,),
    ReviewStatus.REVOKED: (
        _approved,
        lambda add: add(acts.revoking, reason="No more.", why=Why.BY_HAND),
    ),
}
