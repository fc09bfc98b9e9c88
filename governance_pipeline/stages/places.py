"""What the catalogues of other tools say tonight, place by place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from governance_pipeline.catalog.readers import read_place, state_of
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.lineage import Reading
from governance_pipeline.vocabulary.night import PlaceRead


@dataclass(frozen=True, slots=True)
class PlacesRead:
    """What the places of governance.yaml say.

    Attributes:
        readings: one for each place of governance.yaml, in its order.
        problems: by place, why it could not be read; its reading is then that of the night before.
        states: by place that can tell it, what tells whether it says something else than before.
        unchanged: the places that were not read, because that is as it was on the night before.
    """

    readings: Sequence[Reading] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()

    def told(self, night: date) -> Iterator[PlaceRead]:
        """What the night says about each place."""
        read = {reading.by: reading for reading in self.readings}
        for by in dict.fromkeys((*read, *self.problems)):
            found = read.get(by, Reading(by))
            yield PlaceRead(
                night,
                by,
                len(found.edges),
                len(found.nodes),
                found.not_understood,
                self.problems.get(by),
                unchanged=by in self.unchanged,
            )


def read_places(services: Services, night: date) -> PlacesRead:
    """Read every place that is not as it was. One that cannot be read costs the night nothing but its news:
    what the last recorded night knew from it stays in the graph.
    """
    project = services.project
    around = surroundings(project, night_end(project, night), services.environ)
    readings: dict[str, Reading] = {}
    problems: dict[str, str] = {}
    states: dict[str, str] = {}
    then = _last_told(services.store, project, night)
    unchanged: dict[str, tuple[str, ...]] = {}
    for place in project.settings.catalog:
        try:
            states[place.by] = state_of(place, around)  # first: what changes meanwhile is read next night
            told = then.get(place.by)
            if told is None or not states[place.by] or told["state"] != states[place.by]:
                readings[place.by] = read_place(place, around)
            else:
                unchanged[place.by] = tuple(told["not_understood"])
        except GovernanceError as error:
            states.pop(place.by, None)
            problems[place.by] = str(error)
    if problems or unchanged:
        recorded = recorded_places(services.store, project, night - timedelta(days=1)).readings
        readings |= {
            reading.by: replace(reading, not_understood=unchanged.get(reading.by, ()))
            for reading in recorded
            if reading.by in problems or reading.by in unchanged
        }
    ordered = [readings[place.by] for place in project.settings.catalog if place.by in readings]
    return PlacesRead(tuple(ordered), problems, states, frozenset(unchanged))


def record_places(unit: Unit, night: date, places: PlacesRead) -> None:
    """Remember what tells whether a place says something else, with what was not understood of it."""
    for reading in places.readings:
        state = places.states.get(reading.by)
        if state:
            told = {"state": state, "not_understood": list(reading.not_understood)}
            unit.profiles.put(_stored_as(reading.by), night, told)


def _stored_as(by: str) -> str:
    """The name under which it is kept among the profiles; no dataset has a ``#``."""
    return f"place#{hashlib.sha256(by.encode()).hexdigest()}"


def _last_told(store: Store, project: Project, night: date) -> Mapping[str, Mapping[str, Any]]:
    """By place, what :func:`record_places` remembered on the night that the lineage known before ``night`` is
    of.
    """
    with store.reading() as unit:
        recorded = unit.nights.between(project.settings.schedule.start, night - timedelta(days=1))
        if not recorded:
            return {}
        found = {
            place.by: unit.profiles.get(_stored_as(place.by), recorded[-1].night)
            for place in project.settings.catalog
        }
    return {by: told for by, told in found.items() if told is not None}


def recorded_places(store: Store, project: Project, night: date) -> PlacesRead:
    """What the newest night recorded on or before ``night`` knew from the places of governance.yaml."""
    if not project.settings.catalog:
        return PlacesRead()
    with store.reading() as unit:
        edges, nodes = unit.lineage.of_night(night), unit.lineage.nodes_of_night(night)
    return PlacesRead(
        tuple(
            Reading(
                place.by,
                tuple(edge for edge in edges if edge.by == place.by),
                tuple(node for node in nodes if node.by == place.by),
            )
            for place in project.settings.catalog
        )
    )
