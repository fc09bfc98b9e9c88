"""The events a night yields, in order. Subscribers (progress bar, Dagster, OpenLineage) consume
them; the night knows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from governance_pipeline.vocabulary.incident import Alert, Incident, IncidentAct
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, ModelVersion
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True, slots=True)
class NightStarted:
    night: date
    datasets: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionDiscovered:
    night: date
    version: ModelVersion


@dataclass(frozen=True, slots=True)
class PlaceRead:
    """A place of `catalog` in governance.yaml, with the edges and nodes it brought and the parts of it that
    were not understood; and `registry:model` where something is wrong in a model's registry, with its
    versions as nodes. Where it could not be read, ``error`` says why, and the rest is of the night before;
    so it is where it is ``unchanged``, and was not read.
    """

    night: date
    place: str
    edges: int
    nodes: int
    not_understood: tuple[str, ...] = ()
    error: str | None = None
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class DatasetScanned:
    """``error`` is None when the scan succeeded; then the profile is in the store."""

    night: date
    dataset: str
    rows: int | None
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class IndicatorMeasured:
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class RiskAssessed:
    risk: RiskScore


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    incident: Incident
    act: IncidentAct
    night: date


@dataclass(frozen=True, slots=True)
class AlertQueued:
    alert: Alert


@dataclass(frozen=True, slots=True)
class ReviewOpened:
    milestone: Milestone
    review: str
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureFailed:
    """A drill-down picture could not be drawn; the measurement stands without it."""

    night: date
    dataset: str
    reason: str


@dataclass(frozen=True, slots=True)
class LineagePublished:
    """``error`` is None when the receiver took all ``events``."""

    night: date
    events: int
    destination: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StageMovedBack:
    """A version that nobody permitted was ``found`` at a stage, and ``restored`` brought back to it; or why
    that could not be done (``problem``). Only where the playbook says so.
    """

    night: date
    model: str
    stage: str
    found: str | None
    restored: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CheckpointCopied:
    """The ledger's newest checkpoint went to a place of `ledger.copies`; ``error`` says why it did not."""

    night: date
    place: str
    size: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NightSealed:
    """Expected against received measurements: what is missing is as visible as what failed."""

    night: date
    expected: int
    received: int
    missing: tuple[str, ...]
    seconds: float


NightEvent = (
    NightStarted
    | VersionDiscovered
    | PlaceRead
    | DatasetScanned
    | IndicatorMeasured
    | RiskAssessed
    | IncidentChanged
    | AlertQueued
    | ReviewOpened
    | PictureFailed
    | LineagePublished
    | StageMovedBack
    | CheckpointCopied
    | NightSealed
)
