from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.errors import ChannelFailed, Conflict, NotFound, Refused
from governance_pipeline.response import service
from governance_pipeline.response.history import fold
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import a_charter
from governance_pipeline.vocabulary.incident import Incident, IncidentAct, IncidentStatus
from tests.response.nights import Story, at, day, found
from tests.response.projects import a_project
from tests.response.receivers import smtp_server, webhook

PROJECT = a_project()
NOW = at(day(1))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def an_incident(store: Store) -> Incident:
    (change,) = Story().run(day(1), [found("fail")])
    with store.begin() as unit:
        unit.incidents.put(change.incident, change.event)
    return change.incident


def stored(store: Store, incident: str) -> Incident:
    with store.begin() as unit:
        now = unit.incidents.get(incident)
        events = unit.incidents.events(incident)
    assert now is not None
    assert fold(events) is now.status
    return now


def test_people_take_an_incident_through_to_its_resolution(store: Store) -> None:
    incident = an_incident(store).id
    acts = [
        (service.acknowledge, {"note": "The vendor is called."}, IncidentStatus.ACKNOWLEDGED),
        (service.mitigate, {"note": "Scores are not used."}, IncidentStatus.MITIGATED),
        (service.resolve, {"note": "The feed is back."}, IncidentStatus.RESOLVED),
    ]
    for act, extra, status in acts:
        assert act(PROJECT, store, incident, person="ada", now=NOW, **extra).status is status
        assert stored(store, incident).status is status
    with store.begin() as unit:
        events = unit.incidents.events(incident)
    assert [(event.actor, event.act, event.note) for event in events[1:]] == [
        ("ada", IncidentAct.ACKNOWLEDGED, "The vendor is called."),
        ("ada", IncidentAct.MITIGATED, "Scores are not used."),
        ("ada", IncidentAct.RESOLVED, "The feed is back."),
    ]


def test_a_snooze_silences_and_keeps_the_status(store: Store) -> None:
    incident = an_incident(store).id
    until = NOW.date() + timedelta(days=3)
    snoozed = service.snooze(PROJECT, store, incident, person="ada", now=NOW, until=until)
    assert (snoozed.status, snoozed.snoozed_until) == (IncidentStatus.OPEN, until)
    assert stored(store, incident) == snoozed


@pytest.mark.parametrize("days", [-1, 91])
def test_a_snooze_is_for_days_to_come_and_not_for_ever(store: Store, days: int) -> None:
    incident = an_incident(store).id
    until = NOW.date() + timedelta(days=days)
    with pytest.raises(Refused, match="cannot be snoozed"):
        service.snooze(PROJECT, store, incident, person="ada", now=NOW, until=until)


def test_what_is_said_already_cannot_be_said_again(store: Store) -> None:
    incident = an_incident(store).id
    service.resolve(PROJECT, store, incident, person="ada", now=NOW, note="Fixed.")
    for act in (service.acknowledge, service.mitigate, service.resolve):
        with pytest.raises(Conflict, match="already resolved"):
            act(PROJECT, store, incident, person="ben", now=NOW, note="Me too.")
    with pytest.raises(Conflict):
        service.snooze(PROJECT, store, incident, person="ben", now=NOW, until=NOW.date())


@pytest.mark.parametrize("act", [service.mitigate, service.resolve])
@pytest.mark.parametrize("note", ["", " \n "])
def test_a_fix_needs_a_sentence(store: Store, act, note: str) -> None:
    incident = an_incident(store).id
    with pytest.raises(Refused, match="a note is needed"):
        act(PROJECT, store, incident, person="ada", now=NOW, note=note)


def test_an_incident_that_is_not_there_names_its_neighbours(store: Store) -> None:
    incident = an_incident(store).id
    mistyped = incident[:-1] + ("0" if incident[-1] != "0" else "1")
    with pytest.raises(NotFound) as caught:
        service.acknowledge(PROJECT, store, mistyped, person="ada", now=NOW)
    assert incident in caught.value.hint


def test_only_people_who_are_in_the_organisation_act(store: Store) -> None:
    incident = an_incident(store).id
    with pytest.raises(NotFound) as caught:
        service.acknowledge(PROJECT, store, incident, person="adda", now=NOW)
    assert "ada" in caught.value.hint
    people = [
        {"id": "sam", "name": "Sam Reyes", "mail": "sam@example.org"},
        {"id": "gil", "name": "Gil Bret", "mail": "gil@example.org", "until": "2026-03-04"},
    ]
    project = a_project(charter=a_charter(people=people, teams=[]))
    with pytest.raises(Refused, match="Gil Bret is not in the organisation on 2026-03-05"):
        service.acknowledge(project, store, incident, person="gil", now=NOW)
    assert stored(store, incident).sequence == 1


def test_of_two_people_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    first = open_store(url)
    incident = an_incident(first).id
    start = threading.Barrier(4)

    def take(person: str) -> str:
        own = open_store(url)
        start.wait()
        try:
            service.acknowledge(PROJECT, own, incident, person=person, now=NOW)
        except Conflict:
            return "conflict"
        finally:
            own.close()
        return "won"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, ["ada", "ben", "lea", "pia"])) == ["conflict"] * 3 + ["won"]
    assert stored(first, incident).sequence == 2
    first.close()


def test_a_test_message_goes_through_the_channel_at_once() -> None:
    with webhook() as hook, smtp_server() as mailbox:
        project = a_project(channels={"hook": {"url": "${HOOK}"}, "mail": {"url": mailbox.url}})
        service.send_test_alert(project, "hook", "data-team", environ={"HOOK": hook.url}, now=NOW)
        service.send_test_alert(project, "mail", "ada", environ={}, now=NOW)
    assert hook.taken[0]["title"] == "[lending] test message"
    assert mailbox.envelopes == [("governance@example.org", ["ada@example.org"])]


def test_a_test_message_that_was_not_taken_is_an_error() -> None:
    with webhook(500) as hook, pytest.raises(ChannelFailed, match="answered 500"):
        service.send_test_alert(a_project(channels={"hook": {"url": hook.url}}), "hook", "ada", environ={})


def test_a_test_message_to_nowhere_names_what_is_near() -> None:
    with pytest.raises(NotFound) as channel:
        service.send_test_alert(PROJECT, "mial", "ada")
    assert "mail" in channel.value.hint
    with pytest.raises(NotFound) as person:
        service.send_test_alert(PROJECT, "log", "data-taem")
    assert "data-team" in person.value.hint
