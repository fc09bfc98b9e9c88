"""What the catalogues of other tools say tonight, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from governance_pipeline.catalog.readers import read_place
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.lineage import Reading
from governance_pipeline.vocabulary.night import PlaceRead


@dataclass(frozen=True, slots=True)
class PlacesRead:
    """What the places of governance.yaml say.

    Attributes:
        readings: one for each place of governance.yaml, in its order.
        problems: by place, why it could not be read; its reading is then that of the night before.
    """

    readings: Sequence[Reading] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    def told(self, night: date) -> Iterator[PlaceRead]:
        """What the night says about each place."""
        read = {reading.by: reading for reading in self.readings}
        for by in dict.fromkeys((*read, *self.problems)):
            found = read.get(by, Reading(by))
            yield PlaceRead(
                night, by, len(found.edges), len(found.nodes), found.not_understood, self.problems.get(by)
            )


def read_places(services: Services, night: date) -> PlacesRead:
    """Read every place. One that cannot be read costs the night nothing but its news: what the last
    recorded night knew from it stays in the graph.
    """
    project = services.project
    around = surroundings(project, night_end(project, night), services.environ)
    readings: dict[str, Reading] = {}
    problems: dict[str, str] = {}
    for place in project.settings.catalog:
        try:
            readings[place.by] = read_place(place, around)
        except GovernanceError as error:
            problems[place.by] = str(error)
    if problems:
        recorded = recorded_places(services.store, project, night - timedelta(days=1)).readings
        readings |= {reading.by: reading for reading in recorded if reading.by in problems}
    ordered = [readings[place.by] for place in project.settings.catalog if place.by in readings]
    return PlacesRead(tuple(ordered), problems)


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
