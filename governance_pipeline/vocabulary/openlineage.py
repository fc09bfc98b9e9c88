"""What OpenLineage events say, checked: names as the producer wrote them, and the shape of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from governance_pipeline.vocabulary.lineage import KnownBy


class Name(NamedTuple):
    """OpenLineage's name of a dataset or of a job: unique only with its namespace."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Flow(NamedTuple):
    """That ``source_column`` flows into ``column``.

    Attributes:
        column: "" where the source column decides about all rows (a filter, a join, a sort).
        transformation: as the producer says it, e.g. ``DIRECT AGGREGATION, masked: sha256(x)``.
    """

    dataset: Name
    column: str
    source: Name
    source_column: str
    transformation: str = ""


class Aspect(StrEnum):
    """What one statement of an event is about."""

    SYMLINK = "symlink"  # key: namespace, text: name by which a dataset is known too
    COLUMN = "column"  # key: column, text: its type
    COLUMN_DESCRIPTION = "column_description"  # key: column
    DESCRIPTION = "description"
    OWNER = "owner"  # key: name, text: kind of ownership
    TAG = "tag"  # key: column or "", text: name=value
    PARENT = "parent"  # key: namespace, text: name of the job that started this one
    ROOT = "root"  # the same for the job that started everything


class Statement(NamedTuple):
    """One thing an event says beside what flows: of a dataset, or of its job (``about`` is None)."""

    about: Name | None
    aspect: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a run reads, writes and says. Shapes of the same run add up, in any order, however often."""

    inputs: frozenset[Name] = frozenset()
    outputs: frozenset[Name] = frozenset()
    flows: frozenset[Flow] = frozenset()
    statements: frozenset[Statement] = frozenset()

    def __or__(self, other: Shape) -> Shape:
        return Shape(
            self.inputs | other.inputs,
            self.outputs | other.outputs,
            self.flows | other.flows,
            self.statements | other.statements,
        )


class EventKind(StrEnum):
    RUN = "run"
    JOB = "job"  # a job declared, without a run
    DATASET = "dataset"  # a dataset declared, without a job


class RunState(StrEnum):
    """The transition a run event tells; OTHER also where it names none."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """One checked event.

    Attributes:
        subject: the job of a run or job event, the dataset of a dataset event.
        run: the run's id; "" for events without a run.
        at: the event's own time, in UTC.
        body: the whole event as canonical JSON (sorted keys, no space, UTF-8), with every facet.
        digest: SHA-256 of ``body``: the same event is the same bytes however it was written.
    """

    kind: EventKind
    subject: Name
    at: datetime
    digest: str
    body: bytes
    state: RunState = RunState.OTHER
    run: str = ""
    shape: Shape = Shape()


@dataclass(frozen=True, slots=True)
class Telling:
    """What is held of one job or dataset at an instant.

    Attributes:
        subject: ``job:namespace/name`` or ``dataset:namespace/name``.
        known_by: OBSERVED for the last run that completed, DECLARED for the last job or dataset event.
        run: the run's id, or the digest of the event that declared it.
        at: when the run completed, or the declaring event's time.
    """

    subject: str
    known_by: KnownBy
    run: str
    at: datetime
    shape: Shape
