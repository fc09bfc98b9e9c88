"""Every cell of role, action and state: the table says it, the service obeys it, on both stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.errors import Conflict, NotFound, Refused
from governance_pipeline.reviews import acts, service
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.interests import find_ties
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import Action, Role, allowed, barred, cells, require
from governance_pipeline.reviews.service import Table
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import MODEL
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewEvent, ReviewStatus, Verdict, Why
from tests.reviews.panel import AT, CONDITION, VERSION, Panel, a_panel

DRAWN = Path(__file__).with_name("rights.txt")
NEWER = Evidence("sha256:m", "sha256:s", "sha256:p", (("dataset:a.b", "drift", "y"),))

WHO: Mapping[Role, str] = {
    Role.HOLDER: "pia", Role.DELEGATE: "dee", Role.STAND_IN: "stan", Role.OTHER_HOLDER: "sec",
    Role.MEMBER: "mem", Role.STEWARD: "ste", Role.CONDITION_OWNER: "con", Role.MODEL_OWNER: "own",
    Role.INPUT_OWNER: "inp", Role.AUTHOR: "aut", Role.TRAINER: "tra", Role.REGISTRAR: "reg",
    Role.RECUSED: "rec", Role.DECIDED_OTHERWISE: "dec", Role.FALLEN: "fal", Role.ABSENT: "abs",
    Role.STRANGER: "nobody",
}  # fmt: skip
"""Somebody for each role; from the model's owner on they hold the function too: only that role stops them."""

FOR_FUNCTION = {*map(Action, Verdict), Action.RECUSE, Action.DELEGATE, Action.WAIVE}
NIGHTS = {
    Action.ATTACH_EVIDENCE, Action.REMIND, Action.ESCALATE, Action.FALL, Action.EXPIRE, Action.SUPERSEDE,
}  # fmt: skip


def drawn() -> str:
    """The table as a picture: a block per action, a line per role, a column per state."""
    states = [status.value for status in ReviewStatus]
    lines = ["+ allowed, . refused; columns: " + " ".join(states)]
    found = {(role, action, status): yes for role, action, status, yes in cells()}
    for action in Action:
        lines.append(f"\n{action}")
        for role in Role:
            marks = "".join("+" if found[role, action, status] else "." for status in ReviewStatus)
            lines.append(f"  {role:18} {marks}")
    return "\n".join(lines) + "\n"


def test_the_table_is_the_one_that_was_agreed():
    assert drawn() == DRAWN.read_text(), "if the change is meant: write drawn() to tests/reviews/rights.txt"


def test_the_table_has_more_than_a_thousand_cells_and_denies_by_default():
    found = list(cells())
    assert len(found) == len(Role) * len(Action) * len(ReviewStatus) >= 1000
    assert sum(yes for *_, yes in found) < len(found) / 5
    assert not any(yes for role, *_, yes in found if role in (Role.STRANGER, Role.ABSENT))


def test_nobody_but_the_night_does_what_the_night_does():
    assert {role for role, action, _, yes in cells() if yes and action in NIGHTS} == {Role.NIGHTLY}


@pytest.fixture(params=("sqlite", pytest.param("postgres", marks=pytest.mark.postgres)))
def panel(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    urls: Mapping[str, Callable[[], str]] = {
        "sqlite": lambda: f"sqlite:///{tmp_path}/store.db",
        "postgres": lambda: request.getfixturevalue("postgres_store_url"),
    }
    store: Store = open_store(urls[request.param]())
    made = a_panel(tmp_path, store)
    ties = find_ties(made.project, made.graph, MODEL, VERSION, AT.date())
    ties.add("aut", Role.AUTHOR, "they wrote it")
    monkeypatch.setattr(service, "find_ties", lambda *_: ties)  # the same in thousands of cells
    yield made
    store.close()


def attempt(table: Table, review: str, role: Role, action: Action) -> None:
    """Do ``action`` as the person of ``role``, the way the program does it."""
    who = WHO.get(role, "")
    if role is Role.NIGHTLY:
        table.act(review, lambda circle: _as_the_night(circle, action, table))
    elif action in NIGHTS:  # no verb offers it to people; the table refuses it all the same
        person = table.person(who)
        table.act(review, lambda circle: _asked(circle, circle.roles(person), action, table))
    else:
        _PERSONS[action](table, review, who)


def _as_the_night(circle: Circle, action: Action, table: Table) -> ReviewEvent:
    state, at = circle.state, table.now
    makers: Mapping[Action, Callable[[], ReviewEvent]] = {
        Action.ATTACH_EVIDENCE: lambda: acts.attaching(state, NEWER, at=at),
        Action.REMIND: lambda: acts.reminding(state, ["pia"], at=at),
        Action.ESCALATE: lambda: acts.escalating(state, 2, [], [], at=at),
        Action.FALL: lambda: acts.falling(state, [("pia", "privacy")], at=at),
        Action.EXPIRE: lambda: acts.expiring(state, at=at),
        Action.SUPERSEDE: lambda: acts.superseding(state, "REV-9", at=at),
        Action.REVOKE: lambda: acts.revoking(state, at=at, reason="Broken.", why=Why.BROKEN_CONDITION),
        Action.REOPEN: lambda: acts.reopening(
            state, at=at, reason="Changed.", required=state.required, evidence=NEWER, due_days=1, open_days=9
        ),
    }
    if action in makers:
        return makers[action]()
    return _asked(circle, {Role.NIGHTLY: ""}, action, table)


def _asked(circle: Circle, roles: Mapping[Role, str], action: Action, table: Table) -> ReviewEvent:
    require(roles, action, circle.state.status_at(table.now), "they", circle.state.id)
    raise AssertionError("nobody offers this act")


def _decide(verdict: Verdict) -> Callable[[Table, str, str], object]:
    conditions = ("Do it @con by 2026-04-01",) if verdict is Verdict.APPROVE_WITH_CONDITIONS else ()
    return lambda table, review, who: service.decide(
        table, review, person=who, function=Function.PRIVACY,
        verdict=verdict, reason="Read.", conditions=conditions,
    )  # fmt: skip


def _waive(table: Table, review: str, who: str) -> None:
    person = table.person(who)
    table.act(
        review,
        lambda circle: acts.waiving(
            circle.state, at=table.now, roles=circle.roles(person, Function.PRIVACY), person=who,
            function=Function.PRIVACY, key=("dataset:a.b", "drift", "x"), clause="P-1",
            needed={Function.PRIVACY: 1}, control="Watched daily.", until=AT.date(), reason="Known.",
        ),
    )  # fmt: skip


_PERSONS: Mapping[Action, Callable[[Table, str, str], object]] = {
    **{Action(verdict): _decide(verdict) for verdict in Verdict},
    Action.COMMENT: lambda t, r, who: service.comment(t, r, person=who, text="Well."),
    Action.RECUSE: lambda t, r, who: service.recuse(
        t, r, person=who, function=Function.PRIVACY, reason="Mine."
    ),
    Action.DELEGATE: lambda t, r, who: service.delegate(
        t, r, person=who, function=Function.PRIVACY, to="spare", until=t.today
    ),
    Action.WAIVE: _waive,
    Action.FULFIL: lambda t, r, who: service.fulfil(t, r, person=who, condition=1, note="Done."),
    Action.ASSESS: lambda t, r, who: t.act(
        r,
        lambda circle: acts.assessing(
            circle.state,
            at=t.now,
            roles=circle.roles(t.person(who)),
            person=who,
            questionnaire="bias",
            digest="sha256:q",
            answers={"groups": "All."},
            inputs={},
        ),
    ),
    Action.WITHDRAW: lambda t, r, who: service.withdraw(t, r, person=who, reason="Back."),
    Action.REVOKE: lambda t, r, who: service.revoke(t, r, person=who, reason="Wrong."),
    Action.REOPEN: lambda t, r, who: service.reopen(t, r, person=who, reason="Again."),
}


@pytest.mark.parametrize("status", list(ReviewStatus))
def test_the_service_does_what_the_table_says_in_every_cell(panel: Panel, status: ReviewStatus):
    review = panel.make(status)
    before = panel.state(review)
    tried = 0
    for role in Role:
        for action in Action:
            tried += 1
            late = timedelta(days=100) if action is Action.EXPIRE else timedelta(days=1)
            table = panel.table(AT + late)
            roles = _roles(panel, before, role, action)
            if allowed(roles, action, status):
                attempt(table, review, role, action)
                assert panel.state(review).sequence > before.sequence, (role, action)
                review = panel.make(status)
                before = panel.state(review)
                continue
            with pytest.raises((Refused, NotFound)) as raised:
                attempt(table, review, role, action)
            assert panel.state(review) == before, (role, action)
            somebody = {other for other in Role if allowed({other}, action, status)}
            if not somebody and role not in (Role.ABSENT, Role.STRANGER) and not _is_stopped(roles, action):
                assert isinstance(raised.value, Conflict), (role, action)
    assert tried == len(Role) * len(Action)


def _roles(panel: Panel, state: ReviewState, role: Role, action: Action) -> set[Role]:
    """All that the person of ``role`` is to the review; ``role`` is among it wherever it can be."""
    if role in (Role.NIGHTLY, Role.STRANGER):
        return {role}
    table = panel.table()
    circle = Circle(panel.project, state, service.find_ties(*[None] * 5).people, table.today)
    function = Function.PRIVACY if action in FOR_FUNCTION else None
    found = set(circle.roles(table.person(WHO[role]), function))
    holds_still = role is not Role.CONDITION_OWNER or CONDITION in circle.state.conditions
    by_function = {Role.DELEGATE, Role.STAND_IN, Role.DECIDED_OTHERWISE, Role.FALLEN}
    if holds_still and (function or role not in by_function) and not _reset(circle, role):
        assert role in found, (role, action)
    return found


def _reset(circle: Circle, role: Role) -> bool:
    """Whether a decision that made the role is void by now."""
    return role is Role.DECIDED_OTHERWISE and not circle.state.decisions


def _is_stopped(roles: set[Role], action: Action) -> bool:
    return bool(roles & barred(action))
