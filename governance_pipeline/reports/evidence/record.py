"""What a pack is made from: one model version as the record knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.reports.evidence.sealed import Sealed
from governance_pipeline.reviews.evidence import FindingKey
from governance_pipeline.reviews.gate import GateReport
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rollback import Readiness
from governance_pipeline.reviews.waivers import noted
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import Incident, IncidentEvent
from governance_pipeline.vocabulary.lineage import Node
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent, Waiver
from governance_pipeline.vocabulary.risk import RiskScore
from governance_pipeline.vocabulary.subjects import SubjectManifest


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review of the version, or of its model as a whole."""

    id: str
    milestone: Milestone
    state: ReviewState
    events: tuple[ReviewEvent, ...]


@dataclass(frozen=True, slots=True)
class Troubled:
    """An incident of the model or of what it is made from, and all that was done about it."""

    incident: Incident
    events: tuple[IncidentEvent, ...]


@dataclass(frozen=True, slots=True)
class Nightly:
    """What the last night that was sealed left.

    Attributes:
        seal: None before the first night; ``count`` how many nights were sealed.
        measured: of the model and all that it is made from, as it may be shown.
        histories: the same questions on earlier nights, by key.
        profiles: of the datasets, by name.
        manifest: whom the version has learned from; None where nobody counted.
    """

    seal: NightRecord | None
    count: int
    graph: LineageGraph
    nodes: tuple[Node, ...]
    measured: tuple[Measurement, ...]
    histories: Mapping[FindingKey, tuple[Measurement, ...]]
    risk: RiskScore | None
    profiles: Mapping[str, Profile]
    manifest: SubjectManifest | None


@dataclass(frozen=True, slots=True)
class Acts:
    """What people decided and did; ``waivers`` are those in force."""

    reviews: tuple[Reviewed, ...]
    incidents: tuple[Troubled, ...]
    waivers: Mapping[FindingKey, Waiver]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the version may be promoted and could be rolled back.

    Attributes:
        gate: None where it could not be evaluated, for ``ungated``.
        way_back: None where nobody can say, for ``no_way_back``.
    """

    gate: GateReport | None
    ungated: str
    way_back: Readiness | None
    no_way_back: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one model version.

    Attributes:
        versions: all of the model, oldest registration first.
        as_of: the instant of the last act in the record; everything is told as it stood then.
        entities: the model, and every dataset that it is made from.
    """

    project: Project
    model: ModelSpec
    version: ModelVersion
    versions: tuple[ModelVersion, ...]
    as_of: datetime
    entities: frozenset[Entity]
    night: Nightly
    acts: Acts
    standing: Standing
    sealed: Sealed

    @property
    def review(self) -> Reviewed | None:
        """The newest review of this version itself."""
        own = [one for one in self.acts.reviews if one.state.version == self.version.version]
        return own[-1] if own else None

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the datasets behind the version."""
        return tuple(sorted(e.name for e in self.entities if e.kind is EntityKind.DATASET))

    @property
    def contracts(self) -> dict[str, Contract]:
        """Of those, the ones that have a contract."""
        known = self.project.contracts
        return {name: known[name] for name in self.datasets if name in known}

    def told(self, incident: Incident) -> str:
        """What an incident says, with its waiver where its number is let be."""
        waiver = self.acts.waivers.get((str(incident.entity), incident.indicator, incident.facet))
        return noted(incident.sentence, waiver) if waiver else incident.sentence

    def person(self, identity: str) -> str:
        """A person or team as people call them, or the identity where the charter has none such."""
        charter = self.project.charter
        found = charter.person(identity) or charter.team(identity)
        return found.name if found else identity


def concerned(found: Measurement) -> str:
    """The version that a measurement was made on; "" where it is of a dataset, or of the model as such."""
    return str(found.details.get("concerns_version", found.details.get("version", "")))
