from __future__ import annotations

import pytest

from governance_pipeline.errors import Conflict
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from tests.store.examples import NIGHT, incident, incident_event, nights_after


def test_an_incident_and_its_events_come_back_as_they_were(store: Store):
    acknowledged = incident(
        sequence=2, status=IncidentStatus.ACKNOWLEDGED, root_incident=None, snoozed_until=nights_after(7)
    )
    second = incident_event(sequence=2, act=IncidentAct.ACKNOWLEDGED, actor="ana", night=None, details={})
    with store.begin() as unit:
        unit.incidents.put(incident(), incident_event())
        assert unit.incidents.get("INC-1") == incident()
        unit.incidents.put(acknowledged, second)
    with store.begin() as unit:
        assert unit.incidents.get("INC-1") == acknowledged
        assert unit.incidents.events("INC-1") == [incident_event(), second]


def test_an_unknown_incident_is_nothing(store: Store):
    with store.begin() as unit:
        assert unit.incidents.get("INC-9") is None
        assert unit.incidents.events("INC-9") == []
        assert unit.incidents.list() == []


def test_the_oldest_opening_comes_first_then_by_id(store: Store):
    opened = {"INC-3": NIGHT, "INC-1": nights_after(2), "INC-2": nights_after(2), "INC-4": nights_after(1)}
    with store.begin() as unit:
        for name, night in opened.items():
            unit.incidents.put(incident(name, opened=night), incident_event(name))
        assert [found.id for found in unit.incidents.list()] == ["INC-3", "INC-4", "INC-1", "INC-2"]


def test_open_incidents_are_all_but_the_resolved(store: Store):
    with store.begin() as unit:
        for place, status in enumerate(IncidentStatus):
            unit.incidents.put(incident(f"INC-{place}", status=status), incident_event(f"INC-{place}"))
        assert {found.status for found in unit.incidents.list(open_only=True)} == {
            IncidentStatus.OPEN,
            IncidentStatus.ACKNOWLEDGED,
            IncidentStatus.MITIGATED,
        }
        assert len(unit.incidents.list()) == 4


def test_a_taken_sequence_is_a_conflict_and_changes_nothing(store: Store):
    with store.begin() as unit:
        unit.incidents.put(incident(), incident_event())
    with store.begin() as unit, pytest.raises(Conflict, match="changed incident INC-1 first"):
        unit.incidents.put(incident(status=IncidentStatus.RESOLVED), incident_event(actor="ben"))
    with store.begin() as unit:
        assert unit.incidents.get("INC-1") == incident()
        assert unit.incidents.events("INC-1") == [incident_event()]


def test_a_unit_of_work_goes_on_after_a_conflict(store: Store):
    with store.begin() as unit:
        unit.incidents.put(incident(), incident_event())
        with pytest.raises(Conflict):
            unit.incidents.put(incident(), incident_event())
        unit.incidents.put(incident("INC-2"), incident_event("INC-2"))
    with store.begin() as unit:
        assert [found.id for found in unit.incidents.list()] == ["INC-1", "INC-2"]
