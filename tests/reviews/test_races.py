"""Sixteen clients act on one review at the same moment: it ends once, and who is late is told so.

``GOVERNANCE_RACES`` is how many races each store runs; 200 by default.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import Conflict, Refused
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.reviews import acts, service
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.service import Table
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import MODEL, NIGHT
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import (
    Milestone,
    MilestoneKind,
    ReviewAct,
    ReviewEvent,
    ReviewStatus,
    Verdict,
)
from tests.reviews.panel import AT, EVIDENCE, HOLDER, VERSION, panel_project

RACES = int(os.environ.get("GOVERNANCE_RACES", "200"))
NOW = AT + timedelta(days=1)
LATER = AT + timedelta(days=61)

Client = Callable[[Table, str], object]


def _decides(person: str, function: Function, verdict: Verdict) -> Client:
    return lambda table, review: service.decide(
        table, review, person=person, function=function,
        verdict=verdict, reason="Read.",
    )  # fmt: skip


def _expires(table: Table, review: str) -> object:
    late = replace(table, now=LATER)
    return late.act(review, lambda circle: acts.expiring(circle.state, at=LATER))


def _supersedes(table: Table, review: str) -> object:
    return table.act(review, lambda circle: acts.superseding(circle.state, "REV-9", at=NOW))


def _demotes(table: Table, review: str) -> object:
    """Another process knows that ``pia`` holds nothing any more: its comment lets her decision fall."""
    return service.comment(
        replace(table, project=_without_pia(table.project)), review, person="ste", text="So."
    )


def _without_pia(project: Project) -> Project:
    people = tuple(
        person.model_copy(update={"functions": ()}) if person.id == "pia" else person
        for person in project.charter.people
    )
    return replace(project, charter=project.charter.model_copy(update={"people": people}))


CLIENTS: Sequence[Client] = (
    *[_decides("pax", Function.PRIVACY, Verdict.APPROVE)] * 3,  # the same person's double click
    *[_decides("pip", Function.PRIVACY, Verdict.APPROVE)] * 2,
    _decides("pop", Function.PRIVACY, Verdict.REJECT),
    _decides("leo", Function.LEGAL, Verdict.REJECT),
    _decides("leo", Function.LEGAL, Verdict.APPROVE),
    _decides("pia", Function.PRIVACY, Verdict.APPROVE),
    *[lambda t, r: service.withdraw(t, r, person="own", reason="Back.")] * 2,
    *[_expires] * 2,
    _supersedes,
    *[_demotes] * 2,
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Table]]:
    """A table for each client, with a connection of its own."""
    sqlite = f"sqlite:///{tmp_path}/store.db"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_store_url")
    stores: list[Store] = [open_store(url) for _ in CLIENTS]
    project = panel_project(tmp_path)
    with stores[0].begin() as unit:
        unit.versions.put(VERSION)
    graph = build_graph(project, [VERSION])
    yield [Table(project, store, graph, NOW) for store in stores]
    for store in stores:
        store.close()


def open_review(store: Store, review: str, *, decided: bool = True) -> None:
    """A review that two more words would end: legal and one person of privacy have approved."""
    events = [
        acts.opening(
            review, at=AT, required={Function.LEGAL: 1, Function.PRIVACY: 2}, evidence=EVIDENCE, model=MODEL,
            version="2", due_days=10, valid_days=365, open_days=60,
        )
    ]  # fmt: skip
    for person, function in (("leo", Function.LEGAL), ("pia", Function.PRIVACY)) if decided else ():
        events.append(
            acts.deciding(fold(events), at=AT, roles=HOLDER, person=person, function=function,
                          verdict=Verdict.APPROVE, reason="Read.")
        )  # fmt: skip
    with store.begin() as unit:
        milestone = Milestone(review, MilestoneKind.NEW_VERSION, NIGHT, MODEL, "2", "A version came.")
        unit.reviews.open(milestone, review, events[0])
        for event in events[1:]:
            unit.reviews.append(event)


def endings(events: Sequence[ReviewEvent]) -> int:
    """How often the review went from open to ended."""
    states = [fold(events[:place]) for place in range(1, len(events) + 1)]
    return sum(a.status.is_open and not b.status.is_open for a, b in pairwise(states))


def test_whatever_meets_a_review_ends_once_and_the_late_get_a_conflict(tables: list[Table]):
    barrier = threading.Barrier(len(CLIENTS))
    outcomes: Counter[str] = Counter()
    ended: Counter[str] = Counter()

    def run(client: int, review: str) -> str:
        barrier.wait()
        try:
            CLIENTS[client](tables[client], review)
        except Conflict:
            return "conflict"
        except Refused as refused:
            return refused.message.partition(" ")[0]
        return "done"

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        for number in range(RACES):
            review = f"REV-{number}"
            open_review(tables[0].store, review)
            turn = number % len(CLIENTS)  # so that nobody is always the first to be let go
            order = [*range(turn, len(CLIENTS)), *range(turn)]
            outcomes.update(pool.map(run, order, [review] * len(order)))
            with tables[0].store.begin() as unit:
                events = list(unit.reviews.events(review))
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            assert endings(events) == 1, [(event.act, event.actor) for event in events]
            state = fold(events)
            end = next(n for n in range(1, len(events) + 1) if not fold(events[:n]).status.is_open)
            said_too_late = [event.act for event in events[end:] if event.act is not ReviewAct.COMMENTED]
            assert said_too_late == []  # whoever was told that it is done has changed something
            ended[state.status] += 1
            if state.is_approved:
                newest = {d.person for d in state.standing.values() if d.verdict.consents}
                assert len(newest) >= 3
                assert ("pia", "privacy") not in state.fallen or "pia" not in newest
    assert set(outcomes) <= {"done", "conflict", "Pia"}  # Pia's right falls while she clicks
    assert outcomes["conflict"] > RACES
    assert len(ended) > 1, ended
    print(f"{RACES} races: {dict(outcomes)}, ended {dict(ended)}")  # noqa: T201 - the figure of the page


def test_people_of_two_functions_who_decide_at_once_all_count(tables: list[Table]):
    """Nobody is told that somebody was first: their acts do not exclude each other."""
    deciders = (("leo", Function.LEGAL), ("pax", Function.PRIVACY), ("pip", Function.PRIVACY))
    for number in range(20):
        review = f"REV-{number}"
        open_review(tables[0].store, review, decided=False)
        barrier = threading.Barrier(len(deciders))

        def decide(who: int, review: str = review, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            _decides(*deciders[who], Verdict.APPROVE)(tables[who], review)

        with ThreadPoolExecutor(len(deciders)) as pool:
            list(pool.map(decide, range(len(deciders))))
        with tables[0].store.begin() as unit:
            assert fold(unit.reviews.events(review)).status is ReviewStatus.APPROVED


def test_evidence_that_comes_between_is_a_conflict(tables: list[Table]):
    open_review(tables[0].store, "REV-1")
    with pytest.raises(Conflict, match="has changed since you saw it"):
        service.decide(
            tables[0], "REV-1", person="pax",
            function=Function.PRIVACY, verdict=Verdict.APPROVE, reason="Read.", evidence="sha256:old",
        )  # fmt: skip
