"""OpenLineage events as they come in: checked values, or a refusal that names the place in the event.

Takes run, job and dataset events of every released version of the specification
(https://openlineage.io/spec/1-0-0/OpenLineage.json to 2-0-2), told apart by what they hold, because
producers leave ``schemaURL`` out or let it point elsewhere. Stricter than the schema where a graph could
not be made (empty names), and laxer where nothing depends on it: ``producer``, the ids' form and unknown
facets. ``null`` means absent. A time without a zone is UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_checks import (
    Json,
    mapping,
    name,
    objects,
    part,
    required_part,
    required_text,
    text,
)
from governance_pipeline.lineage.openlineage_in_facets import (
    column_flows,
    common_statements,
    dataset_statements,
    facets_of,
    require_statistics,
    run_statements,
)
from governance_pipeline.lineage.openlineage_json import canonical, digest, parsed, require_depth
from governance_pipeline.vocabulary.openlineage import (
    EventKind,
    Flow,
    LineageEvent,
    Name,
    RunState,
    Shape,
    Statement,
)

MAX_RUN_ID = 200
_REMEMBERED_BYTES = 16_000
_DATE = len("2026-01-01")


def read_event(body: bytes) -> LineageEvent:
    """One event from its bytes. Raises EventRefused."""
    return checked(parsed(body))


def read_events(body: bytes) -> list[LineageEvent]:
    """The events of a body that is one event or an array of events; all or none.

    Raises EventRefused, whose path begins with the event's place: ``$[3].job.name``.
    """
    document = parsed(body)
    if not isinstance(document, list):
        return [checked(document)]
    return [checked(one, f"$[{place}]") for place, one in enumerate(document)]


def checked(event: Any, path: str = "$") -> LineageEvent:
    """An event from JSON that :func:`openlineage_json.parsed` gave. Raises EventRefused."""
    try:
        return _checked(event)
    except EventRefused as refused:
        if path == "$":
            raise
        raise refused.within(path) from refused


def _checked(event: Any) -> LineageEvent:
    require_depth(event)
    body = canonical(event)
    document = mapping(event, "$")
    at = _time(document)
    for optional in ("producer", "schemaURL"):
        text(document, optional, "$")
    job, dataset = part(document, "job", "$"), part(document, "dataset", "$")
    state, run, statements = _state(document), "", set[Statement]()
    about, beside = (None, Shape()) if dataset is None else _dataset(dataset, "$.dataset")
    if document.get("run") is not None:
        kind = EventKind.RUN
        run, begun = _run(required_part(document, "run", "$"))
        statements |= begun
        job = required_part(document, "job", "$")
    elif job is not None:
        kind, state = EventKind.JOB, RunState.OTHER
    elif about is not None:
        _refuse_sides(document)
        return LineageEvent(EventKind.DATASET, about, at, digest(body), body, shape=beside)
    else:
        raise EventRefused("has neither run, job nor dataset", path="$")
    subject = name(job, "$.job")
    statements |= set(common_statements(None, facets_of(job, "$.job")))
    inputs, told = _datasets(document, "inputs")
    outputs, also_told = _datasets(document, "outputs")
    shape = Shape(inputs, outputs, statements=frozenset(statements)) | told | also_told | beside
    return LineageEvent(kind, subject, at, digest(body), body, state, run, shape)


def _refuse_sides(document: Json) -> None:
    """Only jobs have inputs and outputs: those of a dataset's event would be lost without a word."""
    for key in ("inputs", "outputs"):
        for _, path in objects(document, key, "$"):
            raise EventRefused("stands in an event that tells of no job", path=path)


def _time(document: Json) -> datetime:
    written = required_text(document, "eventTime", "$")
    try:
        found = datetime.fromisoformat(written if len(written) > _DATE else "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = "is not an instant such as 2026-01-31T02:00:00.000Z"
        raise EventRefused(reason, path="$.eventTime") from error


def _state(document: Json) -> RunState:
    written = text(document, "eventType", "$").upper()
    if written and written not in set(RunState):
        raise EventRefused(f"is none of {', '.join(RunState)}", path="$.eventType")
    return RunState(written) if written else RunState.OTHER


def _run(run: Json) -> tuple[str, set[Statement]]:
    """The run's id, which is case-blind as a UUID is, and who started it."""
    found = required_text(run, "runId", "$.run")
    if len(found) > MAX_RUN_ID:
        raise EventRefused(f"is longer than {MAX_RUN_ID} characters", path="$.run.runId")
    return found.lower(), set(run_statements(facets_of(run, "$.run")))


def _datasets(document: Json, key: str) -> tuple[frozenset[Name], Shape]:
    names: set[Name] = set()
    shape = Shape()
    for dataset, path in objects(document, key, "$"):
        found, told = _dataset(dataset, path)
        names.add(found)
        shape |= told
    return frozenset(names), shape


def _dataset(dataset: Json, path: str) -> tuple[Name, Shape]:
    """A dataset's name and what is said of it. Nightly jobs say the same every night: it is read once."""
    written = json.dumps(dataset, separators=(",", ":"), sort_keys=True)
    try:
        if len(written) <= _REMEMBERED_BYTES:
            return _remembered(written)
        return _read_dataset(dataset)
    except EventRefused as refused:
        raise refused.within(path) from refused


@lru_cache(maxsize=2048)
def _remembered(written: str) -> tuple[Name, Shape]:
    return _read_dataset(json.loads(written))


def _read_dataset(dataset: Json) -> tuple[Name, Shape]:
    found = name(dataset, "$")
    facets = facets_of(dataset, "$")
    require_statistics(dataset, "$")
    flows: Iterator[Flow] = column_flows(found, facets)
    return found, Shape(flows=frozenset(flows), statements=frozenset(dataset_statements(found, facets)))
