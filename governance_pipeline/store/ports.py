"""What the project needs of a store. Implemented by SQL (SQLite, Postgres) and in memory; one
contract-test suite holds all of them to this page.

A store hands out units of work. Within one, everything is read and written together or not at all::

    with store.begin() as unit:
        unit.measurements.replace(night, measurements)

All instants are timezone-aware UTC. Reads are ordered and deterministic. A value that not every
database could keep (a naive datetime, a NUL character, a key over 800 bytes, NaN in a profile) is
refused with UsageError; NaN in a measurement is None. After a Conflict the unit of work goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from governance_pipeline.ledger.entries import Payload
from governance_pipeline.ledger.offline import StoredEntry
from governance_pipeline.vocabulary.consent import ConsentRecord
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert, Incident, IncidentEvent
from governance_pipeline.vocabulary.lineage import Edge, Held, Node
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.openlineage import LineageEvent, Telling
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent
from governance_pipeline.vocabulary.risk import RiskScore
from governance_pipeline.vocabulary.subjects import SubjectManifest


@dataclass(frozen=True, slots=True)
class NightRecord:
    """One night as it was sealed. ``scope`` is "" for all datasets (a partial night is not sealed)."""

    night: date
    started_at: datetime
    finished_at: datetime
    expected: int
    received: int
    missing: tuple[str, ...]
    playbook_digest: str
    outcomes: Mapping[str, int]


class Nights(Protocol):
    def seal(self, record: NightRecord) -> None:
        """Write or replace the night's seal."""

    def amend(self, night: date, at: datetime) -> None:
        """Enter into the ledger that a sealed night was measured again in part; nothing else changes."""

    def get(self, night: date) -> NightRecord | None: ...
    def latest(self) -> NightRecord | None: ...
    def between(self, first: date, last: date) -> Sequence[NightRecord]:
        """Ascending by night."""


@dataclass(frozen=True, slots=True)
class PartitionRecord:
    """What is remembered of one partition of a dataset: JSON objects, the slices by day (None: all)."""

    partition: str
    head: Mapping[str, Any]
    slices: Mapping[date | None, Mapping[str, Any]]


class Profiles(Protocol):
    """Profiles are JSON objects here; :mod:`profiles.codec` knows their meaning."""

    def put(self, dataset: str, night: date, profile: Mapping[str, Any]) -> None:
        """Write or replace."""

    def get(self, dataset: str, night: date) -> Mapping[str, Any] | None: ...
    def latest_before(self, dataset: str, night: date) -> Mapping[str, Any] | None:
        """The newest profile strictly before ``night``."""

    def put_baseline(
        self,
        model: str,
        version: str,
        profile: Mapping[str, Any],
        days: Mapping[str, Any] | None = None,
    ) -> None:
        """Written once per version: a second put for the same version changes nothing."""

    def get_baseline(self, model: str, version: str) -> Mapping[str, Any] | None: ...
    def get_baseline_days(self, model: str, version: str) -> Mapping[str, Any] | None:
        """None also where a baseline was written without days."""

    def drop_baseline(self, model: str, version: str) -> None:
        """Forget a baseline that nobody can read any more, so that it can be written anew."""

    def put_partitions(
        self, dataset: str, read: Iterable[PartitionRecord], *, present: Collection[str]
    ) -> None:
        """Write or replace the partitions in ``read``, with exactly their slices, and forget those of
        the dataset that are not ``present``.
        """

    def partitions(self, dataset: str, first: date) -> Sequence[PartitionRecord]:
        """Ordered by name; of the slices those of days from ``first`` on, and those of all rows."""

    def thin(self, *, slices_before: date, nights_before: date, weeks_before: date) -> None:
        """Forget slices of days before ``slices_before``; of the profiles of nights before
        ``nights_before`` all but the Sundays', and before ``weeks_before`` these too.
        """


class Measurements(Protocol):
    def replace(
        self, night: date, measurements: Iterable[Measurement], *, entities: Iterable[Entity]
    ) -> None:
        """Make ``measurements`` the night's only ones for ``entities``: what an earlier run of the
        night wrote for them and is not there any more is removed; other entities are untouched.
        """

    def of_night(self, night: date) -> Sequence[Measurement]:
        """Ordered by entity, indicator, facet."""

    def found(self, indicator: str, first: date, last: date) -> Sequence[tuple[date, str, str]]:
        """(night, entity, facet) of every measurement of ``indicator`` from ``first`` to ``last`` that
        has a value and warned or failed, ascending.
        """

    def history(
        self,
        entity: Entity,
        indicator: str | None = None,
        facet: str | None = None,
        *,
        last: date | None = None,
        nights: int = 60,
    ) -> Sequence[Measurement]:
        """Those of the ``nights`` calendar nights that end with ``last`` (default: the newest there is),
        ascending by night, then indicator and facet.
        """


class Risks(Protocol):
    def replace(self, night: date, risks: Iterable[RiskScore]) -> None: ...
    def of_night(self, night: date) -> Sequence[RiskScore]:
        """Highest score first, then by entity."""

    def history(self, entity: Entity, *, nights: int = 60) -> Sequence[RiskScore]:
        """Those of the ``nights`` calendar nights that end with the newest there is, ascending."""


class Incidents(Protocol):
    def put(self, incident: Incident, event: IncidentEvent) -> None:
        """Write the new state and append the event that led to it.

        Raises Conflict when (incident, sequence) is taken: another writer was first.
        """

    def get(self, incident_id: str) -> Incident | None: ...
    def list(self, *, open_only: bool = False) -> Sequence[Incident]:
        """Oldest opening first, then by id."""

    def events(self, incident_id: str) -> Sequence[IncidentEvent]: ...


class Outbox(Protocol):
    def enqueue(self, alert: Alert) -> bool:
        """Add; False (and nothing written) when the key is already there."""

    def due(self, now: datetime, limit: int = 100) -> Sequence[Alert]:
        """Pending alerts whose ``not_before`` has passed, claimed for this caller: another caller
        does not get them until ``not_before`` moves on (a lease of 60 s is set). Polled by state.
        """

    def settle(self, alert: Alert) -> None:
        """Write back status, attempts, not_before, sent_at and last_error of an alert by its key.

        A sent alert stays sent: a slower caller whose lease ran out cannot bring it back.
        Raises NotFound for a key that was never queued.
        """

    def list(self, *, night: date | None = None) -> Sequence[Alert]:
        """Ordered by night, then key."""


class Reviews(Protocol):
    def open(self, milestone: Milestone, review_id: str, event: ReviewEvent) -> bool:
        """Record the milestone and its review's first event; False when the milestone is known."""

    def append(self, event: ReviewEvent) -> None:
        """Append; raises Conflict when (review, sequence) is taken, NotFound for an unknown review."""

    def events(self, review_id: str) -> Sequence[ReviewEvent]: ...
    def list(self) -> Sequence[tuple[str, Milestone]]:
        """(review id, milestone), oldest night first."""

    def get(self, review_id: str) -> Milestone | None: ...


class Versions(Protocol):
    def put(self, version: ModelVersion) -> bool:
        """Record as discovered, also what has changed since; True when this (model, version) was new."""

    def get(self, model: str, version: str) -> ModelVersion | None: ...
    def of_model(self, model: str) -> Sequence[ModelVersion]:
        """Oldest registration first."""


class Lineage(Protocol):
    """The graph of every night: what is in one night's graph and was in the last one's is kept once, with
    the first and the last night of the time for which it held.

    Two edges with different evidence and else the same are one; it has the evidence that was written last.
    """

    def replace(self, night: date, edges: Iterable[Edge], nodes: Iterable[Node] = ()) -> None:
        """Make this the graph of ``night``, whether it is recorded already or not. Other nights' stay."""

    def of_night(self, night: date) -> Sequence[Edge]:
        """The edges of the newest graph recorded on or before ``night``; ordered."""

    def nodes_of_night(self, night: date) -> Sequence[Node]:
        """What was known of nodes in that graph; ordered."""

    def held(self, night: date) -> Sequence[Held]:
        """As :meth:`of_night`, with the nights for which each edge was held."""


class LineageEvents(Protocol):
    """OpenLineage events, and what they add up to, whatever order they come in and however often."""

    def take(self, events: Iterable[LineageEvent]) -> int:
        """Keep the events that are not kept yet; how many they were."""

    def bodies(self, run: str) -> Sequence[bytes]:
        """The events of one run as canonical JSON, by their time, then their digest."""

    def as_of(self, instant: datetime) -> Sequence[Telling]:
        """What is held of each job and dataset at ``instant``, ordered by subject: of its runs the one
        that completed last until then, and what was declared last.
        """


class Subjects(Protocol):
    """Whom model versions have learned from: manifests, and apart from them the sets of keyed hashes."""

    def put(self, manifest: SubjectManifest, body: bytes | None) -> None:
        """Write or replace a version's manifest and its set."""

    def all(self) -> Sequence[SubjectManifest]:
        """Every manifest, by model and version."""

    def body(self, model: str, version: str) -> bytes | None:
        """The set as it was given; None where there is none, or none any more."""

    def erase(self, model: str, version: str, at: datetime) -> None:
        """Forget the set; the manifest stays, and says since when."""


class Ledger(Protocol):
    """The record of every act; see :mod:`governance_pipeline.ledger`. What writes an act through the other
    repositories is entered here by them.
    """

    def hold(self) -> None:
        """Be the only unit of work that writes acts, until it ends. Comes before the act is written."""

    def append(self, kind: str, about: str, at: datetime, told: Mapping[str, Any]) -> None:
        """Enter an act; ``told`` is JSON, kept apart from the entry."""

    def size(self) -> int:
        """How many entries there are."""

    def entries(self, first: int = 0) -> Iterator[StoredEntry]:
        """Those from ``first`` on, in order."""

    def payloads(self, digests: Collection[str]) -> Sequence[Payload]:
        """What entries tell, by the digests in them; what was erased is left out."""

    def erase(self, digests: Collection[str]) -> int:
        """Forget what entries tell; how many were there. The entries, and all proofs, stay."""


class Consents(Protocol):
    """Records of consent that were received over the API. Added and never changed, each once."""

    def take(self, records: Iterable[ConsentRecord], at: datetime) -> int:
        """Keep the records that are not kept yet, as received ``at``; how many they were."""

    def all(self) -> Sequence[ConsentRecord]:
        """By when they were recorded."""

    def state(self) -> str:
        """A text that is another one when the records are; "" where there are none."""

    def count(self) -> int:
        """How many records are held."""

    def forget(self, subject: str, at: datetime) -> int:
        """Remove everything that is held of a person; how many records it was."""


class Unit(Protocol):
    """One transaction."""

    nights: Nights
    profiles: Profiles
    measurements: Measurements
    risks: Risks
    incidents: Incidents
    outbox: Outbox
    reviews: Reviews
    versions: Versions
    lineage: Lineage
    lineage_events: LineageEvents
    subjects: Subjects
    consents: Consents
    ledger: Ledger


class Store(Protocol):
    def begin(self) -> AbstractContextManager[Unit]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        Raises StoreUnavailable when the database does not answer or needs ``governance store upgrade``.
        """
        ...

    def reading(self) -> AbstractContextManager[Unit]:
        """A unit of work that only reads, all of it as of one moment; it neither waits for who writes nor
        keeps them waiting. What would write in it raises UsageError.

        Raises StoreUnavailable as :meth:`begin`.
        """
        ...

    def close(self) -> None: ...
