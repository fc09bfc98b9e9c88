"""Lineage graphs in a database: each distinct graph once, and which one each night had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import delete, select

from governance_pipeline.store.night_records import edge_of, graph_rows
from governance_pipeline.store.ports import EdgeRecord
from governance_pipeline.store.tables import lineage_edges, lineage_graphs, lineage_nights
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day

_EDGE = [column for column in lineage_edges.c if column.name not in ("graph", "position")]


class SqlLineageEdges:
    """See :class:`ports.LineageEdges`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def replace(self, night: date, edges: Iterable[EdgeRecord]) -> None:
        digest, rows = graph_rows(edges)
        self._transaction.lock("lineage")  # a graph may be shared: no other night removes it meanwhile
        if self._transaction.insert_missing(lineage_graphs, {"digest": digest}):
            placed = [{**row, "graph": digest, "position": place} for place, row in enumerate(rows)]
            self._transaction.upsert(lineage_edges, placed)
        self._transaction.upsert(lineage_nights, [{"night": day(night, "a night"), "graph": digest}])
        self._transaction.run(
            delete(lineage_graphs).where(lineage_graphs.c.digest.not_in(select(lineage_nights.c.graph)))
        )

    def of_night(self, night: date) -> Sequence[EdgeRecord]:
        newest = (
            select(lineage_nights.c.graph)
            .where(lineage_nights.c.night <= day(night, "a night"))
            .order_by(lineage_nights.c.night.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = self._transaction.rows(
            select(*_EDGE).where(lineage_edges.c.graph == newest).order_by(lineage_edges.c.position)
        )
        return [edge_of(row) for row in rows]
