"""The lineage in memory: every night's graph as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from governance_pipeline.store.lineage_records import (
    EDGE,
    Row,
    by_id,
    edge_reader,
    edge_row,
    node_of,
    node_row,
)
from governance_pipeline.store.memory.transaction import MemoryTransaction
from governance_pipeline.store.values import day
from governance_pipeline.vocabulary.lineage import Edge, Held, Node

_GRAPHS, _ROWS = "lineage", "lineage_rows"


class MemoryLineage:
    """See :class:`ports.Lineage`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def replace(self, night: date, edges: Iterable[Edge], nodes: Iterable[Node] = ()) -> None:
        at = day(night, "a night")
        graph: dict[str, Any] = {"night": at}
        for part, rows in (("edges", by_id(map(edge_row, edges))), ("nodes", by_id(map(node_row, nodes)))):
            graph[part] = sorted(rows)
            for id_, row in rows.items():  # with the evidence that was written last
                self._transaction.put(_ROWS, (id_,), row)
        self._transaction.put(_GRAPHS, (at,), graph)

    def of_night(self, night: date) -> Sequence[Edge]:
        return [held.edge for held in self.held(night)]

    def held(self, night: date) -> Sequence[Held]:
        at = day(night, "a night")
        graphs = self._graphs()
        read = edge_reader()
        rows = self._rows(graphs, at, "edges", lambda row: (row["source"], row["target"]))
        return [Held(read([row[name] for name in EDGE]), *_span(graphs, at, row["id"])) for row in rows]

    def nodes_of_night(self, night: date) -> Sequence[Node]:
        rows = self._rows(self._graphs(), day(night, "a night"), "nodes", lambda row: (row["entity"],))
        return [node_of(row) for row in rows]

    def _graphs(self) -> Sequence[Row]:
        return self._transaction.rows(_GRAPHS, order=lambda graph: graph["night"])

    def _rows(
        self, graphs: Sequence[Row], at: date, part: str, order: Callable[[Row], tuple[str, ...]]
    ) -> list[Row]:
        until = [graph for graph in graphs if graph["night"] <= at]
        ids = set(until[-1][part]) if until else set()
        return list(
            self._transaction.rows(
                _ROWS, lambda row: row["id"] in ids, order=lambda row: (*order(row), row["id"])
            )
        )


def _span(graphs: Sequence[Row], at: date, id_: str) -> tuple[date, date | None]:
    """From the first to the last of the nights around ``at`` that all hold the edge."""
    earlier = [graph for graph in graphs if graph["night"] <= at]
    since = earlier[-1]["night"]
    for graph in reversed(earlier):
        if id_ not in graph["edges"]:
            break
        since = graph["night"]
    later = (graph["night"] for graph in graphs if graph["night"] > at and id_ not in graph["edges"])
    return since, next(later, None)
