"""Any sequence of acts gives the same answers in memory as in a database.

The contract tests check what we thought of; here hypothesis thinks of the acts. Names and numbers are
few, so that acts meet: replaced, taken, unknown, out of order, in units that end well or do not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from governance_pipeline.errors import GovernanceError
from governance_pipeline.store.memory import InMemoryStore
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.store.sql import SqlStore
from governance_pipeline.store.tables import metadata
from governance_pipeline.vocabulary.incident import AlertStatus, IncidentStatus
from tests.store.examples import (
    BUREAU,
    INCOMES,
    MODEL,
    NOON,
    alert,
    edge,
    incident,
    incident_event,
    measurement,
    milestone,
    night_record,
    nights_after,
    node,
    review_event,
    risk,
    version,
)

few = st.integers(0, 2)
nights = few.map(nights_after)
names = st.sampled_from(["a", "B", "é", ""])
ids = st.sampled_from(["a", "é"])
poison = st.sampled_from(["a", "a", "a", "a", "a", "a", "\x00"])  # refused, seldom enough
entities = st.sampled_from([INCOMES, BUREAU, MODEL])
numbers = st.sampled_from([0.0, -0.0, 1.5, -1.5, 1e300, 5e-324, float("inf"), float("nan")])
instants = few.map(lambda count: NOON + timedelta(seconds=40 * count))


@st.composite
def measured(draw):
    night = draw(nights)
    found = draw(
        st.lists(
            st.builds(
                measurement,
                entities,
                names,
                night=st.sampled_from([night] * 9 + [nights_after(1)]),
                facet=names,
                value=numbers,
                sentence=poison,
                details=st.dictionaries(names, numbers, max_size=1),
            ),
            max_size=3,
        )
    )
    named = draw(st.lists(entities, max_size=2))
    return lambda unit: unit.measurements.replace(night, found, entities=named)


@st.composite
def scored(draw):
    night = draw(nights)
    found = draw(
        st.lists(st.builds(risk, entities, numbers, night=st.just(night), previous=numbers), max_size=3)
    )
    return lambda unit: unit.risks.replace(night, found)


@st.composite
def changed(draw):
    name, sequence = draw(ids), draw(few)
    state = draw(
        st.builds(
            incident, st.just(name), st.just(sequence), opened=nights, status=st.sampled_from(IncidentStatus)
        )
    )
    return lambda unit: unit.incidents.put(state, incident_event(name, sequence))


@st.composite
def queued(draw):
    one = draw(
        st.builds(
            alert, ids, night=nights, status=st.sampled_from(AlertStatus), not_before=st.none() | instants
        )
    )
    settle = draw(st.booleans())
    return lambda unit: unit.outbox.settle(one) if settle else unit.outbox.enqueue(one)


@st.composite
def polled(draw):
    now, limit = draw(instants), draw(st.integers(-1, 2))
    return lambda unit: unit.outbox.due(now, limit)


@st.composite
def reviewed(draw):
    name, known, sequence = draw(ids), draw(ids), draw(few)
    opened = milestone(known, night=draw(nights))
    opens = draw(st.booleans())
    event = review_event(name, sequence)
    return lambda unit: unit.reviews.open(opened, name, event) if opens else unit.reviews.append(event)


@st.composite
def found(draw):
    one = draw(
        st.builds(version, names, registered_at=instants, metrics=st.dictionaries(names, numbers, max_size=1))
    )
    return lambda unit: unit.versions.put(one)


@st.composite
def linked(draw):
    night = draw(nights)
    edges = draw(
        st.lists(st.builds(edge, entities, entities, transformation=names, evidence=names), max_size=3)
    )
    described = draw(st.lists(st.builds(node, entities, description=names, evidence=names), max_size=2))
    return lambda unit: unit.lineage.replace(night, edges, described)


@st.composite
def profiled(draw):
    name, night, number = draw(names), draw(nights), draw(numbers)
    if draw(st.booleans()):
        return lambda unit: unit.profiles.put(name, night, {"mean": number})
    if draw(st.booleans()):
        return lambda unit: unit.profiles.drop_baseline(name, "1")
    return lambda unit: unit.profiles.put_baseline(name, "1", {"mean": number})


@st.composite
def sealed(draw):
    record = night_record(draw(nights), received=draw(few))
    return lambda unit: unit.nights.seal(record)


acts = st.one_of(
    measured(), scored(), changed(), queued(), polled(), reviewed(), found(), linked(), profiled(), sealed()
)
units = st.lists(
    st.tuples(st.lists(acts, min_size=2, max_size=8), st.sampled_from([True, True, False])),
    min_size=2,
    max_size=6,
)


def outcome(act, unit: Unit) -> object:
    try:
        return act(unit)
    except GovernanceError as error:
        return type(error), str(error)


def answers(store: Store, script: list) -> list:
    """What each act gave, then everything that can be read."""
    given_back: list[object] = []
    for steps, succeeds in script:
        with contextlib.suppress(ZeroDivisionError), store.begin() as unit:
            given_back.extend(repr((act.__qualname__, outcome(act, unit))) for act in steps)
            if not succeeds:
                raise ZeroDivisionError
    with store.begin() as unit:
        given_back.extend(repr((act.__qualname__, outcome(act, unit))) for act in readings())
    return given_back


def readings():
    last = nights_after(2)
    yield lambda unit: (unit.nights.latest(), unit.nights.between(nights_after(1), last))
    yield lambda unit: (unit.incidents.list(), unit.incidents.list(open_only=True))
    yield lambda unit: (unit.outbox.list(), unit.outbox.list(night=last))
    yield lambda unit: (unit.reviews.list(), unit.versions.of_model("mortgage_approval"))
    for night in map(nights_after, range(3)):
        yield lambda unit, night=night: unit.measurements.of_night(night)
        yield lambda unit, night=night: unit.risks.of_night(night)
        yield lambda unit, night=night: (unit.lineage.held(night), unit.lineage.nodes_of_night(night))
    for entity in (INCOMES, BUREAU, MODEL):
        yield lambda unit, entity=entity: unit.measurements.history(entity, nights=2)
        yield lambda unit, entity=entity: unit.measurements.history(entity, last=nights_after(1))
        yield lambda unit, entity=entity: unit.risks.history(entity, nights=2)
    for name in ("a", "B", "é", "", "\x00"):
        yield lambda unit, name=name: (unit.incidents.get(name), unit.incidents.events(name))
        yield lambda unit, name=name: (unit.reviews.get(name), unit.reviews.events(name))
        yield lambda unit, name=name: unit.versions.get("mortgage_approval", name)
        yield lambda unit, name=name: unit.profiles.get(name, last)
        yield lambda unit, name=name: unit.profiles.latest_before(name, last)
        yield lambda unit, name=name: unit.profiles.get_baseline(name, "1")


@pytest.fixture
def database(database_url: str) -> Iterator[SqlStore]:
    opened = SqlStore(database_url)
    yield opened
    opened.close()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes; the first differing answer tells
)
@given(script=units)
def test_memory_and_database_give_the_same_answers(database: SqlStore, script: list):
    with database.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "ledger_entries":  # only ever appended to; its own tests are test_ledger.py
                connection.execute(delete(table))
    assert answers(database, script) == answers(InMemoryStore(), script)
