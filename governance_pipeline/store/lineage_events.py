"""OpenLineage events in a database: each once, and what those of a run add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from governance_pipeline.store.lineage_event_records import (
    Row,
    Run,
    RunKey,
    event_row,
    latest,
    run_key,
    run_of,
    shape_of,
    shape_row,
    unpacked,
)
from governance_pipeline.store.tables import lineage_events, lineage_runs, lineage_shapes
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import instant as utc
from governance_pipeline.store.values import key
from governance_pipeline.vocabulary.lineage import KnownBy
from governance_pipeline.vocabulary.openlineage import LineageEvent, Shape, Telling

_AT_ONCE = 500


class SqlLineageEvents:
    """See :class:`ports.LineageEvents`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def take(self, events: Iterable[LineageEvent]) -> int:
        self._transaction.lock("lineage events")  # two takers of one run would each miss the other's part
        given = {event.digest: event for event in events}
        known = {
            row["digest"]
            for row in self._found([lineage_events.c.digest], lineage_events.c.digest.in_, list(given))
        }
        new = [event for digest, event in given.items() if digest not in known]
        self._transaction.upsert(lineage_events, [event_row(event) for event in new])
        self._add(new)
        return len(new)

    def bodies(self, run: str) -> Sequence[bytes]:
        rows = self._transaction.rows(
            select(lineage_events.c.body)
            .where(lineage_events.c.run == key(run, "a run's id"))
            .order_by(lineage_events.c.at, lineage_events.c.digest)
        )
        return [unpacked(row["body"]) for row in rows]

    def as_of(self, instant: datetime) -> Sequence[Telling]:
        runs = lineage_runs
        until = runs.c.completed <= utc(instant, "a time")
        last = (
            select(runs.c.subject, runs.c.known_by, func.max(runs.c.completed).label("completed"))
            .where(until)
            .group_by(runs.c.subject, runs.c.known_by)
            .subquery()
        )
        same = and_(*(runs.c[name] == last.c[name] for name in ("subject", "known_by", "completed")))
        rows = self._transaction.rows(select(runs).join(last, same))
        return latest(self._runs(rows))

    def _add(self, events: Sequence[LineageEvent]) -> None:
        """Add events to the runs they tell of; what did not change is not written."""
        keys = {run_key(event): None for event in events}
        rows = self._found([lineage_runs], lineage_runs.c.run.in_, sorted({run for run, _ in keys}))
        held = dict(self._runs(rows))
        runs = dict(held)
        for event in events:
            place, told = run_key(event), run_of(event)
            runs[place] = runs[place] | told if place in runs else told
        changed = {place: run for place, run in runs.items() if run != held.get(place)}
        shapes = {run.shape: shape_row(run.shape) for run in changed.values()}
        self._transaction.upsert(lineage_shapes, list(shapes.values()))
        self._transaction.upsert(
            lineage_runs,
            [
                {
                    "run": name,
                    "subject": about,
                    "known_by": str(run.known_by),
                    "completed": run.completed,
                    "shape": shapes[run.shape]["digest"],
                }
                for (name, about), run in changed.items()
            ],
        )

    def _runs(self, rows: Sequence[Row]) -> Iterator[tuple[RunKey, Run]]:
        wanted = sorted({row["shape"] for row in rows})
        shapes: dict[str, Shape] = {
            row["digest"]: shape_of(row)
            for row in self._found([lineage_shapes], lineage_shapes.c.digest.in_, wanted)
        }
        for row in rows:
            run = Run(KnownBy(row["known_by"]), row["completed"], shapes[row["shape"]])
            yield (row["run"], row["subject"]), run

    def _found(
        self, what: list[Any], among: Callable[[Sequence[str]], ColumnElement[bool]], values: Sequence[str]
    ) -> list[Row]:
        """The rows whose key is among ``values``, asked for a few hundred at a time."""
        return [
            row
            for start in range(0, len(values), _AT_ONCE)
            for row in self._transaction.rows(select(*what).where(among(values[start : start + _AT_ONCE])))
        ]
