"""OpenLineage events and what they add up to as rows of plain values, and back."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.store.values import instant, key, text
from governance_pipeline.vocabulary.lineage import KnownBy
from governance_pipeline.vocabulary.openlineage import (
    EventKind,
    Flow,
    LineageEvent,
    Name,
    RunState,
    Shape,
    Statement,
    Telling,
)

Row = Mapping[str, Any]
RunKey = tuple[str, str]

_LEVEL = 1
"""Of compression: higher ones save a twentieth and cost as much as everything else."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the events of one run of one job add up to. Adding is blind to order and repetition."""

    known_by: KnownBy
    completed: datetime | None
    shape: Shape

    def __or__(self, other: Run) -> Run:
        """Together: a run that says twice that it completed did so when it first was."""
        ends = [end for end in (self.completed, other.completed) if end is not None]
        return Run(self.known_by, min(ends, default=None), self.shape | other.shape)


def subject(event: LineageEvent) -> str:
    kind = "dataset" if event.kind is EventKind.DATASET else "job"
    written = str(event.subject).replace("#", "%23")  # in a node's name it stands before a column
    return key(f"{kind}:{written}", "the name of a job or dataset in an event")


def run_key(event: LineageEvent) -> RunKey:
    """A declaration is a run of its own."""
    return key(event.run or event.digest, "a run's id"), subject(event)


def run_of(event: LineageEvent) -> Run:
    observed = event.kind is EventKind.RUN
    over = not observed or event.state is RunState.COMPLETE
    at = instant(event.at, "an event's time")
    return Run(KnownBy.OBSERVED if observed else KnownBy.DECLARED, at if over else None, event.shape)


def event_row(event: LineageEvent) -> dict[str, Any]:
    return {
        "digest": key(event.digest, "an event's digest"),
        "kind": text(event.kind, "an event's kind"),
        "subject": subject(event),
        "run": run_key(event)[0],
        "at": instant(event.at, "an event's time"),
        "body": zlib.compress(event.body, _LEVEL),
    }


def shape_row(shape: Shape) -> dict[str, Any]:
    """The same shape gives the same row."""
    parts = [
        sorted(shape.inputs),
        sorted(shape.outputs),
        sorted(shape.flows),
        sorted(shape.statements, key=_order),
    ]
    written = json.dumps(parts, separators=(",", ":")).encode("ascii")
    return {"digest": hashlib.sha256(written).hexdigest()[:40], "body": zlib.compress(written, _LEVEL)}


def shape_of(row: Row) -> Shape:
    """The shape of a row of :func:`shape_row`. Raises StoreUnavailable where it is damaged."""
    inputs, outputs, flows, statements = json.loads(unpacked(row["body"]))
    return Shape(
        frozenset(Name(*one) for one in inputs),
        frozenset(Name(*one) for one in outputs),
        frozenset(Flow(Name(*to), column, Name(*source), *rest) for to, column, source, *rest in flows),
        frozenset(Statement(about and Name(*about), *rest) for about, *rest in statements),
    )


def unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error as error:
        raise StoreUnavailable(
            f"An OpenLineage event is damaged in the store: {error}",
            hint="restore the store from its last backup",
        ) from error


def latest(runs: Iterable[tuple[RunKey, Run]]) -> list[Telling]:
    """Of each subject the run that completed last, and the last declaration; ordered."""
    best: dict[tuple[str, KnownBy], Telling] = {}
    for (run, about), one in runs:
        if one.completed is None:
            continue
        found = Telling(about, one.known_by, run, one.completed, one.shape)
        held = best.get((about, one.known_by))
        if held is None or (held.at, held.run) < (found.at, found.run):
            best[about, one.known_by] = found
    return [best[about] for about in sorted(best)]


def _order(statement: Statement) -> tuple[Any, ...]:
    return (statement.about or (), *statement[1:])
